/*
 * The four debug registers: who has which, and what KVM is told of them.
 * Source: SDM Vol 3B, "Debug Registers".
 */
#include <string.h>

#include "vmm/plant.h"

int debug_slot_free(const struct vm *vm)
{
	for (unsigned int i = 0; i < debug_slots_count(vm); i++)
		if (!vm->slot[i].used)
			return (int)i;
	return -1;
}

unsigned int debug_slots_count(const struct vm *vm)
{
	return VM_DEBUG_SLOTS - vm->assist_syscall;
}

void debug_slots_release(struct vm *vm, unsigned int plant)
{
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (vm->slot[i].used && vm->slot[i].plant == plant)
			vm->slot[i].used = false;
}

bool debug_slot_take(struct vm *vm, struct plant *p, gva_t addr,
		     unsigned int len, unsigned int rw)
{
	int i = debug_slot_free(vm);

	/* A debug register that only doubles a patch gives way. */
	for (unsigned int k = 0; i < 0 && k < vm->plants; k++) {
		if (!vm->plant[k].shadow)
			continue;
		vm->plant[k].shadow = false;
		debug_slots_release(vm, k);
		i = debug_slot_free(vm);
	}
	if (i < 0)
		return false;
	vm->slot[i] =
		(struct debug_slot){.used = true,
				    .addr = addr,
				    .len = len,
				    .rw = rw,
				    .plant = (unsigned int)(p - vm->plant)};
	return true;
}

/* Largest naturally aligned piece that a debug register can watch. */
static unsigned int piece(gva_t addr, uint64_t left)
{
	unsigned int len = 8;

	while (len > left || (addr & (len - 1)))
		len /= 2;
	return len;
}

bool debug_slots_take_data(struct vm *vm, struct plant *p)
{
	unsigned int rw = p->bp.type == BP_WRITE ? 1 : 3;
	unsigned int index = (unsigned int)(p - vm->plant);
	gva_t addr = p->bp.addr;
	uint64_t left = p->bp.len;

	if (left > 8ull * VM_DEBUG_SLOTS)
		return false;
	while (left) {
		unsigned int len = piece(addr, left);

		if (!debug_slot_take(vm, p, addr, len, rw)) {
			debug_slots_release(vm, index);
			return false;
		}
		addr += len;
		left -= len;
	}
	return true;
}

/* DR7 fields: SDM Vol 3B, "Debug Control Register (DR7)". */
static uint64_t dr7_field(int i, unsigned int rw, unsigned int len)
{
	uint64_t code = len == 8 ? 2 : len - 1;

	return UINT64_C(2) << 2 * i | (uint64_t)rw << (16 + 4 * i) |
	       (rw ? code : 0) << (18 + 4 * i);
}

static bool is_taken(const struct kvm_guest_debug *d, int i)
{
	return d->arch.debugreg[7] & UINT64_C(3) << 2 * i;
}

/*
 * With our own in the processor KVM keeps the guest's out of it: they go where
 * there is room.  A guest that changes them is followed at the next entry.
 */
void debug_slots_add_guest(struct vcpu *v, struct kvm_guest_debug *d)
{
	const struct x86_state *s;
	uint64_t fields;

	memset(v->guest_slot, 0, sizeof(v->guest_slot));
	/* emulating hosts look at both, and know RF for the guest's alone */
	if (!(d->control & KVM_GUESTDBG_USE_HW_BP) ||
	    v->vm->config.caps->rf_resume != CAP_YES)
		return;
	s = vcpu_now(v, X86_GROUP_DEBUG);
	for (int i = 0; i < VM_DEBUG_SLOTS; i++) {
		int to = 0;

		if (!(s->dr7 >> 2 * i & 3))
			continue;
		while (to < VM_DEBUG_SLOTS && is_taken(d, to))
			to++;
		if (to == VM_DEBUG_SLOTS)
			return;
		fields = s->dr7 >> (16 + 4 * i) & 0xf;
		d->arch.debugreg[to] = s->dr[i];
		d->arch.debugreg[7] |= UINT64_C(2) << 2 * to |
				       fields << (16 + 4 * to);
		v->guest_slot[to] = (uint8_t)BIT(i);
	}
}

uint64_t debug_slots_guest_hits(const struct vcpu *v, uint64_t dr6)
{
	uint64_t bits = 0;

	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (dr6 & BIT(i))
			bits |= v->guest_slot[i];
	return bits;
}

void debug_slots_plan(const struct vm *vm, const struct vcpu *v,
		      struct kvm_guest_debug *d)
{
	unsigned int landing = 0;
	uint64_t dr7 = 0;

	for (int i = 0; i < (int)debug_slots_count(vm); i++) {
		const struct debug_slot *s = &vm->slot[i];

		if (s->used && v->passing && s->rw == 0 &&
		    s->addr == v->pass_pc)
			continue;
		if (s->used && !v->bare) {
			d->arch.debugreg[i] = s->addr;
			dr7 |= dr7_field(i, s->rw, s->len);
		} else if (v->stepping && landing < v->landings) {
			d->arch.debugreg[i] = v->landing[landing++].addr;
			dr7 |= dr7_field(i, 0, 1);
		}
	}
	if (v->pf_armed && !(v->passing && v->pass_pc == v->pf_armed)) {
		d->arch.debugreg[VM_DEBUG_SLOTS - 1] = v->pf_armed;
		dr7 |= dr7_field(VM_DEBUG_SLOTS - 1, 0, 1);
	}
	if (vm->plants)
		d->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	if (dr7) {
		d->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		d->arch.debugreg[7] = dr7 | 0x400;
	}
}
