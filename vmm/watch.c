/*
 * Data watchpoints by page protection: the access becomes an MMIO exit inside
 * RAM, which is done here on the host's copy and compared with what is watched.
 */
#include <string.h>

#include "base/log.h"
#include "vmm/plant.h"

#define PAGE_SIZE UINT64_C(4096)

static bool wants(const struct plant *p, bool write)
{
	return p->bp.type == BP_ACCESS ||
	       (write ? p->bp.type == BP_WRITE : p->bp.type == BP_READ);
}

static void note_hit(struct vcpu *v, gpa_t gpa, unsigned int len, bool write)
{
	for (unsigned int i = 0; i < v->vm->plants; i++) {
		const struct plant *p = &v->vm->plant[i];

		if (p->method != PLANT_PAGE || !wants(p, write) ||
		    !ranges_overlap(gpa, len, p->gpa, p->bp.len))
			continue;
		v->watch_hit = true;
		memset(&v->watch_stop, 0, sizeof(v->watch_stop));
		v->watch_stop.kind = STOP_WATCH;
		v->watch_stop.vcpu = v->index;
		v->watch_stop.signal = GDB_SIGNAL_TRAP;
		v->watch_stop.bp_type = p->bp.type;
		v->watch_stop.addr =
			p->bp.addr + (gpa > p->gpa ? gpa - p->gpa : 0);
		return;
	}
}

bool watch_mmio(struct vcpu *v, struct kvm_run *run)
{
	gpa_t gpa = run->mmio.phys_addr;
	unsigned int len = run->mmio.len;
	struct err err;

	if (len > sizeof(run->mmio.data) ||
	    slots_protection(&v->vm->slots, gpa) == PAGE_OPEN ||
	    !guest_mem_is_ram(&v->vm->mem, gpa, len))
		return false;
	if (run->mmio.is_write) {
		if (!patch_write_under(v->vm, gpa, run->mmio.data, len, &err))
			return false;
	} else {
		if (!guest_mem_read(&v->vm->mem, gpa, run->mmio.data, len,
				    &err))
			return false;
	}
	note_hit(v, gpa, len, run->mmio.is_write);
	return true;
}

/* Strongest protection that the watchpoints on this page ask for. */
static enum page_protection needed(const struct vm *vm, gpa_t page)
{
	enum page_protection need = PAGE_OPEN;

	for (unsigned int i = 0; i < vm->plants; i++) {
		const struct plant *p = &vm->plant[i];

		if (p->method != PLANT_PAGE ||
		    !ranges_overlap(page, PAGE_SIZE, p->gpa, p->bp.len))
			continue;
		if (p->bp.type != BP_WRITE)
			return PAGE_HOLE;
		need = PAGE_READ_ONLY;
	}
	return need;
}

static bool protect_pages(struct vm *vm, gpa_t gpa, uint64_t len,
			  struct err *err)
{
	gpa_t page = gpa & ~(PAGE_SIZE - 1);

	for (; page < gpa + len; page += PAGE_SIZE)
		if (!slots_protect(&vm->slots, page, needed(vm, page), err))
			return false;
	return true;
}

/* A page that code is fetched from cannot be taken away from the guest. */
static bool runs_on(struct vm *vm, const struct plant *p)
{
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];
		const struct x86_state *s =
			vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
		struct walk w;

		if (!vcpu_walk(v, x86_linear_pc(s), &w))
			continue;
		if (ranges_overlap(w.gpa & ~(PAGE_SIZE - 1), PAGE_SIZE, p->gpa,
				   p->bp.len))
			return true;
	}
	return false;
}

bool watch_protect(struct vm *vm, struct plant *p, struct err *err)
{
	if (p->bp.len > PAGE_SIZE ||
	    !guest_mem_is_ram(&vm->mem, p->gpa, p->bp.len))
		return err_set(err, ERR_RANGE,
			       "cannot watch %llu bytes at 0x%llx by page "
			       "protection: at most 4096 bytes of RAM",
			       (unsigned long long)p->bp.len,
			       (unsigned long long)p->bp.addr);
	if ((p->bp.addr & (PAGE_SIZE - 1)) + p->bp.len > PAGE_SIZE &&
	    !p->bp.physical)
		log_msg(LOG_INFO,
			"watchpoint at 0x%llx crosses a page: the second page "
			"is taken as physically next to the first",
			(unsigned long long)p->bp.addr);
	if (p->bp.type != BP_WRITE && runs_on(vm, p))
		return err_set(err, ERR_UNSUPPORTED,
			       "cannot watch reads of 0x%llx: code runs from "
			       "the same page, and this host can only watch by "
			       "taking the page away; a write watchpoint works",
			       (unsigned long long)p->bp.addr);
	if (protect_pages(vm, p->gpa, p->bp.len, err))
		return true;
	p->method = PLANT_PENDING; /* so that needed() does not count it */
	return false;
}

bool watch_unprotect(struct vm *vm, const struct plant *p, struct err *err)
{
	return protect_pages(vm, p->gpa, p->bp.len, err);
}

/* Contents of what is watched, to see what an unwatched step changed. */
static unsigned int look(struct vcpu *v, uint8_t old[][16])
{
	struct vm *vm = v->vm;
	unsigned int n = 0;
	struct err err;

	for (unsigned int i = 0; i < vm->plants && n < SLOTS_MAX_PROTECTED;
	     i++) {
		const struct plant *p = &vm->plant[i];

		if (p->method != PLANT_PAGE)
			continue;
		memset(old[n], 0, 16);
		if (guest_mem_read(&vm->mem, p->gpa, old[n],
				   min_u64(p->bp.len, 16), &err))
			n++;
	}
	return n;
}

static void compare(struct vcpu *v, uint8_t old[][16], unsigned int n)
{
	uint8_t now[SLOTS_MAX_PROTECTED][16];
	unsigned int k = 0;

	if (look(v, now) != n)
		return;
	for (unsigned int i = 0; i < v->vm->plants && k < n; i++) {
		const struct plant *p = &v->vm->plant[i];

		if (p->method != PLANT_PAGE)
			continue;
		if (memcmp(old[k], now[k], 16))
			note_hit(v, p->gpa, 1, true);
		k++;
	}
}

/*
 * KVM could not emulate an instruction, perhaps because it touched a protected
 * page: let it run natively with the protection off, and compare.
 */
bool watch_retry(struct vcpu *v, struct target_stop *stop, bool *handled)
{
	uint8_t old[SLOTS_MAX_PROTECTED][16];
	struct vm *vm = v->vm;
	enum step_result r;
	unsigned int n;
	struct err err;

	*handled = false;
	if (!vm->slots.pages || v->retrying ||
	    v->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return false;
	n = look(v, old);
	if (!slots_apply(&vm->slots, false, &err))
		return false;
	v->retrying = true;
	r = vcpu_step(v, stop);
	v->retrying = false;
	if (!slots_apply(&vm->slots, true, &err))
		log_msg(LOG_ERROR, "page protection was lost: %s", err.msg);
	*handled = true;
	if (r == STEP_STOPPED)
		return true;
	compare(v, old, n);
	if (v->watch_hit) {
		v->watch_hit = false;
		*stop = v->watch_stop;
		return true;
	}
	return false;
}
