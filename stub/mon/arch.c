/* arch: the description of the registers that clients get. */
#include <string.h>

#include "stub/mon/internal.h"

static const struct {
	const char *word;
	bool arch_auto;
	enum tdesc_code code;
} choices[] = {
	{"auto", true, TDESC_64},
	{"64", false, TDESC_64},
	{"32", false, TDESC_32},
	{"16", false, TDESC_16},
};

static const char *chosen(const struct target_view *view)
{
	for (size_t i = 1; i < ARRAY_SIZE(choices); i++)
		if (!view->arch_auto && choices[i].code == view->code)
			return choices[i].word;
	return choices[0].word;
}

static enum mon_result show(struct mon_ctx *ctx)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct target_view *view = &ctx->target->view;
	const struct x86_state *state;

	buf_printf(ctx->out, "arch %s, linear %s", chosen(view),
		   view->linear ? "on" : "off");
	if (!ctx->target->running) {
		state = target_state(ctx->target, ctx->vcpu, groups, &ctx->err);
		if (!state)
			return MON_ERR;
		buf_printf(ctx->out, "; vCPU %u runs %s code", ctx->vcpu,
			   x86_mode_name(x86_mode(state)));
	}
	buf_str(ctx->out, "\n");
	return MON_OK;
}

static bool bad_word(struct mon_ctx *ctx, const char *word, const char *what)
{
	char shown[64];

	return err_set(&ctx->err, ERR_USAGE, "'%s' %s",
		       mon_printable(shown, sizeof(shown), word), what);
}

static bool parse(struct mon_ctx *ctx, struct target_view *view)
{
	const char *word = ctx->argv[0];
	const char *second = ctx->argc > 1 ? ctx->argv[1] : "";

	if (!strcmp(word, "linear")) {
		if (strcmp(second, "on") && strcmp(second, "off"))
			return bad_word(ctx, second,
					"after linear is neither on nor off");
		view->linear = !strcmp(second, "on");
		return true;
	}
	if (ctx->argc > 1)
		return bad_word(ctx, second, "follows linear only, as on|off");
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (!strcmp(word, choices[i].word)) {
			view->arch_auto = choices[i].arch_auto;
			view->code = choices[i].code;
			return true;
		}
	}
	return bad_word(ctx, word, "is neither auto, 64, 32, 16 nor linear");
}

enum mon_result mon_arch(struct mon_ctx *ctx)
{
	if (!ctx->argc)
		return show(ctx);
	if (!parse(ctx, &ctx->target->view))
		return MON_USAGE;
	if (ctx->target->view.arch_auto || ctx->target->view.code != TDESC_64)
		buf_str(ctx->out, "gdb refuses it while it has a program of "
				  "another "
				  "architecture: `exec-file` alone drops that "
				  "and keeps "
				  "the symbols\n");
	buf_str(ctx->out, "holds from the next reading of the description on; "
			  "in gdb: unset tdesc filename\n");
	return MON_OK;
}
