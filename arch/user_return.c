#include "arch/user_return.h"

#include "arch/desc/desc.h"
#include "base/bits.h"

/* RFLAGS bits that the instructions load; VM is none of them in long mode. */
#define FL_IRET	  UINT64_C(0x3d7fd5)
#define FL_SYSRET UINT64_C(0x3c7fd7)
#define FL_NT	  BIT(14)
#define FL_FIXED  BIT(1)

#define AR_FLAT_CODE (X86_AR_G | X86_AR_P | X86_AR_DPL | X86_AR_S | 0xb)
#define AR_FLAT_DATA \
	(X86_AR_G | X86_AR_DB | X86_AR_P | X86_AR_DPL | X86_AR_S | 0x3)

static bool canonical(const struct x86_state *s, uint64_t addr)
{
	unsigned int unused = s->cr4 & X86_CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(addr << unused) >> unused) == addr;
}

static unsigned int dpl_of(const struct x86_seg *seg)
{
	return (seg->attr & X86_AR_DPL) >> X86_AR_DPL_SHIFT;
}

/* A code or stack segment of CPL 3 that loading accepts. */
static bool load(const struct x86_view *v, uint16_t sel, bool code,
		 struct x86_seg *seg)
{
	struct desc d;
	struct err err;

	if ((sel & SEL_RPL) != 3)
		return false;
	if (!code && sel == 3) { /* 64-bit code needs no stack segment */
		*seg = (struct x86_seg){.sel = sel,
					.attr = X86_AR_UNUSABLE | X86_AR_DPL};
		return true;
	}
	if (!desc_fetch(v, sel, &d, &err) || !d.present ||
	    d.kind != (code ? DESC_CODE : DESC_DATA))
		return false;
	if (code ? (d.attr & X86_AR_L) && (d.attr & X86_AR_DB)
		 : !(d.type & DESC_TYPE_RW))
		return false;
	if (d.dpl != 3 && !(code && (d.type & DESC_TYPE_EC)))
		return false;
	desc_segment(&d, sel, seg);
	seg->attr |= DESC_TYPE_ACCESSED;
	if (code && (d.attr & X86_AR_L))
		seg->base = 0;
	return true;
}

/* Data segments that CPL 3 may not have are taken away. */
static void drop_data(struct x86_state *s)
{
	static const enum x86_seg_index data[] = {X86_DS, X86_ES, X86_FS,
						  X86_GS};

	for (unsigned int i = 0; i < ARRAY_SIZE(data); i++) {
		struct x86_seg *seg = &s->seg[data[i]];
		bool conforming = (seg->attr & DESC_TYPE_CODE) &&
				  (seg->attr & DESC_TYPE_EC);

		if ((seg->attr & X86_AR_UNUSABLE) || dpl_of(seg) == 3 ||
		    conforming)
			continue;
		seg->sel = 0;
		seg->attr |= X86_AR_UNUSABLE;
	}
}

static bool iret(const struct x86_view *v, unsigned int size,
		 struct x86_state *s)
{
	uint64_t w[5] = {0};
	uint8_t bytes[40];
	struct err err;

	if ((size != 4 && size != 8) || (s->rflags & FL_NT) ||
	    !view_read(v, s->gpr[X86_RSP], bytes, 5 * size, &err))
		return false;
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int k = 0; k < size; k++)
			w[i] |= (uint64_t)bytes[i * size + k] << 8 * k;
	if (!load(v, (uint16_t)w[1], true, &s->seg[X86_CS]) ||
	    !load(v, (uint16_t)w[4], false, &s->seg[X86_SS]))
		return false;
	if (!(s->seg[X86_CS].attr & X86_AR_L) &&
	    (s->seg[X86_SS].attr & X86_AR_UNUSABLE))
		return false;
	s->rip = w[0];
	s->rflags = (s->rflags & ~FL_IRET) | (w[2] & FL_IRET) | FL_FIXED;
	s->gpr[X86_RSP] = w[3];
	drop_data(s);
	return true;
}

static void flat(struct x86_state *s, uint16_t cs, uint16_t ss, bool wide)
{
	s->seg[X86_CS] = (struct x86_seg){.limit = UINT32_MAX,
					  .attr = AR_FLAT_CODE |
						  (wide ? X86_AR_L : X86_AR_DB),
					  .sel = cs | 3u};
	s->seg[X86_SS] = (struct x86_seg){
		.limit = UINT32_MAX, .attr = AR_FLAT_DATA, .sel = ss | 3u};
}

static bool sysret(bool wide, struct x86_state *s)
{
	uint16_t base = (uint16_t)(s->msr.star >> 48);

	if (!(s->efer & BIT(0))) /* SCE */
		return false;
	flat(s, (uint16_t)(base + (wide ? 16 : 0)), (uint16_t)(base + 8), wide);
	s->rip = wide ? s->gpr[X86_RCX] : (uint32_t)s->gpr[X86_RCX];
	s->rflags = (s->gpr[X86_R11] & FL_SYSRET) | FL_FIXED;
	return true;
}

static bool sysexit(bool wide, struct x86_state *s)
{
	uint16_t base = (uint16_t)(s->msr.sysenter_cs & SEL_INDEX);

	if (!(s->msr.sysenter_cs & 0xfffc))
		return false;
	flat(s, (uint16_t)(base + (wide ? 32 : 16)),
	     (uint16_t)(base + (wide ? 40 : 24)), wide);
	s->rip = wide ? s->gpr[X86_RDX] : (uint32_t)s->gpr[X86_RDX];
	s->gpr[X86_RSP] = wide ? s->gpr[X86_RCX] : (uint32_t)s->gpr[X86_RCX];
	return true;
}

bool user_return(const struct x86_view *v, const struct insn *insn,
		 struct x86_state *out)
{
	bool wide = insn->operand_size == 8, ok = false;
	struct x86_state s = *v->s;

	if (x86_mode(&s) != X86_MODE_LONG64 || x86_cpl(&s) != 0)
		return false;
	if (insn->kind == INSN_IRET)
		ok = iret(v, insn->operand_size, &s);
	else if (insn->kind == INSN_SYSRET)
		ok = sysret(wide, &s);
	else if (insn->kind == INSN_SYSEXIT)
		ok = sysexit(wide, &s);
	if (!ok || !canonical(&s, s.rip) || !canonical(&s, s.gpr[X86_RSP]))
		return false;
	*out = s;
	return true;
}
