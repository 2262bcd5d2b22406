/*
 * What VMRUN refuses with VMEXIT_INVALID: APM Vol 2, "VMRUN Instruction",
 * "Event Injection" and "Nested Paging".
 */
#include <inttypes.h>

#include "arch/vmcs/check.h"

/* CR4: MBZ are 15:13, 19 and 63:24. */
#define CR4_MBZ		(BITS(15, 13) | BIT(19) | BITS(63, 24))
/* EFER: MBZ are 9, 16, 19 and 63:22; 7:1 read as zero. */
#define EFER_MBZ	(BIT(9) | BIT(16) | BIT(19) | BITS(63, 22))
#define INTERCEPT_VMRUN BIT(0)
#define NESTED_PAGING	BIT(0)
#define IOPM_SIZE	0x3000 /* bytes */
#define MSRPM_SIZE	0x2000

static void svme(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_EFER, &v) && !(v & EFER_SVME))
		check_fail(c, VMCS_F_EFER, "EFER = 0x%" PRIx64, v | EFER_SVME);
}

static void cache_bits(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR0, &v) && (v & CR0_NW) && !(v & CR0_CD))
		check_fail(c, VMCS_F_CR0,
			   "NW (bit 29) = 0, or CD (bit 30) = 1");
}

/* The upper half of a 64-bit field must be 0. */
static void upper_half(struct check *c, unsigned int field)
{
	uint64_t v;

	if (check_get(c, field, &v) && v >> 32)
		check_fail(c, field, "%s = 0x%" PRIx64, vmcs_field_name(field),
			   v & UINT32_MAX);
}

static uint64_t above_physical(const struct vmcs_model *m)
{
	return ~(BIT(m->phys_bits ? m->phys_bits : 52) - 1);
}

static void cr3(struct check *c, unsigned int unused)
{
	const uint64_t mbz = above_physical(check_model(c));
	uint64_t v, efer, cr0;

	if (check_get(c, VMCS_F_CR3, &v) && check_get(c, VMCS_F_EFER, &efer) &&
	    check_get(c, VMCS_F_CR0, &cr0) && (efer & X86_EFER_LME) &&
	    (cr0 & X86_CR0_PG) && (v & mbz))
		check_fail(c, VMCS_F_CR3, "CR3 = 0x%" PRIx64, v & ~mbz);
}

static void cr4(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR4, &v) && (v & CR4_MBZ))
		check_fail(c, VMCS_F_CR4, "CR4 = 0x%" PRIx64, v & ~CR4_MBZ);
}

static void efer(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_EFER, &v) && (v & EFER_MBZ))
		check_fail(c, VMCS_F_EFER, "EFER = 0x%" PRIx64, v & ~EFER_MBZ);
}

/* EFER.LME and CR0.PG: the guest will be in long mode. */
static bool long_mode(struct check *c, uint64_t *cr0, uint64_t *cr4_value)
{
	uint64_t v;

	return check_get(c, VMCS_F_EFER, &v) && check_get(c, VMCS_F_CR0, cr0) &&
	       check_get(c, VMCS_F_CR4, cr4_value) && (v & X86_EFER_LME) &&
	       (*cr0 & X86_CR0_PG);
}

static void long_pae(struct check *c, unsigned int unused)
{
	uint64_t cr0, v;

	if (long_mode(c, &cr0, &v) && !(v & X86_CR4_PAE))
		check_fail(c, VMCS_F_CR4, "CR4 = 0x%" PRIx64, v | X86_CR4_PAE);
}

static void long_pe(struct check *c, unsigned int unused)
{
	uint64_t cr0, v;

	if (long_mode(c, &cr0, &v) && !(cr0 & X86_CR0_PE))
		check_fail(c, VMCS_F_CR0, "CR0 = 0x%" PRIx64, cr0 | X86_CR0_PE);
}

static void long_default(struct check *c, unsigned int unused)
{
	const unsigned int field = VMCS_SEG(X86_CS, VMCS_ATTR);
	uint64_t cr0, v, attr;
	uint32_t ar;

	if (!check_get(c, field, &attr) || !long_mode(c, &cr0, &v) ||
	    !(v & X86_CR4_PAE))
		return;
	ar = vmcs_access_rights(check_model(c), X86_CS);
	if ((ar & X86_AR_L) && (ar & X86_AR_DB))
		check_fail(c, field, "CS.attr = 0x%03" PRIx64 " (D = 0)",
			   attr & ~(uint64_t)(X86_AR_DB >> 4));
}

static void vmrun_intercept(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_INTERCEPT4, &v) && !(v & INTERCEPT_VMRUN))
		check_fail(c, VMCS_F_INTERCEPT4, "bit 0 = 1");
}

static void asid(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_ASID, &v) && !v)
		check_fail(c, VMCS_F_ASID, "any other number");
}

/* The low 12 bits of the addresses are ignored. */
static void permission_map(struct check *c, unsigned int field)
{
	const uint64_t size = field == VMCS_F_IOPM ? IOPM_SIZE : MSRPM_SIZE;
	const unsigned int width = check_model(c)->phys_bits;
	uint64_t v;

	if (!check_get(c, field, &v))
		return;
	if (!range_ok(0, BIT(width ? width : 52), v & ~UINT64_C(0xfff), size))
		check_fail(c, field, "below 0x%" PRIx64,
			   BIT(width ? width : 52) - size);
}

static void injected(struct check *c, unsigned int unused)
{
	unsigned int type, vector;
	uint64_t v;

	if (!check_get(c, VMCS_F_EVENT_INJ, &v) || !(v & EVENT_VALID))
		return;
	type = v >> EVENT_TYPE_SHIFT & 7;
	vector = v & 0xff;
	if (type == 1 || type > EVENT_TYPE_SOFT_INT)
		check_fail(c, VMCS_F_EVENT_INJ,
			   "type (bits 10:8) 0, 2, 3 or 4");
	else if (type == EVENT_TYPE_EXCEPTION && (vector == 2 || vector > 31))
		check_fail(c, VMCS_F_EVENT_INJ,
			   "an exception's vector, below 32 and not 2");
}

static bool nested_paging(struct check *c)
{
	uint64_t v;

	return check_get(c, VMCS_F_NESTED_CTL, &v) && (v & NESTED_PAGING);
}

static void nested_cr3(struct check *c, unsigned int unused)
{
	const uint64_t mbz = above_physical(check_model(c));
	uint64_t v;

	if (nested_paging(c) && check_get(c, VMCS_F_NESTED_CR3, &v) &&
	    (v & mbz))
		check_fail(c, VMCS_F_NESTED_CR3, "0x%" PRIx64, v & ~mbz);
}

static void pat(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (!nested_paging(c) || !check_get(c, VMCS_F_PAT, &v))
		return;
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int type = v >> 8 * i & 0xff;

		if (type < 8 && type != 2 && type != 3)
			continue;
		check_fail(c, VMCS_F_PAT,
			   "byte %u, now 0x%02x, one of 0, 1, 4, 5, 6 or 7", i,
			   type);
		return;
	}
}

/* Listings of older kernels have neither; nothing was checked then. */
static void sev_features(struct check *c, unsigned int unused)
{
	const struct vmcs_model *m = check_model(c);
	uint64_t allowed, guest;

	if (vmcs_get(m, VMCS_F_ALLOWED_SEV, &allowed) &&
	    vmcs_get(m, VMCS_F_GUEST_SEV, &guest) && (allowed & BIT(63)) &&
	    (guest & ~allowed))
		check_fail(c, VMCS_F_GUEST_SEV, "0x%" PRIx64, guest & allowed);
}

#define V CHECK_VMRUN
#define J CHECK_INJECTION
const struct vmcs_check_row svm_checks[] = {
	{V, "EFER", "SVME (bit 12) must be 1", svme, 0},
	{V, "CR0", "NW (bit 29) must not be 1 while CD (bit 30) is 0",
	 cache_bits, 0},
	{V, "CR0", "bits 63:32 must be 0", upper_half, VMCS_F_CR0},
	{V, "CR3", "bits above the physical-address width must be 0", cr3, 0},
	{V, "CR4", "reserved bits must be 0", cr4, 0},
	{V, "DR6", "bits 63:32 must be 0", upper_half, VMCS_F_DR6},
	{V, "DR7", "bits 63:32 must be 0", upper_half, VMCS_F_DR7},
	{V, "EFER", "reserved bits must be 0", efer, 0},
	{V, "CR4", "PAE (bit 5) must be 1 if EFER.LME and CR0.PG are 1",
	 long_pae, 0},
	{V, "CR0", "PE (bit 0) must be 1 if EFER.LME and CR0.PG are 1", long_pe,
	 0},
	{V, "CS.attr",
	 "L (bit 9) and D (bit 10) must not both be 1 in long mode",
	 long_default, 0},
	{V, "intercepts, word 4", "VMRUN (bit 0) must be intercepted",
	 vmrun_intercept, 0},
	{V, "iopm_base_pa",
	 "the map must end below the highest physical address", permission_map,
	 VMCS_F_IOPM},
	{V, "msrpm_base_pa",
	 "the map must end below the highest physical address", permission_map,
	 VMCS_F_MSRPM},
	{V, "asid", "must not be 0", asid, 0},
	{V, "nested_cr3",
	 "bits above the physical-address width must be 0 with nested paging",
	 nested_cr3, 0},
	{V, "PAT", "each byte must be a memory type with nested paging", pat,
	 0},
	{V, "guest_sev_features",
	 "must be among allowed_sev_features if bit 63 of that is 1",
	 sev_features, 0},
	{J, "event_inj",
	 "the type must not be reserved, an exception's vector must be one",
	 injected, 0},
	{.rule = NULL},
};
