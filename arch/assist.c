/* Sources: SDM Vol 2, the page of each instruction. */
#include "arch/assist.h"

#include <string.h>

#include "base/bits.h"

enum {
	VECTOR_BP = 3,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	MXCSR_RESERVED = 0x10000, /* this bit and those above: #GP */
	FSTAT_KEPT = 0x7f00,	  /* FNCLEX clears the exceptions and B */
	FCTRL_INIT = 0x37f,
};

#define CR0_EM	    BIT(2)
#define CR0_TS	    BIT(3)
#define CR4_OSFXSR  BIT(9)
#define CR4_OSXSAVE BIT(18)

struct work {
	struct x86_state *s;
	const struct decoded *d;
	const struct assist_mem *mem;
	struct assist *a;
};

static enum assist_result raise(struct work *w, uint8_t vector, bool has_error,
				uint32_t error)
{
	w->a->vector = vector;
	w->a->has_error = has_error;
	w->a->error = error;
	return ASSIST_EXCEPTION;
}

static enum assist_result page_fault(struct work *w, gva_t gva, uint32_t pfec)
{
	w->s->cr2 = gva;
	w->a->groups |= X86_GROUP_SYS;
	return raise(w, VECTOR_PF, true, pfec);
}

/* Behind the instruction. */
static enum assist_result done(struct work *w, unsigned int groups)
{
	w->s->rip += w->d->length;
	w->a->groups |= groups | X86_GROUP_GPR;
	return ASSIST_DONE;
}

static enum assist_result store(struct work *w, const void *value, size_t size)
{
	uint32_t pfec;

	if (!w->mem->write(w->mem->ctx, w->d->mem[0].addr, value, size, &pfec))
		return page_fault(w, w->d->mem[0].addr, pfec);
	return done(w, 0);
}

/* ---- x87 and SSE control ---- */

static bool fpu_off(const struct work *w)
{
	return w->s->cr0 & (CR0_EM | CR0_TS);
}

/* A pending x87 error would be #MF here; the emulator runs no arithmetic. */
static enum assist_result do_fwait(struct work *w)
{
	if ((w->s->cr0 & (CR0_TS | BIT(1))) == (CR0_TS | BIT(1)))
		return raise(w, VECTOR_NM, false, 0);
	return done(w, 0);
}

static enum assist_result do_fninit(struct work *w)
{
	struct x86_fpu *f = &w->s->fpu;

	if (fpu_off(w))
		return raise(w, VECTOR_NM, false, 0);
	f->fctrl = FCTRL_INIT;
	f->fstat = f->fop = 0;
	f->ftag = 0xffff;
	f->fiseg = f->fioff = f->foseg = f->fooff = 0;
	return done(w, X86_GROUP_FPU);
}

static enum assist_result do_fnclex(struct work *w)
{
	if (fpu_off(w))
		return raise(w, VECTOR_NM, false, 0);
	w->s->fpu.fstat &= FSTAT_KEPT;
	return done(w, X86_GROUP_FPU);
}

static enum assist_result do_fnstsw(struct work *w)
{
	uint16_t value = (uint16_t)w->s->fpu.fstat;

	if (fpu_off(w))
		return raise(w, VECTOR_NM, false, 0);
	if (w->d->mems)
		return store(w, &value, sizeof(value));
	w->s->gpr[X86_RAX] = (w->s->gpr[X86_RAX] & ~UINT64_C(0xffff)) | value;
	return done(w, 0);
}

static enum assist_result do_fnstcw(struct work *w)
{
	uint16_t value = (uint16_t)w->s->fpu.fctrl;

	if (fpu_off(w))
		return raise(w, VECTOR_NM, false, 0);
	return store(w, &value, sizeof(value));
}

static enum assist_result do_fldcw(struct work *w)
{
	gva_t from = w->d->mem[0].addr;
	uint16_t value;
	uint32_t pfec;

	if (fpu_off(w))
		return raise(w, VECTOR_NM, false, 0);
	if (!w->mem->read(w->mem->ctx, from, &value, sizeof(value), &pfec))
		return page_fault(w, from, pfec);
	w->s->fpu.fctrl = value;
	return done(w, X86_GROUP_FPU);
}

static enum assist_result sse_fault(struct work *w)
{
	if (w->s->cr0 & CR0_EM || !(w->s->cr4 & CR4_OSFXSR))
		return raise(w, VECTOR_UD, false, 0);
	if (w->s->cr0 & CR0_TS)
		return raise(w, VECTOR_NM, false, 0);
	return ASSIST_DONE;
}

static enum assist_result do_ldmxcsr(struct work *w)
{
	enum assist_result fault = sse_fault(w);
	gva_t from = w->d->mem[0].addr;
	uint32_t value, pfec;

	if (fault != ASSIST_DONE)
		return fault;
	if (!w->mem->read(w->mem->ctx, from, &value, sizeof(value), &pfec))
		return page_fault(w, from, pfec);
	if (value >= MXCSR_RESERVED)
		return raise(w, VECTOR_GP, true, 0);
	w->s->fpu.mxcsr = value;
	return done(w, X86_GROUP_FPU);
}

static enum assist_result do_stmxcsr(struct work *w)
{
	enum assist_result fault = sse_fault(w);

	if (fault != ASSIST_DONE)
		return fault;
	return store(w, &w->s->fpu.mxcsr, sizeof(w->s->fpu.mxcsr));
}

/* ---- the rest ---- */

static enum assist_result set_ac(struct work *w, bool on)
{
	if (x86_cpl(w->s))
		return raise(w, VECTOR_UD, false, 0);
	w->s->rflags &= ~X86_FL_AC;
	if (on)
		w->s->rflags |= X86_FL_AC;
	return done(w, 0);
}

static enum assist_result do_clac(struct work *w)
{
	return set_ac(w, false);
}

static enum assist_result do_stac(struct work *w)
{
	return set_ac(w, true);
}

static enum assist_result do_xgetbv(struct work *w)
{
	if (!(w->s->cr4 & CR4_OSXSAVE))
		return raise(w, VECTOR_UD, false, 0);
	if ((uint32_t)w->s->gpr[X86_RCX])
		return raise(w, VECTOR_GP, true, 0);
	w->s->gpr[X86_RAX] = (uint32_t)w->s->xcr0;
	w->s->gpr[X86_RDX] = w->s->xcr0 >> 32;
	return done(w, 0);
}

/* Not atomic against other vCPUs, as KVM's own emulated ones are not quite. */
static enum assist_result do_cmpxchg16b(struct work *w)
{
	uint64_t *gpr = w->s->gpr, now[2];
	const uint64_t want[2] = {gpr[X86_RBX], gpr[X86_RCX]};
	gva_t at = w->d->mem[0].addr;
	uint32_t pfec;
	bool equal;

	if (at & 15)
		return raise(w, VECTOR_GP, true, 0);
	if (!w->mem->read(w->mem->ctx, at, now, sizeof(now), &pfec))
		return page_fault(w, at, pfec);
	equal = now[0] == gpr[X86_RAX] && now[1] == gpr[X86_RDX];
	/* the processor writes in either case */
	if (!w->mem->write(w->mem->ctx, at, equal ? want : now, sizeof(now),
			   &pfec))
		return page_fault(w, at, pfec);
	w->s->rflags &= ~X86_FL_ZF;
	if (equal)
		w->s->rflags |= X86_FL_ZF;
	gpr[X86_RAX] = now[0];
	gpr[X86_RDX] = now[1];
	return done(w, 0);
}

static enum assist_result do_popcnt(struct work *w)
{
	const struct decoded *d = w->d;
	unsigned int size = d->operand_size;
	uint64_t value = 0, *to;
	uint32_t pfec;

	if (d->gpr[0] < 0 || (!d->mems && d->gpr[1] < 0) ||
	    (size != 2 && size != 4 && size != 8))
		return ASSIST_UNKNOWN;
	if (!d->mems)
		memcpy(&value, &w->s->gpr[d->gpr[1]], size);
	else if (!w->mem->read(w->mem->ctx, d->mem[0].addr, &value, size,
			       &pfec))
		return page_fault(w, d->mem[0].addr, pfec);
	to = &w->s->gpr[d->gpr[0]];
	w->s->rflags &= ~(BIT(0) | BIT(2) | BIT(4) | X86_FL_ZF | BIT(7) |
			  BIT(11)); /* CF PF AF ZF SF OF */
	if (!value)
		w->s->rflags |= X86_FL_ZF;
	value = (uint64_t)__builtin_popcountll(value);
	*to = size == 2 ? (*to & ~UINT64_C(0xffff)) | value : value;
	return done(w, 0);
}

/* Cache hints: the line must be readable, nothing else can be seen of it. */
static enum assist_result do_clflush(struct work *w)
{
	uint32_t pfec;
	uint8_t byte;

	if (!w->mem->read(w->mem->ctx, w->d->mem[0].addr, &byte, 1, &pfec))
		return page_fault(w, w->d->mem[0].addr, pfec);
	return done(w, 0);
}

/* A no-op while shadow stacks are off (CR4.CET). */
static enum assist_result do_rdssp(struct work *w)
{
	if (w->s->cr4 & BIT(23))
		return ASSIST_UNKNOWN;
	return done(w, 0);
}

/* A trap: the frame's instruction pointer is behind it. */
static enum assist_result do_int(struct work *w)
{
	done(w, 0);
	raise(w, w->d->vector, false, 0);
	return w->d->vector < 32 ? ASSIST_EXCEPTION : ASSIST_INTERRUPT;
}

static const struct {
	const char *name; /* struct decoded's */
	enum assist_result (*run)(struct work *w);
	bool needs_mem;
} table[] = {
	{"clac", do_clac, false},
	{"clflush", do_clflush, true},
	{"clflushopt", do_clflush, true},
	{"clwb", do_clflush, true},
	{"cmpxchg16b", do_cmpxchg16b, true},
	{"fldcw", do_fldcw, true},
	{"fnclex", do_fnclex, false},
	{"fninit", do_fninit, false},
	{"fnstcw", do_fnstcw, true},
	{"fnstsw", do_fnstsw, false},
	{"fwait", do_fwait, false},
	{"int", do_int, false},
	{"int3", do_int, false},
	{"ldmxcsr", do_ldmxcsr, true},
	{"popcnt", do_popcnt, false},
	{"rdsspd", do_rdssp, false},
	{"rdsspq", do_rdssp, false},
	{"stac", do_stac, false},
	{"stmxcsr", do_stmxcsr, true},
	{"xgetbv", do_xgetbv, false},
};

static int find(const struct decoded *d)
{
	if (d->result != DECODE_OK || !d->name)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].name, d->name) &&
		    (d->mems || !table[i].needs_mem))
			return (int)i;
	return -1;
}

bool assist_knows(const struct decoded *d)
{
	return find(d) >= 0;
}

enum assist_result assist_insn(struct x86_state *s, const struct decoded *d,
			       const struct assist_mem *mem, struct assist *a)
{
	struct work w = {s, d, mem, a};
	int i = find(d);

	if (i < 0)
		return ASSIST_UNKNOWN;
	*a = (struct assist){.name = table[i].name};
	return table[i].run(&w);
}
