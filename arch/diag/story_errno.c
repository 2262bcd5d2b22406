/* KVM_RUN failed: what of, and whose fault it is. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "arch/diag/story_impl.h"
#include "arch/exit/names.h"
#include "arch/msr_text.h"

#define MSR_MC0_CTL	     0x400u
#define MSR_MC_LAST	     0x47fu
#define MSR_HWCR	     0xc0010015u
#define HWCR_MC_STATUS_WRITE BIT(18)

struct msr_access {
	uint32_t index;
	bool write;
	uint64_t value;
	char name[MSR_NAME_MAX];
};

static bool find_access(const struct story_in *in, struct msr_access *a)
{
	const struct exit_info *e = in->exit;

	if (!in->view || !(in->insn->flags & (DECODE_RDMSR | DECODE_WRMSR)))
		return false;
	a->index = (uint32_t)e->rcx;
	a->write = in->insn->flags & DECODE_WRMSR;
	a->value = e->rdx << 32 | (uint32_t)e->rax;
	if (!msr_name(a->index, a->name))
		snprintf(a->name, sizeof(a->name), "no name known");
	return true;
}

/* ---- EPERM: a handler's raw -1 ---- */

static bool is_mc_bank(uint32_t index)
{
	return index >= MSR_MC0_CTL && index <= MSR_MC_LAST;
}

static bool read_msr(const struct story_in *in, uint32_t index, uint64_t *value)
{
	return in->ops->msr && in->ops->msr(in->ctx, index, value);
}

/*
 * The rules for machine-check banks: MCi_CTL takes 0 and all ones (and all
 * ones but bit 10 or 0, which old kernels clear), MCi_STATUS takes 0, and
 * anything while AMD's HWCR.McStatusWrEn is set.  Source: Linux,
 * arch/x86/kvm/x86.c, set_msr_mce().
 */
static bool mc_refuses(const struct story_in *in, const struct msr_access *a,
		       struct buf *why)
{
	unsigned int kind = a->index % 4, bank = (a->index - MSR_MC0_CTL) / 4;
	uint64_t cap, hwcr = 0;
	bool has_hwcr = read_msr(in, MSR_HWCR, &hwcr);

	if (read_msr(in, MSR_MCG_CAP, &cap)) {
		buf_printf(why, "MCG_CAP counts %u banks, this is bank %u",
			   (unsigned int)cap & 0xff, bank);
		if (bank >= (cap & 0xff))
			return true;
		buf_str(why, "; ");
	}
	if (kind == 0) {
		buf_str(why, "MCi_CTL takes only 0 or all ones");
		return a->value && (a->value | BIT(10) | 1) != UINT64_MAX;
	}
	if (kind != 1) {
		buf_str(why, "any value may be written");
		return false;
	}
	buf_str(why, "MCi_STATUS takes only 0");
	if (!has_hwcr)
		buf_str(why, ", on AMD anything while HWCR[18] is set");
	else
		buf_printf(why,
			   " while HWCR[18] (McStatusWrEn) is 0, and it "
			   "is %u",
			   !!(hwcr & HWCR_MC_STATUS_WRITE));
	return a->value && !(hwcr & HWCR_MC_STATUS_WRITE);
}

/* "a correct host injects #GP" or not: what the guest's access deserves. */
static void judge_access(const struct story_in *in, const struct msr_access *a,
			 struct story_out *out)
{
	struct buf why = BUF_INIT;
	bool refused;

	if (a->write && is_mc_bank(a->index)) {
		refused = mc_refuses(in, a, &why);
	} else {
		msr_refusal(a->index, a->write ? &a->value : NULL, in->cpuid,
			    in->view->s, &why);
		refused = why.len != 0;
	}
	if (refused)
		buf_printf(&out->body,
			   "  the access is wrong (%s): a correct host "
			   "injects #GP(0) into the guest for it\n",
			   buf_cstr(&why));
	else
		buf_printf(&out->body,
			   "  nothing is known to be wrong with the access%s%s"
			   "%s\n",
			   why.len ? " (" : "", buf_cstr(&why),
			   why.len ? ")" : "");
	buf_deinit(&why);
}

static void tell_eperm(const struct story_in *in, struct story_out *out)
{
	struct msr_access a;

	if (!find_access(in, &a)) {
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
	judge_access(in, &a, out);
	if (is_mc_bank(a.index))
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
