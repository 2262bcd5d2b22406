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

#include "vmm/plant.h"
#include "vmm/step_impl.h"
#include "vmm/user_irqchip.h"

#define GPR_SYS (X86_GROUP_GPR | X86_GROUP_SYS)

enum {
	MAX_INSN = 15,
	MAX_ROUNDS = 4096, /* KVM_RUNs for one instruction: REP I/O, aliases */
};

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
		st->want_tf = step_stack_word(st, 0) & X86_FL_TF;
	else if (st->insn.kind == INSN_IRET)
		st->want_tf = step_stack_word(st, 2) & X86_FL_TF;
}

static void clear_pushed_tf(struct vcpu *v, const struct x86_state *s,
			    unsigned int offset)
{
	gva_t sp = step_stack(s) + offset + 1; /* TF is bit 8: bit 0 there */
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
	       vcpu_read(st->v, step_stack(s), &word, frame_slot(s), &done) &&
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

/* Has it ended in a handler?  That begins without the flag. */
static bool in_handler(struct step *st)
{
	gva_t pc = x86_linear_pc(vcpu_now(st->v, GPR_SYS));

	for (unsigned int i = 0; i < st->v->landings; i++)
		if (st->v->landing[i].addr == pc && st->v->landing[i].exception)
			return true;
	return false;
}

/*
 * KVM hides RFLAGS.TF while it steps and drops it at the end: give the guest
 * back the flag it has set for itself.
 */
static void restore_tf(struct step *st, bool done)
{
	struct x86_state s;

	if (st->user.on || in_handler(st))
		return; /* all that there is to it has happened */
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

/* KVM takes INT1 for one of ours: it stops in front of it. */
static bool own_int1(struct step *st)
{
	struct x86_state s;

	if (st->insn.kind != INSN_INT || st->insn.vector != 1 || moved(st))
		return false;
	s = *vcpu_now(st->v, X86_GROUP_GPR);
	s.rip += st->insn.length;
	if (!vcpu_store(st->v, X86_GROUP_GPR, &s))
		return false;
	vcpu_queue_db(st->v, 0);
	return true;
}

static enum step_result one_round(struct step *st, struct target_stop *stop,
				  bool *again)
{
	struct vcpu *v = st->v;
	bool stopped;
	int os_errno;

	*again = false;
	v->assisted = v->guest_db = false;
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
	if (v->run->exit_reason == KVM_EXIT_DEBUG &&
	    (v->guest_db || own_int1(st))) {
		*again = true;
		return STEPPED;
	}
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

bool step_has_event(struct step *st)
{
	const struct x86_events *e = &vcpu_now(st->v, X86_GROUP_EVENT)->event;

	return e->exception_injected || e->exception_pending ||
	       e->interrupt_injected || e->nmi_injected || e->nmi_pending;
}

/*
 * HLT is made here: it ends asleep behind the instruction.  In KVM's emulator
 * a step's own exit hides that of HLT, which then comes up later, at another
 * instruction.
 */
static bool step_halt(struct step *st)
{
	struct vcpu *v = st->v;
	struct x86_state s;

	if (st->insn.kind != INSN_HLT || x86_cpl(&st->from) ||
	    (st->from.rflags & X86_FL_TF) ||
	    v->vm->config.irqchip == IRQCHIP_NONE || step_has_event(st))
		return false;
	s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_EVENT);
	if (s.run_state != X86_RUNNABLE)
		return false; /* asleep behind another HLT, before this one */
	s.rip += st->insn.length;
	s.rflags &= ~X86_FL_RF;
	s.event.interrupt_shadow = 0;
	s.run_state = X86_HALTED;
	if (!vcpu_store(v, X86_GROUP_GPR | X86_GROUP_EVENT, &s))
		return false;
	user_irq_halt(v);
	return true;
}

/* Instructions that hosts are not trusted with. */
static bool made_here(struct step *st)
{
	bool halted = step_halt(st), done = halted || user_step_return(st);

	if (done)
		st->v->awake = !halted;
	return done;
}

enum step_result vcpu_step(struct vcpu *v, struct target_stop *stop)
{
	enum step_result result = STEPPED;
	bool again = true;
	struct step st;
	gva_t pc;

	prepare(&st, v);
	if (made_here(&st))
		return STEPPED;
	user_step_begin(&st);
	/* A debug register on this very instruction must let it pass. */
	v->passing = true;
	v->pass_pc = st.pc;
	landings_plan(&st);
	v->stepping = true;
	v->step_over_done = false;
	for (int i = 0; again && i < MAX_ROUNDS; i++)
		result = one_round(&st, stop, &again);
	user_step_end(&st);
	if (result != STEP_INTERRUPTED)
		hide_tf(&st);
	else if (!(st.from.rflags & X86_FL_TF))
		hide_tf_in_interrupt_frame(&st);
	v->stepping = v->passing = false;
	v->armed_valid = false;
	v->awake = result == STEPPED && st.insn.kind != INSN_HLT;
	restore_tf(&st, result == STEPPED);
	v->landings = 0;
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
