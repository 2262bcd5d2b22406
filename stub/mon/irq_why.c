/* irq why: gathers what arch/irq/why.h judges. */
#include <stdlib.h>
#include <string.h>

#include "arch/irq/why.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"
#include "stub/mon/irq.h"

struct gathered {
	struct irq_machine machine;
	struct x86_state *cpu;
	struct x86_lapic *lapic;
	struct x86_chips chips;
};

static void release(struct gathered *g)
{
	free(g->cpu);
	free(g->lapic);
}

static bool take_cpus(struct mon_ctx *ctx, struct gathered *g)
{
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++) {
		const struct x86_state *s = target_state(
			ctx->target, i,
			X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_EVENT,
			&ctx->err);

		if (!s)
			return false;
		g->cpu[i] = *s;
	}
	return true;
}

static bool take_lapics(struct mon_ctx *ctx, struct gathered *g)
{
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++)
		if (!target_lapic(ctx->target, i, &g->lapic[i], &ctx->err))
			return false;
	return true;
}

/* A machine without any controller is an error: nothing can be judged. */
static bool gather(struct mon_ctx *ctx, struct gathered *g)
{
	unsigned int n = ctx->target->nvcpus;
	bool lapics, chips;

	memset(g, 0, sizeof(*g));
	g->cpu = calloc(n, sizeof(*g->cpu));
	g->lapic = calloc(n, sizeof(*g->lapic));
	if (!g->cpu || !g->lapic)
		return err_set(&ctx->err, ERR_LIMIT, "no memory for %u vCPUs",
			       n);
	if (!take_cpus(ctx, g))
		return false;
	lapics = take_lapics(ctx, g);
	chips = target_chips(ctx->target, &g->chips, &ctx->err);
	if (!lapics && !chips)
		return false;
	g->machine = (struct irq_machine){
		.vcpus = n,
		.cpu = g->cpu,
		.lapic = lapics ? g->lapic : NULL,
		.chips = chips ? &g->chips : NULL,
	};
	if (!lapics || !chips)
		buf_printf(ctx->out, "(not known: %s)\n", ctx->err.msg);
	return true;
}

/* What the words ask for: line or vector, -1 when not. */
static bool parse(struct mon_ctx *ctx, int *line, int *vector)
{
	uint64_t value;
	char shown[40];

	*line = *vector = -1;
	if (ctx->argc && !strcmp(ctx->argv[0], "irq")) {
		unsigned int n;

		if (ctx->argc < 2)
			return err_set(&ctx->err, ERR_USAGE,
				       "'irq' wants the number of a line");
		if (!mon_index(ctx->argv[1], "interrupt line", IRQ_LINES, &n,
			       &ctx->err))
			return false;
		*line = (int)n;
		return true;
	}
	if (ctx->argc > 1)
		return err_set(
			&ctx->err, ERR_USAGE, "'%s' is one argument too many",
			mon_printable(shown, sizeof(shown), ctx->argv[1]));
	if (!ctx->argc)
		return true;
	if (!mon_value(ctx, ctx->argv[0], &value))
		return false;
	if (value > 255)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s' is no vector: they are 0 to 255",
			       ctx->argv[0]);
	*vector = (int)value;
	return true;
}

enum mon_result mon_irq_why(struct mon_ctx *ctx)
{
	struct gathered g;
	int line, vector;
	bool ok;

	if (!parse(ctx, &line, &vector))
		return MON_USAGE;
	ok = gather(ctx, &g);
	if (ok && line >= 0)
		irq_why_line(&g.machine, (unsigned int)line, ctx->out);
	else if (ok && vector >= 0)
		irq_why_vector(&g.machine, (unsigned int)vector, ctx->out);
	else if (ok)
		irq_why_all(&g.machine, ctx->out);
	if (ok && ctx->target->last.kind == STOP_STEP)
		buf_str(ctx->out, "(a step holds interrupts back; `maintenance "
				  "packet Qqemu.sstep=1` lets them in)\n");
	release(&g);
	return ok ? MON_OK : MON_ERR;
}
