#include "vmm/power_on.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/kvm.h"
#include "vmm/user_irqchip.h"

#define MSR_TSC	      0x10
#define MSR_APIC_BASE 0x1b

/* KVM's replies with an array at the end need the head and the room in one. */
struct saved_msrs {
	struct kvm_msrs head;
	struct kvm_msr_entry entry[256];
};

struct vcpu_power_on {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_debugregs debug;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp;
	struct kvm_vcpu_events events;
	struct kvm_fpu fpu;
	bool has_lapic, has_xcrs;
	struct saved_msrs msrs;
	unsigned int xsave_size;
	uint8_t xsave[];
};

/* Every MSR that KVM lists and lets us read, but for the running clock. */
static void save_msrs(struct vcpu *v, struct saved_msrs *msrs)
{
	struct {
		struct kvm_msr_list head;
		uint32_t index[512];
	} list = {.head.nmsrs = 512};
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} one;

	msrs->head.nmsrs = 0;
	if (KVM_IOCTL(v->vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, &list) < 0)
		return;
	for (uint32_t i = 0; i < list.head.nmsrs; i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry[0].index = list.index[i];
		if (list.index[i] == MSR_TSC ||
		    list.index[i] == MSR_APIC_BASE ||
		    msrs->head.nmsrs == ARRAY_SIZE(msrs->entry) ||
		    KVM_IOCTL(v->fd, KVM_GET_MSRS, &one) != 1)
			continue;
		msrs->entry[msrs->head.nmsrs++] = one.entry[0];
	}
}

static void restore_msrs(struct vcpu *v, const struct saved_msrs *msrs)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} one;

	/* One by one: some are readable and not writable, and stay. */
	for (uint32_t i = 0; i < msrs->head.nmsrs; i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry[0] = msrs->entry[i];
		if (KVM_IOCTL(v->fd, KVM_SET_MSRS, &one) != 1)
			continue;
	}
}

static bool save_xsave(struct vcpu *v, struct vcpu_power_on *p, struct err *err)
{
	if (!v->vm->convert.xsave)
		return KVM_CALL(v->fd, KVM_GET_FPU, &p->fpu, err);
	if (p->xsave_size > sizeof(struct kvm_xsave))
		return KVM_CALL(v->fd, KVM_GET_XSAVE2, p->xsave, err);
	return KVM_CALL(v->fd, KVM_GET_XSAVE, p->xsave, err);
}

bool power_on_save(struct vcpu *v, struct err *err)
{
	unsigned int size = v->vm->convert.xsave_size;
	struct vcpu_power_on *p = calloc(1, sizeof(*p) + size);

	if (!p)
		return err_set(err, ERR_LIMIT, "no memory for vCPU %u",
			       v->index);
	free(v->power_on);
	v->power_on = p;
	p->xsave_size = size;
	p->has_xcrs = v->vm->convert.xcrs &&
		      KVM_IOCTL(v->fd, KVM_GET_XCRS, &p->xcrs) == 0;
	p->has_lapic = KVM_IOCTL(v->fd, KVM_GET_LAPIC, &p->lapic) == 0;
	if (KVM_IOCTL(v->fd, KVM_GET_MP_STATE, &p->mp) < 0)
		p->mp.mp_state = KVM_MP_STATE_RUNNABLE;
	save_msrs(v, &p->msrs);
	return save_xsave(v, p, err) &&
	       KVM_CALL(v->fd, KVM_GET_REGS, &p->regs, err) &&
	       KVM_CALL(v->fd, KVM_GET_SREGS, &p->sregs, err) &&
	       (v->vm->config.irqchip != IRQCHIP_USER ||
		user_irq_power_on(v, &p->sregs, err)) &&
	       KVM_CALL(v->fd, KVM_GET_DEBUGREGS, &p->debug, err) &&
	       KVM_CALL(v->fd, KVM_GET_VCPU_EVENTS, &p->events, err);
}

bool power_on_restore(struct vcpu *v, struct err *err)
{
	struct vcpu_power_on *p = v->power_on;

	if (p->has_xcrs && !KVM_CALL(v->fd, KVM_SET_XCRS, &p->xcrs, err))
		return false;
	if (!v->vm->convert.xsave
		    ? !KVM_CALL(v->fd, KVM_SET_FPU, &p->fpu, err)
		    : !KVM_CALL(v->fd, KVM_SET_XSAVE, p->xsave, err))
		return false;
	restore_msrs(v, &p->msrs);
	if (!KVM_CALL(v->fd, KVM_SET_SREGS, &p->sregs, err) ||
	    !KVM_CALL(v->fd, KVM_SET_REGS, &p->regs, err) ||
	    !KVM_CALL(v->fd, KVM_SET_DEBUGREGS, &p->debug, err))
		return false;
	if (p->has_lapic && !KVM_CALL(v->fd, KVM_SET_LAPIC, &p->lapic, err))
		return false;
	/* Last: KVM_SET_LAPIC and the MSRs may queue events. */
	if (!KVM_CALL(v->fd, KVM_SET_VCPU_EVENTS, &p->events, err))
		return false;
	return !p->has_lapic || KVM_CALL(v->fd, KVM_SET_MP_STATE, &p->mp, err);
}

/* FPU, XCR0, MSRs and the cache bits of CR0 stay. */
bool power_on_init(struct vcpu *v, struct err *err)
{
	const uint64_t cache = BIT(30) | BIT(29); /* CD, NW */
	struct vcpu_power_on *p = v->power_on;
	struct kvm_sregs sregs;
	uint64_t cr0, apic_base;

	if (!KVM_CALL(v->fd, KVM_GET_SREGS, &sregs, err))
		return false;
	cr0 = sregs.cr0 & cache;
	apic_base = sregs.apic_base;
	sregs = p->sregs;
	sregs.cr0 = (sregs.cr0 & ~cache) | cr0;
	sregs.apic_base = apic_base;
	return KVM_CALL(v->fd, KVM_SET_SREGS, &sregs, err) &&
	       KVM_CALL(v->fd, KVM_SET_REGS, &p->regs, err) &&
	       KVM_CALL(v->fd, KVM_SET_DEBUGREGS, &p->debug, err) &&
	       KVM_CALL(v->fd, KVM_SET_VCPU_EVENTS, &p->events, err);
}

bool chips_save(int vm_fd, struct chips_power_on *chips, struct err *err)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(chips->chip); i++) {
		chips->chip[i].chip_id = i;
		if (!KVM_CALL(vm_fd, KVM_GET_IRQCHIP, &chips->chip[i], err))
			return false;
	}
	if (!KVM_CALL(vm_fd, KVM_GET_PIT2, &chips->pit, err))
		return false;
	chips->valid = true;
	return true;
}

bool chips_restore(int vm_fd, const struct chips_power_on *chips,
		   struct err *err)
{
	struct chips_power_on copy = *chips;

	if (!chips->valid)
		return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(copy.chip); i++)
		if (!KVM_CALL(vm_fd, KVM_SET_IRQCHIP, &copy.chip[i], err))
			return false;
	return KVM_CALL(vm_fd, KVM_SET_PIT2, &copy.pit, err);
}
