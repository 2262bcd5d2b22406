/*
 * Events that the debugger sends a vCPU.
 *
 * Source: KVM api.rst, KVM_NMI, KVM_INTERRUPT, KVM_SIGNAL_MSI, KVM_IRQ_LINE,
 * KVM_SET_VCPU_EVENTS; SDM Vol 3A, "Message Signalled Interrupts".
 */
#include <string.h>

#include "vmm/inspect/inspect.h"
#include "vmm/irq_routing.h"
#include "vmm/kvm.h"
#include "vmm/user_irqchip.h"

#define MSI_ADDRESS  0xfee00000u
#define LEGAL_VECTOR 16u /* below, local APICs report an error */

#define VECTOR_DB 1
#define VECTOR_PF 14

static bool inject_nmi(struct vcpu *v, struct err *err)
{
	if (v->vm->config.irqchip == IRQCHIP_USER) {
		user_irq_nmi(v);
		return true;
	}
	return KVM_CALL(v->fd, KVM_NMI, NULL, err);
}

/* Without a local APIC the processor takes what is put in front of it. */
static bool inject_directly(struct vcpu *v, uint32_t vector, struct err *err)
{
	struct kvm_interrupt irq = {.irq = vector};
	const struct x86_state *s =
		vcpu_now(v, X86_GROUP_GPR | X86_GROUP_EVENT);

	if (!(s->rflags & X86_FL_IF) || s->event.interrupt_shadow)
		return err_set(err, ERR_STATE,
			       "vCPU %u has interrupts off (RFLAGS.IF is 0, or "
			       "the instruction before was STI or MOV SS), and "
			       "without a local APIC nothing keeps one for "
			       "later",
			       v->index);
	if (s->event.interrupt_injected)
		return err_set(err, ERR_STATE,
			       "vCPU %u is about to take interrupt 0x%x",
			       v->index, s->event.interrupt_nr);
	return KVM_CALL(v->fd, KVM_INTERRUPT, &irq, err);
}

static bool inject_interrupt(struct vcpu *v, uint32_t vector, struct err *err)
{
	struct msi_msg msg = {.address = MSI_ADDRESS | v->index << 12,
			      .data = vector};
	bool taken = false;

	if (v->vm->config.irqchip == IRQCHIP_NONE)
		return inject_directly(v, vector, err);
	if (vector < LEGAL_VECTOR)
		return err_set(err, ERR_RANGE,
			       "vectors below 16 are not interrupts: a local "
			       "APIC refuses them");
	if (v->vm->config.irqchip == IRQCHIP_USER) {
		pthread_mutex_lock(&v->vm->bus.lock);
		taken = lapics_message(&v->vm->devices.lapics, &msg);
		pthread_mutex_unlock(&v->vm->bus.lock);
	} else if (!irq_send_message(v->vm->fd, &msg, &taken, err)) {
		return false;
	}
	return taken || err_set(err, ERR_STATE,
				"the local APIC of vCPU %u did not take it: it "
				"is switched off (IA32_APIC_BASE, or bit 8 of "
				"its spurious-interrupt register)",
				v->index);
}

static void pulse_here(struct vm *vm, uint32_t line)
{
	bool split = vm->config.irqchip == IRQCHIP_SPLIT;

	pthread_mutex_lock(&vm->bus.lock);
	for (int level = 1; level >= 0; level--) {
		if (split)
			ioapic_set_irq(&vm->devices.ioapic, line, level);
		else
			devices_set_line(&vm->devices, line, level);
	}
	pthread_mutex_unlock(&vm->bus.lock);
}

/* Up and down once: what an edge-triggered pin takes for an interrupt. */
static bool pulse(struct vm *vm, uint32_t line, struct err *err)
{
	struct kvm_irq_level irq = {.irq = line};

	if (vm->config.irqchip == IRQCHIP_NONE)
		return err_set(err, ERR_UNSUPPORTED,
			       "this machine has no interrupt lines (--irqchip "
			       "none)");
	if (line >= IOAPIC_PINS)
		return err_set(err, ERR_RANGE,
			       "there is no interrupt line %u; the last one is "
			       "%d",
			       line, IOAPIC_PINS - 1);
	if (vm->config.irqchip != IRQCHIP_KERNEL) {
		pulse_here(vm, line);
		return true;
	}
	irq.level = 1;
	if (!KVM_CALL(vm->fd, KVM_IRQ_LINE, &irq, err))
		return false;
	irq.level = 0;
	return KVM_CALL(vm->fd, KVM_IRQ_LINE, &irq, err);
}

static bool is_busy(struct vcpu *v, struct err *err)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_EVENT);

	if (v->held.kind == HELD_READ)
		return err_set(err, ERR_STATE,
			       "vCPU %u is in the middle of an instruction, "
			       "whose access a catchpoint holds back; step "
			       "once first",
			       v->index);
	if (s->event.exception_injected || s->event.exception_pending)
		return err_set(err, ERR_STATE,
			       "vCPU %u is about to take exception %u; let it "
			       "go on first",
			       v->index, s->event.exception_nr);
	return true;
}

static bool inject_exception(struct vcpu *v, const struct target_event *event,
			     struct err *err)
{
	bool payload = v->vm->config.caps->exception_payload;
	struct x86_state s;

	if (!is_busy(v, err))
		return false;
	s = *vcpu_now(v, X86_GROUP_SYS | X86_GROUP_DEBUG | X86_GROUP_EVENT);
	s.event.exception_nr = (uint8_t)event->vector;
	s.event.exception_has_error = event->has_error && (s.cr0 & X86_CR0_PE);
	s.event.exception_error = event->error;
	s.event.exception_injected = !payload;
	s.event.exception_pending = payload;
	s.event.exception_has_payload = payload && event->has_payload;
	s.event.exception_payload = event->payload;
	if (event->has_payload && !payload && event->vector == VECTOR_PF) {
		s.cr2 = event->payload;
		if (!vcpu_store(v, X86_GROUP_SYS, &s))
			return err_set(err, ERR_KVM, "CR2 cannot be set");
	}
	if (event->has_payload && !payload && event->vector == VECTOR_DB) {
		s.dr6 = event->payload;
		if (!vcpu_store(v, X86_GROUP_DEBUG, &s))
			return err_set(err, ERR_KVM, "DR6 cannot be set");
	}
	return vcpu_set_state(v, X86_GROUP_EVENT, &s, err);
}

bool live_inject(struct target *t, unsigned int vcpu,
		 const struct target_event *event, struct err *err)
{
	struct vm *vm = inspect_vm(t);
	struct vcpu *v = &vm->vcpu[vcpu];

	v->fresh &= ~(unsigned int)X86_GROUP_EVENT;
	switch (event->kind) {
	case EVENT_NMI:
		return inject_nmi(v, err);
	case EVENT_INTERRUPT:
		return inject_interrupt(v, event->vector, err);
	case EVENT_EXCEPTION:
		return inject_exception(v, event, err);
	case EVENT_GSI:
		return pulse(vm, event->vector, err);
	}
	return err_set(err, ERR_INTERNAL, "no such event");
}
