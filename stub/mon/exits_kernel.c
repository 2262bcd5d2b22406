/* exits kernel: the host kernel's own trace of our vCPUs. */
#include <inttypes.h>
#include <string.h>

#include "stub/mon/exits.h"

static enum mon_result print_state(struct mon_ctx *ctx)
{
	struct target_kernel_trace trace;

	target_kernel_trace(ctx->target, &trace);
	if (!trace.on)
		buf_str(ctx->out, "off: exits that KVM serves by itself are "
				  "not recorded; `exits kernel on` has the "
				  "host's kernel do it\n");
	else
		buf_printf(ctx->out,
			   "on: %zu events of the host's kernel are recorded, "
			   "%" PRIu64 " older ones are overwritten\n",
			   trace.events, trace.lost);
	return MON_OK;
}

static enum mon_result set(struct mon_ctx *ctx, bool on)
{
	if (!target_set_kernel_trace(ctx->target, on, &ctx->err))
		return MON_ERR;
	if (on)
		buf_str(ctx->out, "on: from the next resume on `exits` shows "
				  "what the host's kernel does, marked "
				  "[kernel]\n");
	else
		buf_str(ctx->out, "off\n");
	return MON_OK;
}

enum mon_result mon_exits_kernel(struct mon_ctx *ctx)
{
	const char *word = ctx->argc ? ctx->argv[0] : NULL;
	uint64_t lines;
	char shown[40];

	if (!word)
		return print_state(ctx);
	if (!strcmp(word, "on") || !strcmp(word, "off"))
		return set(ctx, !strcmp(word, "on"));
	if (!mon_number(word, &lines, &ctx->err) || !lines) {
		err_set(&ctx->err, ERR_USAGE,
			"'%s' is not on, off or a number of lines",
			mon_printable(shown, sizeof(shown), word));
		return MON_USAGE;
	}
	return exits_show(ctx, &(struct exits_query){.source = EXITS_KERNEL,
						     .lines = lines});
}
