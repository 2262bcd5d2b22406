/* walk, gva2gpa. */
#include <inttypes.h>
#include <string.h>

#include "arch/cpuid_info.h"
#include "stub/inspect.h"
#include "stub/mon/memory.h"

struct walk_args {
	gva_t addr;
	uint32_t access; /* ACCESS_WRITE, ACCESS_FETCH or neither */
	bool has_privilege, user;
	bool has_cr3;
	uint64_t cr3;
};

static bool take_flag(struct walk_args *a, const char *word)
{
	switch (word[0] && !word[1] ? word[0] : 0) {
	case 'r':
		a->access = ACCESS_READ;
		return true;
	case 'w':
		a->access = ACCESS_WRITE;
		return true;
	case 'x':
		a->access = ACCESS_FETCH;
		return true;
	case 'u':
	case 's':
		a->has_privilege = true;
		a->user = word[0] == 'u';
		return true;
	default:
		return false;
	}
}

static bool parse(struct mon_ctx *ctx, struct walk_args *a)
{
	bool has_addr = false;
	char shown[40];

	for (int i = 0; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];

		if (!strcmp(word, "-cr3")) {
			if (++i == ctx->argc)
				return err_set(&ctx->err, ERR_USAGE,
					       "'-cr3' wants a value");
			if (!mon_value(ctx, ctx->argv[i], &a->cr3))
				return false;
			a->has_cr3 = true;
		} else if (has_addr && take_flag(a, word)) {
			continue;
		} else if (has_addr) {
			return err_set(&ctx->err, ERR_USAGE,
				       "'%s' is none of r, w, x, u, s, -cr3",
				       mon_printable(shown, sizeof(shown),
						     word));
		} else if (!mon_value(ctx, word, &a->addr)) {
			return false;
		} else {
			has_addr = true;
		}
	}
	if (!has_addr)
		return err_set(&ctx->err, ERR_USAGE, "walk: no address");
	return true;
}

/* 1 the processor walks guest tables itself, 0 KVM does, -1 not known */
static int two_dimensional(const struct x86_host *host)
{
	switch (host->vendor) {
	case EXIT_VENDOR_VMX:
		return host->ept;
	case EXIT_VENDOR_SVM:
		return host->npt;
	default:
		return host->runs_cpl0_natively == 0 ? 0 : -1;
	}
}

static bool cpu_of(struct mon_ctx *ctx, enum target_cpuid which,
		   struct x86_cpu_info *info)
{
	struct x86_cpuid table;
	struct err ignored;

	if (!target_cpuid(ctx->target, ctx->vcpu, which, &table, &ignored))
		return false;
	x86_cpuid_info(&table, info);
	return true;
}

void mon_rules_init(struct mon_ctx *ctx, const struct paging *guest,
		    bool cpuids, struct mon_rules *r)
{
	const struct x86_state *s;
	struct x86_host host;
	struct err ignored;

	r->walk = (struct walk_rules){.guest = guest, .two_dimensional = -1};
	if (cpuids) {
		target_host(ctx->target, &host);
		r->walk.two_dimensional = two_dimensional(&host);
		if (cpu_of(ctx, CPUID_SUPPORTED, &r->supported))
			r->walk.supported = &r->supported;
		if (cpu_of(ctx, CPUID_HOST, &r->host))
			r->walk.host = &r->host;
	}
	s = target_state(ctx->target, ctx->vcpu, X86_GROUP_MSR, &ignored);
	if (s) {
		r->walk.has_pat = true;
		r->walk.pat = s->msr.pat;
	}
}

enum mon_result mon_walk(struct mon_ctx *ctx)
{
	struct walk_args a = {0};
	struct x86_view v;
	struct mon_rules r;
	struct walk w;
	uint64_t same;

	if (!parse(ctx, &a))
		return MON_USAGE;
	if (!target_view(ctx->target, ctx->vcpu, &v, &ctx->err))
		return MON_ERR;
	if (a.has_privilege ? a.user : x86_cpl(v.s) == 3)
		a.access |= ACCESS_USER;
	if (a.has_cr3)
		paging_set_cr3(&v.paging, a.cr3);
	paging_walk(&v.paging, &v.mem, a.addr, a.access, &w);
	mon_rules_init(ctx, &v.paging, walk_hangs_on_cpuid(&v.paging, &w), &r);
	walk_tell(&r.walk, &v.mem, a.addr, a.access, &w, ctx->out);
	walk_advise(&r.walk, &w, ctx->out);
	if (w.result == WALK_OK) {
		buf_str(ctx->out, ", ");
		mon_owner(ctx->target, w.gpa, &same, ctx->out);
	}
	buf_byte(ctx->out, '\n');
	return MON_OK;
}

enum mon_result mon_gva2gpa(struct mon_ctx *ctx)
{
	struct walk w;
	gva_t addr;

	if (!mon_value(ctx, ctx->argv[0], &addr))
		return MON_USAGE;
	if (!target_walk(ctx->target, ctx->vcpu, addr, ACCESS_DEBUG, &w,
			 &ctx->err))
		return MON_ERR;
	if (w.result == WALK_OK)
		buf_printf(ctx->out, "gpa: 0x%" PRIx64 "\n", w.gpa);
	else
		buf_str(ctx->out, "Unmapped\n");
	return MON_OK;
}
