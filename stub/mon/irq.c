/* info lapic, info ioapic, info pic, info pit, info irq; irq why. */
#include "stub/mon/irq.h"

#include <inttypes.h>
#include <string.h>

#include "arch/irq/lapic.h"
#include "arch/irq/text.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"

static bool print_lapic(struct mon_ctx *ctx, unsigned int vcpu)
{
	const struct x86_state *s;
	struct x86_lapic lapic;

	if (!target_lapic(ctx->target, vcpu, &lapic, &ctx->err))
		return false;
	s = target_state(ctx->target, vcpu, X86_GROUP_SYS, &ctx->err);
	if (!s)
		return false;
	lapic_print(&lapic, vcpu, s->apic_base, ctx->out);
	return true;
}

static bool by_id(struct mon_ctx *ctx, const char *word, unsigned int *vcpu)
{
	const struct x86_state *s;
	struct x86_lapic lapic;
	uint64_t id;

	if (!mon_value(ctx, word, &id))
		return false;
	for (*vcpu = 0; *vcpu < ctx->target->nvcpus; ++*vcpu) {
		s = target_state(ctx->target, *vcpu, X86_GROUP_SYS, &ctx->err);
		if (!s || !target_lapic(ctx->target, *vcpu, &lapic, &ctx->err))
			return false;
		if (lapic_id(&lapic, s->apic_base) == id)
			return true;
	}
	return err_set(&ctx->err, ERR_USAGE, "no local APIC has the ID %s",
		       word);
}

static enum mon_result info_lapic(struct mon_ctx *ctx)
{
	unsigned int vcpu = ctx->vcpu;
	bool all = ctx->argc && !strcmp(ctx->argv[0], "-a");

	if (!all) {
		if (ctx->argc && !by_id(ctx, ctx->argv[0], &vcpu))
			return MON_USAGE;
		return print_lapic(ctx, vcpu) ? MON_OK : MON_ERR;
	}
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++)
		if (!print_lapic(ctx, i))
			return MON_ERR;
	return MON_OK;
}

static bool take_chips(struct mon_ctx *ctx, struct x86_chips *chips)
{
	return target_chips(ctx->target, chips, &ctx->err);
}

static enum mon_result lacks(struct mon_ctx *ctx, const char *what)
{
	err_set(&ctx->err, ERR_UNSUPPORTED,
		"this machine has no %s (--irqchip kernel has)", what);
	return MON_ERR;
}

static enum mon_result info_ioapic(struct mon_ctx *ctx)
{
	struct x86_chips chips;

	if (!take_chips(ctx, &chips))
		return MON_ERR;
	if (!chips.has_ioapic)
		return lacks(ctx, "IOAPIC");
	ioapic_print(&chips.ioapic, ctx->out);
	return MON_OK;
}

static enum mon_result info_pic(struct mon_ctx *ctx)
{
	struct x86_chips chips;

	if (!take_chips(ctx, &chips))
		return MON_ERR;
	if (chips.has_ioapic)
		ioapic_print(&chips.ioapic, ctx->out);
	if (chips.has_pic)
		pic_print(chips.pic, ctx->out);
	else
		buf_str(ctx->out, "no 8259s: --irqchip kernel has them\n");
	return MON_OK;
}

static enum mon_result info_pit(struct mon_ctx *ctx)
{
	struct x86_chips chips;

	if (!take_chips(ctx, &chips))
		return MON_ERR;
	if (!chips.has_pit)
		return lacks(ctx, "8254");
	pit_print(&chips.pit, ctx->out);
	return MON_OK;
}

/* KVM's own count of what it injected into each vCPU. */
static void print_injected(struct mon_ctx *ctx, unsigned int vcpu)
{
	struct target_stat stat;

	for (unsigned int i = 0; target_stat(ctx->target, vcpu, i, &stat); i++)
		if (!strcmp(stat.name, "irq_injections"))
			buf_printf(ctx->out,
				   "vCPU %u took %" PRIu64 " interrupts, "
				   "%" PRIu64 " since "
				   "the "
				   "last "
				   "resume"
				   "\n",
				   vcpu, stat.value, stat.since);
}

static enum mon_result info_irq(struct mon_ctx *ctx)
{
	struct x86_chips chips;

	if (!take_chips(ctx, &chips))
		return MON_ERR;
	irq_counts_print(&chips, ctx->out);
	if (chips.has_pit)
		buf_str(ctx->out, "timers inside KVM (8254, local APICs) and "
				  "IPIs: n/a (kernel-private; tracefs has "
				  "kvm:kvm_apic_accept_irq)\n");
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++)
		print_injected(ctx, i);
	return MON_OK;
}

const struct mon_command mon_irq_commands[] = {
	{
		.name = "info ioapic",
		.usage = "",
		.help = "the IOAPIC: each pin's redirection entry",
		.long_help = "The part of QEMU's `info pic` about the IOAPIC.  "
			     "IRR "
			     "has the level pins that are asserted, and the "
			     "edge "
			     "pins whose edge was not delivered.",
		.needs = MON_NEED_STOPPED,
		.run = info_ioapic,
	},
	{
		.name = "info irq",
		.usage = "",
		.help = "how often each interrupt line was raised",
		.long_help = "Counts what the machine's devices did to their "
			     "lines, "
			     "and what KVM says each virtual CPU took.",
		.needs = MON_NEED_STOPPED,
		.run = info_irq,
	},
	{
		.name = "info lapic",
		.usage = "[-a|ID]",
		.help = "the local APIC of this vCPU, or with -a of all",
		.long_help = "In QEMU's layout, with the mode, the ID and the "
			     "base "
			     "address in a last line.  The PPR is computed "
			     "from TPR "
			     "and ISR.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = info_lapic,
	},
	{
		.name = "info pic",
		.usage = "",
		.help = "the IOAPIC and the two 8259s",
		.long_help = "In QEMU's layout; pic0 is the master.",
		.needs = MON_NEED_STOPPED,
		.run = info_pic,
	},
	{
		.name = "info pit",
		.usage = "",
		.help = "the 8254: modes and frequencies of its channels",
		.long_help = "Channel 0 is interrupt line 0.  The counts are "
			     "the "
			     "ones they are reloaded with.",
		.needs = MON_NEED_STOPPED,
		.run = info_pit,
	},
	{
		.name = "irq why",
		.usage = "[VECTOR|irq N]",
		.help = "why an interrupt does not arrive",
		.long_help = "Without an argument: every interrupt that waits, "
			     "and "
			     "for each what stands in its way, from the line "
			     "through the controllers to the processor, with "
			     "what "
			     "has to happen.  With a vector: where that one is "
			     "and "
			     "who sends it.  With `irq N`: the ways of "
			     "interrupt "
			     "line N, whether it is asserted or not (line 0 is "
			     "IOAPIC pin 2).",
		.needs = MON_NEED_STOPPED,
		.max_args = 2,
		.run = mon_irq_why,
	},
	{.name = NULL},
};
