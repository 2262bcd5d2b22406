#include "arch/desc/gate_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "arch/desc/tss.h"

/* SS, RSP, RFLAGS, CS, RIP and an error code. */
#define FRAME_BYTES 48u

static bool lma(const struct x86_view *v)
{
	return v->s->efer & X86_EFER_LMA;
}

PRINTF(3, 4)
static bool step(struct gate_report *r, bool good, const char *fmt, ...)
{
	struct gate_step *s;
	va_list ap;

	if (r->n >= GATE_STEPS)
		return good;
	s = &r->step[r->n++];
	s->bad = !good;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	return good;
}

/* Error code that names an IDT entry. */
static unsigned int idt_error(unsigned int vector)
{
	return vector << 3 | 2;
}

/* Is there memory behind a translated address? */
static bool has_memory(const struct x86_view *v, gpa_t gpa)
{
	struct err ignored;
	uint8_t byte;

	return v->mem.read(v->mem.ctx, gpa, &byte, 1, &ignored);
}

static bool access_check(const struct x86_view *v, gva_t gva, uint32_t access,
			 char *text, size_t size)
{
	struct walk w;

	if (!paging_walk(&v->paging, &v->mem, gva, access, &w)) {
		walk_explain(&w, text, size);
		return false;
	}
	if (!has_memory(v, w.gpa)) {
		snprintf(text, size,
			 "linear 0x%" PRIx64 " is physical 0x%" PRIx64 ", "
			 "where "
			 "no "
			 "memory "
			 "is",
			 gva, w.gpa);
		return false;
	}
	snprintf(text, size, "physical 0x%" PRIx64, w.gpa);
	return true;
}

bool stack_check(const struct x86_view *v, uint64_t sp, unsigned int bytes,
		 char *text, size_t size)
{
	uint64_t low = sp - bytes, high = sp - 1;

	if (!lma(v)) {
		low = (uint32_t)low;
		high = (uint32_t)high;
	}
	return access_check(v, high, ACCESS_WRITE, text, size) &&
	       access_check(v, low, ACCESS_WRITE, text, size);
}

/* ---- the steps ---- */

static bool check_kind(const struct desc *g, unsigned int vector,
		       struct gate_report *r)
{
	if (g->kind == DESC_EMPTY)
		return step(r, false, "the gate is empty: gives #GP(0x%x)",
			    idt_error(vector));
	if (g->kind == DESC_RESERVED)
		return step(r, false,
			    "type 0x%x is no gate in this mode: gives "
			    "#GP(0x%x)",
			    g->type, idt_error(vector));
	if (!g->present)
		return step(r, false,
			    "the gate is not present: gives #NP(0x%x)",
			    idt_error(vector));
	return step(r, true, "present, %s", desc_name(g));
}

/* What is wrong with this code segment as the target of a gate, or NULL. */
static const char *code_fault(const struct desc *code, bool long_mode)
{
	if (code->kind != DESC_CODE)
		return "is no code segment: gives #GP";
	if (code->dpl)
		return "has a DPL above 0: from CPL 0 that gives #GP";
	if (!code->present)
		return "is not present: gives #NP";
	if (long_mode && (!(code->attr & X86_AR_L) || code->attr & X86_AR_DB))
		return "is no 64-bit code (L=1, D=0): gives #GP";
	return NULL;
}

static bool check_code(const struct x86_view *v, const struct desc *g,
		       struct desc *code, struct gate_report *r)
{
	const char *fault;
	struct err err;

	if (!desc_fetch(v, g->sel, code, &err))
		return step(r, false, "%s%s", err.msg,
			    err.code == ERR_RANGE ? ": gives #GP" : "");
	fault = code_fault(code, lma(v));
	if (fault)
		return step(r, false,
			    "the target's segment 0x%04x (%016" PRIx64 ", %s) "
			    "%s(0x%x)",
			    g->sel, code->raw[0], desc_name(code), fault,
			    g->sel & ~SEL_RPL);
	return step(r, true,
		    "the target's segment 0x%04x is %s, present, DPL 0", g->sel,
		    desc_name(code));
}

static bool check_handler(const struct x86_view *v, const struct desc *g,
			  const struct desc *code, struct gate_report *r)
{
	char text[200];

	r->has_handler = true;
	r->handler = lma(v) ? g->offset : (uint32_t)(code->base + g->offset);
	if (!lma(v) && g->offset > code->limit)
		return step(r, false,
			    "the handler's offset 0x%" PRIx64 " lies beyond "
			    "the code segment's limit 0x%x: gives #GP(0)",
			    g->offset, code->limit);
	if (!access_check(v, r->handler, ACCESS_FETCH, text, sizeof(text)))
		return step(r, false, "the handler: %s", text);
	return step(r, true, "the handler is executable, %s", text);
}

static bool check_ist(const struct x86_view *v, const struct desc *g,
		      struct gate_report *r)
{
	char text[200];
	struct err err;
	struct tss tss;
	uint64_t sp;
	uint16_t ss;

	if (!g->ist)
		return true;
	if (!tss_fetch(v, &tss, &err) ||
	    !tss_stack(&tss, 0, g->ist, &ss, &sp, &err))
		return step(r, false, "IST %u: %s", g->ist, err.msg);
	if (!stack_check(v, sp & ~UINT64_C(15), FRAME_BYTES, text,
			 sizeof(text)))
		return step(r, false, "IST%u 0x%" PRIx64 "%s: %s", g->ist, sp,
			    sp ? "" : " was never set", text);
	return step(r, true, "IST%u 0x%" PRIx64 " is writable, %s", g->ist, sp,
		    text);
}

/* A task gate leads to another TSS; what is in there is not followed. */
static bool check_task(const struct x86_view *v, const struct desc *g,
		       struct gate_report *r)
{
	struct desc tss;
	struct err err;

	if (g->sel & SEL_TI)
		return step(r, false,
			    "the task's selector 0x%04x means the LDT: gives "
			    "#GP(0x%x)",
			    g->sel, g->sel & ~SEL_RPL);
	if (!desc_fetch(v, g->sel, &tss, &err))
		return step(r, false, "the task: %s", err.msg);
	if (tss.kind != DESC_TSS || (tss.type & DESC_TYPE_BUSY))
		return step(r, false,
			    "the task's selector 0x%04x means %s, not an "
			    "available TSS: gives #GP(0x%x)",
			    g->sel, desc_name(&tss), g->sel & ~SEL_RPL);
	if (!tss.present)
		return step(r, false,
			    "the task's TSS 0x%04x is not present: gives "
			    "#NP(0x%x)",
			    g->sel, g->sel & ~SEL_RPL);
	return step(r, true, "switches to the task of %s 0x%04x",
		    desc_name(&tss), g->sel);
}

static bool check_vector(const struct x86_view *v, const struct desc *g,
			 struct gate_report *r)
{
	char text[200];

	r->has_handler = true;
	r->handler = ((uint32_t)g->sel << 4) + g->offset;
	if (!g->sel && !g->offset)
		return step(r, false,
			    "0000:0000: nobody has set this vector; it runs "
			    "the table itself as code");
	if (!access_check(v, r->handler, ACCESS_FETCH, text, sizeof(text)))
		return step(r, false, "the handler: %s", text);
	return step(r, true, "the handler is at %s", text);
}

bool gate_check(const struct x86_view *v, unsigned int vector,
		const struct desc *gate, struct gate_report *r)
{
	struct desc code;

	r->n = 0;
	r->has_handler = false;
	if (gate->kind == DESC_VECTOR)
		return check_vector(v, gate, r);
	if (!check_kind(gate, vector, r))
		return false;
	if (gate->kind == DESC_TASK_GATE)
		return check_task(v, gate, r);
	return check_code(v, gate, &code, r) &&
	       check_handler(v, gate, &code, r) && check_ist(v, gate, r);
}

const struct gate_step *gate_problem(const struct gate_report *r)
{
	if (!r->n || !r->step[r->n - 1].bad)
		return NULL;
	return &r->step[r->n - 1];
}
