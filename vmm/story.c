/*
 * The text of an error stop: verdict, decoded exit, register dump, code bytes.
 * Everything is built on the vCPU's thread, while the evidence is fresh.
 */
#include <string.h>

#include "arch/dump.h"
#include "arch/exit_text.h"
#include "vmm/vm.h"

enum {
	CODE_BYTES = 50,
	CODE_BEFORE = 20,
};

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

static void describe(struct vcpu *v, int os_errno, struct exit_info *e)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	const struct host_caps *caps = v->vm->config.caps;
	size_t done = 0;

	memset(e, 0, sizeof(*e));
	e->run_errno = os_errno;
	e->flags = v->run->flags;
	e->vendor = exit_vendor_of_module(caps->backend);
	if (os_errno)
		copy_memory_fault(v, e);
	else
		copy_exit(v, e);
	e->has_regs = true;
	e->rip = s->rip;
	e->rax = s->gpr[X86_RAX];
	e->rcx = s->gpr[X86_RCX];
	e->rdx = s->gpr[X86_RDX];
	e->code64 = x86_mode(s) == X86_MODE_LONG64;
	e->state_reset = e->reason == EXIT_SHUTDOWN && !os_errno &&
			 caps->shutdown == SHUTDOWN_RESETS;
	if (!vcpu_read(v, x86_linear_pc(s), e->insn, sizeof(e->insn), &done))
		e->insn_len = (unsigned int)done;
	else
		e->insn_len = sizeof(e->insn);
}

static void dump_bytes(struct vcpu *v, const struct x86_state *s,
		       struct buf *out)
{
	uint8_t bytes[CODE_BYTES] = {0};
	bool valid[CODE_BYTES];
	gva_t pc = x86_linear_pc(s);
	unsigned int before = (unsigned int)min_u64(CODE_BEFORE, s->rip);
	size_t done;

	for (unsigned int i = 0; i < CODE_BYTES; i++)
		valid[i] = vcpu_read(v, pc - before + i, &bytes[i], 1, &done);
	dump_code(out, bytes, valid, CODE_BYTES, before);
}

static void end_line(struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_byte(out, '\n');
}

static void dump_state(struct vcpu *v, bool state_reset, struct buf *out)
{
	struct x86_state s =
		*vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_DEBUG |
				     X86_GROUP_EVENT);

	if (state_reset && v->has_before) {
		buf_str(out, "KVM on this host resets the vCPU at a triple "
			     "fault; "
			     "these are the registers at the last exit before "
			     "it:\n");
		memcpy(s.gpr, v->before.gpr, sizeof(s.gpr));
		s.rip = v->before.rip;
		s.rflags = v->before.rflags;
		memcpy(s.seg, v->before.seg, sizeof(s.seg));
		s.gdt = v->before.gdt;
		s.idt = v->before.idt;
		s.cr0 = v->before.cr0;
		s.cr2 = v->before.cr2;
		s.cr3 = v->before.cr3;
		s.cr4 = v->before.cr4;
		s.efer = v->before.efer;
	}
	dump_registers(out, &s);
	end_line(out);
	dump_bytes(v, &s, out);
	end_line(out);
}

void story_error(struct vcpu *v, int os_errno, struct target_stop *stop)
{
	struct exit_info e;

	describe(v, os_errno, &e);
	buf_clear(&v->story);
	exit_verdict(&v->story, &e);
	end_line(&v->story);
	exit_opening(&v->story, &e);
	end_line(&v->story);
	exit_details(&v->story, &e);
	end_line(&v->story);
	dump_state(v, e.state_reset, &v->story);
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_ERROR;
	stop->vcpu = v->index;
	stop->signal = (int)exit_signal(&e);
	stop->status_word = exit_status_word(&e);
	stop->text = buf_cstr(&v->story);
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
