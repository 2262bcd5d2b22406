/*
 * The text of an error stop: verdict, decoded exit, register dump, code bytes.
 * Everything is built on the vCPU's thread, while the evidence is fresh.
 */
#include <string.h>

#include "arch/dump.h"
#include "arch/exit/text.h"
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

/*
 * The registers the story is about: the vCPU's own, or where KVM has wiped
 * them at a triple fault, those of the last exit before it.
 */
static bool wiped(const struct vcpu *v, int os_errno)
{
	return !os_errno && v->run->exit_reason == KVM_EXIT_SHUTDOWN &&
	       v->vm->config.caps->shutdown == SHUTDOWN_RESETS;
}

static void take_state(struct vcpu *v, bool is_wiped, struct x86_state *s)
{
	const struct x86_state *b = &v->before;

	*s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_DEBUG |
				  X86_GROUP_EVENT);
	if (!is_wiped || !v->has_before)
		return;
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

/* Guest memory as those registers map it; returns how much was readable. */
static size_t read_at(struct vcpu *v, const struct x86_state *s, gva_t gva,
		      void *buf, size_t len)
{
	struct phys_reader mem;
	struct paging p;
	size_t done = 0;
	struct err err;

	paging_init(&p, s, &v->vm->convert.cpu);
	vm_phys_reader(v->vm, &mem);
	return paging_read(&p, &mem, gva, buf, len, &done, &err) ? len : done;
}

static void describe(struct vcpu *v, int os_errno, const struct x86_state *s,
		     struct exit_info *e)
{
	memset(e, 0, sizeof(*e));
	e->run_errno = os_errno;
	e->flags = v->run->flags;
	e->vendor = exit_vendor_of_module(v->vm->config.caps->backend);
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
	e->state_reset = wiped(v, os_errno);
	e->insn_len = (unsigned int)read_at(v, s, x86_linear_pc(s), e->insn,
					    sizeof(e->insn));
}

static void dump_bytes(struct vcpu *v, const struct x86_state *s,
		       struct buf *out)
{
	uint8_t bytes[CODE_BYTES] = {0};
	bool valid[CODE_BYTES];
	gva_t pc = x86_linear_pc(s);
	unsigned int before = (unsigned int)min_u64(CODE_BEFORE, s->rip);

	for (unsigned int i = 0; i < CODE_BYTES; i++)
		valid[i] = read_at(v, s, pc - before + i, &bytes[i], 1) == 1;
	dump_code(out, bytes, valid, CODE_BYTES, before);
}

static void end_line(struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_byte(out, '\n');
}

/* A breakpoint set at an address that is not the start of an instruction. */
static void blame_breakpoint(struct vcpu *v, const struct x86_state *s,
			     struct buf *out)
{
	gva_t pc = x86_linear_pc(s);

	for (unsigned int i = 0; i < v->vm->plants; i++) {
		const struct plant *p = &v->vm->plant[i];

		if (p->method != PLANT_PATCH ||
		    !range_ok(pc + 1, EXIT_MAX_INSN - 1, p->bp.addr, 1))
			continue;
		buf_printf(out,
			   "  note: a software breakpoint is planted at "
			   "0x%llx, "
			   "%llu bytes behind rip; if that is inside this "
			   "instruction, the breakpoint broke it: delete it "
			   "and use the address of an instruction\n",
			   (unsigned long long)p->bp.addr,
			   (unsigned long long)(p->bp.addr - pc));
	}
}

void story_error(struct vcpu *v, int os_errno, struct target_stop *stop)
{
	bool is_wiped = wiped(v, os_errno);
	struct buf *out = &v->story;
	struct exit_info e;
	struct x86_state s;

	take_state(v, is_wiped, &s);
	describe(v, os_errno, &s, &e);
	buf_clear(out);
	exit_verdict(out, &e);
	end_line(out);
	exit_opening(out, &e);
	end_line(out);
	exit_details(out, &e);
	end_line(out);
	if (e.suberror == SUBERROR_EMULATION)
		blame_breakpoint(v, &s, out);
	if (is_wiped)
		buf_str(out, v->has_before ? "KVM on this host resets the vCPU "
					     "at a "
					     "triple fault; these are the "
					     "registers at "
					     "the last exit before it:\n"
					   : "KVM on this host resets the vCPU "
					     "at a "
					     "triple fault; these are its "
					     "registers "
					     "after that:\n");
	dump_registers(out, &s);
	end_line(out);
	dump_bytes(v, &s, out);
	end_line(out);
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_ERROR;
	stop->vcpu = v->index;
	stop->signal = (int)exit_signal(&e);
	stop->status_word = exit_status_word(&e);
	stop->text = buf_cstr(out);
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
