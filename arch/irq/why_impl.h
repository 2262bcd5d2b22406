/* Between the arch/irq/why*.c files. */
#ifndef ARCH_IRQ_WHY_IMPL_H
#define ARCH_IRQ_WHY_IMPL_H

#include "arch/irq/lapic.h"
#include "arch/irq/why.h"

struct why {
	const struct irq_machine *m;
	struct buf *out;
	unsigned int reasons; /* sentences said so far */
	uint64_t target[4];   /* bit per vCPU that something would go to */
};

static inline void why_target(struct why *w, unsigned int vcpu)
{
	w->target[vcpu / 64 & 3] |= BIT(vcpu % 64);
}

/* One sentence, on a line of its own. */
void why_say(struct why *w, const char *fmt, ...) PRINTF(2, 3);

/* ---- why_cpu.c: from a local APIC into the processor ---- */

bool why_apic_on(const struct irq_machine *m, unsigned int vcpu);
/* Does the local APIC take new interrupts?  If not, says why. */
bool why_apic_takes(struct why *w, unsigned int vcpu);

/* What keeps a processor from a maskable interrupt; vector -1: not known. */
void why_cpu(struct why *w, unsigned int vcpu, int vector);
/* The same for an NMI. */
void why_cpu_nmi(struct why *w, unsigned int vcpu);
/* A vector in the IRR: what keeps it there. */
void why_requested(struct why *w, unsigned int vcpu, unsigned int vector);

/* Entries of the local vector table, 0, 1, ...; false at the end. */
struct why_lvt {
	const char *name;
	unsigned int offset;
};
bool why_lvt_at(unsigned int i, struct why_lvt *lvt);
void why_lvt(struct why *w, unsigned int vcpu, const struct why_lvt *lvt);

/*
 * Whom the last command in a vCPU's ICR meant: a fixed or lowest-priority
 * interrupt that nobody can have taken.  False when there is nothing to say.
 */
bool why_lost_ipi(struct why *w, unsigned int vcpu);
bool why_ipi_has(const struct irq_machine *m, unsigned int vcpu,
		 unsigned int vector);

/* ---- why_chips.c: from a line to a local APIC ---- */

unsigned int why_pin_of(unsigned int line);
/* Does a chip want to send it: a level that is up, an edge not sent? */
bool why_pic_wants(const struct irq_machine *m, unsigned int line);
bool why_pin_wants(const struct irq_machine *m, unsigned int pin);
/* Is the line up now, as far as anybody tells? */
bool why_line_up(const struct irq_machine *m, unsigned int line);

/* Says what is in the way; the vCPU that gets it, or -1. */
int why_pic(struct why *w, unsigned int line);
/* Says what is in the way; false when there is something. */
bool why_pin(struct why *w, unsigned int pin);
/* An edge-triggered line that stays up and has sent its edge: says so. */
bool why_edge_gone(struct why *w, unsigned int line);

/* Vector of a line at the 8259s. */
unsigned int why_pic_vector(const struct irq_machine *m, unsigned int line);

#endif
