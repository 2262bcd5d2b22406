/* vmcs and vmcb: what the kernel's own dump would show, and what is wrong. */
#include <string.h>

#include "arch/exit/impl.h"
#include "arch/vmcs/import.h"
#include "base/file.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
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

static const char *const checks[] = {
	[VMCS_VMX] = "VM-entry checks of Intel processors",
	[VMCS_SVM] = "VMRUN checks of AMD processors",
};

static void print_checks(struct mon_ctx *ctx, const struct vmcs_model *m)
{
	struct vmcs_tally tally = vmcs_check(m, ctx->out);

	vmcs_print_tally(ctx->out, &tally);
	buf_str(ctx->out, tally.skipped ? ":\n" : "\n");
	vmcs_print_skipped(ctx->out, m);
}

static void check(struct mon_ctx *ctx, const struct vmcs_model *m)
{
	buf_printf(ctx->out, "%s on vCPU %u%s:\n", checks[m->kind], ctx->vcpu,
		   m->hypothetical ? ", which this host does not make" : "");
	print_checks(ctx, m);
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

/* ---- vmcs import ---- */

#define IMPORT_MAX_BYTES (UINT64_C(32) << 20)

static const struct vmcs_value *exit_of(const struct vmcs_model *m)
{
	return &m->field[m->kind == VMCS_VMX ? VMCS_F_EXIT_REASON
					     : VMCS_F_EXIT_CODE];
}

/* The exit that the listing tells of, decoded. */
static void print_exit(struct mon_ctx *ctx, const struct vmcs_model *m)
{
	const struct vmcs_value *v = exit_of(m);

	if (v->class == VMCS_NA)
		return;
	buf_str(ctx->out, "last exit: ");
	exit_print_hw_reason(ctx->out,
			     m->kind == VMCS_VMX ? EXIT_VENDOR_VMX
						 : EXIT_VENDOR_SVM,
			     v->value);
	buf_byte(ctx->out, '\n');
}

/* An entry was refused, and no check tells why. */
static void print_unexplained(struct mon_ctx *ctx, const struct vmcs_import *im)
{
	const struct vmcs_value *v = exit_of(&im->model);
	const bool vmx = im->model.kind == VMCS_VMX;

	if (im->summary.checks.violated || v->class == VMCS_NA)
		return;
	if (vmx && v->value >> 31 == 1)
		buf_str(ctx->out, "The cause is not in what is listed: left "
				  "are the VMCS "
				  "link pointer, the contents\nof MSR lists "
				  "and rules "
				  "that only this processor has.\n");
	else if (!vmx && (uint32_t)v->value == UINT32_MAX)
		buf_str(ctx->out, "The cause is not in what is listed: left "
				  "are reserved "
				  "bits elsewhere and rules\nthat only this "
				  "processor "
				  "has.\n");
}

static void print_import(struct mon_ctx *ctx, const struct vmcs_import *im)
{
	const struct vmcs_model *m = &im->model;
	struct vmcs_model live;
	struct err err;

	buf_printf(ctx->out, "%s in lines %u to %u", structure[m->kind],
		   im->summary.first_line, im->summary.last_line);
	if (im->count > 1)
		buf_printf(ctx->out,
			   ", number %u of %u, which are listed below",
			   im->chosen, im->count);
	buf_byte(ctx->out, '\n');
	vmcs_import_print_notes(ctx->out, im);
	print_exit(ctx, m);
	buf_printf(ctx->out, "\n%s on the listing:\n", checks[m->kind]);
	print_checks(ctx, m);
	print_unexplained(ctx, im);
	if (!mon_vmcs_model(ctx->target, ctx->vcpu, m->kind, &live, &err)) {
		buf_printf(ctx->out, "\nNo state to compare with: %s\n",
			   err.msg);
	} else {
		buf_printf(ctx->out, "\nBeside vCPU %u as it is now%s:\n",
			   ctx->vcpu,
			   live.hypothetical ? ", as if on such a host" : "");
		vmcs_print_beside(ctx->out, m, &live);
	}
	if (im->count == 1)
		return;
	buf_printf(ctx->out,
		   "\nThe file's %u listings (`vmcs import FILE "
		   "NUMBER` chooses):\n",
		   im->count);
	vmcs_import_print_list(ctx->out, im);
}

static enum mon_result run_import(struct mon_ctx *ctx)
{
	struct vmcs_import im;
	struct buf text = BUF_INIT;
	uint64_t which = 0;
	bool ok;

	if (ctx->argc > 1) {
		if (!mon_value(ctx, ctx->argv[1], &which))
			return MON_USAGE;
		if (!which || which > UINT32_MAX) {
			err_set(&ctx->err, ERR_USAGE,
				"'%s': listings are numbered from 1",
				ctx->argv[1]);
			return MON_USAGE;
		}
	}
	ok = file_read(ctx->argv[0], IMPORT_MAX_BYTES, &text, &ctx->err) &&
	     vmcs_import(&im, text.data ? text.data : "", text.len,
			 (unsigned int)which, &ctx->err);
	if (ok) {
		print_import(ctx, &im);
		vmcs_import_deinit(&im);
	}
	buf_deinit(&text);
	return ok ? MON_OK : MON_ERR;
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
	{
		.name = "vmcs import",
		.usage = "FILE [NUMBER]",
		.help = "read a VMCS or VMCB listing of the kernel log",
		.long_help = "Finds what kvm_intel (dump_invalid_vmcs=1) or "
			     "kvm_amd (dump_invalid_vmcb=1) of Linux 5.19 to "
			     "6.18 "
			     "logged at a failed entry, whatever stands before "
			     "it "
			     "on the lines or in between, makes the checks of "
			     "`vmcs check` on it and shows it beside the vCPU. "
			     " "
			     "With several listings NUMBER chooses one, else "
			     "it is "
			     "the last.  FILE is one of the host's; what "
			     "`vmcs` "
			     "and `vmcb` print can be read too.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 2,
		.run = run_import,
	},
	{.name = NULL},
};
