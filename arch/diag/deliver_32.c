/* Delivery outside long mode: 16- and 32-bit gates, and task gates. */
#include "arch/diag/deliver_impl.h"

#define TSS_LIMIT_32 0x67
#define TSS_LIMIT_16 0x2b

static uint64_t stack_mask(uint32_t attr)
{
	return attr & X86_AR_DB ? UINT32_MAX : 0xffff;
}

/*
 * The last offset of a stack.  One that grows downwards has its limit at the
 * bottom, where a push that wraps is caught by paging or not at all.
 */
static uint64_t stack_limit(const struct x86_seg *ss)
{
	bool down = (ss->attr & (X86_AR_S | 8 | 4)) == (X86_AR_S | 4);

	return down ? stack_mask(ss->attr) : ss->limit;
}

/* The SS descriptor of an inner level: its faults are #TS, or #SS. */
static bool load_inner_stack(struct deliver_work *w, uint16_t sel,
			     unsigned int cpl, struct x86_seg *ss)
{
	struct desc d;

	if (!deliver_fetch_desc(w, sel, VECTOR_TS, "SS in the TSS", &d))
		return false;
	if ((sel & SEL_RPL) != cpl || d.dpl != cpl)
		return deliver_fail_sel(w, VECTOR_TS, sel, "SS in the TSS",
					"has the wrong privilege level");
	if (d.kind != DESC_DATA || !(d.type & DESC_TYPE_RW))
		return deliver_fail_sel(w, VECTOR_TS, sel, "SS in the TSS",
					"is not writable data");
	if (!d.present)
		return deliver_fail_sel(w, VECTOR_SS, sel, "SS in the TSS",
					"not present");
	desc_segment(&d, sel, ss);
	return true;
}

static bool inner_stack(struct deliver_work *w, unsigned int cpl,
			struct x86_seg *ss, uint64_t *sp)
{
	uint16_t sel;
	struct tss tss;
	struct err err;

	if (!tss_fetch(w->v, &tss, &err)) {
		if (fault_at(w->v, w->s->seg[X86_TR].base, 1, FAULT_IMPLICIT,
			     &w->d->fault))
			return deliver_fail_access(w, "TSS at");
		return deliver_no_tss(w, "no TSS", err.msg);
	}
	if (!tss_stack(&tss, cpl, 0, &sel, sp, &err))
		return deliver_no_tss(w, "TSS too short", err.msg);
	return load_inner_stack(w, sel, cpl, ss);
}

/* Words pushed: flags, CS, IP; SS, SP from outside; segments from vm86. */
static unsigned int frame_slots(const struct deliver_work *w, bool inner)
{
	return 3u + (inner ? 2 : 0) + (w->s->rflags & X86_FL_VM ? 4 : 0) +
	       w->event->has_error;
}

bool deliver_32(struct deliver_work *w, const struct desc *gate,
		const struct desc *cs)
{
	struct x86_state *s = w->s;
	bool inner = !(cs->type & DESC_TYPE_EC) && cs->dpl < x86_cpl(s);
	unsigned int cpl = inner ? cs->dpl : x86_cpl(s);
	unsigned int size = gate->width == 16 ? 2 : 4;
	struct x86_seg ss = s->seg[X86_SS];
	struct deliver_stack stack;
	uint64_t sp = s->gpr[X86_RSP];

	if (inner && !inner_stack(w, cpl, &ss, &sp))
		return false;
	if (gate->offset > cs->limit)
		return deliver_fail(w, VECTOR_GP, 0, "handler beyond CS",
				    "the handler's offset is beyond the limit "
				    "of its code segment");
	if (ss.attr & X86_AR_UNUSABLE)
		return deliver_fail(w, VECTOR_SS, 0, "SS null",
				    "SS holds a null selector: there is no "
				    "stack");
	stack = (struct deliver_stack){
		.base = ss.base,
		.limit = stack_limit(&ss),
		.mask = stack_mask(ss.attr),
		.cpl = cpl,
		.sel = inner ? (uint16_t)ss.sel : 0,
	};
	sp &= stack.mask;
	if (!deliver_push(w, &stack, frame_slots(w, inner), size, &sp))
		return false;
	s->gpr[X86_RSP] = (s->gpr[X86_RSP] & ~stack.mask) | sp;
	s->seg[X86_SS] = ss;
	desc_segment(cs, gate->sel, &s->seg[X86_CS]);
	s->rip = gate->offset;
	s->rflags &= ~(X86_FL_TF | X86_FL_RF | X86_FL_VM | BIT(14));
	if (gate->kind == DESC_INT_GATE)
		s->rflags &= ~X86_FL_IF;
	return true;
}

/* ---- task gates ---- */

static bool check_tss(struct deliver_work *w, uint16_t sel, struct desc *d)
{
	if (sel & SEL_TI)
		return deliver_fail_sel(w, VECTOR_GP, sel, "TSS",
					"is in the LDT");
	if (!deliver_fetch_desc(w, sel, VECTOR_GP, "TSS", d))
		return false;
	if (d->kind != DESC_TSS || (d->type & DESC_TYPE_BUSY))
		return deliver_fail_sel(w, VECTOR_GP, sel, "TSS",
					d->kind == DESC_TSS ? "is busy"
							    : "is no TSS");
	if (!d->present)
		return deliver_fail_sel(w, VECTOR_NP, sel, "TSS",
					"not present");
	if (d->limit < (d->width == 16 ? TSS_LIMIT_16 : TSS_LIMIT_32))
		return deliver_fail_sel(w, VECTOR_TS, sel, "TSS",
					"is too short");
	return true;
}

static uint64_t field(const struct tss *tss, const char *wide,
		      const char *narrow)
{
	uint64_t value = 0;

	if (!tss_get(tss, tss->width == 16 ? narrow : wide, &value))
		return 0;
	return value;
}

/* CS and SS of the new task; the others do not matter to what comes next. */
static bool load_task_segments(struct deliver_work *w, const struct tss *tss,
			       struct x86_seg *cs, struct x86_seg *ss)
{
	uint16_t cs_sel = (uint16_t)field(tss, "cs", "cs");
	uint16_t ss_sel = (uint16_t)field(tss, "ss", "ss");
	struct desc d;

	if (!deliver_fetch_desc(w, cs_sel, VECTOR_TS, "CS in the TSS", &d))
		return false;
	if (d.kind != DESC_CODE)
		return deliver_fail_sel(w, VECTOR_TS, cs_sel, "CS in the TSS",
					"is not code");
	if (!d.present)
		return deliver_fail_sel(w, VECTOR_NP, cs_sel, "CS in the TSS",
					"not present");
	desc_segment(&d, cs_sel, cs);
	return load_inner_stack(w, ss_sel, cs_sel & SEL_RPL, ss);
}

static bool read_task(struct deliver_work *w, uint16_t sel,
		      const struct desc *d, struct tss *tss)
{
	struct x86_state *s = w->s;
	struct x86_seg old = s->seg[X86_TR];
	struct err err;
	bool ok;

	if (fault_at(w->v, d->base, d->width == 16 ? 44 : TSS_MAX,
		     FAULT_IMPLICIT, &w->d->fault))
		return deliver_fail_access(w, "TSS at");
	desc_segment(d, sel, &s->seg[X86_TR]);
	ok = tss_fetch(w->v, tss, &err);
	s->seg[X86_TR] = old;
	return ok || deliver_fail_sel(w, VECTOR_TS, sel, "TSS",
				      "lies where no memory is");
}

/* Into the new task's address space; the way back is the caller's. */
static void switch_space(struct deliver_work *w, uint64_t cr3)
{
	w->s->cr3 = cr3;
	w->s->pdptr_valid = false;
	paging_init(&w->v->paging, w->s, &w->v->cpu);
}

bool deliver_task(struct deliver_work *w, const struct desc *gate)
{
	struct x86_seg cs, ss;
	struct x86_state *s = w->s;
	uint64_t cr3 = s->cr3;
	bool pdptr_valid = s->pdptr_valid;
	struct tss tss;
	struct desc d;

	if (!check_tss(w, gate->sel, &d) || !read_task(w, gate->sel, &d, &tss))
		return false;
	if (tss.width == 32 && (s->cr0 & X86_CR0_PG))
		switch_space(w, field(&tss, "cr3", "cr3"));
	if (!load_task_segments(w, &tss, &cs, &ss)) {
		switch_space(w, cr3);
		s->pdptr_valid = pdptr_valid;
		paging_init(&w->v->paging, s, &w->v->cpu);
		return false;
	}
	s->seg[X86_CS] = cs;
	s->seg[X86_SS] = ss;
	desc_segment(&d, gate->sel, &s->seg[X86_TR]);
	s->rip = field(&tss, "eip", "ip");
	s->gpr[X86_RSP] = field(&tss, "esp", "sp");
	s->rflags = field(&tss, "eflags", "flags") | 2;
	return true;
}
