/*
 * Where a step may land other than at the trap that the trap flag brings: the
 * spare debug registers watch those places.
 */
#include <string.h>

#include "vmm/kvm.h"
#include "vmm/plant.h"
#include "vmm/step_impl.h"

#define VECTOR_DB   1
#define VECTOR_NMI  2
#define DR7_ENABLED 0xffu /* L0 to G3: SDM Vol 3B, "Debug Registers" */

static unsigned int spare_slots(const struct vcpu *v)
{
	unsigned int spare = 0;

	for (unsigned int i = 0; i < debug_slots_count(v->vm); i++)
		spare += v->bare || !v->vm->slot[i].used;
	return spare;
}

static void add_landing(struct vcpu *v, gva_t addr, bool exception,
			bool has_error)
{
	/* The step begins at this very handler: it must leave it. */
	if (addr == v->pass_pc || v->landings >= spare_slots(v))
		return;
	for (unsigned int i = 0; i < v->landings; i++)
		if (v->landing[i].addr == addr)
			return;
	v->landing[v->landings++] =
		(struct landing){addr, exception, has_error};
}

/* Handler of a vector, as far as it can be told without checking the gate. */
static bool gate_target(struct vcpu *v, const struct x86_state *s,
			unsigned int vector, gva_t *to)
{
	uint8_t g[16] = {0};
	size_t size = s->efer & X86_EFER_LMA ? 16 : s->cr0 & X86_CR0_PE ? 8 : 4;
	size_t done;

	if ((uint64_t)vector * size + size - 1 > s->idt.limit ||
	    !vcpu_read(v, s->idt.base + vector * size, g, size, &done))
		return false;
	if (size == 4) {
		*to = ((gva_t)(g[2] | g[3] << 8) << 4) + (g[0] | g[1] << 8);
		return true;
	}
	*to = g[0] | (gva_t)g[1] << 8 | (gva_t)g[6] << 16 | (gva_t)g[7] << 24;
	if (size == 16)
		*to |= (gva_t)g[8] << 32 | (gva_t)g[9] << 40 |
		       (gva_t)g[10] << 48 | (gva_t)g[11] << 56;
	return g[5] & 0x80; /* present */
}

static void add_vector(struct step *st, unsigned int vector, bool error)
{
	gva_t to;

	if (gate_target(st->v, &st->from, vector, &to))
		add_landing(st->v, to, true,
			    error && st->from.cr0 & X86_CR0_PE);
}

gva_t step_stack(const struct x86_state *s)
{
	uint64_t sp = s->gpr[X86_RSP];

	if (x86_mode(s) == X86_MODE_LONG64)
		return sp;
	return s->seg[X86_SS].base +
	       (s->seg[X86_SS].attr & X86_AR_DB ? (uint32_t)sp : (uint16_t)sp);
}

uint64_t step_stack_word(struct step *st, unsigned int index)
{
	unsigned int size = st->insn.operand_size;
	gva_t at = step_stack(&st->from) + (uint64_t)index * size;
	uint64_t word = 0;
	size_t done;

	if (!vcpu_read(st->v, at, &word, size, &done))
		return 0;
	return word;
}

/* SDM Vol 2B, "SYSCALL"; AMD APM Vol 3, "SYSCALL": not only 64-bit code. */
static gva_t syscall_target(struct step *st)
{
	const struct x86_state *s = vcpu_now(st->v, X86_GROUP_MSR);

	if (x86_mode(&st->from) == X86_MODE_LONG64)
		return s->msr.lstar;
	return st->from.efer & X86_EFER_LMA ? s->msr.cstar
					    : (uint32_t)s->msr.star;
}

/* Some hosts stop one instruction late after it; a base that changes in
 * protected mode is not looked up. */
static gva_t iret_target(struct step *st)
{
	uint64_t ip = step_stack_word(st, 0), cs = step_stack_word(st, 1);

	switch (x86_mode(&st->from)) {
	case X86_MODE_LONG64:
		return ip;
	case X86_MODE_REAL:
	case X86_MODE_VM86:
		return ((cs & 0xffff) << 4) + (uint16_t)ip;
	default:
		return (uint32_t)(st->from.seg[X86_CS].base + ip);
	}
}

/* ---- interrupts ---- */

/* SDM Vol 3A, "Local APIC Register Address Map" */
enum {
	APIC_IRR = 0x200,
	APIC_LVTT = 0x320,
	APIC_LVT_MASKED = 1 << 16,
};

static uint32_t apic_reg(const struct kvm_lapic_state *l, unsigned int at)
{
	uint32_t value;

	memcpy(&value, l->regs + at, sizeof(value));
	return value;
}

/* Vectors that KVM's own controllers are most likely to deliver next. */
static void add_interrupts(struct step *st)
{
	struct kvm_lapic_state l;
	uint32_t irr = 0, lvtt;

	if (st->v->vm->config.irqchip == IRQCHIP_USER ||
	    KVM_IOCTL(st->v->fd, KVM_GET_LAPIC, &l) < 0)
		return;
	for (unsigned int i = 8; i-- > 0 && !irr;) {
		irr = apic_reg(&l, APIC_IRR + 16 * i);
		if (irr)
			add_vector(st,
				   32 * i + 31 -
					   (unsigned int)__builtin_clz(irr),
				   false);
	}
	lvtt = apic_reg(&l, APIC_LVTT);
	if (!(lvtt & APIC_LVT_MASKED))
		add_vector(st, lvtt & 0xff, false);
}

void landing_add_vector(struct vcpu *v, unsigned int vector)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	unsigned int spare = spare_slots(v);
	gva_t to;

	if (!spare || !gate_target(v, s, vector, &to))
		return;
	if (v->landings == spare)
		v->landings--;
	add_landing(v, to, true, false);
}

/* What is delivered before the instruction, and the guest's own #DB. */
static void add_events(struct step *st)
{
	const struct x86_events *e;
	const struct x86_state *s =
		vcpu_now(st->v, X86_GROUP_EVENT | X86_GROUP_DEBUG);

	e = &s->event;
	if (e->exception_injected || e->exception_pending)
		add_vector(st, e->exception_nr, e->exception_has_error);
	if (e->nmi_injected || e->nmi_pending)
		add_vector(st, VECTOR_NMI, false);
	if (e->interrupt_injected)
		add_vector(st, e->interrupt_nr, false);
	if (s->dr7 & DR7_ENABLED)
		add_vector(st, VECTOR_DB, false);
}

/* Does this step let an interrupt in, if one comes? */
static bool is_open(struct step *st)
{
	struct vcpu *v = st->v;

	return (st->from.rflags & X86_FL_IF) &&
	       (!v->vm->block_irqs || !v->vm->config.caps->block_irq ||
		vcpu_is_halted(v));
}

void landings_plan(struct step *st)
{
	struct vcpu *v = st->v;
	const struct x86_state *msrs;

	v->landings = 0;
	if (st->user.on)
		add_landing(v, st->user.handler, true, false);
	add_events(st);
	if (is_open(st))
		add_interrupts(st);
	switch (st->insn.kind) {
	case INSN_SYSCALL:
		add_landing(v, syscall_target(st), false, false);
		break;
	case INSN_SWAPGS:
		add_landing(v, st->pc + st->insn.length, false, false);
		break;
	case INSN_IRET:
		add_landing(v, iret_target(st), false, false);
		break;
	case INSN_SYSENTER:
		msrs = vcpu_now(v, X86_GROUP_MSR);
		add_landing(v, msrs->msr.sysenter_eip, false, false);
		break;
	case INSN_INT:
		add_vector(st, st->insn.vector, false);
		break;
	case INSN_INTO:
		add_vector(st, 4, false);
		break;
	case INSN_DIV:
		add_vector(st, 0, false);
		break;
	default:
		break;
	}
	add_vector(st, 14, true);
	add_vector(st, 13, true);
	add_vector(st, 6, false);
	add_vector(st, 7, false);
}
