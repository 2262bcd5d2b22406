/* Shared by fault.c, fault_insn.c and fault_seg.c. */
#ifndef ARCH_DIAG_FAULT_IMPL_H
#define ARCH_DIAG_FAULT_IMPL_H

#include "arch/diag/fault.h"

/* One instruction that is looked at. */
struct fault_work {
	const struct x86_view *v;
	const struct decoded *d;
	enum x86_mode mode;
	bool protected; /* CR0.PE */
	unsigned int cpl;
};

/* Everything but the fetch of the instruction. */
bool fault_rules(const struct fault_work *w, struct x86_fault *f);

/* mov, pop and the like to a segment register; ltr and lldt. */
bool fault_segment_load(const struct fault_work *w, struct x86_fault *f);
/* Far jumps, calls and returns, iret. */
bool fault_far_transfer(const struct fault_work *w, struct x86_fault *f);
/* Near jumps, calls and returns to where no code can be. */
bool fault_near_transfer(const struct fault_work *w, struct x86_fault *f);

#endif
