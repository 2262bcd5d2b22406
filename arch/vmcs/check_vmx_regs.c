/* Control registers, debug registers and MSRs at VM entry. */
#include <inttypes.h>

#include "arch/vmcs/check.h"

/* Defined CR4 bits: 31:29, 27:26 and 19, and all above FRED's 32, are not. */
#define CR4_DEFINED	 UINT64_C(0x113f7ffff)
#define EFER_INTEL	 UINT64_C(0xd01) /* SCE LME LMA NXE */
/* LBR BTF BLD, TR to RTM_DEBUG */
#define DEBUGCTL_DEFINED UINT64_C(0xffc7)
#define LAM_BITS	 BITS(62, 61)

/* Every bit of arg must be 0 in the register. */
static void cr0_zero(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR0, &v) && v >> 32)
		check_fail(c, VMCS_F_CR0, "CR0 = 0x%" PRIx64, v & UINT32_MAX);
}

static void cr0_ne(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR0, &v) && !(v & CR0_NE))
		check_fail(c, VMCS_F_CR0, "CR0 = 0x%" PRIx64, v | CR0_NE);
}

/* Only unrestricted guests may run without protection or paging. */
static void cr0_paged(struct check *c, unsigned int unused)
{
	const uint64_t both = X86_CR0_PE | X86_CR0_PG;
	int unrestricted = check_unrestricted(check_model(c));
	uint64_t v;

	if (!check_get(c, VMCS_F_CR0, &v) ||
	    !check_if(c, unrestricted < 0 ? -1 : !unrestricted,
		      "the \"unrestricted guest\" control is 0"))
		return;
	if ((v & both) != both)
		check_fail(c, VMCS_F_CR0, "CR0 = 0x%" PRIx64, v | both);
}

static void cr0_pg_needs_pe(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR0, &v) && (v & X86_CR0_PG) &&
	    !(v & X86_CR0_PE))
		check_fail(c, VMCS_F_CR0, "PE (bit 0) = 1, or PG (bit 31) = 0");
}

static void cr4_vmxe(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR4, &v) && !(v & CR4_VMXE))
		check_fail(c, VMCS_F_CR4, "CR4 = 0x%" PRIx64, v | CR4_VMXE);
}

static void cr4_reserved(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_CR4, &v) && (v & ~CR4_DEFINED))
		check_fail(c, VMCS_F_CR4, "CR4 = 0x%" PRIx64, v & CR4_DEFINED);
}

static void cet_needs_wp(struct check *c, unsigned int unused)
{
	uint64_t cr0, cr4;

	if (check_get(c, VMCS_F_CR4, &cr4) && check_get(c, VMCS_F_CR0, &cr0) &&
	    (cr4 & CR4_CET) && !(cr0 & X86_CR0_WP))
		check_fail(c, VMCS_F_CR4,
			   "CET (bit 23) = 0, or CR0.WP (bit 16) = 1");
}

/* IA-32e mode: PG in CR0 (arg is the field), PAE in CR4. */
static void ia32e_paging(struct check *c, unsigned int field)
{
	const uint64_t bit = field == VMCS_F_CR0 ? X86_CR0_PG : X86_CR4_PAE;
	uint64_t v;

	if (check_get(c, field, &v) &&
	    check_if(c, check_entry_control(check_model(c), VMX_ENTRY_IA32E),
		     "the \"IA-32e mode guest\" control is 1") &&
	    !(v & bit))
		check_fail(c, field, "%s = 0x%" PRIx64, vmcs_field_name(field),
			   v | bit);
}

static void pcide(struct check *c, unsigned int unused)
{
	int ia32e = check_entry_control(check_model(c), VMX_ENTRY_IA32E);
	uint64_t v;

	if (check_get(c, VMCS_F_CR4, &v) &&
	    check_if(c, ia32e < 0 ? -1 : !ia32e,
		     "the \"IA-32e mode guest\" control is 0") &&
	    (v & X86_CR4_PCIDE))
		check_fail(c, VMCS_F_CR4, "CR4 = 0x%" PRIx64,
			   v & ~X86_CR4_PCIDE);
}

static void cr3(struct check *c, unsigned int unused)
{
	unsigned int width = check_model(c)->phys_bits;
	uint64_t v, bad;

	if (!check_get(c, VMCS_F_CR3, &v))
		return;
	bad = v & ~(BIT(width ? width : 52) - 1);
	if (!bad)
		return;
	if (!(bad & ~LAM_BITS))
		check_if(c, -1, "the processor has no linear-address masking");
	check_fail(c, VMCS_F_CR3, "CR3 = 0x%" PRIx64, v & ~bad);
}

static void dr7(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_DR7, &v) &&
	    check_if(c,
		     check_entry_control(check_model(c), VMX_ENTRY_LOAD_DEBUG),
		     "VM entry loads the debug controls") &&
	    v >> 32)
		check_fail(c, VMCS_F_DR7, "DR7 = 0x%" PRIx64, v & UINT32_MAX);
}

static void debugctl(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_DEBUGCTL, &v) &&
	    check_if(c,
		     check_entry_control(check_model(c), VMX_ENTRY_LOAD_DEBUG),
		     "VM entry loads the debug controls") &&
	    (v & ~DEBUGCTL_DEFINED))
		check_fail(c, VMCS_F_DEBUGCTL, "IA32_DEBUGCTL = 0x%" PRIx64,
			   v & DEBUGCTL_DEFINED);
}

static void canonical(struct check *c, unsigned int field)
{
	uint64_t v;

	if (check_get(c, field, &v))
		check_canonical(c, field, v);
}

static void pat(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (!check_if(c,
		      check_entry_control(check_model(c), VMX_ENTRY_LOAD_PAT),
		      "VM entry loads IA32_PAT") ||
	    !check_get(c, VMCS_F_PAT, &v))
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

/* ---- EFER, where VM entry loads it ---- */

static bool loaded_efer(struct check *c, uint64_t *v)
{
	return check_if(c,
			check_entry_control(check_model(c),
					    VMX_ENTRY_LOAD_EFER),
			"VM entry loads IA32_EFER") &&
	       check_get(c, VMCS_F_EFER, v);
}

static void efer_reserved(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (loaded_efer(c, &v) && (v & ~EFER_INTEL))
		check_fail(c, VMCS_F_EFER, "EFER = 0x%" PRIx64, v & EFER_INTEL);
}

static void efer_lma(struct check *c, unsigned int unused)
{
	int ia32e = check_entry_control(check_model(c), VMX_ENTRY_IA32E);
	uint64_t v;

	if (loaded_efer(c, &v) && ia32e >= 0 && !!(v & X86_EFER_LMA) != ia32e)
		check_fail(c, VMCS_F_EFER, "LMA (bit 10) = %d", ia32e);
}

static void efer_lme(struct check *c, unsigned int unused)
{
	uint64_t v, cr0;

	if (loaded_efer(c, &v) && check_get(c, VMCS_F_CR0, &cr0) &&
	    (cr0 & X86_CR0_PG) && !(v & X86_EFER_LMA) != !(v & X86_EFER_LME))
		check_fail(c, VMCS_F_EFER,
			   "LMA (bit 10) and LME (bit 8) equal, or CR0.PG = 0");
}

/* ---- MSRs that not every processor has ---- */

/* Reserved bits, then an address above bit 11. */
static void bndcfgs(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (!check_if(c,
		      check_entry_control(check_model(c),
					  VMX_ENTRY_LOAD_BNDCFGS),
		      "VM entry loads IA32_BNDCFGS") ||
	    !check_get(c, VMCS_F_BNDCFGS, &v))
		return;
	if (v & BITS(11, 2))
		check_fail(c, VMCS_F_BNDCFGS, "bits 11..2 = 0");
	else
		check_canonical(c, VMCS_F_BNDCFGS, v & ~BITS(11, 0));
}

static bool loaded_cet(struct check *c, unsigned int field, uint64_t *v)
{
	return check_if(c,
			check_entry_control(check_model(c), VMX_ENTRY_LOAD_CET),
			"VM entry loads CET state") &&
	       check_get(c, field, v);
}

static void cet_canonical(struct check *c, unsigned int field)
{
	uint64_t v;

	if (loaded_cet(c, field, &v))
		check_canonical(c, field, v);
}

static void s_cet(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (!loaded_cet(c, VMCS_F_S_CET, &v))
		return;
	if (v & BITS(9, 6))
		check_fail(c, VMCS_F_S_CET, "bits 9..6 = 0");
	else if ((v & BITS(11, 10)) == BITS(11, 10))
		check_fail(c, VMCS_F_S_CET, "bit 10 or bit 11 = 0");
}

#define R CHECK_REGISTERS
const struct vmcs_check_row vmx_register_checks[] = {
	{R, "CR0", "bits 63:32 must be 0", cr0_zero, 0},
	{R, "CR0", "NE (bit 5) must be 1 in VMX operation", cr0_ne, 0},
	{R, "CR0", "PE and PG must be 1 if \"unrestricted guest\" is 0",
	 cr0_paged, 0},
	{R, "CR0", "PE (bit 0) must be 1 if PG (bit 31) is 1", cr0_pg_needs_pe,
	 0},
	{R, "CR4", "VMXE (bit 13) must be 1 in VMX operation", cr4_vmxe, 0},
	{R, "CR4", "reserved bits must be 0", cr4_reserved, 0},
	{R, "CR4", "CR0.WP must be 1 if CET (bit 23) is 1", cet_needs_wp, 0},
	{R, "CR0", "PG (bit 31) must be 1 if the guest is in IA-32e mode",
	 ia32e_paging, VMCS_F_CR0},
	{R, "CR4", "PAE (bit 5) must be 1 if the guest is in IA-32e mode",
	 ia32e_paging, VMCS_F_CR4},
	{R, "CR4", "PCIDE (bit 17) must be 0 outside IA-32e mode", pcide, 0},
	{R, "CR3", "bits above the physical-address width must be 0", cr3, 0},
	{R, "DR7", "bits 63:32 must be 0", dr7, 0},
	{R, "DebugCtl", "reserved bits must be 0", debugctl, 0},
	{R, "SYSENTER_ESP", "must be a canonical address", canonical,
	 VMCS_F_SYSENTER_ESP},
	{R, "SYSENTER_EIP", "must be a canonical address", canonical,
	 VMCS_F_SYSENTER_EIP},
	{R, "PAT", "each byte must be a memory type", pat, 0},
	{R, "EFER", "reserved bits must be 0", efer_reserved, 0},
	{R, "EFER", "LMA (bit 10) must equal the \"IA-32e mode guest\" control",
	 efer_lma, 0},
	{R, "EFER", "LMA (bit 10) must equal LME (bit 8) if CR0.PG is 1",
	 efer_lme, 0},
	{R, "BndCfgS", "reserved bits must be 0, the address canonical",
	 bndcfgs, 0},
	{R, "S_CET", "must be a canonical address", cet_canonical,
	 VMCS_F_S_CET},
	{R, "S_CET", "bits 9:6 must be 0, bits 10 and 11 not both 1", s_cet, 0},
	{R, "interrupt SSP table", "must be a canonical address", cet_canonical,
	 VMCS_F_SSP_TABLE},
	{.rule = NULL},
};
