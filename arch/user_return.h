/*
 * Returning to CPL 3 in thought: the registers that IRET, SYSRET or SYSEXIT
 * leaves when CPL 0 of long mode goes back to user mode with it.
 *
 * Sources: SDM Vol 2A, "IRET/IRETD/IRETQ"; Vol 2B, "SYSEXIT", "SYSRET".
 */
#ifndef ARCH_USER_RETURN_H
#define ARCH_USER_RETURN_H

#include "arch/insn.h"
#include "arch/view.h"

/*
 * v->s holds the registers before the instruction, groups GPR, SYS and, for
 * SYSRET and SYSEXIT, MSR.  *out is a copy of them with what changes.  False
 * when it is none of the three, does not lead to CPL 3, or would fault.
 */
bool user_return(const struct x86_view *v, const struct insn *insn,
		 struct x86_state *out) MUST_CHECK;

#endif
