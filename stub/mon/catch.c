/* Catchpoints, injected events, the list of breakpoints. */
#include "stub/mon/catch.h"

#include <inttypes.h>
#include <string.h>

#include "stub/mon/expr.h"

/* Each line of `text` with "  note: " before it. */
static void print_notes(struct buf *out, const struct buf *text)
{
	const char *line = buf_cstr(text);

	while (*line) {
		size_t len = strcspn(line, "\n");

		buf_printf(out, "  note: %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

/* catch mmio, pio, msr, exit, exception, reset */
static enum mon_result mon_catch_add(struct mon_ctx *ctx)
{
	struct buf notes = BUF_INIT;
	struct target_catch c;
	bool ok;

	if (!catch_parse(ctx, &c))
		return MON_USAGE;
	ok = catch_reach(ctx, &c, &notes) &&
	     target_catch_add(ctx->target, &c, &ctx->err);
	if (ok) {
		buf_printf(ctx->out, "catchpoint %u: ", c.id);
		catch_describe(&c, ctx->out);
		buf_printf(ctx->out, ", %s\n", catch_action_name(c.action));
		target_catch_limits(ctx->target, &c, &notes);
		print_notes(ctx->out, &notes);
	}
	buf_deinit(&notes);
	if (ok)
		return MON_OK;
	return ctx->err.code == ERR_RANGE || ctx->err.code == ERR_USAGE
		       ? MON_USAGE
		       : MON_ERR;
}

enum mon_result mon_catch_list(struct mon_ctx *ctx)
{
	struct target_catch c;
	unsigned int i;

	for (i = 0; target_catch_at(ctx->target, i, &c); i++) {
		size_t at;

		if (!i)
			buf_str(ctx->out, "num  hits        does    catches\n");
		buf_printf(ctx->out, "%-4u %-11" PRIu64 " ", c.id, c.hits);
		at = ctx->out->len;
		buf_str(ctx->out, catch_action_name(c.action));
		buf_printf(ctx->out, "%*s", (int)(at + 8 - ctx->out->len), "");
		catch_describe(&c, ctx->out);
		buf_byte(ctx->out, '\n');
	}
	if (!i)
		buf_str(ctx->out, "no catchpoints; `help catch` tells what can "
				  "be caught\n");
	return MON_OK;
}

/* `catch` alone lists; any other word got here by mistake. */
static enum mon_result mon_catch(struct mon_ctx *ctx)
{
	char shown[40];

	if (!ctx->argc)
		return mon_catch_list(ctx);
	err_set(&ctx->err, ERR_USAGE, "'%s' is nothing that can be caught",
		mon_printable(shown, sizeof(shown), ctx->argv[0]));
	return MON_USAGE;
}

static bool parse_id(struct mon_ctx *ctx, unsigned int *id)
{
	uint64_t v;

	if (!mon_value(ctx, ctx->argv[0], &v))
		return false;
	if (!v || v > UINT32_MAX)
		return err_set(&ctx->err, ERR_RANGE,
			       "there is no catchpoint %s", ctx->argv[0]);
	*id = (unsigned int)v;
	return true;
}

static enum mon_result mon_catch_action(struct mon_ctx *ctx)
{
	enum catch_action action;
	unsigned int id;

	if (!parse_id(ctx, &id) || !catch_action(ctx, ctx->argv[1], &action))
		return MON_USAGE;
	if (!target_catch_set_action(ctx->target, id, action, &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out, "catchpoint %u: %s\n", id,
		   catch_action_name(action));
	return MON_OK;
}

static enum mon_result delete_all(struct mon_ctx *ctx)
{
	struct target_catch c;
	unsigned int n;

	for (n = 0; target_catch_at(ctx->target, 0, &c); n++)
		if (!target_catch_remove(ctx->target, c.id, &ctx->err))
			return MON_ERR;
	buf_printf(ctx->out, "%u catchpoint%s deleted\n", n, n == 1 ? "" : "s");
	return MON_OK;
}

static enum mon_result mon_catch_delete(struct mon_ctx *ctx)
{
	unsigned int id;

	if (!strcmp(ctx->argv[0], "all"))
		return delete_all(ctx);
	if (!parse_id(ctx, &id))
		return MON_USAGE;
	if (!target_catch_remove(ctx->target, id, &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out, "catchpoint %u deleted\n", id);
	return MON_OK;
}

enum mon_result mon_set_triple_fault(struct mon_ctx *ctx)
{
	bool reset = !strcmp(ctx->argv[0], "reset");
	char shown[40];

	if (!reset && strcmp(ctx->argv[0], "stop")) {
		err_set(&ctx->err, ERR_USAGE, "'%s' is neither stop nor reset",
			mon_printable(shown, sizeof(shown), ctx->argv[0]));
		return MON_USAGE;
	}
	if (!target_set_triple_fault(ctx->target, reset, &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out, "a triple fault %s\n",
		   reset ? "resets the guest, as on a PC"
			 : "stops the guest, with its story");
	return MON_OK;
}

#define ACCESS_USAGE "RANGE [r|w|rw] [VALUE[/MASK]] [before|after] [ACTION]"
#define ACCESS_HELP                                                           \
	"RANGE is one number, FIRST-LAST or FIRST+LENGTH.  r catches reads, " \
	"w writes, rw (the default) both.  With VALUE only accesses of that " \
	"value count; MASK says which of its bits.\n"
#define ACTION_HELP                                                         \
	"ACTION: stop (the default) stops the guest, notify prints a line " \
	"and goes "                                                         \
	"on, ignore only counts."

const struct mon_command mon_catch_commands[] = {
	{
		.name = "bl",
		.usage = "",
		.help = "all breakpoints, watchpoints and catchpoints",
		.long_help = "One line each: what it is, where (with the "
			     "symbol when the image has symbols), how it is "
			     "planted - a byte in guest memory, a debug "
			     "register, page protection, or not yet because "
			     "its address is not mapped - and how often it "
			     "was hit.  gdb takes its breakpoints out at every "
			     "stop and puts them in again before it resumes; "
			     "a star marks those that it has out now.",
		.needs = MON_NEED_STOPPED,
		.run = mon_bl,
	},
	{
		.name = "catch",
		.usage = "[WHAT ...]",
		.help = "list the catchpoints; with a second word, change them",
		.long_help = "A catchpoint stops on what the guest does, "
			     "wherever it does it: `help catch pio` and the "
			     "others tell.  Catchpoints stay when the guest is "
			     "reset and when the debugger leaves; after a "
			     "detach they only log what they would stop at.",
		.needs = MON_NEED_STOPPED,
		.max_args = MON_WORDS,
		.run = mon_catch,
	},
	{
		.name = "catch action",
		.usage = "N ACTION",
		.help = "change what a catchpoint does when it is hit",
		.long_help = ACTION_HELP,
		.needs = MON_NEED_STOPPED,
		.min_args = 2,
		.max_args = 2,
		.run = mon_catch_action,
	},
	{
		.name = "catch delete",
		.usage = "N|all",
		.help = "delete a catchpoint, or all of them",
		.long_help = "An access that a `before` catchpoint holds at "
			     "this very stop is made when the guest goes on, "
			     "all the same.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_catch_delete,
	},
	{
		.name = "catch exception",
		.usage = "VECTOR [ACTION]",
		.help = "stop in the handler that an exception enters",
		.long_help = "VECTOR is a name (#PF, gp), a number, or a range "
			     "of "
			     "numbers; above 31 they are interrupts.  A hidden "
			     "breakpoint lies on the first instruction of each "
			     "gate's handler, on every virtual CPU; the stop "
			     "tells "
			     "the vector, the error code and the rip that the "
			     "processor has pushed.\nNot seen: what never "
			     "reaches "
			     "a handler (a missing or broken gate ends in a "
			     "triple "
			     "fault, which stops by itself), a task gate, and "
			     "for "
			     "some milliseconds a handler that the guest has "
			     "just "
			     "put into its IDT.  Whoever jumps or calls to a "
			     "handler is taken for its "
			     "exception.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 2,
		.run = mon_catch_add,
	},
	{
		.name = "catch exit",
		.usage = "REASON [ACTION]",
		.help = "stop after an exit of this kind has been served",
		.long_help = "REASON is the name behind KVM_EXIT_, in any "
			     "case: io, "
			     "mmio, ioapic-eoi, hlt, ...  Only exits that "
			     "reach "
			     "user space can be caught; those that end the "
			     "guest "
			     "stop it anyway and are just "
			     "counted.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 2,
		.run = mon_catch_add,
	},
	{
		.name = "catch list",
		.usage = "",
		.help = "the catchpoints, with hit counts",
		.long_help = "As `catch` alone.",
		.needs = MON_NEED_STOPPED,
		.run = mon_catch_list,
	},
	{
		.name = "catch mmio",
		.usage = ACCESS_USAGE,
		.help = "stop at accesses to device memory",
		.long_help = ACCESS_HELP "after (the default) stops behind the "
					 "instruction, "
					 "when the device has answered.  "
					 "before stops while "
					 "the device has seen nothing: at a "
					 "read rip is the "
					 "instruction's; a write KVM has "
					 "carried out in the "
					 "registers, and only the device still "
					 "waits for it.\n"
					 "RAM never exits: use watchpoints "
					 "there.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 5,
		.run = mon_catch_add,
	},
	{
		.name = "catch msr",
		.usage = "RANGE|NAME [r|w|rw] [VALUE[/MASK]] [before|after] "
			 "[ACTION]",
		.help = "stop at RDMSR and WRMSR of these registers",
		.long_help = ACCESS_HELP "The instruction itself then runs on "
					 "the processor "
					 "as if nothing had been, #GP "
					 "included; before stops "
					 "in front of it, after (the default) "
					 "behind it.\n"
					 "The x2APIC's registers (0x800-0x8ff) "
					 "cannot be "
					 "caught, nor what an instruction "
					 "other than RDMSR "
					 "and WRMSR does to a "
					 "register.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 5,
		.run = mon_catch_add,
	},
	{
		.name = "catch pio",
		.usage = ACCESS_USAGE,
		.help = "stop at accesses to ports",
		.long_help = ACCESS_HELP "after (the default) stops behind the "
					 "instruction, "
					 "when the device has answered.  "
					 "before stops while "
					 "the device has seen nothing; rip is "
					 "the "
					 "instruction's, but for a write that "
					 "KVM's emulator "
					 "has carried out already (the stop "
					 "says so).  Moving "
					 "rip away from the instruction "
					 "cancels it.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 5,
		.run = mon_catch_add,
	},
	{
		.name = "catch reset",
		.usage = "[ACTION]",
		.help = "stop before the guest is reset",
		.long_help = "The state that led to it is still there: a write "
			     "to "
			     "the keyboard controller, port 0xcf9 or 0x92, or "
			     "a "
			     "triple fault where `set triple-fault reset` is "
			     "on. "
			     "The next continue resets the "
			     "guest.\n" ACTION_HELP,
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.max_args = 1,
		.run = mon_catch_add,
	},
	{
		.name = "inb",
		.usage = "PORT",
		.help = "read a byte from a port, as the guest would",
		.long_help = "The device answers, with the side effects that "
			     "has: reading a UART takes the byte.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_in,
	},
	{
		.name = "inject exception",
		.usage = "VECTOR [ERROR [ADDRESS]]",
		.help = "deliver an exception before the next instruction",
		.long_help = "VECTOR is a name (#PF, gp) or a number.  ERROR "
			     "is the error code of those that have one, 0 if "
			     "not said; ADDRESS is CR2 for #PF, and for #DB "
			     "the bits of DR6.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN | MON_NEED_WRITE,
		.min_args = 1,
		.max_args = 3,
		.run = mon_inject_exception,
	},
	{
		.name = "inject interrupt",
		.usage = "VECTOR",
		.help = "send the virtual CPU an interrupt with this vector",
		.long_help = "Through its local APIC, as another processor's "
			     "interrupt would come; without one (--irqchip "
			     "none) directly, which needs RFLAGS.IF.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN | MON_NEED_WRITE,
		.min_args = 1,
		.max_args = 1,
		.run = mon_inject_interrupt,
	},
	{
		.name = "inject irq",
		.usage = "LINE",
		.help = "pulse an interrupt line of the machine",
		.long_help = "LINE is the GSI: the IOAPIC's pin, and below 16 "
			     "the PIC's, if there is one.  The line goes up "
			     "and down once.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN | MON_NEED_WRITE,
		.min_args = 1,
		.max_args = 1,
		.run = mon_inject_irq,
	},
	{
		.name = "inject nmi",
		.usage = "",
		.help = "send the virtual CPU an NMI",
		.long_help = "It is delivered when the guest goes on, unless "
			     "an earlier NMI's handler still runs.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN | MON_NEED_WRITE,
		.run = mon_inject_nmi,
	},
	{
		.name = "inl",
		.usage = "PORT",
		.help = "read four bytes from a port, as the guest would",
		.long_help = "As `inb`.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_in,
	},
	{
		.name = "inw",
		.usage = "PORT",
		.help = "read two bytes from a port, as the guest would",
		.long_help = "As `inb`.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_in,
	},
	{
		.name = "outb",
		.usage = "PORT VALUE",
		.help = "write a byte to a port, as the guest would",
		.long_help = "The device acts on it.",
		.needs = MON_NEED_STOPPED | MON_NEED_WRITE,
		.min_args = 2,
		.max_args = 2,
		.run = mon_out,
	},
	{
		.name = "outl",
		.usage = "PORT VALUE",
		.help = "write four bytes to a port, as the guest would",
		.long_help = "As `outb`.",
		.needs = MON_NEED_STOPPED | MON_NEED_WRITE,
		.min_args = 2,
		.max_args = 2,
		.run = mon_out,
	},
	{
		.name = "outw",
		.usage = "PORT VALUE",
		.help = "write two bytes to a port, as the guest would",
		.long_help = "As `outb`.",
		.needs = MON_NEED_STOPPED | MON_NEED_WRITE,
		.min_args = 2,
		.max_args = 2,
		.run = mon_out,
	},
	{
		.name = "set triple-fault",
		.usage = "stop|reset",
		.help = "what a triple fault does to the guest",
		.long_help = "stop (the default) is an error stop with the "
			     "whole story.  reset starts the guest again, as "
			     "the chipset of a PC does; `catch reset` stops "
			     "first.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 1,
		.run = mon_set_triple_fault,
	},
	{.name = NULL},
};
