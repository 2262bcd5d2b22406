/* Interrupt controllers in the shapes of QEMU's "info lapic" and "info pic". */
#ifndef ARCH_IRQ_TEXT_H
#define ARCH_IRQ_TEXT_H

#include "arch/irq/chips.h"
#include "base/buf.h"

/* apic_base is the MSR: it tells the mode and whether the APIC is on. */
void lapic_print(const struct x86_lapic *l, unsigned int vcpu,
		 uint64_t apic_base, struct buf *out);

void ioapic_print(const struct x86_ioapic *a, struct buf *out);

/* The slave first, as QEMU has it. */
void pic_print(const struct x86_pic pic[2], struct buf *out);

/* What each channel does, its frequency, and how long since it was loaded. */
void pit_print(const struct x86_pit *pit, struct buf *out);

/* How often each line was raised, those that were. */
void irq_counts_print(const struct x86_chips *chips, struct buf *out);

#endif
