/*
 * Loads of segment registers and jumps to other code segments: the checks that
 * a wrong GDT fails.  Sources: SDM Vol 3A, "Protection"; Vol 2, MOV, LTR,
 * "JMP", "RET", "IRET".
 */
#include <inttypes.h>

#include "arch/desc/desc.h"
#include "arch/diag/fault_impl.h"

#define GDT_FIX \
	"look at the descriptor with `gdt`, and at the GDT's base and limit"

enum {
	TYPE_TSS16 = 1,
	TYPE_LDT = 2,
	TYPE_TSS = 9,
};

static const char *register_name(int segment)
{
	static const char *const names[] = {"CS", "SS", "DS",	"ES",
					    "FS", "GS", "LDTR", "TR"};

	return segment >= 0 && segment < (int)ARRAY_SIZE(names) ? names[segment]
								: "?";
}

static unsigned int rpl(uint16_t sel)
{
	return sel & SEL_RPL;
}

static bool is_null(uint16_t sel)
{
	return !(sel & ~SEL_RPL);
}

/* #GP(selector), or another vector, for what is wrong with it. */
#define REFUSE(f, vector, sel, fmt, ...)                               \
	(fault_set_error(f, vector, (sel) & ~(uint32_t)SEL_RPL,        \
			 "selector 0x%04x: " fmt, (unsigned int)(sel), \
			 __VA_ARGS__),                                 \
	 (f)->fix = GDT_FIX, true)

/*
 * Fetch a descriptor as the processor does.  False: it is there; true: *f says
 * what stopped it.
 */
static bool fetch_faults(const struct x86_view *v, uint16_t sel, struct desc *d,
			 struct x86_fault *f)
{
	uint32_t left;
	struct err err;
	gva_t addr;

	if (!desc_locate(v->s, sel, &addr, &left, &err)) {
		fault_set_error(f, VECTOR_GP, sel & ~(uint32_t)SEL_RPL, "%s",
				err.msg);
		f->fix = GDT_FIX;
		return true;
	}
	if (fault_at(v, addr, 8, FAULT_IMPLICIT, f))
		return true;
	if (desc_fetch(v, sel, d, &err))
		return false;
	return REFUSE(f, VECTOR_GP, sel, "%s", err.msg);
}

/* ---- mov, pop, lds ... to a data segment register ---- */

static bool stack_segment_faults(const struct fault_work *w, uint16_t sel,
				 const struct desc *d, struct x86_fault *f)
{
	if (d->kind != DESC_DATA || !(d->type & DESC_TYPE_RW))
		return REFUSE(f, VECTOR_GP, sel,
			      "SS wants writable data, this is %s",
			      desc_name(d));
	if (rpl(sel) != w->cpl || d->dpl != w->cpl)
		return REFUSE(f, VECTOR_GP, sel,
			      "SS wants RPL and DPL %u as CPL is, they are %u "
			      "and %u",
			      w->cpl, rpl(sel), d->dpl);
	if (!d->present)
		return REFUSE(f, VECTOR_SS, sel, "%s is not present",
			      desc_name(d));
	return false;
}

static bool data_segment_faults(const struct fault_work *w, uint16_t sel,
				const struct desc *d, struct x86_fault *f)
{
	bool code = d->kind == DESC_CODE;

	if ((d->kind != DESC_DATA && !code) ||
	    (code && !(d->type & DESC_TYPE_RW)))
		return REFUSE(f, VECTOR_GP, sel,
			      "a data segment register cannot hold %s%s",
			      code ? "unreadable " : "", desc_name(d));
	if (!(code && (d->type & DESC_TYPE_EC)) &&
	    (d->dpl < w->cpl || d->dpl < rpl(sel)))
		return REFUSE(f, VECTOR_GP, sel,
			      "its DPL %u is below CPL %u or RPL %u", d->dpl,
			      w->cpl, rpl(sel));
	if (!d->present)
		return REFUSE(f, VECTOR_NP, sel, "%s is not present",
			      desc_name(d));
	return false;
}

static bool system_segment_faults(uint16_t sel, int segment,
				  const struct desc *d, struct x86_fault *f)
{
	bool tss = d->kind == DESC_TSS &&
		   (d->type == TYPE_TSS || d->type == TYPE_TSS16);

	if (sel & SEL_TI)
		return REFUSE(f, VECTOR_GP, sel, "%s must be in the GDT",
			      register_name(segment));
	if (segment == X86_TR ? !tss : d->kind != DESC_LDT)
		return REFUSE(f, VECTOR_GP, sel, "%s wants %s, this is %s",
			      register_name(segment),
			      segment == X86_TR ? "an available TSS" : "an LDT",
			      desc_name(d));
	if (!d->present)
		return REFUSE(f, VECTOR_NP, sel, "%s is not present",
			      desc_name(d));
	return false;
}

static bool null_faults(const struct fault_work *w, uint16_t sel, int segment,
			struct x86_fault *f)
{
	bool allowed = segment != X86_SS && segment != X86_TR;

	if (segment == X86_SS)
		allowed = w->mode == X86_MODE_LONG64 && w->cpl < 3 &&
			  rpl(sel) == w->cpl;
	if (allowed)
		return false;
	fault_set_error(f, VECTOR_GP, 0, "%s cannot hold a null selector",
			register_name(segment));
	return true;
}

static bool load_faults(const struct fault_work *w, uint16_t sel, int segment,
			struct x86_fault *f)
{
	struct desc d;

	if (is_null(sel))
		return null_faults(w, sel, segment, f);
	if (fetch_faults(w->v, sel, &d, f))
		return true;
	if (segment == X86_SS)
		return stack_segment_faults(w, sel, &d, f);
	if (segment == X86_TR || segment == X86_LDTR)
		return system_segment_faults(sel, segment, &d, f);
	return data_segment_faults(w, sel, &d, f);
}

/* A little-endian number of a memory operand, at an offset inside it. */
static bool read_number(const struct fault_work *w, uint64_t offset,
			size_t size, uint64_t *value)
{
	const struct decode_mem *m = &w->d->mem[0];
	struct err err;

	*value = 0;
	return w->d->mems && size <= 8 &&
	       view_read(w->v, m->addr + offset, value, size, &err);
}

/* Of lds and the like the selector stands behind the offset. */
static bool loaded_selector(const struct fault_work *w, uint16_t *sel)
{
	const struct decode_mem *m = &w->d->mem[0];
	bool pointer = !m->hidden && w->d->mnemonic[0] == 'l' &&
		       w->d->segment < X86_LDTR;
	uint64_t value = w->d->source;

	if (!w->d->has_source &&
	    !read_number(w, pointer && m->size > 2 ? m->size - 2 : 0, 2,
			 &value))
		return false;
	*sel = (uint16_t)value;
	return true;
}

bool fault_segment_load(const struct fault_work *w, struct x86_fault *f)
{
	uint16_t sel;

	return (w->d->flags & DECODE_LOADS_SEG) && w->d->segment >= 0 &&
	       w->protected && w->mode != X86_MODE_VM86 &&
	       loaded_selector(w, &sel) &&
	       load_faults(w, sel, w->d->segment, f);
}

/* ---- far transfers ---- */

/* Gates and TSSs are legal targets of jumps and calls: they are not followed.
 */
static bool is_system_target(const struct desc *d, bool back)
{
	return !back && (d->kind == DESC_CALL_GATE ||
			 d->kind == DESC_TASK_GATE || d->kind == DESC_TSS);
}

static bool code_segment_faults(const struct fault_work *w, uint16_t sel,
				bool back, struct x86_fault *f)
{
	bool conforming, lma = w->v->s->efer & X86_EFER_LMA;
	unsigned int level = back ? rpl(sel) : w->cpl;
	struct desc d;

	if (is_null(sel)) {
		fault_set_error(f, VECTOR_GP, 0,
				"CS cannot hold a null "
				"selector");
		return true;
	}
	if (fetch_faults(w->v, sel, &d, f))
		return true;
	if (is_system_target(&d, back))
		return false;
	if (d.kind != DESC_CODE)
		return REFUSE(f, VECTOR_GP, sel, "CS wants code, this is %s",
			      desc_name(&d));
	conforming = d.type & DESC_TYPE_EC;
	if (back && rpl(sel) < w->cpl)
		return REFUSE(f, VECTOR_GP, sel,
			      "a return cannot lead to CPL %u from CPL %u",
			      rpl(sel), w->cpl);
	if (conforming ? d.dpl > level : d.dpl != level)
		return REFUSE(f, VECTOR_GP, sel,
			      "its DPL %u does not fit CPL %u", d.dpl, level);
	if (!d.present)
		return REFUSE(f, VECTOR_NP, sel, "%s is not present",
			      desc_name(&d));
	if (lma && (d.attr & X86_AR_L) && (d.attr & X86_AR_DB))
		return REFUSE(f, VECTOR_GP, sel,
			      "its L and D are both set (flags 0x%x)",
			      d.attr >> 12);
	return false;
}

/* Where a far return or iret finds CS: behind the instruction pointer. */
static bool far_selector(const struct fault_work *w, uint16_t *sel)
{
	const struct decode_mem *m = &w->d->mem[0];
	bool back = w->d->flags & (DECODE_RET | DECODE_IRET);
	uint64_t value = w->d->target_sel;

	if (!back && w->d->has_target) {
		*sel = (uint16_t)value;
		return true;
	}
	if (!read_number(w,
			 back	       ? w->d->operand_size
			 : m->size > 2 ? m->size - 2
				       : 0,
			 2, &value))
		return false;
	*sel = (uint16_t)value;
	return true;
}

/* The SS that iretq always pops, and others when CPL changes. */
static bool popped_stack_faults(const struct fault_work *w, uint16_t cs,
				struct x86_fault *f)
{
	struct fault_work to = *w;
	uint64_t sel;

	if (!(w->d->flags & DECODE_IRET) ||
	    (w->mode != X86_MODE_LONG64 && rpl(cs) == w->cpl) ||
	    !read_number(w, 4 * w->d->operand_size, 2, &sel))
		return false;
	to.cpl = rpl(cs);
	return load_faults(&to, (uint16_t)sel, X86_SS, f);
}

bool fault_far_transfer(const struct fault_work *w, struct x86_fault *f)
{
	bool back = w->d->flags & (DECODE_RET | DECODE_IRET);
	uint16_t sel;

	if (!(w->d->flags & DECODE_FAR) || !w->protected ||
	    w->mode == X86_MODE_VM86 || !far_selector(w, &sel))
		return false;
	return code_segment_faults(w, sel, back, f) ||
	       (back && popped_stack_faults(w, sel, f));
}

/* ---- near transfers ---- */

bool fault_near_transfer(const struct fault_work *w, struct x86_fault *f)
{
	uint64_t target = w->d->target;
	struct walk walk;

	if (!(w->d->flags & (DECODE_JUMP | DECODE_CALL | DECODE_RET)) ||
	    (w->d->flags & (DECODE_FAR | DECODE_CONDITIONAL)))
		return false;
	if (!w->d->has_target && !read_number(w, 0, w->d->mem[0].size, &target))
		return false;
	if (w->mode != X86_MODE_LONG64) {
		if (target <= w->v->s->seg[X86_CS].limit)
			return false;
		fault_set_error(f, VECTOR_GP, 0,
				"%s to 0x%" PRIx64 ", beyond the limit 0x%x of "
				"CS",
				w->d->mnemonic, target,
				w->v->s->seg[X86_CS].limit);
		return true;
	}
	paging_walk(&w->v->paging, &w->v->mem, target, ACCESS_DEBUG, &walk);
	if (walk.result != WALK_NOT_CANONICAL)
		return false;
	fault_set_error(f, VECTOR_GP, 0,
			"%s to 0x%" PRIx64 ", which is not canonical",
			w->d->mnemonic, target);
	f->fix = w->d->flags & DECODE_RET ? "the return address on the stack "
					    "was overwritten"
					  : "find where the wrong address "
					    "comes from";
	return true;
}
