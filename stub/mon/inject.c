/* inject, inb and outb and their wider relatives. */
#include <inttypes.h>
#include <string.h>

#include "arch/exit/caught.h"
#include "arch/exit/names.h"
#include "stub/inspect.h"
#include "stub/mon/catch.h"
#include "stub/mon/expr.h"

enum {
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_PF = 14,
};

/* A number no larger than `most`; `what` names it. */
static bool number(struct mon_ctx *ctx, int arg, const char *what,
		   uint64_t most, uint64_t *value)
{
	char shown[40];

	if (!mon_value(ctx, ctx->argv[arg], value))
		return false;
	if (*value <= most)
		return true;
	return err_set(&ctx->err, ERR_RANGE,
		       "'%s' is no %s: the largest is 0x%" PRIx64,
		       mon_printable(shown, sizeof(shown), ctx->argv[arg]),
		       what, most);
}

static enum mon_result inject(struct mon_ctx *ctx,
			      const struct target_event *event)
{
	if (!target_inject(ctx->target, ctx->vcpu, event, &ctx->err))
		return MON_ERR;
	return MON_OK;
}

/* The vector, and whether the other arguments can belong to it. */
static bool parse_exception(struct mon_ctx *ctx, struct target_event *e)
{
	uint64_t first, last, error = 0;

	if (!catch_vectors(ctx, ctx->argv[0], &first, &last))
		return false;
	if (first != last || first > 31 || first == VECTOR_NMI)
		return err_set(&ctx->err, ERR_RANGE,
			       "'%s' is not one exception, 0 to 31 without 2 "
			       "(see `inject nmi` and `inject interrupt`)",
			       ctx->argv[0]);
	e->vector = (uint32_t)first;
	e->has_error = exception_has_error((unsigned int)first);
	if (ctx->argc > 1 && !number(ctx, 1, "error code", UINT32_MAX, &error))
		return false;
	if (error && !e->has_error)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s': exception %" PRIu64 " has no error code",
			       ctx->argv[1], first);
	e->error = (uint32_t)error;
	if (ctx->argc < 3)
		return true;
	if (first != VECTOR_PF && first != VECTOR_DB)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s': only #PF has an address, and #DB bits "
			       "of DR6",
			       ctx->argv[2]);
	e->has_payload = true;
	return mon_value(ctx, ctx->argv[2], &e->payload);
}

enum mon_result mon_inject_exception(struct mon_ctx *ctx)
{
	struct target_event e = {.kind = EVENT_EXCEPTION};
	const char *name;

	if (!parse_exception(ctx, &e))
		return MON_USAGE;
	if (inject(ctx, &e) != MON_OK)
		return MON_ERR;
	name = exception_name(e.vector);
	buf_printf(ctx->out, "vCPU %u takes %s (vector %u", ctx->vcpu,
		   name ? name : "an exception", e.vector);
	if (e.has_error)
		buf_printf(ctx->out, ", error code 0x%x", e.error);
	buf_str(ctx->out, ") before its next instruction\n");
	return MON_OK;
}

enum mon_result mon_inject_irq(struct mon_ctx *ctx)
{
	struct target_event e = {.kind = EVENT_GSI};
	uint64_t line;

	if (!number(ctx, 0, "interrupt line", 4095, &line))
		return MON_USAGE;
	e.vector = (uint32_t)line;
	if (inject(ctx, &e) != MON_OK)
		return MON_ERR;
	buf_printf(ctx->out, "interrupt line %u went up and down\n", e.vector);
	return MON_OK;
}

enum mon_result mon_inject_nmi(struct mon_ctx *ctx)
{
	if (inject(ctx, &(struct target_event){.kind = EVENT_NMI}) != MON_OK)
		return MON_ERR;
	buf_printf(ctx->out, "an NMI is pending on vCPU %u\n", ctx->vcpu);
	return MON_OK;
}

enum mon_result mon_inject_interrupt(struct mon_ctx *ctx)
{
	struct target_event e = {.kind = EVENT_INTERRUPT};
	uint64_t vector;

	if (!number(ctx, 0, "vector", 255, &vector))
		return MON_USAGE;
	e.vector = (uint32_t)vector;
	if (inject(ctx, &e) != MON_OK)
		return MON_ERR;
	buf_printf(ctx->out, "interrupt 0x%x is pending on vCPU %u\n", e.vector,
		   ctx->vcpu);
	return MON_OK;
}

/* ---- ports ---- */

/* By the last letter of the command: inb, outw, ... */
static unsigned int port_size(const struct mon_ctx *ctx)
{
	char c = ctx->command->name[strlen(ctx->command->name) - 1];

	return c == 'b' ? 1 : c == 'w' ? 2 : 4;
}

enum mon_result mon_in(struct mon_ctx *ctx)
{
	unsigned int size = port_size(ctx);
	uint64_t port, value = 0;

	if (!number(ctx, 0, "port", 0xffff, &port))
		return MON_USAGE;
	if (!target_io(ctx->target, false, port, size, false, &value,
		       &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out, "port 0x%" PRIx64 " = 0x%0*" PRIx64 "\n", port,
		   (int)(2 * size), value);
	return MON_OK;
}

enum mon_result mon_out(struct mon_ctx *ctx)
{
	unsigned int size = port_size(ctx);
	uint64_t port, value;

	if (!number(ctx, 0, "port", 0xffff, &port) ||
	    !number(ctx, 1, "value for that width", BITS(8 * size - 1, 0),
		    &value))
		return MON_USAGE;
	if (!target_io(ctx->target, false, port, size, true, &value, &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out, "0x%0*" PRIx64 " written to port 0x%" PRIx64 "\n",
		   (int)(2 * size), value, port);
	return MON_OK;
}
