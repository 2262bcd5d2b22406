/*
 * Which values of a register the processor or KVM is known to refuse, so that
 * a debugger's write fails with a reason instead of an EINVAL or, worse, at
 * the next VM entry.
 */
#ifndef ARCH_REG_CHECK_H
#define ARCH_REG_CHECK_H

#include "arch/regs.h"

/*
 * May `value` be put into this register of at most 64 bits, the rest of the
 * state being *s?  False, with a message that names register, field and
 * value, when not.  info may be NULL: then nothing that CPUID decides is
 * checked.
 */
bool reg_check(const struct reg_def *reg, const struct x86_state *s,
	       const struct x86_cpu_info *info, uint64_t value,
	       struct err *err);

#endif
