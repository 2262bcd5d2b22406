/* segments, gdt, ldt, idt, tss: what the processor finds in memory. */
#include "arch/show/tables.h"
#include "stub/mon/expr.h"
#include "stub/mon/state.h"
#include "stub/stuck.h"

static bool view_of(struct mon_ctx *ctx, struct x86_view *view)
{
	return target_view(ctx->target, ctx->vcpu, view, &ctx->err);
}

/* A number below `count` at argv[0]. */
static bool take_index(struct mon_ctx *ctx, const char *what, uint64_t count,
		       unsigned int *index)
{
	char shown[40];
	uint64_t value;

	if (!mon_value(ctx, ctx->argv[0], &value))
		return false;
	if (value >= count)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s': there is no %s %llu; the last one is "
			       "%llu",
			       mon_printable(shown, sizeof(shown),
					     ctx->argv[0]),
			       what, (unsigned long long)value,
			       (unsigned long long)(count - 1));
	*index = (unsigned int)value;
	return true;
}

enum mon_result mon_segments(struct mon_ctx *ctx)
{
	struct x86_view view;

	if (!view_of(ctx, &view))
		return MON_ERR;
	show_segments(ctx->out, &view);
	return MON_OK;
}

static enum mon_result descriptors(struct mon_ctx *ctx, bool ldt)
{
	struct show_names names = target_names(ctx->target);
	struct x86_view view;
	unsigned int index;
	int only = -1;

	if (ctx->argc) {
		if (!take_index(ctx, "entry", DESC_ENTRIES, &index))
			return MON_USAGE;
		only = (int)index;
	}
	if (!view_of(ctx, &view) ||
	    !show_descriptors(ctx->out, &view, ldt, only, &names, &ctx->err))
		return MON_ERR;
	return MON_OK;
}

enum mon_result mon_gdt(struct mon_ctx *ctx)
{
	return descriptors(ctx, false);
}

enum mon_result mon_ldt(struct mon_ctx *ctx)
{
	return descriptors(ctx, true);
}

enum mon_result mon_idt(struct mon_ctx *ctx)
{
	struct show_names names = target_names(ctx->target);
	struct x86_view view;
	unsigned int vector;

	if (ctx->argc && !take_index(ctx, "vector", IDT_VECTORS, &vector))
		return MON_USAGE;
	if (!view_of(ctx, &view))
		return MON_ERR;
	if (ctx->argc)
		show_gate(ctx->out, &view, vector, &names);
	else
		show_idt(ctx->out, &view, &names);
	return MON_OK;
}

enum mon_result mon_tss(struct mon_ctx *ctx)
{
	struct x86_view view;

	if (!view_of(ctx, &view) || !show_tss(ctx->out, &view, &ctx->err))
		return MON_ERR;
	return MON_OK;
}
