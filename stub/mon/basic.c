/* caps, why, reset. */
#include <string.h>

#include "stub/breakpoint.h"
#include "stub/mon/internal.h"
#include "stub/stuck.h"

enum mon_result mon_caps(struct mon_ctx *ctx)
{
	struct target *t = ctx->target;

	if (target_describe_caps(t, ctx->out))
		return MON_OK;
	buf_printf(ctx->out,
		   "%s: registers and memory can be %s, the guest %s run and "
		   "%s be reset\n",
		   t->ops->name,
		   t->caps.can_write ? "read and changed" : "read only",
		   t->caps.can_run ? "can" : "cannot",
		   t->caps.can_reset ? "can" : "cannot");
	return MON_OK;
}

/* A stop without a story of its own. */
static void tell_stop(const struct target_stop *s, struct buf *out)
{
	unsigned long long addr = s->addr;

	switch (s->kind) {
	case STOP_NONE:
		buf_str(out, "nothing has happened yet: the guest waits at its "
			     "first instruction\n");
		return;
	case STOP_INTERRUPT:
		buf_printf(out,
			   "vCPU %u stopped because the debugger interrupted "
			   "the guest\n",
			   s->vcpu);
		return;
	case STOP_STEP:
		buf_printf(out, "vCPU %u finished its step\n", s->vcpu);
		return;
	case STOP_SWBREAK:
	case STOP_HWBREAK:
		buf_printf(out, "vCPU %u reached a %s\n", s->vcpu,
			   bp_type_name(s->kind == STOP_SWBREAK ? BP_SW
								: BP_HW));
		return;
	case STOP_WATCH:
		buf_printf(out, "vCPU %u stopped: %s at 0x%llx\n", s->vcpu,
			   bp_type_name(s->bp_type), addr);
		return;
	case STOP_ERROR:
		buf_printf(out,
			   "vCPU %u stopped with an error that has no story "
			   "(signal %d)\n",
			   s->vcpu, s->signal);
		return;
	case STOP_EXITED:
		buf_printf(out, "the guest ended with exit status %d\n",
			   s->status);
		return;
	case STOP_CATCH:
		buf_printf(out, "vCPU %u reached a catchpoint\n", s->vcpu);
		return;
	case STOP_RESET:
		buf_str(out, "the guest asked for a reset; it is at its first "
			     "instruction again\n");
		return;
	}
	buf_printf(out, "vCPU %u stopped for an unknown reason\n", s->vcpu);
}

enum mon_result mon_why(struct mon_ctx *ctx)
{
	const struct target_stop *s = &ctx->target->last;
	size_t len = s->text ? strlen(s->text) : 0;

	if (!len) {
		tell_stop(s, ctx->out);
		if (s->kind == STOP_INTERRUPT)
			stuck_story(ctx->target, ctx->out);
		return MON_OK;
	}
	buf_append(ctx->out, s->text, len);
	if (s->text[len - 1] != '\n')
		buf_byte(ctx->out, '\n');
	return MON_OK;
}

enum mon_result mon_reset(struct mon_ctx *ctx)
{
	if (!target_reset(ctx->target, &ctx->err))
		return MON_ERR;
	buf_str(ctx->out, "the guest is reset and waits at its first "
			  "instruction\na debugger shows that after its next "
			  "step, which runs nothing\n");
	return MON_OK;
}
