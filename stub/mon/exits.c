/* The flight recorder and the log of the VM. */
#include "stub/mon/exits.h"

#include <inttypes.h>

#include "arch/exit/text.h"

/* ---- printing ---- */

static void print_line(struct mon_ctx *ctx, const struct exits_walk *w)
{
	struct buf *out = ctx->out;

	if (ctx->target->nvcpus > 1)
		buf_printf(out, "vcpu%-3u ", w->ref->vcpu);
	exit_record_print(out, &w->record);
	buf_byte(out, ' ');
	exit_name_print(out, &w->record, &w->name);
	if (buf_cstr(out)[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	exits_print_symbol(ctx, w->record.rip, " in ");
	buf_byte(out, '\n');
}

static uint64_t count_matches(struct mon_ctx *ctx,
			      const struct exits_list *list,
			      const struct exit_filter *f)
{
	struct exits_walk w;
	uint64_t n = 0;

	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w))
		n += exit_filter_match(f, &w.record, &w.name);
	return n;
}

static void print_matches(struct mon_ctx *ctx, const struct exits_list *list,
			  const struct exit_filter *f, uint64_t skip)
{
	struct exits_walk w;

	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w)) {
		if (!exit_filter_match(f, &w.record, &w.name))
			continue;
		if (skip)
			skip--;
		else
			print_line(ctx, &w);
	}
}

/* What an empty or short list must not be taken for. */
static void print_limits(struct mon_ctx *ctx, const struct exits_list *list,
			 bool msrs)
{
	struct buf *out = ctx->out;

	if (list->lost)
		buf_printf(out,
			   "%" PRIu64 " older exits are overwritten "
			   "(--recorder "
			   "N keeps more than %" PRIu64 " a vCPU)\n",
			   list->lost, list->kept);
	buf_str(out, "not in here: what KVM serves without leaving the "
		     "kernel");
	if (msrs)
		buf_str(out, ", such as every MSR that no `catch msr` asks "
			     "for");
	buf_byte(out, '\n');
}

static enum mon_result show(struct mon_ctx *ctx, uint64_t kinds)
{
	struct exits_query q = {.filter.kinds = kinds};
	struct exits_list list;
	uint64_t matches;

	if (!exits_query_parse(ctx, &q))
		return MON_USAGE;
	if (!exits_list_init(ctx, &list))
		return MON_ERR;
	matches = count_matches(ctx, &list, &q.filter);
	print_matches(ctx, &list, &q.filter,
		      matches > q.lines ? matches - q.lines : 0);
	if (!list.n)
		buf_str(ctx->out, "no exit has reached user space yet\n");
	else if (!matches)
		buf_printf(ctx->out, "none of %zu recorded exits matches\n",
			   list.n);
	else if (matches > q.lines)
		buf_printf(ctx->out,
			   "the last %" PRIu64 " of %" PRIu64 "; `all` in "
			   "place "
			   "of a number shows every one\n",
			   q.lines, matches);
	print_limits(ctx, &list, kinds & BIT(EXIT_X86_RDMSR));
	exits_list_deinit(&list);
	return MON_OK;
}

static enum mon_result mon_exits(struct mon_ctx *ctx)
{
	return show(ctx, 0);
}

static enum mon_result mon_pio(struct mon_ctx *ctx)
{
	return show(ctx, BIT(EXIT_IO));
}

static enum mon_result mon_mmio(struct mon_ctx *ctx)
{
	return show(ctx, BIT(EXIT_MMIO));
}

static enum mon_result mon_msr(struct mon_ctx *ctx)
{
	return show(ctx, BIT(EXIT_X86_RDMSR) | BIT(EXIT_X86_WRMSR));
}

const struct mon_command mon_exits_commands[] = {
	{
		.name = "exits",
		.usage = "[N|all] [FILTER...]",
		.help = "the last exits to user space, from the flight "
			"recorder",
		.long_help =
			"Every exit that reached user space is kept, the last "
			"4096 of each virtual CPU (option --recorder): time, "
			"what it was, rip, cr3, and for an access its value, "
			"the device that answered and the register.  The text "
			"is that of the kernel's tracepoints.  All virtual "
			"CPUs are merged by time; -c N shows one.\n"
			"Prints the last 20, N or all of those that match the "
			"filter.  Its words: pio, mmio, msr, rdmsr, wrmsr, "
			"hlt, eoi, debug or any other KVM_EXIT_ name; error "
			"(KVM_RUN failed), restart (interrupted); the name of "
			"a device (16550, cmos, pci), unclaimed; r, w; RANGE "
			"of ports, addresses or MSRs; val=VALUE[/MASK], "
			""
			"rip=RANGE, at=RANGE, dev=NAME, reg=PART of a name.  "
			"Kinds and devices "
			"add up, the rest narrows down.\n"
			"Where no device answers, the well-known PC names the "
			"place: \"unclaimed: vga CRTC index\".  What an index "
			"or command register selects is told from the "
			"accesses before.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_exits,
	},
	{
		.name = "exits summary",
		.usage = "[all]",
		.help = "exits by reason, by rip and by device register, with "
			"rates",
		.long_help = "Reasons are counted since the last resume and "
			     "ever, "
			     "with their share and rate over the time the "
			     "guest "
			     "ran.  Places and registers are counted in what "
			     "the "
			     "recorder holds since the last resume, or, with "
			     "all, "
			     "in everything it holds.  All virtual CPUs "
			     "together; "
			     "-c N counts one.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_exits_summary,
	},
	{
		.name = "mmio",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last accesses to device memory",
		.long_help = "As `exits mmio`.  A decimal number that comes "
			     "first "
			     "is N; everything else that is a number is a "
			     "RANGE of "
			     "guest-physical addresses.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_mmio,
	},
	{
		.name = "msr",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last MSR accesses that came to user space",
		.long_help = "As `exits msr`.  KVM handles MSRs by itself; "
			     "only "
			     "those that a `catch msr` asks for, or that KVM "
			     "does "
			     "not know, get here.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_msr,
	},
	{
		.name = "pio",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last accesses to I/O ports",
		.long_help = "As `exits pio`: `pio 0x3f8-0x3ff w` is what was "
			     "written to COM1.  A decimal number that comes "
			     "first "
			     "is N; everything else that is a number is a "
			     "RANGE of "
			     "ports.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_pio,
	},
	{.name = NULL},
};
