/* KVM_RUN failed: what of, and whose fault it is. */
#include <errno.h>
#include <inttypes.h>

#include "arch/diag/story_impl.h"
#include "arch/exit/names.h"

static void tell_eperm(const struct story_in *in, struct story_out *out)
{
	struct story_msr a;

	if (!story_msr_find(in, &a)) {
		story_fix(out, "KVM gave a raw -1 to user space: a bug of the "
			       "host's kernel, not of the guest; the "
			       "instruction at rip is what it was doing");
		return;
	}
	buf_printf(&out->verdict,
		   "KVM_RUN failed with EPERM: the host's kernel gave up on "
		   "%s of MSR 0x%x (%s)",
		   a.write ? "wrmsr" : "rdmsr", a.index, a.name);
	if (a.write)
		buf_printf(&out->verdict, ", value 0x%" PRIx64, a.value);
	story_at_rip(in, &out->verdict);
	buf_str(&out->verdict, "; a bug of the host, not of the guest");
	story_msr_judge(in, &a, &out->body);
	if (a.mc_bank)
		story_fix(out, "Linux 5.19 and later answer a bad write to a "
			       "machine-check bank with #GP instead of "
			       "failing: use such a host kernel");
	else
		story_fix(out, "use another host kernel, and report this one "
			       "to its makers: no access of a guest may fail "
			       "this way");
}

/* ---- EFAULT, EHWPOISON: the host's memory behind the guest's ---- */

/* The address KVM tells, else the one the instruction was about to use. */
static bool blamed_address(const struct story_in *in, gpa_t *gpa, gva_t *gva)
{
	struct walk w;

	*gva = 0;
	if (in->exit->reason == EXIT_MEMORY_FAULT) {
		*gpa = in->exit->fault_gpa;
		return true;
	}
	if (!in->view || in->insn->result != DECODE_OK || !in->insn->mems)
		return false;
	*gva = in->insn->mem[0].addr;
	if (!paging_walk(&in->view->paging, &in->view->mem, *gva, ACCESS_DEBUG,
			 &w))
		return false;
	*gpa = w.gpa;
	return true;
}

static void tell_memory(const struct story_in *in, struct story_out *out)
{
	gpa_t gpa;
	gva_t gva;

	buf_printf(&out->verdict, "KVM_RUN failed with %s",
		   run_errno_name(in->exit->run_errno));
	story_at_rip(in, &out->verdict);
	if (in->exit->run_errno == EHWPOISON)
		buf_str(&out->verdict, ": a hardware error has poisoned host "
				       "memory that backs the guest's");
	else
		buf_str(&out->verdict, ": the host cannot give the memory that "
				       "backs the guest's");
	if (blamed_address(in, &gpa, &gva)) {
		buf_printf(&out->verdict, " physical 0x%" PRIx64, gpa);
		if (in->exit->reason != EXIT_MEMORY_FAULT)
			buf_printf(&out->body,
				   "  KVM does not tell the address; "
				   "0x%" PRIx64 ", physical 0x%" PRIx64
				   ", is the operand of the instruction at "
				   "rip\n",
				   gva, gpa);
	}
	story_fix(out, in->exit->run_errno == EHWPOISON
			       ? "see the host's kernel log for the memory "
				 "error; the guest is not at fault"
			       : "the guest is not at fault: a backing file "
				 "was truncated, pages were protected or "
				 "unmapped, or huge pages ran out");
}

void story_errno(const struct story_in *in, struct story_out *out)
{
	switch (in->exit->run_errno) {
	case EPERM:
		tell_eperm(in, out);
		break;
	case EFAULT:
	case EHWPOISON:
		tell_memory(in, out);
		break;
	case ENOMEM:
		story_fix(out, "the host is out of memory; the guest is not at "
			       "fault, continuing tries again");
		break;
	case EIO:
		story_fix(out, "KVM has given this VM up after a bug of its "
			       "own: see the host's kernel log");
		break;
	case EINVAL:
		story_fix(out, "KVM refuses the registers or the state it was "
			       "given; if a debugger wrote some, undo that");
		break;
	default:
		break;
	}
}
