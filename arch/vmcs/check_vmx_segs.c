/* Segment registers at VM entry; SDM Vol 3C has the rules in this order. */
#include <inttypes.h>

#include "arch/vmcs/check.h"

enum {
	RPL = 3,
	TI = 4,
	V8086_RIGHTS = 0xf3,
	TYPE_DATA_RW = 3,	/* read/write, accessed, expand-up */
	TYPE_CODE = 8,		/* the bit */
	TYPE_CODE_READABLE = 2, /* of code; of data: writable */
	TYPE_ACCESSED = 1,
};

static bool rights(struct check *c, unsigned int segment, uint32_t *ar)
{
	uint64_t unused;

	if (!check_get(c, VMCS_SEG(segment, VMCS_ATTR), &unused))
		return false;
	*ar = vmcs_access_rights(check_model(c), segment);
	return true;
}

static unsigned int dpl_of(uint32_t ar)
{
	return (ar & X86_AR_DPL) >> X86_AR_DPL_SHIFT;
}

static bool is_usable(uint32_t ar)
{
	return !(ar & X86_AR_UNUSABLE);
}

static void fail_rights(struct check *c, unsigned int segment,
			uint32_t satisfied)
{
	check_fail(c, VMCS_SEG(segment, VMCS_ATTR), "%s = 0x%05x",
		   vmcs_field_name(VMCS_SEG(segment, VMCS_ATTR)), satisfied);
}

/* ---- which rules count ---- */

static bool v8086(struct check *c)
{
	return check_if(c, check_v8086(check_model(c)),
			"the guest is not in IA-32e mode");
}

static bool not_v8086(struct check *c)
{
	int state = check_v8086(check_model(c));

	return check_if(c, state < 0 ? -1 : !state,
			"the guest is in IA-32e mode");
}

static bool restricted(struct check *c)
{
	int state = check_unrestricted(check_model(c));

	return check_if(c, state < 0 ? -1 : !state,
			"the \"unrestricted guest\" control is 0");
}

/* ---- virtual-8086 mode ---- */

static void v8086_base(struct check *c, unsigned int s)
{
	uint64_t sel, base;

	if (check_get(c, VMCS_SEG(s, VMCS_SEL), &sel) &&
	    check_get(c, VMCS_SEG(s, VMCS_BASE), &base) && v8086(c) &&
	    base != sel << 4)
		check_fail(c, VMCS_SEG(s, VMCS_BASE), "0x%" PRIx64, sel << 4);
}

static void v8086_limit(struct check *c, unsigned int s)
{
	uint64_t limit;

	if (check_get(c, VMCS_SEG(s, VMCS_LIMIT), &limit) && v8086(c) &&
	    limit != 0xffff)
		check_fail(c, VMCS_SEG(s, VMCS_LIMIT), "0xffff");
}

static void v8086_rights(struct check *c, unsigned int s)
{
	uint32_t ar;

	if (rights(c, s, &ar) && v8086(c) && ar != V8086_RIGHTS)
		fail_rights(c, s, V8086_RIGHTS);
}

/* ---- selectors ---- */

static void table_indicator(struct check *c, unsigned int s)
{
	uint64_t sel;
	uint32_t ar;

	if (!check_get(c, VMCS_SEG(s, VMCS_SEL), &sel) || !rights(c, s, &ar))
		return;
	if ((s == X86_TR || is_usable(ar)) && (sel & TI))
		check_fail(c, VMCS_SEG(s, VMCS_SEL), "0x%04" PRIx64,
			   sel & ~(uint64_t)TI);
}

static void ss_rpl(struct check *c, unsigned int unused)
{
	uint64_t cs, ss;

	if (check_get(c, VMCS_SEG(X86_CS, VMCS_SEL), &cs) &&
	    check_get(c, VMCS_SEG(X86_SS, VMCS_SEL), &ss) && not_v8086(c) &&
	    restricted(c) && (cs & RPL) != (ss & RPL))
		check_fail(c, VMCS_SEG(X86_SS, VMCS_SEL), "0x%04" PRIx64,
			   (ss & ~(uint64_t)RPL) | (cs & RPL));
}

/* ---- bases ---- */

static void base_canonical(struct check *c, unsigned int s)
{
	uint64_t base;
	uint32_t ar;

	if (!check_get(c, VMCS_SEG(s, VMCS_BASE), &base) || !rights(c, s, &ar))
		return;
	if (s != X86_LDTR || is_usable(ar))
		check_canonical(c, VMCS_SEG(s, VMCS_BASE), base);
}

static void base_low(struct check *c, unsigned int s)
{
	uint64_t base;
	uint32_t ar;

	if (!check_get(c, VMCS_SEG(s, VMCS_BASE), &base) || !rights(c, s, &ar))
		return;
	if ((s == X86_CS || is_usable(ar)) && base >> 32)
		check_fail(c, VMCS_SEG(s, VMCS_BASE), "0x%08" PRIx64,
			   base & UINT32_MAX);
}

/* ---- access rights of code and data segments ---- */

static void cs_type(struct check *c, unsigned int unused)
{
	uint32_t ar, type;

	if (!rights(c, X86_CS, &ar) || !not_v8086(c))
		return;
	type = ar & X86_AR_TYPE;
	if ((type & TYPE_CODE) && (type & TYPE_ACCESSED))
		return;
	if (type == TYPE_DATA_RW && !restricted(c))
		return;
	fail_rights(c, X86_CS, (ar & ~(uint32_t)X86_AR_TYPE) | 0xb);
}

static void ss_type(struct check *c, unsigned int unused)
{
	uint32_t ar, type;

	if (!rights(c, X86_SS, &ar) || !not_v8086(c))
		return;
	type = ar & X86_AR_TYPE;
	if (is_usable(ar) && type != 3 && type != 7)
		fail_rights(c, X86_SS, (ar & ~(uint32_t)X86_AR_TYPE) | 3);
}

static void data_type(struct check *c, unsigned int s)
{
	uint32_t ar, wanted;

	if (!rights(c, s, &ar) || !not_v8086(c) || !is_usable(ar))
		return;
	wanted = ar | TYPE_ACCESSED;
	if (ar & TYPE_CODE)
		wanted |= TYPE_CODE_READABLE;
	if (ar != wanted)
		fail_rights(c, s, wanted);
}

static void code_or_data(struct check *c, unsigned int s)
{
	uint32_t ar;

	if (rights(c, s, &ar) && not_v8086(c) &&
	    (s == X86_CS || is_usable(ar)) && !(ar & X86_AR_S))
		fail_rights(c, s, ar | X86_AR_S);
}

static void fail_dpl(struct check *c, unsigned int s, uint32_t ar,
		     unsigned int dpl)
{
	fail_rights(c, s,
		    (ar & ~(uint32_t)X86_AR_DPL) | dpl << X86_AR_DPL_SHIFT);
}

static void cs_dpl(struct check *c, unsigned int unused)
{
	uint32_t cs, ss, type;

	if (!rights(c, X86_CS, &cs) || !rights(c, X86_SS, &ss) || !not_v8086(c))
		return;
	type = cs & X86_AR_TYPE;
	if (type == TYPE_DATA_RW && dpl_of(cs))
		fail_dpl(c, X86_CS, cs, 0);
	else if ((type == 9 || type == 11) && dpl_of(cs) != dpl_of(ss))
		fail_dpl(c, X86_CS, cs, dpl_of(ss));
	else if ((type == 13 || type == 15) && dpl_of(cs) > dpl_of(ss))
		fail_dpl(c, X86_CS, cs, dpl_of(ss));
}

static void ss_dpl_rpl(struct check *c, unsigned int unused)
{
	uint64_t sel;
	uint32_t ar;

	if (rights(c, X86_SS, &ar) &&
	    check_get(c, VMCS_SEG(X86_SS, VMCS_SEL), &sel) && not_v8086(c) &&
	    restricted(c) && dpl_of(ar) != (sel & RPL))
		fail_dpl(c, X86_SS, ar, sel & RPL);
}

static void ss_dpl_zero(struct check *c, unsigned int unused)
{
	uint32_t cs, ss;
	uint64_t cr0;

	if (!rights(c, X86_CS, &cs) || !rights(c, X86_SS, &ss) ||
	    !check_get(c, VMCS_F_CR0, &cr0) || !not_v8086(c))
		return;
	if (((cs & X86_AR_TYPE) == TYPE_DATA_RW || !(cr0 & X86_CR0_PE)) &&
	    dpl_of(ss))
		fail_dpl(c, X86_SS, ss, 0);
}

static void data_dpl(struct check *c, unsigned int s)
{
	uint64_t sel;
	uint32_t ar;

	if (!rights(c, s, &ar) || !check_get(c, VMCS_SEG(s, VMCS_SEL), &sel) ||
	    !not_v8086(c) || !restricted(c))
		return;
	if (is_usable(ar) && (ar & X86_AR_TYPE) <= 11 &&
	    dpl_of(ar) < (sel & RPL))
		fail_dpl(c, s, ar, sel & RPL);
}

/* ---- rights that all kinds of segments share ---- */

/* TR's unusable bit is a violation of its own: no others then. */
static bool counts(struct check *c, unsigned int s, uint32_t ar)
{
	if (s < X86_LDTR && !not_v8086(c))
		return false;
	return s == X86_CS || is_usable(ar);
}

static void present(struct check *c, unsigned int s)
{
	uint32_t ar;

	if (rights(c, s, &ar) && counts(c, s, ar) && !(ar & X86_AR_P))
		fail_rights(c, s, ar | X86_AR_P);
}

static void rights_reserved(struct check *c, unsigned int s)
{
	const uint32_t bad = 0xfffe0f00;
	uint32_t ar;

	if (rights(c, s, &ar) && counts(c, s, ar) && (ar & bad))
		fail_rights(c, s, ar & ~bad);
}

static void granularity(struct check *c, unsigned int s)
{
	uint64_t limit;
	uint32_t ar;

	if (!rights(c, s, &ar) ||
	    !check_get(c, VMCS_SEG(s, VMCS_LIMIT), &limit) || !counts(c, s, ar))
		return;
	if ((limit & 0xfff) != 0xfff && limit >> 20)
		check_fail(c, VMCS_SEG(s, VMCS_LIMIT),
			   "0x%" PRIx64 " with G = 1, or 0x%" PRIx64 " with G "
			   "= 0",
			   limit | 0xfff, limit & 0xfffff);
	else if ((limit & 0xfff) != 0xfff && (ar & X86_AR_G))
		fail_rights(c, s, ar & ~(uint32_t)X86_AR_G);
	else if (limit >> 20 && !(ar & X86_AR_G))
		fail_rights(c, s, ar | X86_AR_G);
}

static void cs_long_default(struct check *c, unsigned int unused)
{
	uint32_t ar;

	if (rights(c, X86_CS, &ar) &&
	    check_if(c, check_entry_control(check_model(c), VMX_ENTRY_IA32E),
		     "the guest is in IA-32e mode") &&
	    (ar & X86_AR_L) && (ar & X86_AR_DB))
		fail_rights(c, X86_CS, ar & ~(uint32_t)X86_AR_DB);
}

/* ---- TR and LDTR ---- */

static void tr_usable(struct check *c, unsigned int unused)
{
	uint32_t ar;

	if (rights(c, X86_TR, &ar) && !is_usable(ar))
		fail_rights(c, X86_TR, 0x8b);
}

static void tr_type(struct check *c, unsigned int unused)
{
	uint32_t ar, type;

	if (!rights(c, X86_TR, &ar) || !is_usable(ar))
		return;
	type = ar & X86_AR_TYPE;
	if (type == 11)
		return;
	if (type == 3 &&
	    !check_if(c, check_entry_control(check_model(c), VMX_ENTRY_IA32E),
		      "the guest is in IA-32e mode"))
		return;
	fail_rights(c, X86_TR, (ar & ~(uint32_t)X86_AR_TYPE) | 11);
}

static void ldtr_type(struct check *c, unsigned int unused)
{
	uint32_t ar;

	if (rights(c, X86_LDTR, &ar) && is_usable(ar) &&
	    (ar & X86_AR_TYPE) != 2)
		fail_rights(c, X86_LDTR, (ar & ~(uint32_t)X86_AR_TYPE) | 2);
}

static void system_segment(struct check *c, unsigned int s)
{
	uint32_t ar;

	if (rights(c, s, &ar) && is_usable(ar) && (ar & X86_AR_S))
		fail_rights(c, s, ar & ~(uint32_t)X86_AR_S);
}

#define S CHECK_SEGMENTS
#define K CHECK_SEGMENTS_KVM
#define SIX(section, part, rule, fn)                    \
	{section, "CS" part, rule, fn, X86_CS},         \
		{section, "SS" part, rule, fn, X86_SS}, \
		FOUR(section, part, rule, fn)
#define FOUR(section, part, rule, fn)                   \
	{section, "DS" part, rule, fn, X86_DS},         \
		{section, "ES" part, rule, fn, X86_ES}, \
		{section, "FS" part, rule, fn, X86_FS}, \
	{                                               \
		section, "GS" part, rule, fn, X86_GS    \
	}
#define BOTH(section, part, rule, fn)                    \
	{section, "TR" part, rule, fn, X86_TR},          \
	{                                                \
		section, "LDTR" part, rule, fn, X86_LDTR \
	}

#define R_V8086_BASE   "the base must be the selector * 16 in virtual-8086 mode"
#define R_V8086_LIMIT  "the limit must be 0xffff in virtual-8086 mode"
#define R_V8086_RIGHTS "must be 0xf3 in virtual-8086 mode"
#define R_TI	       "TI (bit 2) must be 0"
#define R_CANONICAL    "must be a canonical address"
#define R_LOW	       "bits 63:32 must be 0"
#define R_DATA_TYPE    "accessed (bit 0) must be 1, and code readable (bit 1)"
#define R_S	       "S (bit 4) must be 1"
#define R_DPL_RPL                                              \
	"DPL (bits 6:5) must not be below the selector's RPL " \
	"if \"unrestricted guest\" is 0"
#define R_P	   "P (bit 7) must be 1"
#define R_RESERVED "bits 11:8 and 31:17 must be 0"
#define R_G                                                  \
	"G (bit 15) must be 0 if a bit of limit 11:0 is 0, " \
	"1 if a bit of limit 31:20 is 1"
#define R_SYSTEM "S (bit 4) must be 0"

const struct vmcs_check_row vmx_segment_checks[] = {
	BOTH(K, ".sel", R_TI, table_indicator),
	{K, "SS.sel",
	 "RPL must equal that of CS if \"unrestricted guest\" is 0", ss_rpl, 0},
	SIX(K, ".base", R_V8086_BASE, v8086_base),
	{S, "CS.base", R_LOW, base_low, X86_CS},
	{S, "SS.base", R_LOW, base_low, X86_SS},
	{S, "DS.base", R_LOW, base_low, X86_DS},
	{S, "ES.base", R_LOW, base_low, X86_ES},
	{S, "FS.base", R_CANONICAL, base_canonical, X86_FS},
	{S, "GS.base", R_CANONICAL, base_canonical, X86_GS},
	BOTH(S, ".base", R_CANONICAL, base_canonical),
	SIX(K, ".limit", R_V8086_LIMIT, v8086_limit),
	SIX(K, ".attr", R_V8086_RIGHTS, v8086_rights),
	{K, "CS.attr",
	 "the type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is "
	 "1",
	 cs_type, 0},
	{K, "SS.attr", "the type must be 3 or 7", ss_type, 0},
	FOUR(S, ".attr", R_DATA_TYPE, data_type),
	SIX(K, ".attr", R_S, code_or_data),
	{K, "CS.attr",
	 "DPL (bits 6:5) must be 0 for type 3, that of SS for 9 and 11, "
	 "not above it for 13 and 15",
	 cs_dpl, 0},
	{K, "SS.attr",
	 "DPL (bits 6:5) must be the selector's RPL "
	 "if \"unrestricted guest\" is 0",
	 ss_dpl_rpl, 0},
	{K, "SS.attr",
	 "DPL (bits 6:5) must be 0 if CS has type 3 or CR0.PE is 0",
	 ss_dpl_zero, 0},
	FOUR(K, ".attr", R_DPL_RPL, data_dpl),
	SIX(K, ".attr", R_P, present),
	SIX(S, ".attr", R_RESERVED, rights_reserved),
	{S, "CS.attr",
	 "D/B (bit 14) must be 0 if L (bit 13) is 1 in IA-32e mode",
	 cs_long_default, 0},
	SIX(S, ".attr", R_G, granularity),
	{K, "TR.attr", "TR must be usable (bit 16 = 0)", tr_usable, 0},
	{K, "TR.attr",
	 "the type must be 11 (busy TSS), or 3 outside IA-32e mode", tr_type,
	 0},
	{K, "LDTR.attr", "the type must be 2 (LDT)", ldtr_type, 0},
	BOTH(S, ".attr", R_SYSTEM, system_segment),
	BOTH(K, ".attr", R_P, present),
	BOTH(S, ".attr", R_RESERVED, rights_reserved),
	BOTH(S, ".attr", R_G, granularity),
	{.rule = NULL},
};
