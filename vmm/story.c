/*
 * What is kept of an exit that ends a guest: taken on the vCPU's thread, while
 * kvm_run is fresh.  stub/why.c makes the text of it.
 */
#include <string.h>

#include "vmm/vm.h"

#define EVIDENCE_GROUPS                                                      \
	(X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_DEBUG | X86_GROUP_EVENT | \
	 X86_GROUP_XCR)

static void copy_exit(struct vcpu *v, struct exit_info *e)
{
	const struct kvm_run *run = v->run;

	e->reason = run->exit_reason;
	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		e->suberror = run->internal.suberror;
		e->ndata =
			(uint32_t)min_u64(run->internal.ndata, EXIT_MAX_DATA);
		memcpy(e->data, run->internal.data, sizeof(e->data));
		break;
	case KVM_EXIT_FAIL_ENTRY:
		e->hw_reason = run->fail_entry.hardware_entry_failure_reason;
		e->cpu = run->fail_entry.cpu;
		break;
	case KVM_EXIT_UNKNOWN:
		e->hw_reason = run->hw.hardware_exit_reason;
		break;
	case KVM_EXIT_EXCEPTION:
		e->exception = run->ex.exception;
		e->error_code = run->ex.error_code;
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		e->event_type = run->system_event.type;
		e->ndata =
			(uint32_t)min_u64(run->system_event.ndata,
					  ARRAY_SIZE(run->system_event.data));
		memcpy(e->data, run->system_event.data,
		       e->ndata * sizeof(e->data[0]));
		break;
	default:
		break;
	}
}

/* struct kvm_run.memory_fault, newer than the oldest headers we build with. */
struct memory_fault {
	uint64_t flags, gpa, size;
};

static void copy_memory_fault(struct vcpu *v, struct exit_info *e)
{
	struct memory_fault fault;

	if (v->run->exit_reason != EXIT_MEMORY_FAULT ||
	    !v->vm->config.caps->memory_fault)
		return;
	memcpy(&fault, &v->run->hw, sizeof(fault));
	e->reason = EXIT_MEMORY_FAULT;
	e->fault_flags = fault.flags;
	e->fault_gpa = fault.gpa;
	e->fault_size = fault.size;
}

static bool wiped(const struct vcpu *v, int os_errno)
{
	return !os_errno && v->run->exit_reason == KVM_EXIT_SHUTDOWN &&
	       v->vm->config.caps->shutdown == SHUTDOWN_RESETS;
}

/* The registers KVM has wiped, as they were when the guest was last entered. */
static void take_before(const struct vcpu *v, struct x86_state *s)
{
	const struct x86_state *b = &v->before;

	memcpy(s->gpr, b->gpr, sizeof(s->gpr));
	s->rip = b->rip;
	s->rflags = b->rflags;
	memcpy(s->seg, b->seg, sizeof(s->seg));
	s->gdt = b->gdt;
	s->idt = b->idt;
	s->cr0 = b->cr0;
	s->cr2 = b->cr2;
	s->cr3 = b->cr3;
	s->cr4 = b->cr4;
	s->efer = b->efer;
}

/* PKRU matters to a page walk, and costs an ioctl, only where keys are on. */
static void take_now(struct vcpu *v, struct x86_state *s)
{
	*s = *vcpu_now(v, EVIDENCE_GROUPS);
	if (s->cr4 & X86_CR4_PKE)
		*s = *vcpu_now(v, EVIDENCE_GROUPS | X86_GROUP_FPU);
}

void story_error(struct vcpu *v, int os_errno, struct target_stop *stop)
{
	struct target_evidence *ev = &v->evidence;
	struct exit_info *e = &ev->exit;

	memset(ev, 0, sizeof(*ev));
	ev->vcpu = v->index;
	e->run_errno = os_errno;
	e->flags = v->run->flags;
	e->vendor = exit_vendor_of_module(v->vm->config.caps->backend);
	if (os_errno)
		copy_memory_fault(v, e);
	else
		copy_exit(v, e);
	e->state_reset = wiped(v, os_errno);
	take_now(v, &ev->state);
	ev->has_state = true;
	if (e->state_reset && v->has_before) {
		take_before(v, &ev->state);
		ev->from_before = true;
		ev->age_ns = recorder_now() - v->before_ns;
	}
	v->has_evidence = true;
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_ERROR;
	stop->vcpu = v->index;
	stop->signal = (int)exit_signal(e);
	stop->status_word = exit_status_word(e);
}

void story_halted(struct vcpu *v, struct target_stop *stop)
{
	buf_clear(&v->story);
	buf_printf(&v->story,
		   "vCPU %u executed HLT and this machine has no interrupt "
		   "controller (--irqchip none): nothing can wake it. "
		   "Continuing runs on behind the HLT.\n",
		   v->index);
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_INTERRUPT;
	stop->vcpu = v->index;
	stop->signal = GDB_SIGNAL_TRAP;
	stop->text = buf_cstr(&v->story);
}
