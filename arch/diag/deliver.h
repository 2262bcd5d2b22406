/*
 * The delivery of one exception or interrupt, as the processor does it: IDT,
 * gate, code segment, stack, pushes.  It is a simulation on a copy of the
 * registers that writes no memory; the first check that fails is the result.
 *
 * Sources: SDM Vol 2A, "INT n/INTO/INT3/INT1"; Vol 3A, "Interrupt and
 * Exception Handling", "Task Switching"; Vol 3B, "8086 Emulation".
 */
#ifndef ARCH_DIAG_DELIVER_H
#define ARCH_DIAG_DELIVER_H

#include "arch/diag/fault.h"

struct delivery {
	bool ok; /* the handler's first instruction is next */
	/* !ok: what failed, short, and the exception that came of it */
	char failed[80];
	struct x86_fault fault;
	const char *fix; /* static: what to do about it, or NULL */
};

/*
 * Deliver *event.  v->s must point at *s.  When it works *s is as it is at the
 * handler's first instruction, and v->paging follows a task switch; else *s
 * is unchanged.
 */
void deliver(struct x86_view *v, struct x86_state *s,
	     const struct x86_fault *event, struct delivery *d);

#endif
