/* info mem, info tlb, maps, gpa2gva: what the page tables map. */
#include <inttypes.h>
#include <string.h>

#include "arch/paging/maps.h"
#include "stub/mon/memory.h"

#define MEM_LINES     16384
#define TLB_LINES     65536
#define MAPS_LINES    16384
#define GPA2GVA_LINES 256

struct maps_args {
	gva_t first, last;
	bool has_range, split, has_cr3;
	uint64_t cr3;
};

static bool take_range(struct mon_ctx *ctx, const char *word,
		       struct maps_args *a)
{
	char shown[40];

	if (a->has_range)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s' is one range too many",
			       mon_printable(shown, sizeof(shown), word));
	a->has_range = true;
	return mon_range(ctx, word, &a->first, &a->last);
}

/* options: does the command have -v and -cr3? */
static bool parse(struct mon_ctx *ctx, bool options, struct maps_args *a)
{
	*a = (struct maps_args){.last = UINT64_MAX};
	for (int i = 0; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];

		if (options && !strcmp(word, "-v")) {
			a->split = true;
		} else if (options && !strcmp(word, "-cr3")) {
			if (++i == ctx->argc)
				return err_set(&ctx->err, ERR_USAGE,
					       "'-cr3' wants a value");
			if (!mon_value(ctx, ctx->argv[i], &a->cr3))
				return false;
			a->has_cr3 = true;
		} else if (!take_range(ctx, word, a)) {
			return false;
		}
	}
	return true;
}

/* Say where the list was cut and how to see the rest. */
static void tell_cut(struct mon_ctx *ctx, const struct maps_args *a,
		     const struct maps_end *end)
{
	if (!end->cut)
		return;
	buf_printf(ctx->out,
		   "cut at 0x%" PRIx64 ", after %s; go on with `%s 0x%" PRIx64
		   "-0x%" PRIx64 "`\n",
		   end->at, end->why, ctx->command->name, end->at, a->last);
}

static enum mon_result qemu_list(struct mon_ctx *ctx, unsigned int lines,
				 void (*print)(struct paging_iter *,
					       unsigned int, struct buf *,
					       struct maps_end *))
{
	size_t before = ctx->out->len;
	struct maps_args a;
	struct paging_iter it;
	struct maps_end end;
	struct x86_view v;

	if (!parse(ctx, false, &a))
		return MON_USAGE;
	if (!target_view(ctx->target, ctx->vcpu, &v, &ctx->err))
		return MON_ERR;
	if (v.paging.mode == PAGING_NONE) {
		buf_str(ctx->out, "PG disabled\n");
		return MON_OK;
	}
	paging_iter_init(&it, &v.paging, &v.mem, a.first, a.last);
	print(&it, lines, ctx->out, &end);
	tell_cut(ctx, &a, &end);
	if (ctx->out->len == before)
		buf_str(ctx->out, "nothing is mapped\n");
	return MON_OK;
}

enum mon_result mon_info_mem(struct mon_ctx *ctx)
{
	return qemu_list(ctx, MEM_LINES, maps_print_qemu_mem);
}

enum mon_result mon_info_tlb(struct mon_ctx *ctx)
{
	return qemu_list(ctx, TLB_LINES, maps_print_qemu_tlb);
}

static bool owner(void *ctx, gpa_t gpa, uint64_t *same, struct buf *name)
{
	return mon_owner(ctx, gpa, same, name);
}

enum mon_result mon_maps(struct mon_ctx *ctx)
{
	struct maps_options o = {
		.max_lines = MAPS_LINES, .owner = owner, .ctx = ctx->target};
	struct maps_args a;
	struct paging_iter it;
	struct mon_rules r;
	struct maps_end end;
	struct x86_view v;

	if (!parse(ctx, true, &a))
		return MON_USAGE;
	if (!target_view(ctx->target, ctx->vcpu, &v, &ctx->err))
		return MON_ERR;
	if (v.paging.mode == PAGING_NONE) {
		buf_str(ctx->out, "paging is off (CR0.PG=0): linear is "
				  "physical\n");
		return MON_OK;
	}
	if (a.has_cr3)
		paging_set_cr3(&v.paging, a.cr3);
	mon_rules_init(ctx, &v.paging, true, &r);
	o.has_pat = r.walk.has_pat;
	o.pat = r.walk.pat;
	o.split = a.split;
	paging_iter_init(&it, &v.paging, &v.mem, a.first, a.last);
	if (r.walk.host)
		paging_iter_compare(&it, r.walk.host);
	maps_print(&it, &o, ctx->out, &end);
	tell_cut(ctx, &a, &end);
	return MON_OK;
}

/* ---- gpa2gva ---- */

/* Where in the run the page of gpa is, if it is there. */
static bool run_has(const struct paging_run *run, gpa_t gpa, gva_t *gva)
{
	uint64_t offset = gpa - run->gpa;
	uint64_t bytes = run->repeats ? run->page_size
				      : run->last - run->start + 1;

	*gva = run->start + offset;
	return gpa >= run->gpa && offset < bytes;
}

static void print_alias(struct mon_ctx *ctx, const struct paging_iter *it,
			const struct paging_run *run, gva_t gva)
{
	if (run->repeats) {
		maps_print_run(it, run, ctx->out);
		buf_printf(ctx->out, ", at offset 0x%" PRIx64 " of each\n",
			   gva - run->start);
		return;
	}
	buf_printf(ctx->out, "0x%" PRIx64 " r%c%c%c, %s at 0x%" PRIx64 "\n",
		   gva, run->writable ? 'w' : '-', run->executable ? 'x' : '-',
		   run->user ? 'u' : '-', walk_level_name(it->p, run->level),
		   run->entry_gpa + (gva - run->start) / run->page_size *
					    (it->p->mode == PAGING_32 ? 4 : 8));
}

enum mon_result mon_gpa2gva(struct mon_ctx *ctx)
{
	unsigned int lines = 0;
	struct paging_run run;
	struct paging_iter it;
	struct x86_view v;
	gpa_t gpa;
	gva_t gva;

	if (!mon_value(ctx, ctx->argv[0], &gpa))
		return MON_USAGE;
	if (!target_view(ctx->target, ctx->vcpu, &v, &ctx->err))
		return MON_ERR;
	if (v.paging.mode == PAGING_NONE) {
		buf_printf(ctx->out,
			   "0x%" PRIx64 ": paging is off (CR0.PG=0)\n", gpa);
		return MON_OK;
	}
	paging_iter_init(&it, &v.paging, &v.mem, 0, UINT64_MAX);
	while (lines < GPA2GVA_LINES && paging_iter_next(&it, &run)) {
		if (run.kind != RUN_PAGES || !run_has(&run, gpa, &gva))
			continue;
		print_alias(ctx, &it, &run, gva);
		lines++;
	}
	if (lines == GPA2GVA_LINES || it.cut)
		buf_printf(ctx->out,
			   "cut at 0x%" PRIx64 ", after that many %s\n",
			   paging_iter_at(&it),
			   it.cut ? "page tables" : "lines");
	else if (!lines)
		buf_str(ctx->out, "no linear address of this vCPU maps it\n");
	return MON_OK;
}
