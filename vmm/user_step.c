/*
 * Stepping user mode where KVM steps only the kernel.
 *
 * Such a host runs CPL 3 natively with whatever RFLAGS.TF the guest has, and
 * the trap goes to the guest's own #DB gate, in the kernel, where debug
 * registers work again.  So the step sets the guest's flag, lands on the first
 * instruction of that handler and takes the delivery back: the registers from
 * the frame, the stack below it and DR6 as they were.  A return to CPL 3, after
 * which such a host would run on, is made here instead.
 */
#include <string.h>

#include "arch/desc/gate_check.h"
#include "arch/desc/tss.h"
#include "arch/user_return.h"
#include "vmm/plant.h"
#include "vmm/step_impl.h"

#define GPR_SYS	  (X86_GROUP_GPR | X86_GROUP_SYS)
#define VECTOR_DB 1

static void view_of(struct vcpu *v, unsigned int groups, struct x86_view *view)
{
	struct phys_reader mem;

	vm_phys_reader(v->vm, &mem);
	view_init(view, vcpu_now(v, GPR_SYS | groups), &v->vm->convert.cpu,
		  &mem);
}

static bool is_native(const struct vcpu *v)
{
	return v->vm->config.caps->cpl3.step == CAP_NO;
}

/* The handler of #DB, and the stack that it gets. */
static bool db_gate(struct vcpu *v, gva_t *handler, uint64_t *stack,
		    struct err *err)
{
	const struct gate_step *problem;
	struct gate_report r;
	struct x86_view view;
	struct desc gate;
	struct tss tss;
	uint16_t ss;

	view_of(v, 0, &view);
	if (!(view.s->efer & X86_EFER_LMA))
		return err_set(err, ERR_UNSUPPORTED,
			       "the processor is not in long mode");
	if (!idt_fetch(&view, VECTOR_DB, &gate, err))
		return false;
	if (!gate_check(&view, VECTOR_DB, &gate, &r) || !r.has_handler) {
		problem = gate_problem(&r);
		return err_set(err, ERR_UNSUPPORTED, "IDT[1]: %s",
			       problem ? problem->text : "no handler");
	}
	*handler = r.handler;
	return tss_fetch(&view, &tss, err) &&
	       tss_stack(&tss, 0, gate.ist, &ss, stack, err);
}

bool user_step_can(struct vcpu *v, struct err *err)
{
	const struct x86_state *s = vcpu_now(v, GPR_SYS);
	uint64_t stack;
	gva_t handler;
	struct err why;

	if (!is_native(v) || x86_cpl(s) != 3)
		return true;
	if (v->vm->config.caps->cpl0.hw_exec != CAP_YES)
		err_set(&why, ERR_UNSUPPORTED, "debug registers do not work");
	else if (db_gate(v, &handler, &stack, &why))
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "vCPU %u is in user mode, where this host's KVM steps "
		       "nothing, and the guest's own #DB gate cannot serve: "
		       "%s; continue to a breakpoint in the kernel",
		       v->index, why.msg);
}

static void set_tf(struct vcpu *v, bool on)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_GPR);

	s.rflags = on ? s.rflags | X86_FL_TF : s.rflags & ~X86_FL_TF;
	vcpu_store(v, X86_GROUP_GPR, &s);
}

void user_step_begin(struct step *st)
{
	struct user_step *u = &st->user;
	struct vcpu *v = st->v;
	uint64_t stack;
	size_t done;
	struct err err;

	memset(u, 0, sizeof(*u));
	if (!is_native(v) || x86_cpl(&st->from) != 3 ||
	    !db_gate(v, &u->handler, &stack, &err))
		return;
	u->stack = (stack & ~UINT64_C(15)) - sizeof(u->below);
	u->has_below =
		vcpu_read(v, u->stack, u->below, sizeof(u->below), &done);
	u->dr6 = vcpu_now(v, X86_GROUP_DEBUG)->dr6;
	vcpu_arm(v); /* KVM hides the flag while it steps itself */
	u->on = v->own_tf = true;
	set_tf(v, true);
}

/* Is this the trap of our flag, in the handler that has not begun? */
static bool trapped(struct step *st)
{
	const struct x86_state *s = vcpu_now(st->v, GPR_SYS | X86_GROUP_DEBUG);

	return !(st->from.rflags & X86_FL_TF) &&
	       x86_linear_pc(s) == st->user.handler && x86_cpl(s) == 0 &&
	       (s->dr6 & DR6_BS);
}

/* As if the handler's first instruction were IRETQ. */
static void take_back(struct step *st)
{
	static const struct insn iretq = {.kind = INSN_IRET, .operand_size = 8};
	struct user_step *u = &st->user;
	struct vcpu *v = st->v;
	struct x86_state s;
	struct x86_view view;

	view_of(v, X86_GROUP_DEBUG, &view);
	if (!user_return(&view, &iretq, &s))
		return; /* it stays where it is: in the handler */
	s.dr6 = u->dr6;
	if (!st->want_tf)
		s.rflags &= ~X86_FL_TF;
	vcpu_store(v, GPR_SYS | X86_GROUP_DEBUG, &s);
	if (u->has_below)
		vcpu_write(v, u->stack, u->below, sizeof(u->below));
}

void user_step_end(struct step *st)
{
	struct vcpu *v = st->v;

	if (!st->user.on)
		return;
	v->own_tf = false;
	if (trapped(st))
		take_back(st);
	else if (x86_cpl(vcpu_now(v, GPR_SYS)) == 3 && !st->want_tf)
		set_tf(v, false); /* asked to stop before the trap came */
}

bool user_step_return(struct step *st)
{
	struct vcpu *v = st->v;
	struct x86_state s;
	struct x86_view view;

	if (!is_native(v) ||
	    (st->insn.kind != INSN_IRET && st->insn.kind != INSN_SYSRET &&
	     st->insn.kind != INSN_SYSEXIT) ||
	    step_has_event(st))
		return false;
	view_of(v, X86_GROUP_MSR | X86_GROUP_EVENT, &view);
	if (!user_return(&view, &st->insn, &s))
		return false;
	if (!vcpu_store(v, GPR_SYS, &s))
		return false;
	if (st->insn.kind == INSN_IRET && s.event.nmi_masked) {
		s.event.nmi_masked = false;
		vcpu_store(v, X86_GROUP_EVENT, &s);
	}
	return true;
}
