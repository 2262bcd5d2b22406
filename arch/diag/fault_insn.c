/* What an instruction checks before and while it runs, one rule a function. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/diag/fault_impl.h"
#include "arch/regs.h"

#define CR0_MP	    BIT(1)
#define CR0_EM	    BIT(2)
#define CR0_TS	    BIT(3)
#define CR4_OSFXSR  BIT(9)
#define CR4_OSXSAVE BIT(18)
#define MSR_EFER    0xc0000080u
#define FL_OF	    BIT(11)

/* ---- segments outside 64-bit mode ---- */

static bool beyond_limit(const struct x86_seg *seg, const struct decode_mem *m)
{
	uint64_t last = m->offset + max_u64(m->size, 1) - 1;

	if ((seg->attr & (X86_AR_S | 8 | 4)) == (X86_AR_S | 4)) /* downwards */
		return m->offset <= seg->limit ||
		       last > (seg->attr & X86_AR_DB ? UINT32_MAX : 0xffff);
	return last > seg->limit;
}

static const char *segment_name(enum x86_seg_index seg)
{
	static const char *const names[] = {"CS", "SS", "DS", "ES", "FS", "GS"};

	return seg < ARRAY_SIZE(names) ? names[seg] : "?";
}

static bool segment_faults(const struct fault_work *w,
			   const struct decode_mem *m, struct x86_fault *f)
{
	const struct x86_seg *seg = &w->v->s->seg[m->seg];
	uint8_t vector = m->seg == X86_SS ? VECTOR_SS : VECTOR_GP;
	const char *name = segment_name(m->seg);
	bool code = seg->attr & 8, rw = seg->attr & 2;

	if (w->mode == X86_MODE_LONG64)
		return false;
	if (w->protected && (seg->attr & X86_AR_UNUSABLE))
		fault_set_error(f, VECTOR_GP, 0,
				"%s holds a null selector, memory cannot be "
				"reached through it",
				name);
	else if (w->protected && m->write && (code || !rw))
		fault_set_error(f, VECTOR_GP, 0, "%s is not writable (%s)",
				name, code ? "code" : "read-only data");
	else if (w->protected && m->read && code && !rw)
		fault_set_error(f, VECTOR_GP, 0,
				"%s is code that cannot be "
				"read",
				name);
	else if (beyond_limit(seg, m))
		fault_set_error(f, vector, 0,
				"offset 0x%" PRIx64 " is beyond the limit 0x%x "
				"of %s",
				m->offset, seg->limit, name);
	else
		return false;
	return true;
}

/* ---- operands ---- */

static bool is_skipped(const struct fault_work *w, const struct decode_mem *m)
{
	uint64_t count = w->v->s->gpr[X86_RCX];

	if (w->d->address_size < 8)
		count &= BIT(8 * w->d->address_size) - 1;
	return m->unknown || ((w->d->flags & DECODE_REP) &&
			      (w->d->flags & DECODE_STRING) && !count);
}

static bool operand_faults(const struct fault_work *w,
			   const struct decode_mem *m, struct x86_fault *f)
{
	unsigned int access = (m->write ? FAULT_WRITE : 0) |
			      (w->cpl == 3 ? FAULT_USER : 0) |
			      (m->seg == X86_SS ? FAULT_STACK : 0);

	if (is_skipped(w, m))
		return false;
	if (segment_faults(w, m, f) ||
	    fault_at(w->v, m->addr, max_u64(m->size, 1), access, f))
		return true;
	if (!(w->d->flags & DECODE_ALIGNED) || m->hidden || m->size < 16 ||
	    !(m->addr & (m->size - 1)))
		return false;
	fault_set_error(f, VECTOR_GP, 0,
			"%s wants its operand aligned to %u bytes, 0x%" PRIx64
			" is not",
			w->d->mnemonic, m->size, m->addr);
	f->fix = "align the data, or the stack: rsp + 8 must be a multiple of "
		 "16 at a function's first instruction";
	return true;
}

static bool operands_fault(const struct fault_work *w, struct x86_fault *f)
{
	for (unsigned int i = 0; i < w->d->mems; i++)
		if (operand_faults(w, &w->d->mem[i], f))
			return true;
	return false;
}

/* ---- what a control register forbids ---- */

static bool vector_unit_faults(const struct fault_work *w, struct x86_fault *f)
{
	const struct x86_state *s = w->v->s;
	bool avx = w->d->flags & DECODE_AVX;
	uint64_t want = w->d->flags & DECODE_EVEX ? 0xe6 : 6;

	if (!avx && !(w->d->flags & DECODE_SSE))
		return false;
	if (avx && !(s->cr4 & CR4_OSXSAVE)) {
		fault_set(f, VECTOR_UD, "CR4.OSXSAVE is 0: AVX is off");
		f->fix = "set CR4.OSXSAVE and enable the state in XCR0, or "
			 "build without AVX";
	} else if (avx && (s->xcr0 & want) != want) {
		fault_set(f, VECTOR_UD,
			  "XCR0 is 0x%" PRIx64 ", this needs bits 0x%" PRIx64,
			  s->xcr0, want);
		f->fix = "enable the state with XSETBV, or build without AVX";
	} else if (!avx && !(s->cr4 & CR4_OSFXSR)) {
		fault_set(f, VECTOR_UD, "CR4.OSFXSR is 0: SSE is off");
		f->fix = "set CR4.OSFXSR and clear CR0.EM, or build without "
			 "SSE (-mgeneral-regs-only)";
	} else if (!avx && (s->cr0 & CR0_EM)) {
		fault_set(f, VECTOR_UD, "CR0.EM is 1: SSE is off");
		f->fix = "clear CR0.EM";
	} else if (s->cr0 & CR0_TS) {
		fault_set(f, VECTOR_NM, "CR0.TS is 1");
		f->fix = "clear CR0.TS, or let the #NM handler do it";
	} else {
		return false;
	}
	return true;
}

static bool x87_faults(const struct fault_work *w, struct x86_fault *f)
{
	const struct x86_state *s = w->v->s;
	bool em = s->cr0 & CR0_EM, ts = s->cr0 & CR0_TS;

	if (!strcmp(w->d->mnemonic, "fwait") && (!ts || !(s->cr0 & CR0_MP)))
		return false;
	if (!(w->d->flags & (DECODE_X87 | DECODE_MMX)) || (!em && !ts))
		return false;
	if (em && (w->d->flags & DECODE_MMX))
		fault_set(f, VECTOR_UD, "CR0.EM is 1: MMX is off");
	else
		fault_set(f, VECTOR_NM, "CR0.%s is 1", em ? "EM" : "TS");
	f->fix = "clear CR0.EM and CR0.TS before using the FPU";
	return true;
}

/* ---- privilege ---- */

static unsigned int iopl(const struct fault_work *w)
{
	return (unsigned int)(w->v->s->rflags >> 12) & 3;
}

static bool privilege_faults(const struct fault_work *w, struct x86_fault *f)
{
	const char *m = w->d->mnemonic;
	bool flag = !strcmp(m, "cli") || !strcmp(m, "sti");

	if (!w->protected || !w->cpl)
		return false;
	if (w->d->flags & DECODE_PRIVILEGED) {
		fault_set_error(f, VECTOR_GP, 0,
				"%s needs CPL 0, this is CPL "
				"%u",
				m, w->cpl);
		return true;
	}
	if (iopl(w) >= w->cpl || !(flag || (w->d->flags & DECODE_IO)))
		return false;
	fault_set_error(f, VECTOR_GP, 0, "%s at CPL %u needs IOPL %u%s", m,
			w->cpl, w->cpl,
			flag ? "" : ", or leave by the TSS's I/O bitmap");
	f->guess = !flag;
	return true;
}

/* ---- values loaded into control registers ---- */

static bool refuse_value(const struct x86_view *v, const char *reg,
			 uint64_t value, struct x86_fault *f)
{
	const struct reg_def *def = reg_find(reg);
	struct x86_state s = *v->s;
	struct err err;

	/* The processor itself keeps LMA = LME & PG. */
	if (!strcmp(reg, "cr0"))
		s.efer = (s.efer & ~X86_EFER_LMA) |
			 (value & X86_CR0_PG && s.efer & X86_EFER_LME
				  ? X86_EFER_LMA
				  : 0);
	if (!def || reg_write(def, &s, &v->cpu, &value, &err))
		return false;
	fault_set_error(f, VECTOR_GP, 0, "%s", err.msg);
	return true;
}

static bool control_faults(const struct fault_work *w, struct x86_fault *f)
{
	char name[8];

	if (!(w->d->flags & DECODE_LOADS_CR) || w->d->control < 0 ||
	    !w->d->has_source)
		return false;
	snprintf(name, sizeof(name), "cr%d", w->d->control & 15);
	return refuse_value(w->v, name, w->d->source, f);
}

static bool msr_faults(const struct fault_work *w, struct x86_fault *f)
{
	const struct x86_state *s = w->v->s;
	uint32_t index = (uint32_t)s->gpr[X86_RCX];
	uint64_t value = s->gpr[X86_RDX] << 32 | (uint32_t)s->gpr[X86_RAX];
	bool write = w->d->flags & DECODE_WRMSR;

	if (!(w->d->flags & (DECODE_RDMSR | DECODE_WRMSR)))
		return false;
	if (write && index == MSR_EFER) {
		value = (value & ~X86_EFER_LMA) | (s->efer & X86_EFER_LMA);
		return refuse_value(w->v, "efer", value, f);
	}
	if (write)
		fault_set_error(f, VECTOR_GP, 0,
				"wrmsr of 0x%" PRIx64 " to MSR 0x%x: a "
				"register or value that this processor refuses",
				value, index);
	else
		fault_set_error(f, VECTOR_GP, 0,
				"rdmsr of MSR 0x%x, which this processor does "
				"not have",
				index);
	f->fix = "check CPUID before using the register";
	f->guess = true;
	return true;
}

/* ---- division ---- */

static bool read_source(const struct fault_work *w, uint64_t *value)
{
	const struct decode_mem *m = &w->d->mem[0];
	struct err err;

	*value = w->d->source;
	if (w->d->has_source)
		return true;
	return w->d->mems && m->size <= 8 &&
	       view_read(w->v, m->addr, value, m->size, &err);
}

/* DX:AX and the like; a byte's dividend is AX. */
static unsigned __int128 dividend(const struct x86_state *s, unsigned int size)
{
	unsigned int bits = 8 * size;
	uint64_t mask = size == 8 ? UINT64_MAX : BIT(bits) - 1;

	if (size == 1)
		return s->gpr[X86_RAX] & 0xffff;
	return (unsigned __int128)(s->gpr[X86_RDX] & mask) << bits |
	       (s->gpr[X86_RAX] & mask);
}

static __int128 sign_extend(unsigned __int128 value, unsigned int bits)
{
	unsigned int unused = 128 - bits;

	return (__int128)(value << unused) >> unused;
}

static bool quotient_overflows(const struct x86_state *s, unsigned int size,
			       uint64_t by, bool with_sign)
{
	unsigned int bits = 8 * size;
	unsigned __int128 n = dividend(s, size), top = (unsigned __int128)1;
	__int128 q, a, b;

	if (!with_sign)
		return n / by > (top << bits) - 1;
	a = sign_extend(n, 2 * bits);
	b = sign_extend(by, bits);
	if (b == -1 && a == sign_extend(top << 127, 128))
		return true;
	q = a / b;
	return q != sign_extend((unsigned __int128)q, bits);
}

static bool divide_faults(const struct fault_work *w, struct x86_fault *f)
{
	unsigned int size = w->d->operand_size;
	uint64_t by = 0;

	if (!(w->d->flags & DECODE_DIVIDE) || !size || size > 8 ||
	    !read_source(w, &by))
		return false;
	if (size < 8)
		by &= BIT(8 * size) - 1;
	if (!by)
		fault_set(f, VECTOR_DE, "division by zero");
	else if (strcmp(w->d->mnemonic, "aam") &&
		 quotient_overflows(w->v->s, size, by,
				    w->d->mnemonic[0] == 'i'))
		fault_set(f, VECTOR_DE, "the quotient does not fit in %u bits",
			  8 * size);
	else
		return false;
	return true;
}

/* ---- the program's own interrupts ---- */

static bool is_soft_interrupt(const struct fault_work *w, struct x86_fault *f)
{
	const char *m = w->d->mnemonic;

	if (!(w->d->flags & DECODE_INT) ||
	    (!strcmp(m, "into") && !(w->v->s->rflags & FL_OF)))
		return false;
	fault_set(f, w->d->vector, "the program's own %s", w->d->text);
	f->kind = FAULT_SOFT;
	return true;
}

static bool is_undefined(const struct fault_work *w, struct x86_fault *f)
{
	bool syscall = !strcmp(w->d->mnemonic, "syscall") ||
		       !strcmp(w->d->mnemonic, "sysret");

	if (w->d->result == DECODE_UNKNOWN)
		fault_set(f, VECTOR_UD, "these bytes are no instruction");
	else if (w->d->flags & DECODE_UD)
		fault_set(f, VECTOR_UD, "%s raises it on purpose",
			  w->d->mnemonic);
	else if (syscall && !(w->v->s->efer & BIT(0)))
		fault_set(f, VECTOR_UD, "EFER.SCE is 0: %s is off",
			  w->d->mnemonic);
	else
		return false;
	if (w->d->flags & DECODE_UD)
		f->fix = "ud2 marks a place the compiler or a BUG() says is "
			 "never reached: look at the caller";
	return true;
}

bool fault_rules(const struct fault_work *w, struct x86_fault *f)
{
	/* in the order in which a processor looks */
	static bool (*const rules[])(const struct fault_work *w,
				     struct x86_fault *f) = {
		is_undefined,	    is_soft_interrupt,	 x87_faults,
		vector_unit_faults, privilege_faults,	 operands_fault,
		divide_faults,	    control_faults,	 fault_segment_load,
		fault_far_transfer, fault_near_transfer, msr_faults,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i](w, f))
			return true;
	return false;
}
