/*
 * Interrupt controllers and the timer: in KVM, our own IOAPIC with --irqchip
 * split, or all our own with --irqchip user.
 *
 * Source: KVM api.rst, KVM_GET_LAPIC, KVM_GET_IRQCHIP, KVM_GET_PIT2.
 */
#include <string.h>

#include "arch/irq/lapic.h"
#include "vmm/inspect/inspect.h"
#include "vmm/kvm.h"
#include "vmm/recorder.h"

#define KVM_IOAPIC_VERSION 0x11

static bool none(const char *what, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED,
		       "this machine has no %s (--irqchip none)", what);
}

/* KVM gives the ID of an x2APIC as if it were an xAPIC's: in bits 31 to 24. */
static void fix_x2apic(struct vcpu *v, struct x86_lapic *lapic)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_SYS);
	uint32_t id = lapic_reg(lapic, LAPIC_ID) >> 24;

	if ((s->apic_base & APIC_BASE_EN) && (s->apic_base & APIC_BASE_X2APIC))
		memcpy(lapic->regs + LAPIC_ID, &id, sizeof(id));
}

bool live_lapic(struct target *t, unsigned int vcpu, struct x86_lapic *lapic,
		struct err *err)
{
	struct vm *vm = inspect_vm(t);
	struct vcpu *v = &vm->vcpu[vcpu];
	struct kvm_lapic_state k;

	_Static_assert(sizeof(k.regs) == sizeof(lapic->regs), "one page part");
	if (vm->config.irqchip == IRQCHIP_NONE)
		return none("local APICs", err);
	if (vm->config.irqchip == IRQCHIP_USER) {
		pthread_mutex_lock(&vm->bus.lock);
		lapics_show(&vm->devices.lapics, vcpu, lapic);
		pthread_mutex_unlock(&vm->bus.lock);
		return true;
	}
	if (!KVM_CALL(v->fd, KVM_GET_LAPIC, &k, err))
		return false;
	memcpy(lapic->regs, k.regs, sizeof(lapic->regs));
	fix_x2apic(v, lapic);
	return true;
}

static void from_pic(struct x86_pic *to, const struct kvm_pic_state *k)
{
	*to = (struct x86_pic){
		.irr = k->irr,
		.imr = k->imr,
		.isr = k->isr,
		.irq_base = k->irq_base,
		.elcr = k->elcr,
		.last_irr = k->last_irr,
		.priority_add = k->priority_add,
		.init_state = k->init_state,
		.auto_eoi = k->auto_eoi,
		.special_mask = k->special_mask,
		.read_isr = k->read_reg_select,
		.poll = k->poll,
		.special_fully_nested = k->special_fully_nested_mode,
	};
}

static void from_ioapic(struct x86_ioapic *to, const struct kvm_ioapic_state *k)
{
	*to = (struct x86_ioapic){.base = k->base_address,
				  .select = k->ioregsel,
				  .id = k->id,
				  .version = KVM_IOAPIC_VERSION,
				  .irr = k->irr};
	for (unsigned int i = 0; i < IOAPIC_PINS; i++)
		to->redir[i] = k->redirtbl[i].bits;
}

static void from_pit(struct x86_pit *to, const struct kvm_pit_state2 *k)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		to->channel[i] = (struct x86_pit_channel){
			.count = k->channels[i].count,
			.mode = k->channels[i].mode,
			.rw_mode = k->channels[i].rw_mode,
			.bcd = k->channels[i].bcd,
			.gate = k->channels[i].gate,
			.load_time = k->channels[i].count_load_time,
		};
	to->now = (int64_t)recorder_now();
}

static bool get_chip(const struct vm *vm, uint32_t id, struct kvm_irqchip *chip,
		     struct err *err)
{
	memset(chip, 0, sizeof(*chip));
	chip->chip_id = id;
	return KVM_CALL(vm->fd, KVM_GET_IRQCHIP, chip, err);
}

static bool kernel_chips(struct vm *vm, struct x86_chips *chips,
			 struct err *err)
{
	struct x86_chips c = {
		.has_pic = true, .has_ioapic = true, .has_pit = true};
	struct kvm_irqchip chip;
	struct kvm_pit_state2 pit;

	for (unsigned int i = 0; i < 2; i++) {
		if (!get_chip(vm, KVM_IRQCHIP_PIC_MASTER + i, &chip, err))
			return false;
		from_pic(&c.pic[i], &chip.chip.pic);
	}
	if (!get_chip(vm, KVM_IRQCHIP_IOAPIC, &chip, err) ||
	    !KVM_CALL(vm->fd, KVM_GET_PIT2, &pit, err))
		return false;
	from_ioapic(&c.ioapic, &chip.chip.ioapic);
	from_pit(&c.pit, &pit);
	pthread_mutex_lock(&vm->bus.lock);
	memcpy(c.raised, vm->irq_raised, sizeof(c.raised));
	pthread_mutex_unlock(&vm->bus.lock);
	*chips = c;
	return true;
}

static void split_chips(struct vm *vm, struct x86_chips *chips)
{
	*chips = (struct x86_chips){.has_ioapic = true};
	pthread_mutex_lock(&vm->bus.lock);
	ioapic_show(&vm->devices.ioapic, &chips->ioapic, chips->raised);
	pthread_mutex_unlock(&vm->bus.lock);
}

static void user_chips(struct vm *vm, struct x86_chips *chips)
{
	const struct devices *d = &vm->devices;

	*chips = (struct x86_chips){
		.has_pic = true, .has_ioapic = true, .has_pit = true};
	pthread_mutex_lock(&vm->bus.lock);
	ioapic_show(&d->ioapic, &chips->ioapic, chips->raised);
	memcpy(chips->pic, d->pic.s.chip, sizeof(chips->pic));
	pit_show(&d->pit, &chips->pit);
	pthread_mutex_unlock(&vm->bus.lock);
}

bool live_chips(struct target *t, struct x86_chips *chips, struct err *err)
{
	struct vm *vm = inspect_vm(t);

	switch (vm->config.irqchip) {
	case IRQCHIP_NONE:
		return none("interrupt controllers", err);
	case IRQCHIP_SPLIT:
		split_chips(vm, chips);
		return true;
	case IRQCHIP_USER:
		user_chips(vm, chips);
		return true;
	default:
		return kernel_chips(vm, chips, err);
	}
}
