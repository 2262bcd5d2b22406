/* What the flight recorder keeps of the exit that a vCPU is at. */
#include <errno.h>

#include "vmm/vm.h"

struct exit_record vcpu_record(struct vcpu *v)
{
	struct exit_record e = {.time_ns = recorder_now(),
				.reason = v->run->exit_reason,
				.count = 1};

	vcpu_place(v, &e.rip, &e.cr3);
	return e;
}

/* The two numbers of an exit that is no access (arch/exit/record.h). */
static void take_numbers(const struct kvm_run *run, struct exit_record *e)
{
	switch (run->exit_reason) {
	case KVM_EXIT_UNKNOWN:
		e->value = run->hw.hardware_exit_reason;
		break;
	case KVM_EXIT_EXCEPTION:
		e->where = run->ex.exception;
		e->value = run->ex.error_code;
		break;
	case KVM_EXIT_HYPERCALL:
		e->where = run->hypercall.nr;
		break;
	case KVM_EXIT_DEBUG:
		e->where = run->debug.arch.exception;
		e->value = run->debug.arch.dr6;
		break;
	case KVM_EXIT_FAIL_ENTRY:
		e->value = run->fail_entry.hardware_entry_failure_reason;
		break;
	case KVM_EXIT_SET_TPR:
		e->value = run->cr8;
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		e->where = run->internal.suberror;
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		e->where = run->system_event.type;
		break;
	case KVM_EXIT_IOAPIC_EOI:
		e->where = run->eoi.vector;
		e->device = "ioapic";
		break;
	default:
		break;
	}
}

/* Exits that mean nothing by themselves and can come in thousands. */
static bool is_filler(const struct vcpu *v)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_DEBUG:
		return v->stepping;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
		return true;
	default:
		return false;
	}
}

void vcpu_record_exit(struct vcpu *v)
{
	struct exit_record e;

	if (!recorder_on(&v->recorder))
		return;
	e = vcpu_record(v);
	take_numbers(v->run, &e);
	if (is_filler(v))
		recorder_add_merged(&v->recorder, &e);
	else
		recorder_add(&v->recorder, &e);
}

void vcpu_record_errno(struct vcpu *v, int os_errno)
{
	struct exit_record e;

	if (!recorder_on(&v->recorder))
		return;
	e = vcpu_record(v);
	e.run_errno = os_errno;
	if (os_errno == EINTR)
		recorder_add_merged(&v->recorder, &e);
	else
		recorder_add(&v->recorder, &e);
}
