/* The flight recorder and the log of the VM. */
#include "stub/mon/exits.h"

#include <inttypes.h>
#include <string.h>

#include "arch/exit/text.h"

/* ---- printing ---- */

static void print_user(struct mon_ctx *ctx, const struct exits_walk *w)
{
	struct buf name = BUF_INIT;

	exit_record_print(ctx->out, &w->record);
	exit_name_print(&name, &w->record, &w->name);
	buf_printf(ctx->out, "%s%s", name.len ? " " : "", buf_cstr(&name));
	exits_print_symbol(ctx, w->record.rip, " in ", ctx->out);
	buf_deinit(&name);
}

static void print_kernel(struct mon_ctx *ctx, const struct exits_walk *w)
{
	exit_record_print_time(ctx->out, w->ref->time_ns);
	buf_printf(ctx->out, "%s [kernel]", w->event);
	if (!w->is_access)
		return;
	buf_byte(ctx->out, ' ');
	exit_name_print(ctx->out, &w->record, &w->name);
}

static void print_line(struct mon_ctx *ctx, const struct exits_walk *w)
{
	if (ctx->target->nvcpus > 1)
		buf_printf(ctx->out, "vcpu%-3u ", w->ref->vcpu);
	if (w->ref->kernel)
		print_kernel(ctx, w);
	else
		print_user(ctx, w);
	buf_byte(ctx->out, '\n');
}

static uint64_t count_matches(struct mon_ctx *ctx,
			      const struct exits_list *list,
			      const struct exits_query *q)
{
	struct exits_walk w;
	uint64_t n = 0;

	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w))
		n += exits_walk_match(&w, q);
	return n;
}

static void print_matches(struct mon_ctx *ctx, const struct exits_list *list,
			  const struct exits_query *q, uint64_t skip)
{
	struct exits_walk w;

	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w)) {
		if (!exits_walk_match(&w, q))
			continue;
		if (skip)
			skip--;
		else
			print_line(ctx, &w);
	}
}

/* Is the i-th range the first of its name that KVM answers? */
static bool is_news(struct mon_ctx *ctx, unsigned int i, const char *name)
{
	struct target_io_range range;

	for (unsigned int k = 0; k < i; k++)
		if (target_io_range(ctx->target, k, &range) &&
		    range.in_kernel && !strcmp(range.name, name))
			return false;
	return true;
}

/* What KVM answers by itself, as far as the target tells. */
static void print_in_kernel(struct mon_ctx *ctx)
{
	struct target_io_range range;
	const char *gap = " (";

	for (unsigned int i = 0; target_io_range(ctx->target, i, &range); i++) {
		if (!range.in_kernel || !is_news(ctx, i, range.name))
			continue;
		buf_printf(ctx->out, "%s%s", gap, range.name);
		gap = ", ";
	}
	if (*gap == ',')
		buf_byte(ctx->out, ')');
}

/* What an empty or short list must not be taken for. */
static void print_limits(struct mon_ctx *ctx, const struct exits_list *list,
			 enum exits_source source, bool msrs)
{
	struct buf *out = ctx->out;

	if (list->lost) {
		buf_printf(out, "%" PRIu64 " older exits are overwritten",
			   list->lost);
		buf_printf(out, " (--recorder N keeps more than %" PRIu64,
			   list->kept);
		buf_str(out, " a vCPU)\n");
	}
	if (list->kernel.lost)
		buf_printf(out,
			   "%" PRIu64 " events of the kernel are overwritten\n",
			   list->kernel.lost);
	if (list->kernel.on || source == EXITS_KERNEL)
		return;
	buf_str(out, "not in here: what KVM serves by itself");
	print_in_kernel(ctx);
	if (msrs)
		buf_str(out, "; such as every MSR that no `catch msr` asks "
			     "for");
	buf_str(out, ctx->target->caps.can_run ? "; `exits kernel on` adds it\n"
					       : "\n");
}

static const char *nothing(const struct exits_list *list,
			   const struct exits_query *q)
{
	if (q->source == EXITS_KERNEL && !list->kernel.on)
		return "the host's kernel records nothing; `exits kernel on` "
		       "has it do so\n";
	return list->kernel.on ? "nothing is recorded yet\n"
			       : "no exit has reached user space yet\n";
}

enum mon_result exits_show(struct mon_ctx *ctx, const struct exits_query *q)
{
	struct exits_list list;
	uint64_t matches;

	if (!exits_list_init(ctx, &list))
		return MON_ERR;
	matches = count_matches(ctx, &list, q);
	print_matches(ctx, &list, q,
		      matches > q->lines ? matches - q->lines : 0);
	if (!list.n || (q->source == EXITS_KERNEL && !list.kernel.events))
		buf_str(ctx->out, nothing(&list, q));
	else if (!matches)
		buf_printf(ctx->out, "none of %zu recorded exits matches\n",
			   list.n);
	else if (matches > q->lines)
		buf_printf(ctx->out, "the last %" PRIu64 " of %" PRIu64 "%s\n",
			   q->lines, matches,
			   "; `all` in place of a number shows every one");
	print_limits(ctx, &list, q->source,
		     q->filter.kinds & BIT(EXIT_X86_RDMSR));
	exits_list_deinit(&list);
	return MON_OK;
}

static enum mon_result show(struct mon_ctx *ctx, uint64_t kinds)
{
	struct exits_query q = {.filter.kinds = kinds, .filtered = kinds};

	if (!exits_query_parse(ctx, 0, &q))
		return MON_USAGE;
	return exits_show(ctx, &q);
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

static enum mon_result mon_log_vm(struct mon_ctx *ctx)
{
	size_t before = ctx->out->len;

	if (!target_vm_log(ctx->target, ctx->out)) {
		err_set(&ctx->err, ERR_UNSUPPORTED,
			"%s keeps no log of how it was made",
			ctx->target->ops->name);
		return MON_ERR;
	}
	if (ctx->out->len == before)
		buf_str(ctx->out, "nothing is in the log\n");
	return MON_OK;
}

/* clang-format off */
const struct mon_command mon_exits_commands[] = {
	{
		.name = "exits",
		.usage = "[N|all] [FILTER...]",
		.help = "the last exits to user space, from the flight recorder",
		.long_help =
"Every exit that reached user space is kept, the last 4096 of each virtual "
"CPU (option --recorder): time, what it was, rip, cr3, and for an access its "
"value, the device that answered and the register.  The text is that of the "
"kernel's tracepoints.  All virtual CPUs are merged by time; -c N shows one.\n"
"Prints the last 20, N or all of those that match the filter.  Its words: "
"pio, mmio, msr, rdmsr, wrmsr, hlt, eoi, debug or any other KVM_EXIT_ name; "
"error (KVM_RUN failed), restart (interrupted); the name of a device (16550, "
"cmos, pci), unclaimed; r, w; RANGE of ports, addresses or MSRs, the name of "
"an MSR; val=VALUE[/MASK], rip=RANGE, at=RANGE, dev=NAME, reg=PART of a "
"register's name.  Kinds and devices add up, the rest narrows down.\n"
"Where no device answers, the well-known PC names the place: \"unclaimed: vga "
"CRTC index\".  What an index or command register selects is told from the "
"accesses before.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_exits,
	},
	{
		.name = "exits kernel",
		.usage = "[on|off|N]",
		.help = "have the host's kernel record what KVM does",
		.long_help =
"With on, the kvm tracepoints of the host record what KVM does in its threads "
"of this guest: exits that never reach user space, local APIC, interrupts.  "
"`exits` merges them in by time, marked [kernel]; its filter words kernel, "
"user and kvm_NAME (an event) choose.  N shows the last N of them; without an "
"argument it says how things are.\n"
"It needs root or a tracefs that this user may write to.  The kernel's buffer "
"is a private one and goes away with off and with the program.  The guest "
"gets slower.  Left out are kvm_userspace_exit, which the recorder has, and "
"kvm_emulate_insn on hosts that emulate every instruction of a guest's "
"kernel.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_exits_kernel,
	},
	{
		.name = "exits save",
		.usage = "FILE [FILTER...]",
		.help = "write exits as a trace for ui.perfetto.dev",
		.long_help =
"Writes what the recorder holds, or what of it matches the filter of `exits`, "
"in the JSON trace format of Chrome: one track for each virtual CPU, one "
"event for each exit, with rip, address, value, device and register.  Open it "
"in ui.perfetto.dev or chrome://tracing.\n"
"FILE is on the machine where this program runs.  It is complete when it is "
"there; an older one of that name is replaced.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 16,
		.run = mon_exits_save,
	},
	{
		.name = "exits summary",
		.usage = "[all]",
		.help = "exits by reason, rip and register, with rates",
		.long_help =
"Reasons are counted since the last resume and ever, with their share and "
"rate over the time the guest ran.  Places and registers are counted in what "
"the recorder holds since the last resume, or, with all, in everything it "
"holds.  All virtual CPUs together; -c N counts one.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_exits_summary,
	},
	{
		.name = "log vm",
		.usage = "",
		.help = "how the machine was made, ioctl by ioctl",
		.long_help =
"Every KVM call that shapes the machine, from KVM_CREATE_VM on, with its "
"arguments in words, result and duration; later ones too: memory slots, "
"interrupt routes, MSR filters.  Calls that every stop makes (registers, "
"guest debug) are only counted.  KVM_RUN is not in here: see `exits`.  The "
"small machine that tried out this host at the start is not either.",
		.run = mon_log_vm,
	},
	{
		.name = "mmio",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last accesses to device memory",
		.long_help =
"As `exits mmio`.  A decimal number that comes first is N; everything else "
"that is a number is a RANGE of guest-physical addresses.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_mmio,
	},
	{
		.name = "msr",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last MSR accesses that came to user space",
		.long_help =
"As `exits msr`: `msr IA32_EFER w`.  KVM handles MSRs by itself; only those "
"that a `catch msr` asks for get here, and with `exits kernel on` all of them "
"that it traces.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_msr,
	},
	{
		.name = "pio",
		.usage = "[N|all] [RANGE] [FILTER...]",
		.help = "the last accesses to I/O ports",
		.long_help =
"As `exits pio`: `pio 0x3f8-0x3ff w` is what was written to COM1.  A decimal "
"number that comes first is N; everything else that is a number is a RANGE of "
"ports.",
		.needs = MON_NEED_STOPPED,
		.max_args = 16,
		.run = mon_pio,
	},
	{.name = NULL},
};
/* clang-format on */
