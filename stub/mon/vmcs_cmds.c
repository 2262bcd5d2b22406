/* vmcs and vmcb: what the kernel's own dump would show, and what is wrong. */
#include <string.h>

#include "stub/inspect.h"
#include "stub/mon/internal.h"
#include "stub/mon/vmcs.h"

static const char *const structure[] = {
	[VMCS_VMX] = "VMCS",
	[VMCS_SVM] = "VMCB",
};

/* What stands before anything about a structure that this host has not. */
static void print_hypothetical(struct mon_ctx *ctx, const struct vmcs_model *m)
{
	struct x86_host host;

	if (!m->hypothetical)
		return;
	target_host(ctx->target, &host);
	buf_printf(ctx->out,
		   "This host%s%s%s has no %s; on %s with %s this state would "
		   "appear so:\n",
		   *host.module ? " (" : "", host.module,
		   *host.module ? ")" : "", structure[m->kind],
		   m->kind == VMCS_VMX ? "kvm_intel" : "kvm_amd",
		   m->kind == VMCS_VMX ? "EPT and unrestricted guest" : "NPT");
}

static enum mon_result print(struct mon_ctx *ctx, enum vmcs_kind kind)
{
	struct vmcs_model m;

	if (!mon_vmcs_model(ctx->target, ctx->vcpu, kind, &m, &ctx->err))
		return MON_ERR;
	print_hypothetical(ctx, &m);
	vmcs_print(ctx->out, &m);
	return MON_OK;
}

static enum mon_result run_vmcs(struct mon_ctx *ctx)
{
	return print(ctx, VMCS_VMX);
}

static enum mon_result run_vmcb(struct mon_ctx *ctx)
{
	return print(ctx, VMCS_SVM);
}

static void check(struct mon_ctx *ctx, const struct vmcs_model *m)
{
	struct vmcs_tally tally;

	buf_printf(ctx->out, "%s on vCPU %u%s:\n",
		   m->kind == VMCS_VMX ? "VM-entry checks of Intel processors"
				       : "VMRUN checks of AMD processors",
		   ctx->vcpu,
		   m->hypothetical ? ", which this host does not make" : "");
	tally = vmcs_check(m, ctx->out);
	vmcs_print_tally(ctx->out, &tally);
	if (tally.skipped) {
		buf_str(ctx->out, ":\n");
		vmcs_print_skipped(ctx->out, m);
	} else {
		buf_byte(ctx->out, '\n');
	}
	buf_str(ctx->out, m->kind == VMCS_VMX ? "Out of sight: execution "
						"controls, MSR lists, host "
						"state, VMCS link pointer.\n"
					      : "Out of sight: intercepts, "
						"ASID and the addresses of "
						"KVM's tables.\n");
}

static enum mon_result run_check(struct mon_ctx *ctx)
{
	const char *word = ctx->argc ? ctx->argv[0] : NULL;
	struct x86_host host;
	enum vmcs_kind kind;
	struct vmcs_model m;
	bool one;

	target_host(ctx->target, &host);
	one = vmcs_native(&host, &kind) || word;
	if (word && !strcmp(word, "svm"))
		kind = VMCS_SVM;
	else if (word && !strcmp(word, "vmx"))
		kind = VMCS_VMX;
	else if (word) {
		char shown[64];

		err_set(&ctx->err, ERR_USAGE, "'%s' is neither vmx nor svm",
			mon_printable(shown, sizeof(shown), word));
		return MON_USAGE;
	}
	for (unsigned int k = one ? kind : 0; k <= (one ? kind : VMCS_SVM);
	     k++) {
		if (!mon_vmcs_model(ctx->target, ctx->vcpu, k, &m, &ctx->err))
			return MON_ERR;
		check(ctx, &m);
	}
	return MON_OK;
}

const struct mon_command mon_vmcs_commands[] = {
	{
		.name = "vmcb",
		.usage = "",
		.help = "the vCPU as the VMCB dump of kvm_amd would show it",
		.long_help = "Line by line as dump_vmcb() of Linux 6.18.  Each "
			     "value is marked [E] exact, [D] derived from "
			     "exact ones, or [P] predicted from what KVM is "
			     "known to do; what user space cannot know is n/a, "
			     "and the end tells where it can be had.",
		.needs = MON_NEED_STOPPED,
		.run = run_vmcb,
	},
	{
		.name = "vmcs",
		.usage = "",
		.help = "the vCPU as the VMCS dump of kvm_intel would show it",
		.long_help = "Line by line as dump_vmcs() of Linux 6.18.  Each "
			     "value is marked [E] exact, [D] derived from "
			     "exact ones, or [P] predicted from what KVM is "
			     "known to do; what user space cannot know is n/a, "
			     "and the end tells where it can be had.",
		.needs = MON_NEED_STOPPED,
		.run = run_vmcs,
	},
	{
		.name = "vmcs check",
		.usage = "[vmx|svm]",
		.help = "make the checks of VM entry, and name what fails",
		.long_help = "The SDM's checks on the guest-state area or "
			     "AMD's checks of VMRUN, as the host's processor "
			     "makes them; on a host that makes neither, both. "
			     "Each that fails is shown with its section, the "
			     "field, its value and what would satisfy it.  A "
			     "check that hangs on a control which user space "
			     "cannot see says so.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = run_check,
	},
	{.name = NULL},
};
