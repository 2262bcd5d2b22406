/*
 * Breakpoints as they lie in the machine: patched bytes, debug registers, page
 * protection, or waiting for their address to be mapped.
 *
 * Which means is used:
 *   exec, BP_SW   the byte at the physical address when the address is mapped
 *                 (and the host reports patches at all); a debug register
 *                 when it is not, or for as long as a loader may still
 *                 overwrite the byte.
 *   exec, BP_HW   a debug register; the patch when debug registers never fire.
 *   data          debug registers where they fire; else page protection.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vmm/vm.h"

enum {
	PLANTS_LIMIT = 4096,
};

/* ---- finding ---- */

static bool same_bp(const struct target_bp *a, const struct target_bp *b)
{
	return a->type == b->type && a->addr == b->addr && a->len == b->len &&
	       a->physical == b->physical;
}

struct plant *plant_find(struct vm *vm, const struct target_bp *bp)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (same_bp(&vm->plant[i].bp, bp))
			return &vm->plant[i];
	return NULL;
}

static bool is_exec(const struct plant *p)
{
	return p->bp.type == BP_SW || p->bp.type == BP_HW;
}

struct plant *plant_at(struct vm *vm, gva_t pc)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].method == PLANT_PATCH &&
		    vm->plant[i].bp.addr == pc)
			return &vm->plant[i];
	return NULL;
}

struct plant *plant_at_gpa(struct vm *vm, gpa_t gpa)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].method == PLANT_PATCH &&
		    vm->plant[i].gpa == gpa)
			return &vm->plant[i];
	return NULL;
}

struct plant *plant_exec_at(struct vm *vm, gva_t pc)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (is_exec(&vm->plant[i]) && vm->plant[i].bp.addr == pc &&
		    vm->plant[i].method != PLANT_PENDING)
			return &vm->plant[i];
	return NULL;
}

/* ---- the byte ---- */

static uint8_t *patched_byte(struct vm *vm, const struct plant *p)
{
	struct err err;

	return guest_mem_span(&vm->mem, p->gpa, 1, &err);
}

/* Two requests (Z0 and Z1) may share one byte: the first one saved it. */
static struct plant *other_patch(struct vm *vm, const struct plant *p)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (&vm->plant[i] != p && vm->plant[i].method == PLANT_PATCH &&
		    vm->plant[i].gpa == p->gpa)
			return &vm->plant[i];
	return NULL;
}

static void lay_byte(struct vm *vm, struct plant *p, gpa_t gpa)
{
	struct plant *twin;
	uint8_t *at;

	p->gpa = gpa;
	p->method = PLANT_PATCH;
	twin = other_patch(vm, p);
	at = patched_byte(vm, p);
	if (!at)
		return;
	p->saved = twin ? twin->saved : *at;
	*at = vm->patch_byte;
}

static void take_byte(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (at && !other_patch(vm, p) && *at == vm->patch_byte)
		*at = p->saved;
}

void plant_lift(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (at && *at == vm->patch_byte)
		*at = p->saved;
}

void plant_lower(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (!at)
		return;
	p->saved = *at;
	*at = vm->patch_byte;
}

void plant_hide(const struct vm *vm, gpa_t gpa, void *buf, size_t len)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		const struct plant *p = &vm->plant[i];
		uint8_t *byte;

		if (p->method != PLANT_PATCH || !range_ok(gpa, len, p->gpa, 1))
			continue;
		byte = (uint8_t *)buf + (p->gpa - gpa);
		/* A guest that wrote over the patch shows its own byte. */
		if (*byte == vm->patch_byte)
			*byte = p->saved;
	}
}

bool plant_write_under(struct vm *vm, gpa_t gpa, const void *buf, size_t len,
		       struct err *err)
{
	if (!guest_mem_write(&vm->mem, gpa, buf, len, err))
		return false;
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];
		uint8_t *at;

		if (p->method != PLANT_PATCH || !range_ok(gpa, len, p->gpa, 1))
			continue;
		p->saved = ((const uint8_t *)buf)[p->gpa - gpa];
		at = patched_byte(vm, p);
		if (at)
			*at = vm->patch_byte;
	}
	return true;
}

/* ---- debug registers ---- */

static int free_slot(const struct vm *vm)
{
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (!vm->slot[i].used)
			return i;
	return -1;
}

static void free_slots_of(struct vm *vm, unsigned int plant)
{
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (vm->slot[i].used && vm->slot[i].plant == plant)
			vm->slot[i].used = false;
}

static bool take_slot(struct vm *vm, struct plant *p, gva_t addr,
		      unsigned int len, unsigned int rw)
{
	int i = free_slot(vm);

	/* A debug register that only doubles a patch gives way. */
	for (unsigned int k = 0; i < 0 && k < vm->plants; k++) {
		if (!vm->plant[k].shadow)
			continue;
		vm->plant[k].shadow = false;
		free_slots_of(vm, k);
		i = free_slot(vm);
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

static bool take_data_slots(struct vm *vm, struct plant *p)
{
	unsigned int rw = p->bp.type == BP_WRITE ? 1 : 3;
	unsigned int index = (unsigned int)(p - vm->plant);
	gva_t addr = p->bp.addr;
	uint64_t left = p->bp.len;

	if (left > 8ull * VM_DEBUG_SLOTS)
		return false;
	while (left) {
		unsigned int len = piece(addr, left);

		if (!take_slot(vm, p, addr, len, rw)) {
			free_slots_of(vm, index);
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

void plant_debug_registers(const struct vm *vm, const struct vcpu *v,
			   struct kvm_guest_debug *d)
{
	unsigned int landing = 0;
	uint64_t dr7 = 0;

	for (int i = 0; i < VM_DEBUG_SLOTS; i++) {
		const struct debug_slot *s = &vm->slot[i];

		if (s->used && v->passing && s->rw == 0 &&
		    s->addr == v->pass_pc)
			continue;
		if (s->used) {
			d->arch.debugreg[i] = s->addr;
			dr7 |= dr7_field(i, s->rw, s->len);
		} else if (v->stepping && landing < v->landings) {
			d->arch.debugreg[i] = v->landing[landing++].addr;
			dr7 |= dr7_field(i, 0, 1);
		}
	}
	if (vm->plants)
		d->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	if (dr7) {
		d->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		d->arch.debugreg[7] = dr7 | 0x400;
	}
}

/* ---- choosing the means ---- */

static bool translate(struct vm *vm, unsigned int vcpu,
		      const struct target_bp *bp, gpa_t *gpa)
{
	struct walk w;

	if (bp->physical) {
		*gpa = bp->addr;
		return guest_mem_is_ram(&vm->mem, *gpa, 1);
	}
	if (!vcpu_walk(&vm->vcpu[vcpu], bp->addr, &w))
		return false;
	*gpa = w.gpa;
	return guest_mem_is_ram(&vm->mem, *gpa, 1);
}

/* May a loader or decompressor still write over this byte? */
static bool may_be_overwritten(const struct vm *vm, gpa_t gpa)
{
	if (vm->ever_ran)
		return false;
	return vm->boot.kind == BOOT_BZIMAGE || gpa < vm->boot.low ||
	       gpa > vm->boot.high;
}

static bool patches_work(const struct vm *vm)
{
	enum int3_behaviour b = vm->config.caps->cpl0.int3;

	return b == INT3_DEBUG_EXIT || b == INT3_INTERNAL_ERROR;
}

static bool hw_exec_works(const struct vm *vm)
{
	return vm->config.caps->cpl0.hw_exec == CAP_YES;
}

/* The only effect a failure has is that the patch stands alone. */
static void add_shadow(struct vm *vm, struct plant *p)
{
	if (hw_exec_works(vm) && free_slot(vm) >= 0)
		p->shadow = take_slot(vm, p, p->bp.addr, 1, 0);
}

static bool plant_exec(struct vm *vm, unsigned int vcpu, struct plant *p,
		       struct err *err)
{
	bool mapped;
	gpa_t gpa;

	mapped = translate(vm, vcpu, &p->bp, &gpa);
	if (p->bp.type == BP_HW && hw_exec_works(vm)) {
		p->method = PLANT_SLOT;
		if (take_slot(vm, p, p->bp.addr, 1, 0))
			return true;
		return err_set(err, ERR_LIMIT,
			       "all 4 debug registers are in use; delete a "
			       "hardware breakpoint or watchpoint, or use a "
			       "software breakpoint (break)");
	}
	if (mapped && patches_work(vm)) {
		lay_byte(vm, p, gpa);
		if (p->bp.type == BP_SW && may_be_overwritten(vm, gpa))
			add_shadow(vm, p);
		return true;
	}
	if (hw_exec_works(vm) && take_slot(vm, p, p->bp.addr, 1, 0)) {
		p->method = PLANT_SLOT;
		return true;
	}
	if (!patches_work(vm) && !hw_exec_works(vm))
		return err_set(err, ERR_UNSUPPORTED,
			       "this host's KVM reports neither int3 nor debug "
			       "registers; only single-stepping works here "
			       "(see monitor caps)");
	p->method = PLANT_PENDING;
	return true;
}

static bool plant_data(struct vm *vm, unsigned int vcpu, struct plant *p,
		       struct err *err)
{
	const struct host_caps *caps = vm->config.caps;
	size_t done;

	vcpu_read(&vm->vcpu[vcpu], p->bp.addr, p->old,
		  min_u64(p->bp.len, sizeof(p->old)), &done);
	if (caps->cpl0.hw_data == CAP_YES && !p->bp.physical &&
	    take_data_slots(vm, p)) {
		p->method = PLANT_SLOT;
		return true;
	}
	if (caps->readonly_slot != CAP_YES)
		return err_set(err, ERR_LIMIT,
			       "no debug register is free for %llu bytes at "
			       "0x%llx, and this host has no read-only memory "
			       "slots to watch by page protection",
			       (unsigned long long)p->bp.len,
			       (unsigned long long)p->bp.addr);
	if (!translate(vm, vcpu, &p->bp, &p->gpa))
		return err_set_fault(err, p->bp.addr,
				     "cannot watch 0x%llx: it is not mapped to "
				     "RAM now, and page protection (the only "
				     "means left on this host) needs that",
				     (unsigned long long)p->bp.addr);
	p->method = PLANT_PAGE;
	return watch_protect(vm, p, err);
}

static struct plant *append(struct vm *vm, const struct target_bp *bp,
			    struct err *err)
{
	if (vm->plants == vm->plants_max) {
		unsigned int max = vm->plants_max ? 2 * vm->plants_max : 16;
		struct plant *more;

		if (max > PLANTS_LIMIT ||
		    !(more = realloc(vm->plant, max * sizeof(*more)))) {
			err_set(err, ERR_LIMIT,
				"%u breakpoints are planted, the most there "
				"can be",
				vm->plants);
			return NULL;
		}
		vm->plant = more;
		vm->plants_max = max;
	}
	memset(&vm->plant[vm->plants], 0, sizeof(*vm->plant));
	vm->plant[vm->plants].bp = *bp;
	return &vm->plant[vm->plants++];
}

static void drop(struct vm *vm, struct plant *p)
{
	unsigned int index = (unsigned int)(p - vm->plant);

	free_slots_of(vm, index);
	vm->plants--;
	*p = vm->plant[vm->plants];
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (vm->slot[i].plant == vm->plants)
			vm->slot[i].plant = index;
}

bool plant_insert(struct vm *vm, unsigned int vcpu, const struct target_bp *bp,
		  struct err *err)
{
	struct plant *p = plant_find(vm, bp);
	bool ok;

	if (p)
		return true;
	p = append(vm, bp, err);
	if (!p)
		return false;
	ok = is_exec(p) ? plant_exec(vm, vcpu, p, err)
			: plant_data(vm, vcpu, p, err);
	if (!ok)
		drop(vm, p);
	return ok;
}

bool plant_remove(struct vm *vm, const struct target_bp *bp, struct err *err)
{
	struct plant *p = plant_find(vm, bp), gone;

	if (!p)
		return true;
	gone = *p;
	if (p->method == PLANT_PATCH)
		take_byte(vm, p);
	drop(vm, p);
	return gone.method != PLANT_PAGE || watch_unprotect(vm, &gone, err);
}

/* ---- looking after them ---- */

static bool overwritten(struct vm *vm, const struct plant *p)
{
	const uint8_t *at = patched_byte(vm, p);

	return at && __atomic_load_n(at, __ATOMIC_RELAXED) != vm->patch_byte;
}

bool plant_wants_timer(const struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].method == PLANT_PATCH ||
		    vm->plant[i].method == PLANT_PENDING)
			return true;
	return false;
}

bool plant_needs_attention(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		const struct plant *p = &vm->plant[i];

		if (p->method == PLANT_PENDING ||
		    (p->method == PLANT_PATCH && overwritten(vm, p)))
			return true;
	}
	return false;
}

static void lay_again(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (!p->lost)
		log_msg(LOG_INFO,
			"the guest overwrote the breakpoint at 0x%llx (a "
			"loader?); it is planted again",
			(unsigned long long)p->bp.addr);
	p->lost = true;
	p->saved = *at;
	*at = vm->patch_byte;
}

static void try_pending(struct vm *vm, struct plant *p)
{
	gpa_t gpa;

	for (unsigned int i = 0; i < vm->vcpus; i++) {
		if (!translate(vm, i, &p->bp, &gpa))
			continue;
		lay_byte(vm, p, gpa);
		return;
	}
}

void plant_verify(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];

		if (p->method == PLANT_PENDING)
			try_pending(vm, p);
		else if (p->method == PLANT_PATCH && overwritten(vm, p))
			lay_again(vm, p);
	}
}

void plant_reset(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];
		struct target_bp bp = p->bp;
		struct err err;

		if (p->method != PLANT_PATCH && p->method != PLANT_PENDING)
			continue;
		free_slots_of(vm, i);
		memset(p, 0, sizeof(*p));
		p->bp = bp;
		if (!plant_exec(vm, 0, p, &err)) {
			p->method = PLANT_PENDING;
			log_msg(LOG_WARN, "breakpoint at 0x%llx: %s",
				(unsigned long long)bp.addr, err.msg);
		}
	}
}
