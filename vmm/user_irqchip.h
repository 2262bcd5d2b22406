/*
 * --irqchip user: the vCPUs' side of the interrupt controllers in vmm/dev.  KVM
 * has none then: an interrupt is given to a vCPU just before it enters the
 * guest, and HLT and waiting for a start-up are sleeps here.
 *
 * What a device has for a vCPU comes under the bus lock, on any thread; it is
 * noted in vcpu->irq and the vCPU is poked, which leads it through
 * user_irq_enter() again before it next enters the guest.
 *
 * Source: KVM api.rst, KVM_INTERRUPT, KVM_NMI and, of "The kvm_run structure",
 * request_interrupt_window, ready_for_interrupt_injection, cr8, apic_base; SDM
 * Vol 3A, "Processor State After Reset", "MP Initialization".
 */
#ifndef VMM_USER_IRQCHIP_H
#define VMM_USER_IRQCHIP_H

#include "vmm/vm.h"

/* Where the devices' messages to processors go; before devices_init(). */
void user_irq_ops(struct vm *vm, struct lapic_ops *ops);

/* Power-on: every vCPU parked. */
void user_irq_reset(struct vm *vm);
/* A new vCPU's IA32_APIC_BASE, which KVM leaves 0, and what CPUID follows. */
bool user_irq_power_on(struct vcpu *v, struct kvm_sregs *sregs,
		       struct err *err) MUST_CHECK;

/*
 * All of these do nothing, or say yes, with another --irqchip.
 *
 * An INIT waits until the access that the guest is in the middle of is over:
 * must that be completed now?
 */
bool user_irq_wants_init(struct vcpu *v);
/*
 * Before KVM_RUN: sleep while there is nothing to run, give it what it shall
 * take.  False: asked to stop.
 */
bool user_irq_enter(struct vcpu *v);
/* Something came since user_irq_enter(); vm->lock held. */
bool user_irq_missed_locked(const struct vcpu *v);
/* Around every KVM_RUN, of whatever kind: the registers that both have. */
void user_irq_before_run(struct vcpu *v);
void user_irq_after_run(struct vcpu *v);
/* A release begins: what KVM told at the last exit may have been changed. */
void user_irq_released(struct vcpu *v);
/* KVM_EXIT_HLT. */
void user_irq_halt(struct vcpu *v);

/* The debugger sets registers that the APIC has too, or the run state. */
void user_irq_set_state(struct vcpu *v, unsigned int groups,
			const struct x86_state *s);
/* The debugger's NMI. */
void user_irq_nmi(struct vcpu *v);

#endif
