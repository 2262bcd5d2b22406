/* Which accesses never reach user space, so that no catchpoint sees them. */
#include <inttypes.h>

#include "stub/inspect.h"
#include "stub/mon/catch.h"

enum {
	MAX_COVERS = 64,
};

/* Something that hides a part of the range: RAM, or a device in KVM. */
struct cover {
	uint64_t first, last;
	const char *name;
	bool ram;
};

static void add(struct cover *v, unsigned int *n, const struct target_catch *c,
		const struct cover *one)
{
	if (*n < MAX_COVERS && one->first <= c->last && one->last >= c->first)
		v[(*n)++] = *one;
}

/* What hides parts of c's range; how many there are. */
static unsigned int find_covers(struct target *t, const struct target_catch *c,
				struct cover *v)
{
	bool mmio = c->kind == CATCH_MMIO;
	struct target_region region;
	struct target_io_range io;
	unsigned int i, n = 0;

	for (i = 0; mmio && target_region(t, i, &region); i++)
		if (region.ram && region.size)
			add(v, &n, c,
			    &(struct cover){region.start,
					    region.start + (region.size - 1),
					    region.name, true});
	for (i = 0; target_io_range(t, i, &io); i++)
		if (io.in_kernel && io.mmio == mmio && io.len)
			add(v, &n, c,
			    &(struct cover){io.base, io.base + (io.len - 1),
					    io.name, false});
	return n;
}

/* Is every address of c's range hidden? */
static bool all_hidden(const struct target_catch *c, const struct cover *v,
		       unsigned int n)
{
	uint64_t at = c->first;

	/* Each turn uses one of them up, for they do not move back. */
	for (unsigned int turn = 0; turn < n; turn++)
		for (unsigned int i = 0; i < n; i++) {
			if (at < v[i].first || at > v[i].last)
				continue;
			if (v[i].last >= c->last)
				return true;
			at = v[i].last + 1;
		}
	return false;
}

static void tell_cover(const struct cover *v, bool mmio, struct buf *out)
{
	if (v->ram)
		buf_printf(out,
			   "0x%" PRIx64 "-0x%" PRIx64 " is RAM (%s), whose "
			   "reads and writes never exit; a watchpoint sees "
			   "them: `watch *(char *)0x%" PRIx64 "` in gdb",
			   v->first, v->last, v->name, v->first);
	else
		buf_printf(out,
			   "%s 0x%" PRIx64 "-0x%" PRIx64 " (%s) is answered "
			   "inside KVM, which tells user space nothing; "
			   "--irqchip split leaves only local APICs there, "
			   "--irqchip none nothing, and with a readable "
			   "tracefs `exits kernel on` shows such accesses",
			   mmio ? "MMIO" : "ports", v->first, v->last, v->name);
}

bool catch_reach(struct mon_ctx *ctx, const struct target_catch *c,
		 struct buf *notes)
{
	struct cover v[MAX_COVERS];
	unsigned int n = 0;

	if (c->kind == CATCH_MMIO || c->kind == CATCH_PIO)
		n = find_covers(ctx->target, c, v);
	for (unsigned int i = 0; i < n; i++) {
		tell_cover(&v[i], c->kind == CATCH_MMIO, notes);
		buf_byte(notes, '\n');
	}
	if (!all_hidden(c, v, n))
		return true;
	return err_set(&ctx->err, ERR_UNSUPPORTED, "nothing to catch: %.*s",
		       (int)notes->len - 1, buf_cstr(notes));
}
