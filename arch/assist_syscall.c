/*
 * Sources: SDM Vol 2B, "SYSCALL"; APM Vol 3, "SYSCALL"; SDM Vol 3A,
 * "Page-Fault Exception (#PF)".
 */
#include "arch/assist.h"

#include "arch/paging/paging.h"

enum {
	CODE64 = 11 | X86_AR_S | X86_AR_P | X86_AR_L | X86_AR_G,
	DATA = 3 | X86_AR_S | X86_AR_P | X86_AR_DB | X86_AR_G,
};

/* The flags that the frame must show: those of R11, masked. */
static bool flags_match(const struct x86_state *s, uint64_t frame)
{
	const uint64_t any = X86_FL_RF | X86_FL_TF;
	uint64_t want = s->gpr[X86_R11] & ~s->msr.sfmask;

	return ((frame ^ want) & ~any & ~UINT64_C(2)) == 0;
}

/*
 * A jump to LSTAR makes the same fault; it has not left a SYSCALL's RCX and R11
 * behind.  If it did, to do that SYSCALL would be no more than the program
 * could have had anyway.
 */
static bool is_syscall(const struct x86_state *s, const struct syscall_fault *f)
{
	return s->efer & X86_EFER_SCE && s->efer & X86_EFER_LMA &&
	       (f->error & ~(uint64_t)PFEC_F) == (PFEC_P | PFEC_U) &&
	       f->rip == s->msr.lstar && s->cr2 == s->msr.lstar &&
	       (f->cs & 3) == 3 && f->insn[0] == 0x0f && f->insn[1] == 0x05 &&
	       flags_match(s, f->rflags);
}

static void load_flat(struct x86_seg *seg, uint32_t sel, uint32_t attr)
{
	*seg = (struct x86_seg){.limit = UINT32_MAX, .attr = attr, .sel = sel};
}

bool assist_syscall(struct x86_state *s, const struct syscall_fault *f)
{
	uint32_t sel = (uint32_t)(s->msr.star >> 32) & 0xfffc;

	if (!is_syscall(s, f))
		return false;
	load_flat(&s->seg[X86_CS], sel, CODE64);
	load_flat(&s->seg[X86_SS], (sel + 8) & 0xffff, DATA);
	s->rip = f->rip;
	s->gpr[X86_RSP] = f->rsp;
	s->rflags = (f->rflags & ~(uint64_t)X86_FL_RF & ~s->msr.sfmask) | 2;
	return true;
}
