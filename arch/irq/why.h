/*
 * Why an interrupt does not arrive: what stands in its way, in the order of
 * the way from the line through the controllers to the processor, one sentence
 * each, with what has to happen.
 *
 * Sources: SDM Vol 3A, "Advanced Programmable Interrupt Controller (APIC)" and
 * "Interrupt and Exception Handling"; 82093AA and 8259A data sheets.  Where KVM
 * differs from the manuals, KVM's way is what counts.
 *
 * Interrupt lines are a PC's: line n is pin n of the 8259s and of the IOAPIC,
 * but line 0 is IOAPIC pin 2.
 */
#ifndef ARCH_IRQ_WHY_H
#define ARCH_IRQ_WHY_H

#include "arch/irq/chips.h"
#include "arch/x86_state.h"
#include "base/buf.h"

#define IRQ_LINES IOAPIC_PINS

struct irq_machine {
	unsigned int vcpus;
	const struct x86_state *cpu;   /* [vcpus]: groups GPR, SYS, EVENT */
	const struct x86_lapic *lapic; /* [vcpus], or NULL: none */
	const struct x86_chips *chips; /* or NULL: none */
};

/* All that waits anywhere, and what can never come; says so when nothing. */
void irq_why_all(const struct irq_machine *m, struct buf *out);

/* Everything about one vector, 0 to 255: where it is, and who sends it. */
void irq_why_vector(const struct irq_machine *m, unsigned int vector,
		    struct buf *out);

/* The ways of one interrupt line, below IRQ_LINES, pending or not. */
void irq_why_line(const struct irq_machine *m, unsigned int line,
		  struct buf *out);

#endif
