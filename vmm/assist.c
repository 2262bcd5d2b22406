/*
 * --assist: instructions that KVM's emulator refuses at CPL 0, done here by
 * arch/assist.c and counted.
 */
#include "arch/assist.h"

#include <stdio.h>

#include "base/log.h"
#include "vmm/plant.h"
#include "vmm/vm.h"

static bool access_page(struct vcpu *v, gva_t gva, uint32_t access, gpa_t *gpa,
			uint32_t *pfec)
{
	const struct x86_state *s =
		vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_FPU);
	struct phys_reader mem;
	struct paging p;
	struct walk w;

	if (x86_cpl(s) == 3)
		access |= ACCESS_USER;
	paging_init(&p, s, &v->vm->convert.cpu);
	vm_phys_reader(v->vm, &mem);
	if (!paging_walk(&p, &mem, gva, access, &w)) {
		*pfec = w.pfec;
		return false;
	}
	*gpa = w.gpa;
	return true;
}

/*
 * A few bytes, which may lie on two pages: both are walked before anything is
 * copied.  Device memory is refused as not present: no instruction here has
 * business there.
 */
static bool access(struct vcpu *v, gva_t gva, void *buf, size_t len, bool write,
		   uint32_t *pfec)
{
	size_t first = (size_t)min_u64(len, 0x1000 - (gva & 0xfff));
	uint32_t how = write ? ACCESS_WRITE : ACCESS_READ;
	gpa_t gpa[2] = {0};
	struct err err;
	bool ok = true;

	*pfec = write ? PFEC_W : 0;
	if (!access_page(v, gva, how, &gpa[0], pfec) ||
	    (first < len && !access_page(v, gva + first, how, &gpa[1], pfec)))
		return false;
	for (int i = 0; i < 2 && ok; i++) {
		char *at = (char *)buf + (i ? first : 0);
		size_t part = i ? len - first : first;

		ok = write ? patch_write_under(v->vm, gpa[i], at, part, &err)
			   : guest_mem_read(&v->vm->mem, gpa[i], at, part,
					    &err);
		if (ok && !write)
			patch_hide(v->vm, gpa[i], at, part);
	}
	return ok;
}

static bool assist_read(void *ctx, gva_t gva, void *buf, size_t len,
			uint32_t *pfec)
{
	return access(ctx, gva, buf, len, false, pfec);
}

static bool assist_write(void *ctx, gva_t gva, const void *buf, size_t len,
			 uint32_t *pfec)
{
	return access(ctx, gva, (void *)(uintptr_t)buf, len, true, pfec);
}

void vcpu_assist_count(struct vcpu *v, const char *name, gva_t rip)
{
	struct exit_record *e = recorder_last(&v->recorder);

	if (e) {
		e->device = "assist";
		e->reg = name;
	}
	for (int i = 0; i < VCPU_ASSISTS - 1; i++) {
		if (v->assist[i].name && v->assist[i].name != name)
			continue;
		if (!v->assist[i].name)
			log_msg(LOG_INFO,
				"vCPU %u: --assist does %s at rip 0x%llx, "
				"which this host's KVM cannot; further ones "
				"are only counted (`monitor stats`)",
				v->index, name, (unsigned long long)rip);
		v->assist[i].name = name;
		snprintf(v->assist[i].label, sizeof(v->assist[i].label),
			 "assist_%s", name);
		v->assist[i].n++;
		return;
	}
}

/* Events: what KVM queued (#UD) goes, what the instruction raises comes. */
static bool store_events(struct vcpu *v, enum assist_result result,
			 const struct assist *a)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_EVENT);

	s.event.exception_injected = result == ASSIST_EXCEPTION;
	s.event.exception_pending = s.event.exception_has_payload = false;
	if (result == ASSIST_EXCEPTION) {
		s.event.exception_nr = a->vector;
		s.event.exception_has_error = a->has_error;
		s.event.exception_error = a->error;
	}
	if (result == ASSIST_INTERRUPT) {
		s.event.interrupt_injected = true;
		s.event.interrupt_soft = false;
		s.event.interrupt_nr = a->vector;
	}
	return vcpu_store(v, X86_GROUP_EVENT, &s);
}

bool vcpu_assist(struct vcpu *v)
{
	const struct assist_mem mem = {assist_read, assist_write, v};
	uint8_t bytes[DECODE_MAX_BYTES];
	enum assist_result result;
	struct x86_state s;
	struct decoded d;
	struct assist a;
	size_t n = 0;

	if (!v->vm->config.assist ||
	    v->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return false;
	s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_FPU |
				 X86_GROUP_XCR);
	vcpu_read(v, x86_linear_pc(&s), bytes, sizeof(bytes), &n);
	decode_insn(&s, bytes, n, &d);
	result = assist_insn(&s, &d, &mem, &a);
	if (result == ASSIST_UNKNOWN)
		return false;
	vcpu_assist_count(v, a.name, v->now.rip);
	v->assisted = result == ASSIST_DONE;
	return (!a.groups || vcpu_store(v, a.groups, &s)) &&
	       store_events(v, result, &a);
}
