/*
 * What happens when the processor delivers through a gate: every step that it
 * checks, made beforehand.
 *
 * Source: SDM Vol 2A, "INT n/INTO/INT3/INT1", the operation's pseudo-code; Vol
 * 3A, "64-Bit Mode Stack Frame" and "Interrupt Stack Table".
 */
#ifndef ARCH_DESC_GATE_CHECK_H
#define ARCH_DESC_GATE_CHECK_H

#include "arch/desc/desc.h"

#define GATE_STEPS 8

struct gate_step {
	bool bad;
	char text[320];
};

/* The steps in the processor's order; the first bad one ends the list. */
struct gate_report {
	unsigned int n;
	struct gate_step step[GATE_STEPS];
	gva_t handler;	  /* linear address, when has_handler */
	bool has_handler; /* the gate says where */
};

/*
 * Deliver `vector` through `gate` in thought, from the supervisor (CPL 0) and
 * as an exception or external interrupt: the gate's DPL does not matter then.
 * Returns true when every step is well.
 */
bool gate_check(const struct x86_view *v, unsigned int vector,
		const struct desc *gate, struct gate_report *r);

/* The step that fails, or NULL. */
const struct gate_step *gate_problem(const struct gate_report *r);

/*
 * Can the supervisor push `bytes` (at most a page) below sp?  Says in *text
 * where that lies, or why not.
 */
bool stack_check(const struct x86_view *v, uint64_t sp, unsigned int bytes,
		 char *text, size_t size);

#endif
