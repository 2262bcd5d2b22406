/* Shared by deliver.c (the gate, 64-bit and real mode) and deliver_32.c. */
#ifndef ARCH_DIAG_DELIVER_IMPL_H
#define ARCH_DIAG_DELIVER_IMPL_H

#include "arch/desc/desc.h"
#include "arch/desc/tss.h"
#include "arch/diag/deliver.h"

struct deliver_work {
	struct x86_view *v;
	struct x86_state *s;
	const struct x86_fault *event;
	struct delivery *d;
};

/* The stack that the frame goes to. */
struct deliver_stack {
	gva_t base;
	uint64_t limit, mask; /* of the stack pointer */
	unsigned int cpl;
	uint16_t sel; /* in the error code of #SS; 0 for the present stack */
};

/* All of these return false, after filling w->d, when a check fails. */
bool deliver_fail(struct deliver_work *w, uint8_t vector, uint32_t error,
		  const char *shortly, const char *why);
/* "CS of IDT[14] is null": `what` is the register, `why` a verb and on. */
bool deliver_fail_sel(struct deliver_work *w, uint8_t vector, uint16_t sel,
		      const char *what, const char *why);
/* w->d->fault is set by fault_at(). */
bool deliver_fail_access(struct deliver_work *w, const char *what);
/* #TS: TR has no stack to offer. */
bool deliver_no_tss(struct deliver_work *w, const char *shortly,
		    const char *why);
bool deliver_fetch_desc(struct deliver_work *w, uint16_t sel, uint8_t vector,
			const char *what, struct desc *d);
bool deliver_push(struct deliver_work *w, const struct deliver_stack *stack,
		  unsigned int slots, unsigned int size, uint64_t *sp);

/* Protected mode outside long mode, virtual-8086 mode too. */
bool deliver_32(struct deliver_work *w, const struct desc *gate,
		const struct desc *cs);
bool deliver_task(struct deliver_work *w, const struct desc *gate);

#endif
