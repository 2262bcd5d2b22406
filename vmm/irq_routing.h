/*
 * How interrupt lines reach the interrupt controllers inside KVM: as on a PC,
 * where line 0 (the timer) is IOAPIC pin 2.  The ACPI and MP tables say so.
 */
#ifndef VMM_IRQ_ROUTING_H
#define VMM_IRQ_ROUTING_H

#include "base/err.h"

/* After KVM_CREATE_IRQCHIP. */
bool irq_routing_set(int vm_fd, struct err *err) MUST_CHECK;

#endif
