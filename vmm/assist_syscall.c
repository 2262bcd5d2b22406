/*
 * --assist: SYSCALL from CPL 3 on a host that leaves it half done.
 *
 * Such a host goes to LSTAR with CPL 3, and the guest gets a page fault for
 * the fetch.  So the last debug register is kept on the first instruction of
 * the guest's #PF handler, the same one for all vCPUs; each page fault comes by
 * here.  Those of a SYSCALL are undone (arch/assist_syscall.c), the others pass
 * with a step.
 *
 * KVM tells nobody of a new IDT: it is looked at on every exit.  What a guest
 * changes between its last exit and its first SYSCALL is missed.
 */
#include "vmm/assist_syscall.h"

#include <stdatomic.h>

#include "arch/assist.h"
#include "vmm/plant.h"

#define GPR_SYS	  (X86_GROUP_GPR | X86_GROUP_SYS)
#define VECTOR_PF 14

bool assist_syscall_needed(const struct host_caps *caps)
{
	return caps->syscall == CAP_NO && caps->cpl0.hw_exec == CAP_YES &&
	       caps->cpl0.step == CAP_YES;
}

/* ---- where the handler is ---- */

/* The gate's bytes; *at says where they lie for the next time. */
static bool read_gate(struct vcpu *v, struct pf_gate *at, uint8_t *bytes)
{
	const struct x86_state *s = vcpu_now(v, GPR_SYS);
	gva_t gva = s->idt.base + VECTOR_PF * 16;
	struct err err;
	struct walk w;

	if (!(s->efer & X86_EFER_LMA) || s->idt.limit < VECTOR_PF * 16 + 15)
		return false;
	if (at->cr3 != s->cr3 || at->gva != gva || !at->gva) {
		if (!vcpu_walk(v, gva, &w))
			return false;
		*at = (struct pf_gate){gva, s->cr3, w.gpa};
	}
	return guest_mem_read(&v->vm->mem, at->gpa, bytes, 16, &err);
}

/* SDM Vol 3A, "64-Bit Mode IDT". */
static gva_t handler(const uint8_t *g)
{
	if (!(g[5] & 0x80) || (g[5] & 0xe) != 0xe)
		return 0;
	return g[0] | (gva_t)g[1] << 8 | (gva_t)g[6] << 16 | (gva_t)g[7] << 24 |
	       (gva_t)g[8] << 32 | (gva_t)g[9] << 40 | (gva_t)g[10] << 48 |
	       (gva_t)g[11] << 56;
}

void assist_syscall_follow(struct vcpu *v)
{
	uint8_t gate[16];
	gva_t to;

	if (!v->vm->assist_syscall || !read_gate(v, &v->pf_gate, gate))
		return;
	to = handler(gate);
	if (!to || to == atomic_load(&v->vm->pf_handler))
		return;
	pthread_mutex_lock(&v->vm->lock);
	atomic_store(&v->vm->pf_handler, to);
	vcpu_nudge_others_locked(v);
	pthread_mutex_unlock(&v->vm->lock);
}

/* ---- a page fault ---- */

static bool read_fault(struct vcpu *v, const struct x86_state *s,
		       struct syscall_fault *f)
{
	size_t done;

	if (!vcpu_read(v, s->gpr[X86_RSP], f,
		       offsetof(struct syscall_fault, insn), &done) ||
	    f->rip != s->cr2) /* before any system call */
		return false;
	if (v->stepping)
		f->rflags &= ~(uint64_t)X86_FL_TF;
	return vcpu_read(v, s->gpr[X86_RCX] - sizeof(f->insn), f->insn,
			 sizeof(f->insn), &done);
}

/* The step's own debug registers leave the one here out. */
static bool let_pass(struct vcpu *v, struct target_stop *stop)
{
	return vcpu_step(v, stop) == STEP_STOPPED;
}

bool assist_syscall_fault(struct vcpu *v, struct target_stop *stop,
			  bool *handled)
{
	struct syscall_fault f;
	struct x86_state s;
	struct plant *p;

	*handled = false;
	s = *vcpu_now(v, GPR_SYS);
	if (!s.rip || s.rip != v->pf_armed)
		return false;
	if (read_fault(v, &s, &f)) {
		s = *vcpu_now(v, GPR_SYS | X86_GROUP_MSR);
		if (assist_syscall(&s, &f)) {
			vcpu_record_exit(v);
			vcpu_assist_count(v, "syscall", s.gpr[X86_RCX] - 2);
			v->assisted = *handled = true;
			vcpu_store(v, GPR_SYS, &s);
			return false;
		}
	}
	/* Does somebody wait for it here: a breakpoint, a step? */
	p = plant_exec_at(v->vm, s.rip);
	if (v->stepping || (p && !p->hidden))
		return false;
	*handled = true;
	return let_pass(v, stop);
}
