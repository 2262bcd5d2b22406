/*
 * One instruction of one vCPU.
 *
 * KVM steps with the trap flag, and each way the guest can notice or escape it
 * is met here: PUSHF and interrupt frames would show it, SYSCALL copies it to
 * R11, POPF and IRET replace it, a fault's handler starts without it, and an
 * I/O exit loses it.  Faults are caught by landing places: spare debug
 * registers on the gates that the instruction may go through.
 */
#include <string.h>

#include "arch/insn.h"
#include "vmm/plant.h"
#include "vmm/user_irqchip.h"

#define GPR_SYS (X86_GROUP_GPR | X86_GROUP_SYS)

enum {
	MAX_INSN = 15,
	MAX_ROUNDS = 4096, /* KVM_RUNs for one instruction: REP I/O, aliases */
};

struct step {
	struct vcpu *v;
	struct x86_state from; /* GPR and SYS before the instruction */
	gva_t pc;
	struct insn insn;
	bool want_tf; /* the guest's own TF after the instruction */
};

/* ---- landing places ---- */

static unsigned int spare_slots(const struct vcpu *v)
{
	unsigned int spare = 0;

	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
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

static gva_t stack_at(const struct x86_state *s)
{
	uint64_t sp = s->gpr[X86_RSP];

	if (x86_mode(s) == X86_MODE_LONG64)
		return sp;
	return s->seg[X86_SS].base +
	       (s->seg[X86_SS].attr & X86_AR_DB ? (uint32_t)sp : (uint16_t)sp);
}

/* Stack of a given operand size: what IRET and POPF will load. */
static uint64_t stack_word(struct step *st, unsigned int index)
{
	unsigned int size = st->insn.operand_size;
	gva_t at = stack_at(&st->from) + (uint64_t)index * size;
	uint64_t word = 0;
	size_t done;

	if (!vcpu_read(st->v, at, &word, size, &done))
		return 0;
	return word;
}

static void add_landings(struct step *st)
{
	struct vcpu *v = st->v;
	const struct x86_state *msrs;

	v->landings = 0;
	switch (st->insn.kind) {
	case INSN_SYSCALL:
		msrs = vcpu_now(v, X86_GROUP_MSR);
		add_landing(v, msrs->msr.lstar, false, false);
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

/* ---- the trap flag ---- */

static void prepare(struct step *st, struct vcpu *v)
{
	uint8_t bytes[MAX_INSN] = {0};
	size_t done = 0;

	memset(st, 0, sizeof(*st));
	st->v = v;
	st->from = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	st->pc = x86_linear_pc(&st->from);
	if (!vcpu_read(v, st->pc, bytes, sizeof(bytes), &done) && !done)
		return;
	insn_classify(bytes, done, x86_mode(&st->from), &st->insn);
	st->want_tf = st->from.rflags & X86_FL_TF;
	if (st->insn.kind == INSN_POPF)
		st->want_tf = stack_word(st, 0) & X86_FL_TF;
	else if (st->insn.kind == INSN_IRET)
		st->want_tf = stack_word(st, 2) & X86_FL_TF;
}

static void clear_pushed_tf(struct vcpu *v, const struct x86_state *s,
			    unsigned int offset)
{
	gva_t sp = stack_at(s) + offset + 1; /* TF is bit 8: bit 0 there */
	uint8_t byte;
	size_t done;

	if (vcpu_read(v, sp, &byte, 1, &done) && (byte & 1)) {
		byte &= 0xfe;
		vcpu_write(v, sp, &byte, 1);
	}
}

/* Bytes of one slot of an interrupt frame in the handler's mode. */
static unsigned int frame_slot(const struct x86_state *s)
{
	return s->efer & X86_EFER_LMA ? 8 : s->cr0 & X86_CR0_PE ? 4 : 2;
}

/* Linear address under which the processor pushes an interrupt frame. */
static bool frame_top(struct step *st, gva_t *top)
{
	const struct x86_state *s = &st->from;
	size_t done;

	if (x86_mode(s) == X86_MODE_LONG64 && x86_cpl(s) == 0) {
		*top = s->gpr[X86_RSP] & ~UINT64_C(15);
		return true;
	}
	if (x86_cpl(s) == 0) {
		*top = s->seg[X86_SS].base +
		       (s->seg[X86_SS].attr & X86_AR_DB
				? (uint32_t)s->gpr[X86_RSP]
				: (uint16_t)s->gpr[X86_RSP]);
		return true;
	}
	/* SDM Vol 3A, "64-Bit Task State Segment": RSP0 */
	return s->efer & X86_EFER_LMA &&
	       vcpu_read(st->v, s->seg[X86_TR].base + 4, top, 8, &done);
}

/*
 * An interrupt that came in during the step pushed the flags with TF; the step
 * ended in its handler or past the handler's first instruction.  The frame is
 * known by its return address, the instruction that has not run yet.
 */
static void hide_tf_in_interrupt_frame(struct step *st)
{
	unsigned int size = frame_slot(&st->from);
	unsigned int words = st->from.efer & X86_EFER_LMA ? 5 : 3;
	uint64_t rip = 0, flags = 0;
	size_t done;
	gva_t top;

	if (!(st->from.rflags & X86_FL_IF) || !frame_top(st, &top))
		return;
	top -= words * size;
	if (!vcpu_read(st->v, top, &rip, size, &done) || rip != st->from.rip ||
	    !vcpu_read(st->v, top + 2 * size, &flags, size, &done) ||
	    !(flags & X86_FL_TF))
		return;
	flags &= ~X86_FL_TF;
	vcpu_write(st->v, top + 2 * size, &flags, size);
}

/* Vectors may share a handler: rip on top means that no error code is. */
static bool pushed_error(struct step *st, const struct x86_state *s,
			 const struct landing *l)
{
	uint64_t word = 0;
	size_t done;

	return l->has_error &&
	       vcpu_read(st->v, stack_at(s), &word, frame_slot(s), &done) &&
	       word != st->from.rip;
}

static void hide_tf(struct step *st)
{
	struct vcpu *v = st->v;
	struct x86_state s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	bool was = st->from.rflags & X86_FL_TF;
	gva_t pc = x86_linear_pc(&s);

	if (was)
		return;
	hide_tf_in_interrupt_frame(st);
	if (st->insn.kind == INSN_PUSHF && pc == st->pc + st->insn.length)
		clear_pushed_tf(v, &s, 0);
	/* RCX has the return address: it was entered, it did not fault. */
	if (st->insn.kind == INSN_SYSCALL && pc != st->pc &&
	    s.gpr[X86_RCX] == st->from.rip + st->insn.length &&
	    (s.gpr[X86_R11] & X86_FL_TF)) {
		s.gpr[X86_R11] &= ~X86_FL_TF;
		vcpu_store(v, X86_GROUP_GPR, &s);
	}
	for (unsigned int i = 0; i < v->landings; i++) {
		const struct landing *l = &v->landing[i];

		if (l->addr == pc && l->exception)
			clear_pushed_tf(v, &s,
					frame_slot(&s) *
						(pushed_error(st, &s, l) ? 3
									 : 2));
	}
}

/*
 * KVM hides RFLAGS.TF while it steps and drops it at the end: give the guest
 * back the flag it has set for itself.
 */
static void restore_tf(struct step *st, bool done)
{
	struct x86_state s;

	if (st->want_tf) {
		vcpu_arm(st->v); /* not stepping: KVM stops hiding the flag */
		s = *vcpu_now(st->v, X86_GROUP_GPR);
		s.rflags |= X86_FL_TF;
		vcpu_store(st->v, X86_GROUP_GPR, &s);
	}
	if (done && (st->from.rflags & X86_FL_TF))
		vcpu_queue_db(st->v, DR6_BS);
}

/* ---- the step ---- */

/* Has the instruction retired (or its fault been delivered)? */
static bool moved(struct step *st)
{
	const struct x86_state *s =
		vcpu_now(st->v, X86_GROUP_GPR | X86_GROUP_SYS);

	return x86_linear_pc(s) != st->pc ||
	       s->gpr[X86_RCX] != st->from.gpr[X86_RCX];
}

/*
 * After an I/O exit the instruction may already be over: KVM then has no trap
 * flag left, and the next entry would run one instruction too many.
 */
static bool finish_io(struct step *st, struct target_stop *stop, bool *stopped)
{
	struct vcpu *v = st->v;

	*stopped = false;
	if (vcpu_complete_io(v)) {
		if (v->run->exit_reason == KVM_EXIT_DEBUG)
			return true;
		*stopped = vcpu_handle_exit(v, stop);
		return *stopped;
	}
	*stopped = vcpu_noted_stop(v, stop);
	return *stopped || moved(st);
}

static enum step_result one_round(struct step *st, struct target_stop *stop,
				  bool *again)
{
	struct vcpu *v = st->v;
	bool stopped;
	int os_errno;

	*again = false;
	v->assisted = false;
	switch (vcpu_enter(v, &os_errno)) {
	case ENTER_KICKED:
		return moved(st) ? STEPPED : STEP_INTERRUPTED;
	case ENTER_ERRNO:
		vcpu_handle_errno(v, os_errno, stop);
		return STEP_STOPPED;
	case ENTER_EXIT:
		break;
	}
	if (vcpu_handle_exit(v, stop))
		return STEP_STOPPED;
	if (v->run->exit_reason == KVM_EXIT_DEBUG || v->step_over_done)
		return STEPPED;
	if (v->assisted && moved(st))
		return STEPPED;
	/* HLT is over when it sleeps; what wakes it belongs to the next step */
	if (v->run->exit_reason == KVM_EXIT_HLT)
		return STEPPED;
	*again = !v->io_pending || !finish_io(st, stop, &stopped);
	if (*again)
		return STEPPED;
	return v->io_pending || stop->kind != STOP_NONE ? STEP_STOPPED
							: STEPPED;
}

enum step_result vcpu_step(struct vcpu *v, struct target_stop *stop)
{
	enum step_result result = STEPPED;
	bool again = true;
	struct step st;
	gva_t pc;

	prepare(&st, v);
	/* A debug register on this very instruction must let it pass. */
	v->passing = true;
	v->pass_pc = st.pc;
	add_landings(&st);
	v->stepping = true;
	v->step_over_done = false;
	for (int i = 0; again && i < MAX_ROUNDS; i++)
		result = one_round(&st, stop, &again);
	if (result != STEP_INTERRUPTED)
		hide_tf(&st);
	v->stepping = v->passing = false;
	v->landings = 0;
	v->armed_valid = false;
	v->awake = result == STEPPED && st.insn.kind != INSN_HLT;
	restore_tf(&st, result == STEPPED);
	pc = x86_linear_pc(vcpu_now(v, GPR_SYS));
	/* the step's exit can hide the one of HLT */
	if (result == STEPPED && st.insn.kind == INSN_HLT &&
	    pc == st.pc + st.insn.length)
		user_irq_halt(v);
	if (result == STEPPED && pc != st.pc && catch_gate_hit(v, pc, stop))
		result = STEP_STOPPED;
	return result;
}

enum step_result vcpu_step_off(struct vcpu *v, struct target_stop *stop)
{
	gva_t pc = x86_linear_pc(vcpu_now(v, GPR_SYS));
	struct plant *p = plant_at(v->vm, pc);
	enum step_result result;
	bool passing;

	/* Stopped for something else just when it had got here. */
	if (catch_gate_hit(v, pc, stop))
		return STEP_STOPPED;
	passing = catch_let_pass(v);
	if (p)
		patch_lift(v->vm, p);
	result = vcpu_step(v, stop);
	if (v->gate_pc == pc && x86_linear_pc(vcpu_now(v, GPR_SYS)) != pc)
		v->gate_told = false; /* the handler goes on */
	if (p)
		patch_lower(v->vm, p);
	if (passing)
		catch_has_passed(v);
	return result;
}

enum step_result vcpu_step_alone(struct vcpu *v, struct target_stop *stop)
{
	enum step_result result;
	bool stepping = v->stepping;

	vcpu_alone_begin(v);
	result = vcpu_step_off(v, stop);
	vcpu_alone_end(v);
	/* It was the step that is being made, if one is. */
	v->stepping = stepping;
	v->step_over_done = stepping && result == STEPPED;
	return result;
}
