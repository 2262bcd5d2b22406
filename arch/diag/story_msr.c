/* An MSR access the guest died of: does it deserve #GP, or better? */
#include <inttypes.h>
#include <stdio.h>

#include "arch/diag/story_impl.h"

#define MSR_MC0_CTL	     0x400u
#define MSR_MC_LAST	     0x47fu
#define MSR_HWCR	     0xc0010015u
#define HWCR_MC_STATUS_WRITE BIT(18)

bool story_msr_find(const struct story_in *in, struct story_msr *a)
{
	const struct exit_info *e = in->exit;

	if (!in->view || !(in->insn->flags & (DECODE_RDMSR | DECODE_WRMSR)))
		return false;
	a->index = (uint32_t)e->rcx;
	a->write = in->insn->flags & DECODE_WRMSR;
	a->value = e->rdx << 32 | (uint32_t)e->rax;
	a->mc_bank = a->index >= MSR_MC0_CTL && a->index <= MSR_MC_LAST;
	if (!msr_name(a->index, a->name))
		snprintf(a->name, sizeof(a->name), "no name known");
	return true;
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
static bool mc_refuses(const struct story_in *in, const struct story_msr *a,
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
		if (!a->write)
			return false;
		buf_str(why, "; ");
	}
	if (!a->write)
		return false;
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

void story_msr_judge(const struct story_in *in, const struct story_msr *a,
		     struct buf *out)
{
	struct buf why = BUF_INIT;
	bool refused;

	if (a->mc_bank) {
		refused = mc_refuses(in, a, &why);
	} else {
		msr_refusal(a->index, a->write ? &a->value : NULL, in->cpuid,
			    in->view->s, &why);
		refused = why.len != 0;
	}
	buf_printf(out, "  %s of MSR 0x%x (%s): ", a->write ? "wrmsr" : "rdmsr",
		   a->index, a->name);
	if (refused)
		buf_printf(out,
			   "the access is wrong (%s), a correct host injects "
			   "#GP(0) into the guest for it\n",
			   buf_cstr(&why));
	else
		buf_printf(out,
			   "nothing is known to be wrong with the access%s%s"
			   "%s\n",
			   why.len ? " (" : "", buf_cstr(&why),
			   why.len ? ")" : "");
	buf_deinit(&why);
}
