/*
 * How interrupts reach the interrupt controllers inside KVM.  Lines go as on a
 * PC, where line 0 (the timer) is IOAPIC pin 2; the ACPI and MP tables say so.
 * With a split interrupt chip there are messages only.
 *
 * Source: KVM api.rst, KVM_SET_GSI_ROUTING, KVM_SIGNAL_MSI,
 * KVM_CAP_SPLIT_IRQCHIP.
 */
#ifndef VMM_IRQ_ROUTING_H
#define VMM_IRQ_ROUTING_H

#include "base/err.h"
#include "vmm/dev/ioapic.h"

/* After KVM_CREATE_IRQCHIP. */
bool irq_routing_set(int vm_fd, struct err *err) MUST_CHECK;

/*
 * After KVM_CAP_SPLIT_IRQCHIP with IOAPIC_PINS routes reserved: KVM exits for
 * the EOI of the vector of every message here that is level-triggered.
 */
bool irq_routing_set_messages(int vm_fd, const struct msi_msg msg[IOAPIC_PINS],
			      struct err *err) MUST_CHECK;

/* Send one; *taken says whether a local APIC accepted it. */
bool irq_send_message(int vm_fd, const struct msi_msg *msg, bool *taken,
		      struct err *err) MUST_CHECK;

#endif
