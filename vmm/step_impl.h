/*
 * One step in its parts: step.c (the instruction), landing.c (where it may
 * end), user_step.c (CPL 3 on hosts that step only the kernel).
 */
#ifndef VMM_STEP_IMPL_H
#define VMM_STEP_IMPL_H

#include "arch/insn.h"
#include "vmm/vm.h"

/* What user_step_end() takes back. */
struct user_step {
	bool on;
	gva_t handler; /* of #DB */
	gva_t stack;   /* where `below` was: the end of that handler's stack */
	uint8_t below[48];
	bool has_below;
	uint64_t dr6;
};

struct step {
	struct vcpu *v;
	struct x86_state from; /* GPR and SYS before the instruction */
	gva_t pc;
	struct insn insn;
	bool want_tf; /* the guest's own TF after the instruction */
	struct user_step user;
};

/* ---- step.c ---- */
/* Is something to be delivered before the instruction is executed? */
bool step_has_event(struct step *st);

/* ---- landing.c ---- */
/* Fill v->landing. */
void landings_plan(struct step *st);
/* An interrupt that is about to be given: watch its handler too. */
void landing_add_vector(struct vcpu *v, unsigned int vector);
/* Linear address of the top of the stack. */
gva_t step_stack(const struct x86_state *s);
/* Word of the operand's size, which IRET and POPF will load; 0: unreadable. */
uint64_t step_stack_word(struct step *st, unsigned int index);

/* ---- user_step.c ---- */
/* Is the vCPU in user mode to be stepped by the guest's own flag?  Set it. */
void user_step_begin(struct step *st);
/* The step has ended, or been interrupted: where it trapped, take that back. */
void user_step_end(struct step *st);
/* Make a return to user mode that the host would not stop after. */
bool user_step_return(struct step *st);

#endif
