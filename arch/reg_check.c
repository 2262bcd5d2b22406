/*
 * Sources: SDM Vol 3A, "Control Registers" and "Canonical Addressing"; Vol 3C,
 * "Checks on the Guest State Area"; KVM api.rst, KVM_SET_SREGS, KVM_SET_MSRS,
 * KVM_SET_DEBUGREGS, KVM_SET_XCRS.  Consistency between registers is checked
 * only where KVM refuses the combination at once: everything else must be
 * reachable by writing one register after the other.
 */
#include "arch/reg_check.h"

#include <inttypes.h>

struct question {
	const struct reg_def *reg;
	const struct x86_state *old;
	const struct x86_cpu_info *info; /* may be NULL */
	uint64_t value;
	struct err *err;
};

struct rule {
	unsigned short offset; /* in struct x86_state: names the register */
	bool (*check)(const struct question *q, uint64_t arg);
	uint64_t arg;
};

#define REFUSE(q, fmt, ...)                                                   \
	err_set((q)->err, ERR_REFUSED,                                        \
		"register %s: " fmt " (value 0x%" PRIx64 ")", (q)->reg->name, \
		__VA_ARGS__, (q)->value)

static unsigned int lowest_bit(uint64_t mask)
{
	return (unsigned int)__builtin_ctzll(mask);
}

static const char *bit_label(const struct bit_name *table, unsigned int bit)
{
	for (; table && table->name; table++)
		if (table->mask & BIT(bit))
			return table->name;
	return "reserved";
}

/* ---- rules of one register by itself ---- */

static bool fits(const struct question *q, uint64_t bits)
{
	if (!(q->value >> bits))
		return true;
	return REFUSE(q, "the value is wider than the field's %u bits",
		      (unsigned int)bits);
}

/* arg: the bits that exist. */
static bool no_reserved(const struct question *q, uint64_t known)
{
	uint64_t bad = q->value & ~known;

	if (!bad)
		return true;
	return REFUSE(q, "bit %u is reserved and must be 0", lowest_bit(bad));
}

static bool canonical(const struct question *q, uint64_t unused)
{
	unsigned int width = q->old->cr4 & X86_CR4_LA57 ? 57 : 48;
	int64_t extended = (int64_t)(q->value << (64 - width)) >> (64 - width);

	if ((uint64_t)extended == q->value)
		return true;
	return REFUSE(q,
		      "not a canonical address: bits 63..%u must all be equal",
		      width - 1);
}

static bool check_rip(const struct question *q, uint64_t unused)
{
	enum x86_mode mode = x86_mode(q->old);

	if (mode == X86_MODE_LONG64)
		return canonical(q, 0);
	if (!(q->value >> 32))
		return true;
	return REFUSE(q, "the processor is in %s mode, where bits 63..32 are 0",
		      x86_mode_name(mode));
}

#define RFLAGS_KNOWN UINT64_C(0x3f7fd7)
static bool check_rflags(const struct question *q, uint64_t unused)
{
	if (!no_reserved(q, RFLAGS_KNOWN))
		return false;
	if (!(q->value & 2))
		return REFUSE(q, "bit %u is always 1", 1);
	if ((q->value & X86_FL_VM) && (q->old->efer & X86_EFER_LMA))
		return REFUSE(q, "VM (bit %u) does not exist in long mode", 17);
	return true;
}

/* Bases of CS, DS, ES and SS: VM entry fails when the upper half is used. */
static bool check_low_base(const struct question *q, uint64_t unused)
{
	if (!(q->value >> 32))
		return true;
	return REFUSE(q, "a base of this segment has 32 bits, bit %u is set",
		      32 + lowest_bit(q->value >> 32));
}

#define ATTR_KNOWN UINT64_C(0x1f0ff)
static bool check_attr(const struct question *q, uint64_t segment)
{
	if (!no_reserved(q, ATTR_KNOWN))
		return false;
	if (segment != X86_CS || !(q->value & X86_AR_L))
		return true;
	if (!(q->old->efer & X86_EFER_LMA))
		return REFUSE(q, "L (bit %u) needs long mode", 13);
	if (q->value & X86_AR_DB)
		return REFUSE(
			q, "L (bit %u) and DB (bit 14) exclude each other", 13);
	return true;
}

static bool check_pat(const struct question *q, uint64_t unused)
{
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int type = q->value >> (8 * i) & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return REFUSE(q,
				      "PA%u: 0x%02x is no memory type, only 0, "
				      "1, 4, 5, 6 and 7 are",
				      i, type);
	}
	return true;
}

/* AMD has the misaligned-exception mask, bit 17. */
static bool check_mxcsr(const struct question *q, uint64_t unused)
{
	uint64_t known = 0xffff | (!q->info || q->info->amd ? BIT(17) : 0);

	return no_reserved(q, known);
}

static bool check_pkru(const struct question *q, uint64_t unused)
{
	if (!q->info || q->info->pku)
		return true;
	return REFUSE(q, "the guest's CPUID has no %s", "protection keys");
}

static bool check_apic_base(const struct question *q, uint64_t unused)
{
	unsigned int width = q->info ? q->info->maxphyaddr : 52;

	if (!no_reserved(q, (BIT(width) - 1) & ~UINT64_C(0x2ff)))
		return false;
	if ((q->value & BIT(10)) && !(q->value & BIT(11)))
		return REFUSE(q, "EXTD (bit %u) needs EN (bit 11)", 10);
	return true;
}

#define XCR0_KNOWN UINT64_C(0x40000000000e02ff)
static bool check_xcr0(const struct question *q, uint64_t unused)
{
	const struct x86_cpu_info *info = q->info;
	const uint64_t mpx = BITS(4, 3), zmm = BITS(7, 5), amx = BITS(18, 17);
	uint64_t v = q->value;

	if (info && !info->xsave)
		return REFUSE(q, "the guest's CPUID has no %s", "XSAVE");
	if (!no_reserved(q, XCR0_KNOWN))
		return false;
	if (!(v & BIT(0)))
		return REFUSE(q, "%s (bit 0) is always 1", "X87");
	if ((v & BIT(2)) && !(v & BIT(1)))
		return REFUSE(q, "AVX (bit %u) needs SSE (bit 1)", 2);
	if ((v & mpx) && (v & mpx) != mpx)
		return REFUSE(q, "%s (bits 4..3) go together",
			      "BNDREGS and BNDCSR");
	if ((v & zmm) && ((v & zmm) != zmm || !(v & BIT(2))))
		return REFUSE(q, "%s (bits 7..5) go together and need AVX",
			      "OPMASK, ZMM_HI256 and HI16_ZMM");
	if ((v & amx) && (v & amx) != amx)
		return REFUSE(q, "%s (bits 18..17) go together",
			      "TILECFG and TILEDATA");
	if (info && ((v & BIT(2) && !info->avx) || (v & zmm && !info->avx512) ||
		     (v & BIT(9) && !info->pku)))
		return REFUSE(q, "the guest's CPUID lacks %s",
			      v & zmm && !info->avx512	 ? "AVX-512"
			      : v & BIT(9) && !info->pku ? "protection keys"
							 : "AVX");
	return true;
}

/* ---- paging and long mode: what KVM_SET_SREGS refuses ---- */

static bool check_long_mode(const struct question *q, uint64_t cr0,
			    uint64_t cr4, uint64_t efer, uint32_t cs_attr)
{
	bool pg = cr0 & X86_CR0_PG, lme = efer & X86_EFER_LME;
	bool lma = efer & X86_EFER_LMA;

	if (lme && pg && !(cr4 & X86_CR4_PAE))
		return REFUSE(q, "%s needs CR4.PAE",
			      "paging with EFER.LME set");
	if (lme && pg && !lma)
		return REFUSE(q, "%s go together with EFER.LMA",
			      "CR0.PG and EFER.LME");
	if (lma && !(lme && pg))
		return REFUSE(q, "EFER.LMA needs %s", "EFER.LME and CR0.PG");
	if ((cs_attr & X86_AR_L) && !lma)
		return REFUSE(q, "%s needs long mode", "a 64-bit CS (L set)");
	return true;
}

#define CR0_KNOWN UINT64_C(0xe005003f)
static bool check_cr0(const struct question *q, uint64_t unused)
{
	const struct x86_state *s = q->old;

	if (!no_reserved(q, CR0_KNOWN))
		return false;
	if ((q->value & X86_CR0_PG) && !(q->value & X86_CR0_PE))
		return REFUSE(q, "PG (bit %u) needs PE (bit 0)", 31);
	if ((q->value & BIT(29)) && !(q->value & BIT(30)))
		return REFUSE(q, "NW (bit %u) needs CD (bit 30)", 29);
	return check_long_mode(q, q->value, s->cr4, s->efer,
			       s->seg[X86_CS].attr);
}

static bool check_cr3(const struct question *q, uint64_t unused)
{
	unsigned int width = q->info ? q->info->maxphyaddr : 52;
	uint64_t bad = q->value & ~(BIT(width) - 1);

	if (!bad || !(q->old->efer & X86_EFER_LMA))
		return true;
	return REFUSE(q,
		      "bit %u lies above the guest's %u-bit physical addresses",
		      lowest_bit(bad), width);
}

/* Bits of CR4 that exist only with a CPUID feature. */
static uint64_t cr4_missing(const struct x86_cpu_info *info)
{
	if (!info)
		return 0;
	return (info->la57 ? 0 : X86_CR4_LA57) |
	       (info->pcid ? 0 : X86_CR4_PCIDE) | (info->xsave ? 0 : BIT(18)) |
	       (info->smep ? 0 : X86_CR4_SMEP) |
	       (info->smap ? 0 : X86_CR4_SMAP) | (info->pku ? 0 : X86_CR4_PKE);
}

#define CR4_KNOWN UINT64_C(0x11bff7fff)
static bool check_cr4(const struct question *q, uint64_t unused)
{
	const struct x86_state *s = q->old;
	uint64_t missing = q->value & cr4_missing(q->info);

	if (!no_reserved(q, CR4_KNOWN))
		return false;
	if (missing)
		return REFUSE(q,
			      "the guest's CPUID has nothing for %s (bit %u)",
			      bit_label(cr4_bits, lowest_bit(missing)),
			      lowest_bit(missing));
	if ((q->value & X86_CR4_PCIDE) && !(s->efer & X86_EFER_LMA))
		return REFUSE(q, "PCIDE (bit %u) needs long mode", 17);
	if (((q->value ^ s->cr4) & X86_CR4_LA57) && (s->efer & X86_EFER_LMA))
		return REFUSE(q, "LA57 (bit %u) cannot change in long mode",
			      12);
	return check_long_mode(q, s->cr0, q->value, s->efer,
			       s->seg[X86_CS].attr);
}

#define EFER_KNOWN UINT64_C(0x36fd01)
static bool check_efer(const struct question *q, uint64_t unused)
{
	const struct x86_state *s = q->old;
	const uint64_t amd_only = BITS(15, 12) | BITS(21, 17);

	if (!no_reserved(q, EFER_KNOWN))
		return false;
	if (q->info && !q->info->nx && (q->value & X86_EFER_NXE))
		return REFUSE(q,
			      "the guest's CPUID has nothing for NXE (bit %u)",
			      11);
	if (q->info && !q->info->amd && (q->value & amd_only))
		return REFUSE(q, "%s (bit %u) exists on AMD processors only",
			      bit_label(efer_bits,
					lowest_bit(q->value & amd_only)),
			      lowest_bit(q->value & amd_only));
	return check_long_mode(q, s->cr0, s->cr4, q->value,
			       s->seg[X86_CS].attr);
}

/* ---- which rule is about which register ---- */

#define AT(field) offsetof(struct x86_state, field)
#define SEG(id, base_rule)                                               \
	{AT(seg[id].sel), fits, 16}, {AT(seg[id].attr), check_attr, id}, \
	{                                                                \
		AT(seg[id].base), base_rule, 0                           \
	}

static const struct rule rules[] = {
	{AT(rip), check_rip, 0},
	{AT(rflags), check_rflags, 0},
	SEG(X86_CS, check_low_base),
	SEG(X86_SS, check_low_base),
	SEG(X86_DS, check_low_base),
	SEG(X86_ES, check_low_base),
	SEG(X86_FS, canonical),
	SEG(X86_GS, canonical),
	SEG(X86_LDTR, canonical),
	SEG(X86_TR, canonical),
	{AT(gdt.base), canonical, 0},
	{AT(gdt.limit), fits, 16},
	{AT(idt.base), canonical, 0},
	{AT(idt.limit), fits, 16},
	{AT(fpu.fctrl), fits, 16},
	{AT(fpu.fstat), fits, 16},
	{AT(fpu.ftag), fits, 16},
	{AT(fpu.fiseg), fits, 16},
	{AT(fpu.foseg), fits, 16},
	{AT(fpu.fop), fits, 11},
	{AT(fpu.mxcsr), check_mxcsr, 0},
	{AT(fpu.pkru), check_pkru, 0},
	{AT(cr0), check_cr0, 0},
	{AT(cr3), check_cr3, 0},
	{AT(cr4), check_cr4, 0},
	{AT(cr8), fits, 4},
	{AT(efer), check_efer, 0},
	{AT(apic_base), check_apic_base, 0},
	{AT(dr6), fits, 32},
	{AT(dr7), fits, 32},
	{AT(xcr0), check_xcr0, 0},
	{AT(msr.k_gs_base), canonical, 0},
	{AT(msr.lstar), canonical, 0},
	{AT(msr.cstar), canonical, 0},
	{AT(msr.sysenter_cs), fits, 32},
	{AT(msr.sysenter_esp), canonical, 0},
	{AT(msr.sysenter_eip), canonical, 0},
	{AT(msr.pat), check_pat, 0},
};

bool reg_check(const struct reg_def *reg, const struct x86_state *s,
	       const struct x86_cpu_info *info, uint64_t value, struct err *err)
{
	const struct question q = {reg, s, info, value, err};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].offset == reg->offset &&
		    !rules[i].check(&q, rules[i].arg))
			return false;
	return true;
}
