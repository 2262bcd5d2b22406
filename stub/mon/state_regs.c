/* mode, cr, dr, efer, xcr, events, fpu, clock: one vCPU's registers in words. */
#include "stub/inspect.h"
#include "stub/mon/state.h"
#include "stub/stuck.h"

static const struct x86_state *state_of(struct mon_ctx *ctx,
					unsigned int groups)
{
	return target_state(ctx->target, ctx->vcpu, groups, &ctx->err);
}

enum mon_result mon_mode(struct mon_ctx *ctx)
{
	unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_EVENT;
	const struct x86_state *s = state_of(ctx, groups);
	struct x86_cpu_info cpu;

	if (s && (s->cr4 & X86_CR4_PKE))
		s = state_of(ctx, groups | X86_GROUP_FPU);
	if (!s)
		return MON_ERR;
	target_cpu_info(ctx->target, ctx->vcpu, &cpu);
	show_mode(ctx->out, s, &cpu);
	return MON_OK;
}

enum mon_result mon_cr(struct mon_ctx *ctx)
{
	const struct x86_state *s = state_of(ctx, X86_GROUP_SYS);

	if (!s)
		return MON_ERR;
	show_control(ctx->out, s);
	return MON_OK;
}

enum mon_result mon_efer(struct mon_ctx *ctx)
{
	const struct x86_state *s = state_of(ctx, X86_GROUP_SYS);

	if (!s)
		return MON_ERR;
	show_efer(ctx->out, s);
	return MON_OK;
}

enum mon_result mon_xcr(struct mon_ctx *ctx)
{
	const struct x86_state *s =
		state_of(ctx, X86_GROUP_XCR | X86_GROUP_SYS);
	struct x86_cpu_info cpu;

	if (!s)
		return MON_ERR;
	target_cpu_info(ctx->target, ctx->vcpu, &cpu);
	show_xcr(ctx->out, s, &cpu);
	return MON_OK;
}

enum mon_result mon_dr(struct mon_ctx *ctx)
{
	const struct x86_state *s =
		state_of(ctx, X86_GROUP_DEBUG | X86_GROUP_SYS);
	struct show_names names = target_names(ctx->target);

	if (!s)
		return MON_ERR;
	show_debug(ctx->out, s, &names);
	return MON_OK;
}

enum mon_result mon_events(struct mon_ctx *ctx)
{
	const struct x86_state *s =
		state_of(ctx, X86_GROUP_EVENT | X86_GROUP_GPR | X86_GROUP_SYS);

	if (!s)
		return MON_ERR;
	show_events(ctx->out, s);
	return MON_OK;
}

enum mon_result mon_fpu(struct mon_ctx *ctx)
{
	const struct x86_state *s =
		state_of(ctx, X86_GROUP_FPU | X86_GROUP_GPR | X86_GROUP_SYS |
				      X86_GROUP_XCR);

	if (!s)
		return MON_ERR;
	show_fpu(ctx->out, s);
	return MON_OK;
}

enum mon_result mon_clock(struct mon_ctx *ctx)
{
	struct x86_clock clock;

	if (!target_clock(ctx->target, ctx->vcpu, &clock, &ctx->err))
		return MON_ERR;
	show_clock(ctx->out, &clock);
	return MON_OK;
}
