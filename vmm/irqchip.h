/*
 * The machine's interrupt controllers, by --irqchip: all of them in KVM, or the
 * local APICs only with our own IOAPIC (vmm/dev/ioapic.h) and neither 8259s nor
 * an 8254, or all of them our own (vmm/user_irqchip.h), or none.
 */
#ifndef VMM_IRQCHIP_H
#define VMM_IRQCHIP_H

#include "vmm/boot/boot.h"
#include "vmm/dev/devices.h"

struct vm;

/* After KVM_CREATE_VM, before the first vCPU. */
bool irqchip_create(struct vm *vm, struct err *err) MUST_CHECK;

/* Where the devices' interrupts go. */
void irqchip_connect(struct vm *vm, struct devices_config *config);

/* What the firmware tables say of it; false: no controller, no tables. */
bool irqchip_wiring(const struct vm *vm, struct boot_wiring *wiring);

/*
 * Leave the 8259s and the 8254 as a PC's firmware does (vmm/boot/ivt.h): the
 * timer ticks 18.2 times a second, all other lines are masked.
 */
bool irqchip_as_pc(struct vm *vm, struct err *err) MUST_CHECK;

/* The guest ended a level interrupt (KVM_EXIT_IOAPIC_EOI); vCPU thread. */
void irqchip_eoi(struct vm *vm, uint8_t vector);

/*
 * Power-on state of what KVM emulates for the whole machine; what is ours is
 * reset with the bus.  Every vCPU is parked.
 */
bool irqchip_reset(struct vm *vm, struct err *err) MUST_CHECK;

#endif
