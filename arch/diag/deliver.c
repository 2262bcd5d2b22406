#include "arch/diag/deliver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/diag/deliver_impl.h"

#define FL_NT BIT(14)

/* ---- what went wrong ---- */

/* Where a fault comes of an event from outside or of an exception: EXT. */
static uint32_t ext(const struct deliver_work *w)
{
	return w->event->kind != FAULT_SOFT ? ERROR_EXT : 0;
}

bool deliver_fail(struct deliver_work *w, uint8_t vector, uint32_t error,
		  const char *shortly, const char *why)
{
	bool real = !(w->s->cr0 & X86_CR0_PE);

	snprintf(w->d->failed, sizeof(w->d->failed), "%s", shortly);
	if (real) /* no error codes there */
		fault_set(&w->d->fault, vector, "%s", why);
	else
		fault_set_error(&w->d->fault, vector, error | ext(w), "%s",
				why);
	return false;
}

/* The IDT entry's fault: #GP or #NP with the vector in the error code. */
static bool fail_gate(struct deliver_work *w, uint8_t vector, const char *what,
		      const char *why)
{
	char shortly[80];

	snprintf(shortly, sizeof(shortly), "IDT[%u] %s", w->event->vector,
		 what);
	w->d->fix = "load an IDT (lidt) whose gates for #DF, #GP, #PF and #UD "
		    "are filled and present before anything can fault";
	return deliver_fail(w, vector, w->event->vector * 8u + ERROR_IDT,
			    shortly, why);
}

bool deliver_fail_sel(struct deliver_work *w, uint8_t vector, uint16_t sel,
		      const char *what, const char *why)
{
	char shortly[80], text[256];

	snprintf(shortly, sizeof(shortly), "%s of IDT[%u] %s", what,
		 w->event->vector, why);
	snprintf(text, sizeof(text), "%s 0x%04x of IDT[%u] %s", what, sel,
		 w->event->vector, why);
	w->d->fix = "make the gates' selector that of a present code segment "
		    "in the GDT that is loaded now (`gdt`, `idt`)";
	return deliver_fail(w, vector, sel & ~(uint32_t)SEL_RPL, shortly, text);
}

bool deliver_fail_access(struct deliver_work *w, const char *what)
{
	struct x86_fault *f = &w->d->fault;

	if (f->has_addr) {
		snprintf(w->d->failed, sizeof(w->d->failed),
			 "%s 0x%" PRIx64 " %s", what, f->addr,
			 f->error & PFEC_RSVD ? "has reserved bits in its "
						"tables"
			 : f->error & PFEC_P  ? "not permitted"
					      : "not mapped");
		return false;
	}
	snprintf(w->d->failed, sizeof(w->d->failed), "%s not canonical", what);
	f->error |= ext(w);
	return false;
}

bool deliver_no_tss(struct deliver_work *w, const char *shortly,
		    const char *why)
{
	w->d->fix = "load TR (ltr) with a TSS that has the stack this needs";
	return deliver_fail(w, VECTOR_TS, w->s->seg[X86_TR].sel & 0xfffcu,
			    shortly, why);
}

/* ---- stacks ---- */

static const char stack_fix[] = "the stack pointer is wrong or the stack has "
				"run out; a stack of its "
				"own for #DF (IST, or a task gate in 32-bit "
				"mode) lets the guest see "
				"such faults itself";

/* Push `slots` of `size` bytes below linear base + sp; *sp is moved. */
bool deliver_push(struct deliver_work *w, const struct deliver_stack *stack,
		  unsigned int slots, unsigned int size, uint64_t *sp)
{
	unsigned int access = FAULT_WRITE | FAULT_STACK |
			      (stack->cpl == 3 ? FAULT_USER : 0);
	uint64_t at = *sp;

	for (unsigned int i = 0; i < slots; i++) {
		gva_t addr;

		at = (at - size) & stack->mask;
		addr = stack->base + at;
		if (!(w->s->efer & X86_EFER_LMA))
			addr = (uint32_t)addr;
		w->d->fix = stack_fix;
		if (at + (size - 1) > stack->limit)
			return deliver_fail(w, VECTOR_SS, stack->sel,
					    "stack beyond its limit",
					    "a push goes beyond the limit of "
					    "the stack segment");
		if (fault_at(w->v, addr, size, access, &w->d->fault))
			return deliver_fail_access(w, "stack at");
	}
	*sp = at;
	w->d->fix = NULL;
	return true;
}

/* ---- real mode ---- */

static void enter(struct x86_state *s, uint64_t rip, bool interrupt_gate)
{
	s->rip = rip;
	s->rflags &= ~(X86_FL_TF | X86_FL_RF | X86_FL_VM | FL_NT);
	if (interrupt_gate)
		s->rflags &= ~X86_FL_IF;
}

static bool deliver_real(struct deliver_work *w, const struct desc *gate)
{
	struct x86_state *s = w->s;
	const struct deliver_stack stack = {
		.base = s->seg[X86_SS].base,
		.limit = s->seg[X86_SS].limit,
		.mask = 0xffff,
	};
	uint64_t sp = s->gpr[X86_RSP] & 0xffff;

	if (sp == 1 || sp == 3 || sp == 5)
		return deliver_fail(w, VECTOR_SS, 0, "stack wraps",
				    "sp is 1, 3 or 5: the pushes wrap around");
	if (!deliver_push(w, &stack, 3, 2, &sp))
		return false;
	s->gpr[X86_RSP] = (s->gpr[X86_RSP] & ~UINT64_C(0xffff)) | sp;
	s->seg[X86_CS].sel = gate->sel;
	s->seg[X86_CS].base = (uint64_t)gate->sel << 4;
	enter(s, gate->offset, true);
	return true;
}

/* ---- the gate ---- */

static bool gate_type_ok(const struct desc *gate)
{
	return gate->kind == DESC_INT_GATE || gate->kind == DESC_TRAP_GATE ||
	       gate->kind == DESC_TASK_GATE || gate->kind == DESC_VECTOR;
}

static bool read_gate(struct deliver_work *w, struct desc *gate)
{
	unsigned int vector = w->event->vector;
	char what[64], why[256];
	struct err err;
	gva_t addr;

	if (!idt_locate(w->s, vector, &addr, &err)) {
		snprintf(what, sizeof(what), "beyond limit 0x%x",
			 w->s->idt.limit);
		return fail_gate(w, VECTOR_GP, what, err.msg);
	}
	snprintf(what, sizeof(what), "IDT[%u] at", vector);
	if (fault_at(w->v, addr, idt_entry_size(w->s), FAULT_IMPLICIT,
		     &w->d->fault))
		return deliver_fail_access(w, what);
	if (!idt_fetch(w->v, vector, gate, &err)) {
		/* mapped to where no memory is: the bus answers all ones */
		snprintf(why, sizeof(why), "IDT[%u]: %.200s", vector, err.msg);
		return fail_gate(w, VECTOR_GP, "not in memory", why);
	}
	return true;
}

static bool check_gate(struct deliver_work *w, const struct desc *gate)
{
	char why[256];

	if (gate->kind == DESC_EMPTY) {
		snprintf(why, sizeof(why), "IDT[%u] is empty: all zeros",
			 w->event->vector);
		return fail_gate(w, VECTOR_GP, "empty", why);
	}
	if (!gate_type_ok(gate)) {
		snprintf(why, sizeof(why),
			 "IDT[%u] is no gate but %s (0x%" PRIx64 ")",
			 w->event->vector, desc_name(gate), gate->raw[0]);
		return fail_gate(w, VECTOR_GP, "not a gate", why);
	}
	if (w->event->kind == FAULT_SOFT && gate->dpl < x86_cpl(w->s)) {
		snprintf(why, sizeof(why),
			 "the DPL %u of IDT[%u] is below CPL %u", gate->dpl,
			 w->event->vector, x86_cpl(w->s));
		return fail_gate(w, VECTOR_GP, "forbids this CPL", why);
	}
	if (!gate->present && gate->kind != DESC_VECTOR) {
		snprintf(why, sizeof(why),
			 "IDT[%u] is not present (%s, 0x%" PRIx64 ")",
			 w->event->vector, desc_name(gate), gate->raw[0]);
		return fail_gate(w, VECTOR_NP, "not present", why);
	}
	return true;
}

/* ---- descriptors ---- */

bool deliver_fetch_desc(struct deliver_work *w, uint16_t sel, uint8_t vector,
			const char *what, struct desc *d)
{
	uint32_t left;
	struct err err;
	gva_t addr;

	if (!(sel & ~SEL_RPL))
		return deliver_fail_sel(w, vector, 0, what, "is null");
	if (!desc_locate(w->s, sel, &addr, &left, &err))
		return deliver_fail_sel(w, vector, sel, what,
					sel & SEL_TI ? "beyond the LDT's limit"
						     : "beyond the GDT's "
						       "limit");
	if (fault_at(w->v, addr, 8, FAULT_IMPLICIT, &w->d->fault))
		return deliver_fail_access(w, "descriptor at");
	if (!desc_fetch(w->v, sel, d, &err))
		return deliver_fail_sel(w, vector, sel, what,
					"lies where no memory is");
	return true;
}

static bool check_code(struct deliver_work *w, const struct desc *gate,
		       struct desc *cs)
{
	bool lma = w->s->efer & X86_EFER_LMA, wide;

	if (!deliver_fetch_desc(w, gate->sel, VECTOR_GP, "CS", cs))
		return false;
	wide = (cs->attr & X86_AR_L) && !(cs->attr & X86_AR_DB);
	if (cs->kind != DESC_CODE)
		return deliver_fail_sel(w, VECTOR_GP, gate->sel, "CS",
					cs->kind == DESC_EMPTY ? "is empty"
							       : "is not code");
	if (cs->dpl > x86_cpl(w->s))
		return deliver_fail_sel(w, VECTOR_GP, gate->sel, "CS",
					"has a DPL above CPL");
	if (lma && !wide)
		return deliver_fail_sel(w, VECTOR_GP, gate->sel, "CS",
					"is not 64-bit code");
	if (!cs->present)
		return deliver_fail_sel(w, VECTOR_NP, gate->sel, "CS",
					"not present");
	if ((w->s->rflags & X86_FL_VM) && !lma && cs->dpl)
		return deliver_fail_sel(w, VECTOR_GP, gate->sel, "CS",
					"has a DPL above 0");
	return true;
}

/* ---- 64-bit ---- */

/* The pointer before the pushes: of the IST, of the TSS, or the present one. */
static bool choose_stack_64(struct deliver_work *w, const struct desc *gate,
			    unsigned int cpl, bool inner, uint64_t *sp)
{
	uint16_t ss;
	struct tss tss;
	struct err err;

	*sp = w->s->gpr[X86_RSP];
	if (!gate->ist && !inner)
		return true;
	if (!tss_fetch(w->v, &tss, &err)) {
		if (fault_at(w->v, w->s->seg[X86_TR].base, 1, FAULT_IMPLICIT,
			     &w->d->fault))
			return deliver_fail_access(w, "TSS at");
		return deliver_no_tss(w, "no TSS", err.msg);
	}
	if (!tss_stack(&tss, cpl, gate->ist, &ss, sp, &err))
		return deliver_no_tss(w, "TSS too short", err.msg);
	return true;
}

static bool deliver_64(struct deliver_work *w, const struct desc *gate,
		       const struct desc *cs)
{
	struct x86_state *s = w->s;
	bool inner = !(cs->type & DESC_TYPE_EC) && cs->dpl < x86_cpl(s);
	unsigned int cpl = inner ? cs->dpl : x86_cpl(s);
	const struct deliver_stack stack = {
		.limit = UINT64_MAX, .mask = UINT64_MAX, .cpl = cpl};
	uint64_t sp;

	if (!choose_stack_64(w, gate, cpl, inner, &sp))
		return false;
	sp &= ~UINT64_C(15);
	if (!deliver_push(w, &stack, 5 + w->event->has_error, 8, &sp))
		return false;
	s->gpr[X86_RSP] = sp;
	desc_segment(cs, gate->sel, &s->seg[X86_CS]);
	if (inner)
		s->seg[X86_SS] = (struct x86_seg){
			.attr = X86_AR_UNUSABLE | cpl << X86_AR_DPL_SHIFT,
			.sel = cpl};
	enter(s, gate->offset, gate->kind == DESC_INT_GATE);
	return true;
}

/* ---- all of it ---- */

static bool attempt(struct deliver_work *w)
{
	struct desc gate, cs;

	if (!read_gate(w, &gate) || !check_gate(w, &gate))
		return false;
	if (gate.kind == DESC_VECTOR)
		return deliver_real(w, &gate);
	if (gate.kind == DESC_TASK_GATE)
		return deliver_task(w, &gate);
	if (!check_code(w, &gate, &cs))
		return false;
	return w->s->efer & X86_EFER_LMA ? deliver_64(w, &gate, &cs)
					 : deliver_32(w, &gate, &cs);
}

void deliver(struct x86_view *v, struct x86_state *s,
	     const struct x86_fault *event, struct delivery *d)
{
	struct deliver_work w = {v, s, event, d};

	memset(d, 0, sizeof(*d));
	d->ok = attempt(&w);
}
