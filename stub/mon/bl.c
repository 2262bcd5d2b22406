/* bl: everything that can stop the guest, in one list. */
#include <inttypes.h>

#include "stub/breakpoint.h"
#include "stub/inspect.h"
#include "stub/mon/catch.h"

static void pad(struct buf *out, size_t start, size_t width)
{
	if (out->len < start + width)
		buf_printf(out, "%*s", (int)(start + width - out->len), "");
	else
		buf_byte(out, ' ');
}

static void print_where(struct mon_ctx *ctx, const struct target_bp *bp)
{
	buf_printf(ctx->out, "%s0x%" PRIx64, bp->physical ? "physical " : "",
		   bp->addr);
	if (bp->len > 1)
		buf_printf(ctx->out, "+%" PRIu64, bp->len);
	if (!bp->physical)
		target_print_symbol(ctx->target, bp->addr, ctx->out);
}

static void print_bp(struct mon_ctx *ctx, const struct bp_entry *b)
{
	struct buf *out = ctx->out;
	size_t start = out->len;

	buf_printf(out, "%s%s", bp_type_name(b->bp.type), b->wanted ? "" : "*");
	pad(out, start, 22);
	buf_printf(out, "hits %" PRIu64, b->hits);
	pad(out, start, 34);
	print_where(ctx, &b->bp);
	pad(out, start, 64);
	target_bp_means(ctx->target, &b->bp, out);
	buf_byte(out, '\n');
}

static bool print_bps(struct mon_ctx *ctx)
{
	const struct bp_list *bps = ctx->target->bps;
	bool out = false;

	for (size_t i = 0; bps && i < bps->n; i++) {
		print_bp(ctx, &bps->entry[i]);
		out |= !bps->entry[i].wanted;
	}
	if (out)
		buf_str(ctx->out, "* taken out by the debugger for this stop, "
				  "or deleted: it is planted until the guest "
				  "goes on\n");
	return bps && bps->n;
}

static bool print_catches(struct mon_ctx *ctx)
{
	struct target_catch c;
	unsigned int i;

	for (i = 0; target_catch_at(ctx->target, i, &c); i++) {
		size_t start = ctx->out->len;

		buf_printf(ctx->out, "catchpoint %u", c.id);
		pad(ctx->out, start, 22);
		buf_printf(ctx->out, "hits %" PRIu64, c.hits);
		pad(ctx->out, start, 34);
		catch_describe(&c, ctx->out);
		buf_printf(ctx->out, ", %s\n", catch_action_name(c.action));
	}
	return i;
}

enum mon_result mon_bl(struct mon_ctx *ctx)
{
	bool any = print_bps(ctx);

	if (!print_catches(ctx) && !any)
		buf_str(ctx->out, "no breakpoints, watchpoints or "
				  "catchpoints\n");
	return MON_OK;
}
