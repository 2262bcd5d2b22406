/* FAIL_ENTRY: the processor refused to enter the guest. */
#include <inttypes.h>

#include "arch/diag/story_impl.h"

#define VMX_INVALID_STATE  0x80000021u
#define VMX_MSR_LOAD	   0x80000022u
#define VMX_MACHINE_CHECK  0x80000029u
#define VMX_CONTROL_FIELDS 7
#define VMX_HOST_STATE	   8
#define SVM_INVALID	   0xffffffffu

static bool is_guest_state(const struct exit_info *e)
{
	return e->hw_reason == VMX_INVALID_STATE ||
	       e->hw_reason == SVM_INVALID || e->hw_reason == UINT64_MAX;
}

/* Where what user space cannot see is printed. */
static void advise_dump(const struct story_in *in, struct story_out *out)
{
	bool svm = in->host->vendor == EXIT_VENDOR_SVM;

	story_fix(out,
		  "%s prints the whole %s to the host's kernel log at the "
		  "next failure%s; `vmcs import FILE` reads that and checks it",
		  svm ? "echo 1 > /sys/module/kvm_amd/parameters/"
			"dump_invalid_vmcb"
		      : "echo 1 > /sys/module/kvm_intel/parameters/"
			"dump_invalid_vmcs",
		  svm ? "VMCB" : "VMCS",
		  in->host->dump_invalid == 1 ? " (it is on already: see "
						"dmesg)"
					      : "");
}

/* KVM would rather emulate than enter with such a state, if it may. */
static bool could_be_emulated(const struct story_in *in)
{
	return in->exit->hw_reason == VMX_INVALID_STATE &&
	       in->host->vendor == EXIT_VENDOR_VMX &&
	       in->host->unrestricted_guest == 0 &&
	       in->host->emulate_invalid == 0;
}

static void advise(const struct story_in *in, struct story_out *out)
{
	if (could_be_emulated(in))
		story_fix(out, "kvm_intel has been loaded with "
			       "emulate_invalid_guest_state=0: without that, "
			       "this "
			       "host, which has no unrestricted guest, would "
			       "emulate until the state is valid");
	switch (in->exit->hw_reason) {
	case VMX_CONTROL_FIELDS:
	case VMX_HOST_STATE:
		story_fix(out, "the guest cannot cause this: the host's "
			       "kernel, its outer hypervisor or its CPU is at "
			       "fault");
		break;
	case VMX_MACHINE_CHECK:
		story_fix(out, "a hardware error of the host: see its kernel "
			       "log and mcelog");
		break;
	case VMX_MSR_LOAD:
		story_fix(out, "an MSR of the guest has a value this "
			       "processor refuses: `msrs`");
		break;
	case 0:
		story_fix(out, "no error number was latched: seen with outer "
			       "hypervisors that emulate VMX badly; look at "
			       "the host's kernel log");
		break;
	default:
		break;
	}
	advise_dump(in, out);
}

static void tell_checks(const struct story_in *in, struct story_out *out)
{
	struct buf first = BUF_INIT;
	struct vmcs_tally tally;

	if (!story_checks(in, &out->body, &first, &tally)) {
		buf_deinit(&first);
		return;
	}
	if (first.len) {
		buf_printf(&out->verdict, ": %s", buf_cstr(&first));
		if (tally.violated > 1)
			buf_printf(&out->verdict, ", and %u more",
				   tally.violated - 1);
		story_fix(out, "correct that register: a debugger's write is "
			       "the usual cause, then a guest that switches "
			       "modes");
	} else if (is_guest_state(in->exit)) {
		buf_printf(&out->verdict,
			   ": none of %u checks fails, so the cause is in "
			   "fields user space cannot see",
			   tally.made);
	}
	buf_str(&out->body, "checks of VM entry: ");
	vmcs_print_tally(&out->body, &tally);
	buf_str(&out->body, " (`vmcs check` explains)\n");
	buf_deinit(&first);
}

void story_entry(const struct story_in *in, struct story_out *out)
{
	exit_verdict(&out->verdict, in->exit);
	buf_printf(&out->verdict, " on host CPU %u", in->exit->cpu);
	tell_checks(in, out);
	advise(in, out);
}
