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
 *   data          debug registers where they fire; else page protection, once
 *                 the address is mapped (gdb's `watch *p' watches what p points
 *                 to before it points anywhere).
 */
#include "vmm/plant.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	PLANTS_LIMIT = 4096,
};

/* ---- finding ---- */

static bool same_bp(const struct target_bp *a, const struct target_bp *b)
{
	return a->type == b->type && a->addr == b->addr && a->len == b->len &&
	       a->physical == b->physical;
}

static struct plant *find(struct vm *vm, const struct target_bp *bp,
			  bool hidden)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].hidden == hidden &&
		    same_bp(&vm->plant[i].bp, bp))
			return &vm->plant[i];
	return NULL;
}

struct plant *plant_find(struct vm *vm, const struct target_bp *bp)
{
	return find(vm, bp, false);
}

static bool is_exec(const struct plant *p)
{
	return p->bp.type == BP_SW || p->bp.type == BP_HW;
}

struct plant *plant_at(struct vm *vm, gva_t pc)
{
	struct plant *found = NULL;

	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].method == PLANT_PATCH &&
		    vm->plant[i].bp.addr == pc && (!found || found->hidden))
			found = &vm->plant[i];
	return found;
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
	struct plant *found = NULL;

	for (unsigned int i = 0; i < vm->plants; i++)
		if (is_exec(&vm->plant[i]) && vm->plant[i].bp.addr == pc &&
		    vm->plant[i].method != PLANT_PENDING &&
		    (!found || found->hidden))
			found = &vm->plant[i];
	return found;
}

static struct target_bp hidden_bp(gva_t pc)
{
	return (struct target_bp){.type = BP_SW, .addr = pc, .len = 1};
}

struct plant *plant_hidden_at(struct vm *vm, gva_t pc)
{
	struct target_bp bp = hidden_bp(pc);

	return find(vm, &bp, true);
}

/* ---- choosing the means ---- */

static bool mapped_at(struct vm *vm, unsigned int vcpu,
		      const struct target_bp *bp, gpa_t *gpa)
{
	struct walk w;

	if (bp->physical) {
		*gpa = bp->addr;
		return true;
	}
	if (!vcpu_walk(&vm->vcpu[vcpu], bp->addr, &w))
		return false;
	*gpa = w.gpa;
	return true;
}

static bool translate(struct vm *vm, unsigned int vcpu,
		      const struct target_bp *bp, gpa_t *gpa)
{
	return mapped_at(vm, vcpu, bp, gpa) &&
	       guest_mem_is_ram(&vm->mem, *gpa, 1);
}

/* Nothing has been put here yet: code is never this many zero bytes. */
static bool looks_empty(const struct vm *vm, gpa_t gpa)
{
	static const uint8_t zero[16];
	uint8_t bytes[sizeof(zero)];
	struct err err;

	return guest_mem_read(&vm->mem, gpa, bytes, sizeof(bytes), &err) &&
	       !memcmp(bytes, zero, sizeof(zero));
}

/* May a loader or decompressor still write over this byte? */
static bool may_be_overwritten(const struct vm *vm, gpa_t gpa)
{
	if (looks_empty(vm, gpa))
		return true;
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
	if (hw_exec_works(vm) && debug_slot_free(vm) >= 0)
		p->shadow = debug_slot_take(vm, p, p->bp.addr, 1, 0);
}

static bool plant_exec(struct vm *vm, unsigned int vcpu, struct plant *p,
		       struct err *err)
{
	bool mapped;
	gpa_t gpa;

	mapped = translate(vm, vcpu, &p->bp, &gpa);
	if (p->bp.type == BP_HW && hw_exec_works(vm)) {
		p->method = PLANT_SLOT;
		if (debug_slot_take(vm, p, p->bp.addr, 1, 0))
			return true;
		return err_set(err, ERR_LIMIT,
			       "all %u debug registers are in use%s; delete a "
			       "hardware breakpoint or watchpoint, or use a "
			       "software breakpoint (break)",
			       debug_slots_count(vm),
			       vm->assist_syscall ? " (--assist has the last)"
						  : "");
	}
	if (mapped && patches_work(vm)) {
		bool shadow = p->bp.type == BP_SW &&
			      may_be_overwritten(vm, gpa);

		patch_lay(vm, p, gpa);
		if (shadow)
			add_shadow(vm, p);
		return true;
	}
	if (hw_exec_works(vm) && debug_slot_take(vm, p, p->bp.addr, 1, 0)) {
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
	    debug_slots_take_data(vm, p)) {
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
	p->method = PLANT_PENDING;
	if (!mapped_at(vm, vcpu, &p->bp, &p->gpa))
		return true;
	if (!guest_mem_is_ram(&vm->mem, p->gpa, 1))
		return err_set_fault(err, p->bp.addr,
				     "cannot watch 0x%llx: it is no RAM, and "
				     "page protection (the only means left on "
				     "this host) needs that",
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

	debug_slots_release(vm, index);
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

bool plant_hide(struct vm *vm, unsigned int vcpu, gva_t pc, struct err *err)
{
	struct target_bp bp = hidden_bp(pc);
	struct plant *p = append(vm, &bp, err);
	gpa_t gpa;

	if (!p)
		return false;
	p->hidden = p->wanted = true;
	p->method = PLANT_PENDING;
	if (translate(vm, vcpu, &bp, &gpa))
		patch_lay(vm, p, gpa);
	return true;
}

void plant_sweep_hidden(struct vm *vm)
{
	for (unsigned int i = vm->plants; i-- > 0;) {
		struct plant *p = &vm->plant[i];

		if (!p->hidden || p->wanted)
			continue;
		if (p->method == PLANT_PATCH)
			patch_take(vm, p);
		drop(vm, p);
	}
}

bool plant_remove(struct vm *vm, const struct target_bp *bp, struct err *err)
{
	struct plant *p = plant_find(vm, bp), gone;

	if (!p)
		return true;
	gone = *p;
	if (p->method == PLANT_PATCH)
		patch_take(vm, p);
	drop(vm, p);
	return gone.method != PLANT_PAGE || watch_unprotect(vm, &gone, err);
}

/* ---- looking after them ---- */

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
		    (p->method == PLANT_PATCH && patch_overwritten(vm, p)))
			return true;
	}
	return false;
}

/* Said once, and tried again each time. */
static void protect_late(struct vm *vm, struct plant *p, gpa_t gpa)
{
	struct err err;

	p->gpa = gpa;
	p->method = PLANT_PAGE;
	if (watch_protect(vm, p, &err))
		return;
	p->method = PLANT_PENDING;
	if (!p->lost)
		log_msg(LOG_WARN, "watchpoint at 0x%llx: %s",
			(unsigned long long)p->bp.addr, err.msg);
	p->lost = true;
}

static void try_pending(struct vm *vm, struct plant *p)
{
	gpa_t gpa;

	for (unsigned int i = 0; i < vm->vcpus; i++) {
		if (!translate(vm, i, &p->bp, &gpa))
			continue;
		if (is_exec(p))
			patch_lay(vm, p, gpa);
		else
			protect_late(vm, p, gpa);
		return;
	}
}

void plant_verify(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];

		if (p->method == PLANT_PENDING)
			try_pending(vm, p);
		else if (p->method == PLANT_PATCH && patch_overwritten(vm, p))
			patch_lay_again(vm, p);
	}
}

void plant_reset(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];
		struct target_bp bp = p->bp;
		struct err err;

		if (!is_exec(p) ||
		    (p->method != PLANT_PATCH && p->method != PLANT_PENDING))
			continue;
		debug_slots_release(vm, i);
		if (p->hidden) { /* the IDT is gone; the next sync sweeps */
			p->method = PLANT_PENDING;
			continue;
		}
		memset(p, 0, sizeof(*p));
		p->bp = bp;
		if (!plant_exec(vm, 0, p, &err)) {
			p->method = PLANT_PENDING;
			log_msg(LOG_WARN, "breakpoint at 0x%llx: %s",
				(unsigned long long)bp.addr, err.msg);
		}
	}
}

void plant_means(struct vm *vm, const struct target_bp *bp, struct buf *out)
{
	const struct plant *p = plant_find(vm, bp);
	const char *between = "debug register";

	if (!p)
		return;
	switch (p->method) {
	case PLANT_PENDING:
		buf_str(out, "pending: not mapped yet");
		return;
	case PLANT_PATCH:
		buf_printf(out, "byte at physical 0x%llx",
			   (unsigned long long)p->gpa);
		between = ", doubled by debug register";
		break;
	case PLANT_PAGE:
		buf_printf(out, "protection of page 0x%llx",
			   (unsigned long long)(p->gpa & ~UINT64_C(0xfff)));
		return;
	case PLANT_SLOT:
		break;
	}
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (vm->slot[i].used && &vm->plant[vm->slot[i].plant] == p) {
			buf_printf(out, "%s %d", between, i);
			between = ",";
		}
}
