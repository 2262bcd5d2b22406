/* info cpus, info registers, info status, info version. */
#include <string.h>

#include "arch/dump.h"
#include "stub/mon/internal.h"

enum mon_result mon_info_cpus(struct mon_ctx *ctx)
{
	struct target *t = ctx->target;
	unsigned int i;

	for (i = 0; i < t->nvcpus; i++)
		buf_printf(ctx->out, "%c CPU #%u: thread_id=%d\n",
			   i == ctx->vcpu ? '*' : ' ', i,
			   target_thread_id(t, i));
	return MON_OK;
}

/* What stays 0 in the dump where the target cannot tell it. */
static const struct {
	unsigned int group;
	const char *shown;
} optional[] = {
	{X86_GROUP_DEBUG, "DR0-DR7 shown as 0"},
	{X86_GROUP_EVENT, "II, SMM and HLT shown as 0"},
	{X86_GROUP_FPU, "FPU not shown"},
	{X86_GROUP_XCR, "FPU not shown"},
};

static bool print_registers(struct mon_ctx *ctx, unsigned int vcpu)
{
	const unsigned int fpu = X86_GROUP_FPU | X86_GROUP_XCR;
	unsigned int got = X86_GROUP_GPR | X86_GROUP_SYS;
	struct target *t = ctx->target;
	struct buf missing = BUF_INIT;
	const struct x86_state *s;
	struct err err;

	if (!target_state(t, vcpu, got, &ctx->err))
		return err_prefix(&ctx->err, "registers of vCPU %u", vcpu);
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		if (target_state(t, vcpu, optional[i].group, &err))
			got |= optional[i].group;
		else
			buf_printf(&missing, "(%s: %s)\n", optional[i].shown,
				   err.msg);
	s = target_state(t, vcpu, got, &ctx->err);
	if (s) {
		buf_printf(ctx->out, "\nCPU#%u\n", vcpu);
		dump_registers(ctx->out, s);
		if ((got & fpu) == fpu)
			dump_fpu(ctx->out, s);
		buf_str(ctx->out, buf_cstr(&missing));
	}
	buf_deinit(&missing);
	return s;
}

enum mon_result mon_info_registers(struct mon_ctx *ctx)
{
	unsigned int vcpu = ctx->vcpu, last, i;
	bool all = false, one = false;

	for (i = 0; i < (unsigned int)ctx->argc; i++) {
		const char *word = ctx->argv[i];

		if (!strcmp(word, "-a")) {
			all = true;
			continue;
		}
		if (!mon_index(word, "vCPU", ctx->target->nvcpus, &vcpu,
			       &ctx->err))
			return MON_USAGE;
		if (one) {
			err_set(&ctx->err, ERR_USAGE,
				"'%s' is one vCPU too many", word);
			return MON_USAGE;
		}
		one = true;
	}
	if (all && one) {
		err_set(&ctx->err, ERR_USAGE,
			"'-a' and a vCPU number exclude each other");
		return MON_USAGE;
	}
	last = all ? ctx->target->nvcpus - 1 : vcpu;
	for (i = all ? 0 : vcpu; i <= last; i++)
		if (!print_registers(ctx, i))
			return MON_ERR;
	return MON_OK;
}

/* QEMU's word for a state that is not plainly "paused", or NULL. */
static const char *status_word(const struct target *t)
{
	if (t->last.status_word)
		return t->last.status_word;
	switch (t->last.kind) {
	case STOP_NONE:
		return "prelaunch";
	case STOP_EXITED:
		return "shutdown";
	case STOP_ERROR:
		return "internal-error";
	default:
		return NULL;
	}
}

enum mon_result mon_info_status(struct mon_ctx *ctx)
{
	const char *word = status_word(ctx->target);

	if (ctx->target->running)
		buf_str(ctx->out, "VM status: running\n");
	else if (word)
		buf_printf(ctx->out, "VM status: paused (%s)\n", word);
	else
		buf_str(ctx->out, "VM status: paused\n");
	return MON_OK;
}

enum mon_result mon_info_version(struct mon_ctx *ctx)
{
	buf_str(ctx->out, "kvm-gdbserver " VERSION "\n");
	return MON_OK;
}
