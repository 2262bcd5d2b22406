#include "arch/diag/fault.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch/diag/fault_impl.h"
#include "arch/exit/names.h"

#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_MP BIT(1)
#define FL_OF  BIT(11)

/* ---- making one ---- */

static void set_v(struct x86_fault *f, uint8_t vector, const char *fmt,
		  va_list ap)
{
	memset(f, 0, sizeof(*f));
	f->vector = vector;
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
}

void fault_set(struct x86_fault *f, uint8_t vector, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(f, vector, fmt, ap);
	va_end(ap);
}

void fault_set_error(struct x86_fault *f, uint8_t vector, uint32_t error,
		     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_v(f, vector, fmt, ap);
	va_end(ap);
	f->has_error = true;
	f->error = error;
}

void fault_print(struct buf *out, const struct x86_fault *f)
{
	const char *name = exception_name(f->vector);

	if (f->kind == FAULT_INTERRUPT) {
		buf_printf(out, "interrupt 0x%x", f->vector);
		return;
	}
	if (f->kind == FAULT_SOFT) {
		buf_printf(out, "int 0x%x", f->vector);
		return;
	}
	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "exception %u", f->vector);
	if (f->vector == VECTOR_PF && f->has_error && !f->guess) {
		buf_printf(out, "(err 0x%x", f->error);
		if (f->has_addr)
			buf_printf(out, ", cr2=0x%" PRIx64, f->addr);
		buf_byte(out, ')');
	} else if (f->vector == VECTOR_PF && f->has_addr) {
		buf_printf(out, "(cr2=0x%" PRIx64 ")", f->addr);
	} else if (f->has_error && f->vector != VECTOR_DF &&
		   f->vector != VECTOR_PF) {
		buf_printf(out, "(0x%x%s)", f->error & ~(uint32_t)ERROR_EXT,
			   f->error & ERROR_EXT ? "+EXT" : "");
	}
}

/* ---- memory ---- */

const char *fault_fix_walk(const struct walk *w)
{
	const struct walk_step *last = w->steps ? &w->step[w->steps - 1] : NULL;

	switch (w->result) {
	case WALK_NOT_PRESENT:
		return "map that address, or find where the wrong address "
		       "comes from";
	case WALK_NO_TABLE:
		return "a page table lies where there is no memory: CR3 or an "
		       "entry is wrong, or the guest needs more memory (-m)";
	case WALK_NOT_CANONICAL:
		return "find where the wrong address comes from: bits 63..47 "
		       "of a canonical one are equal";
	case WALK_RESERVED:
		if (last->reserved & BIT(63))
			return "set EFER.NXE before using the NX bit";
		if (last->level == 3 && (last->reserved & BIT(7)))
			return "give the guest 1-GiB pages with --cpu "
			       "MODEL,+pdpe1gb, or map with 2-MiB pages";
		return "clear those bits in the entry";
	case WALK_PROTECTED:
		return "give the page that permission, or find where the "
		       "wrong address comes from";
	default:
		return NULL;
	}
}

static void set_page_fault(struct x86_fault *f, const struct walk *w)
{
	char text[240];

	walk_explain(w, text, sizeof(text));
	fault_set_error(f, VECTOR_PF, w->pfec, "%s", text);
	f->has_addr = true;
	f->addr = w->gva;
	f->fetch = w->access & ACCESS_FETCH;
	f->fix = fault_fix_walk(w);
}

static bool walk_faults(const struct x86_view *v, gva_t addr, uint32_t flags,
			unsigned int access, struct x86_fault *f)
{
	struct paging p = v->paging;
	struct walk w;

	if (access & FAULT_IMPLICIT)
		p.ac = false;
	if (paging_walk(&p, &v->mem, addr, flags, &w))
		return false;
	if (w.result == WALK_NOT_CANONICAL) {
		fault_set_error(f, access & FAULT_STACK ? VECTOR_SS : VECTOR_GP,
				0, "address 0x%" PRIx64 " is not canonical",
				addr);
		f->fix = fault_fix_walk(&w);
		return true;
	}
	set_page_fault(f, &w);
	return true;
}

bool fault_at(const struct x86_view *v, gva_t addr, uint64_t size,
	      unsigned int access, struct x86_fault *f)
{
	uint32_t flags = (access & FAULT_WRITE ? ACCESS_WRITE : 0) |
			 (access & FAULT_USER ? ACCESS_USER : 0);
	gva_t last = addr + size - 1;

	if (walk_faults(v, addr, flags, access, f))
		return true;
	return (addr ^ last) >> 12 &&
	       walk_faults(v, last & ~UINT64_C(0xfff), flags, access, f);
}

static bool fetch_page(const struct x86_view *v, gva_t addr,
		       struct x86_fault *f)
{
	uint32_t flags = ACCESS_FETCH | (x86_cpl(v->s) == 3 ? ACCESS_USER : 0);

	return walk_faults(v, addr, flags, 0, f);
}

bool fault_fetch(const struct x86_view *v, uint64_t rip, unsigned int len,
		 struct x86_fault *f)
{
	const struct x86_seg *cs = &v->s->seg[X86_CS];
	gva_t first = rip, last;

	if (x86_mode(v->s) != X86_MODE_LONG64) {
		if (rip > cs->limit || cs->limit - rip < len - 1) {
			fault_set_error(f, VECTOR_GP, 0,
					"rip 0x%" PRIx64 " is beyond the "
					"limit 0x%x of CS",
					rip, cs->limit);
			return true;
		}
		first = (uint32_t)(cs->base + rip);
	}
	last = first + len - 1;
	if (fetch_page(v, first, f))
		return true;
	return (first ^ last) >> 12 &&
	       fetch_page(v, last & ~UINT64_C(0xfff), f);
}

bool fault_predict(const struct x86_view *v, const struct decoded *d,
		   struct x86_fault *f)
{
	const struct fault_work w = {
		.v = v,
		.d = d,
		.mode = x86_mode(v->s),
		.protected = v->s->cr0 & X86_CR0_PE,
		.cpl = x86_cpl(v->s),
	};
	unsigned int len = d->length ? d->length : 1;

	if (d->result == DECODE_SHORT)
		len = DECODE_MAX_BYTES;
	if (fault_fetch(v, v->s->rip, len, f))
		return true;
	if (d->result == DECODE_SHORT || d->result == DECODE_ABSENT)
		return false;
	return fault_rules(&w, f);
}
