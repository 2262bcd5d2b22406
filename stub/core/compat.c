#include "stub/core/compat.h"

#include <string.h>

#define LAYOUT(type, ...)                                         \
	const struct wire_layout type##_layout = {                \
		.name = #type,                                    \
		.size = sizeof(struct type),                      \
		.field = (const struct wire_field[]){__VA_ARGS__, \
						     {.kind = WIRE_END}}}
/* clang-format off */

#define S struct prstatus
LAYOUT(prstatus,
	WIRE_SKIP(32), WIRE_U32(S, pid), WIRE_SKIP(76), WIRE_ARRAY(S, reg, 8),
	WIRE_SKIP(8));
#undef S

#define S struct prstatus32
LAYOUT(prstatus32,
	WIRE_SKIP(24), WIRE_U32(S, pid), WIRE_SKIP(44), WIRE_ARRAY(S, reg, 4),
	WIRE_SKIP(4));
#undef S

#define S struct qemu_seg
static LAYOUT(qemu_seg,
	WIRE_U32(S, sel), WIRE_U32(S, limit), WIRE_U32(S, flags), WIRE_SKIP(4),
	WIRE_U64(S, base));
#undef S

/* kernel_gs_base as "version 2": the note itself still says 1. */
#define S struct qemu_cpu
LAYOUT(qemu_cpu,
	WIRE_U32(S, version), WIRE_U32(S, size), WIRE_ARRAY(S, gpr, 8),
	WIRE_U64(S, rip), WIRE_U64(S, rflags),
	WIRE_SUB(S, seg, QEMU_SEGS, &qemu_seg_layout), WIRE_ARRAY(S, cr, 8),
	WIRE_U64(S, kernel_gs_base, .since = 2));
#undef S
/* clang-format on */

/* ---- NT_PRSTATUS ---- */

static const struct {
	enum prstatus_reg reg;
	enum x86_gpr gpr;
} pr_gpr[] = {
	{PR_R15, X86_R15}, {PR_R14, X86_R14}, {PR_R13, X86_R13},
	{PR_R12, X86_R12}, {PR_RBP, X86_RBP}, {PR_RBX, X86_RBX},
	{PR_R11, X86_R11}, {PR_R10, X86_R10}, {PR_R9, X86_R9},
	{PR_R8, X86_R8},   {PR_RAX, X86_RAX}, {PR_RCX, X86_RCX},
	{PR_RDX, X86_RDX}, {PR_RSI, X86_RSI}, {PR_RDI, X86_RDI},
	{PR_RSP, X86_RSP},
};

static const struct {
	enum prstatus_reg reg;
	enum x86_seg_index seg;
} pr_seg[] = {
	{PR_CS, X86_CS}, {PR_SS, X86_SS}, {PR_DS, X86_DS},
	{PR_ES, X86_ES}, {PR_FS, X86_FS}, {PR_GS, X86_GS},
};

void prstatus_from_state(struct prstatus *p, const struct x86_state *s,
			 unsigned int vcpu)
{
	memset(p, 0, sizeof(*p));
	p->pid = vcpu + 1;
	for (size_t i = 0; i < ARRAY_SIZE(pr_gpr); i++)
		p->reg[pr_gpr[i].reg] = s->gpr[pr_gpr[i].gpr];
	for (size_t i = 0; i < ARRAY_SIZE(pr_seg); i++)
		p->reg[pr_seg[i].reg] = s->seg[pr_seg[i].seg].sel;
	p->reg[PR_RIP] = s->rip;
	p->reg[PR_EFLAGS] = s->rflags;
	p->reg[PR_FS_BASE] = s->seg[X86_FS].base;
	p->reg[PR_GS_BASE] = s->seg[X86_GS].base;
}

void prstatus_to_state(struct x86_state *s, const struct prstatus *p)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < ARRAY_SIZE(pr_gpr); i++)
		s->gpr[pr_gpr[i].gpr] = p->reg[pr_gpr[i].reg];
	for (size_t i = 0; i < ARRAY_SIZE(pr_seg); i++)
		s->seg[pr_seg[i].seg].sel = (uint32_t)p->reg[pr_seg[i].reg] &
					    0xffff;
	s->rip = p->reg[PR_RIP];
	s->rflags = p->reg[PR_EFLAGS];
	s->seg[X86_FS].base = p->reg[PR_FS_BASE];
	s->seg[X86_GS].base = p->reg[PR_GS_BASE];
}

void prstatus32_to_state(struct x86_state *s, const struct prstatus32 *p)
{
	static const enum x86_gpr gpr[] = {X86_RBX, X86_RCX, X86_RDX, X86_RSI,
					   X86_RDI, X86_RBP, X86_RAX};
	static const enum x86_seg_index seg[] = {X86_DS, X86_ES, X86_FS,
						 X86_GS};

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < ARRAY_SIZE(gpr); i++)
		s->gpr[gpr[i]] = p->reg[i];
	for (size_t i = 0; i < ARRAY_SIZE(seg); i++)
		s->seg[seg[i]].sel = p->reg[7 + i] & 0xffff;
	s->rip = p->reg[12];
	s->seg[X86_CS].sel = p->reg[13] & 0xffff;
	s->rflags = p->reg[14];
	s->gpr[X86_RSP] = p->reg[15];
	s->seg[X86_SS].sel = p->reg[16] & 0xffff;
}

/* ---- QEMU ---- */

static const enum x86_gpr qemu_gpr[16] = {X86_RAX, X86_RBX, X86_RCX, X86_RDX,
					  X86_RSI, X86_RDI, X86_RSP, X86_RBP,
					  X86_R8,  X86_R9,  X86_R10, X86_R11,
					  X86_R12, X86_R13, X86_R14, X86_R15};

static const enum x86_seg_index qemu_seg[QEMU_GDT] = {
	[QEMU_CS] = X86_CS, [QEMU_DS] = X86_DS,	   [QEMU_ES] = X86_ES,
	[QEMU_FS] = X86_FS, [QEMU_GS] = X86_GS,	   [QEMU_SS] = X86_SS,
	[QEMU_TR] = X86_TR, [QEMU_LDT] = X86_LDTR,
};

/* type s dpl p, and avl l db g, at the same distance in both words */
#define ATTR_BITS 0xf0ffu

static void seg_to_qemu(struct qemu_seg *q, const struct x86_seg *s)
{
	*q = (struct qemu_seg){
		.sel = s->sel, .limit = s->limit, .base = s->base};
	if (!(s->attr & X86_AR_UNUSABLE))
		q->flags = (s->attr & ATTR_BITS) << 8;
}

static void seg_from_qemu(struct x86_seg *s, const struct qemu_seg *q)
{
	*s = (struct x86_seg){.base = q->base,
			      .limit = q->limit,
			      .attr = q->flags >> 8 & ATTR_BITS,
			      .sel = q->sel & 0xffff};
	if (!(s->attr & X86_AR_P))
		s->attr |= X86_AR_UNUSABLE;
}

void qemu_cpu_from_state(struct qemu_cpu *q, const struct x86_state *s)
{
	memset(q, 0, sizeof(*q));
	q->version = 1;
	q->size = QEMU_CPU_BYTES;
	for (size_t i = 0; i < ARRAY_SIZE(qemu_gpr); i++)
		q->gpr[i] = s->gpr[qemu_gpr[i]];
	q->rip = s->rip;
	q->rflags = s->rflags;
	for (size_t i = 0; i < ARRAY_SIZE(qemu_seg); i++)
		seg_to_qemu(&q->seg[i], &s->seg[qemu_seg[i]]);
	q->seg[QEMU_GDT].base = s->gdt.base;
	q->seg[QEMU_GDT].limit = s->gdt.limit;
	q->seg[QEMU_IDT].base = s->idt.base;
	q->seg[QEMU_IDT].limit = s->idt.limit;
	q->cr[0] = s->cr0;
	q->cr[2] = s->cr2;
	q->cr[3] = s->cr3;
	q->cr[4] = s->cr4;
	q->kernel_gs_base = s->msr.k_gs_base;
}

/*
 * A file for x86-64 comes from a machine whose first processor was in long
 * mode, so there paging with PAE is long mode.  NX: kernels with PAE switch it
 * on wherever the processor has it.
 */
static uint64_t implied_efer(const struct x86_state *s, bool x86_64)
{
	uint64_t efer;

	if (!(s->cr0 & X86_CR0_PG) || !(s->cr4 & X86_CR4_PAE))
		return 0;
	efer = X86_EFER_NXE;
	if (x86_64 || (s->seg[X86_CS].attr & X86_AR_L))
		efer |= X86_EFER_LME | X86_EFER_LMA;
	return efer;
}

void qemu_cpu_to_state(struct x86_state *s, const struct qemu_cpu *q,
		       bool x86_64)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < ARRAY_SIZE(qemu_gpr); i++)
		s->gpr[qemu_gpr[i]] = q->gpr[i];
	s->rip = q->rip;
	s->rflags = q->rflags;
	for (size_t i = 0; i < ARRAY_SIZE(qemu_seg); i++)
		seg_from_qemu(&s->seg[qemu_seg[i]], &q->seg[i]);
	s->gdt.base = q->seg[QEMU_GDT].base;
	s->gdt.limit = q->seg[QEMU_GDT].limit & 0xffff;
	s->idt.base = q->seg[QEMU_IDT].base;
	s->idt.limit = q->seg[QEMU_IDT].limit & 0xffff;
	s->cr0 = q->cr[0];
	s->cr2 = q->cr[2];
	s->cr3 = q->cr[3];
	s->cr4 = q->cr[4];
	s->msr.k_gs_base = q->kernel_gs_base;
	s->efer = implied_efer(s, x86_64);
}
