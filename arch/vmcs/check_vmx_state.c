/* Everything at VM entry that is neither a control register nor a segment. */
#include <inttypes.h>

#include "arch/vmcs/check.h"

/* ---- the event to inject (intr_info) ---- */

/* Vectors that push an error code, control protection (21) left open. */
#define ERROR_CODE_VECTORS \
	(BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17))

static bool event(struct check *c, uint64_t *info, unsigned int *type)
{
	if (!check_get(c, VMCS_F_ENTRY_INTR_INFO, info) ||
	    !(*info & EVENT_VALID))
		return false;
	*type = *info >> EVENT_TYPE_SHIFT & 7;
	return true;
}

static void event_type(struct check *c, unsigned int unused)
{
	unsigned int type, vector;
	uint64_t info;

	if (!event(c, &info, &type))
		return;
	vector = info & 0xff;
	if (type == 1)
		check_fail(c, VMCS_F_ENTRY_INTR_INFO,
			   "a type (bits 10:8) other than 1");
	else if (type == EVENT_TYPE_NMI && vector != 2)
		check_fail(c, VMCS_F_ENTRY_INTR_INFO, "vector 2 for an NMI");
	else if (type == EVENT_TYPE_EXCEPTION && vector > 31)
		check_fail(c, VMCS_F_ENTRY_INTR_INFO,
			   "a vector below 32 for a hardware exception");
	else if (type == EVENT_TYPE_OTHER && vector)
		check_fail(c, VMCS_F_ENTRY_INTR_INFO,
			   "vector 0 for type 7, \"other event\"");
}

static void event_reserved(struct check *c, unsigned int unused)
{
	unsigned int type;
	uint64_t info;

	if (event(c, &info, &type) && (info & BITS(30, 12)))
		check_fail(c, VMCS_F_ENTRY_INTR_INFO, "0x%08" PRIx64,
			   info & ~BITS(30, 12));
}

static void event_error_code(struct check *c, unsigned int unused)
{
	unsigned int type, vector;
	uint64_t info, cr0;

	if (!event(c, &info, &type) || !(info & EVENT_HAS_ERROR) ||
	    !check_get(c, VMCS_F_CR0, &cr0))
		return;
	vector = info & 0xff;
	if (type != EVENT_TYPE_EXCEPTION || vector > 31 ||
	    (vector != 21 && !(ERROR_CODE_VECTORS & BIT(vector))) ||
	    !(cr0 & X86_CR0_PE))
		check_fail(c, VMCS_F_ENTRY_INTR_INFO, "0x%08" PRIx64,
			   info & ~(uint64_t)EVENT_HAS_ERROR);
}

/* ---- descriptor tables ---- */

static void table_base(struct check *c, unsigned int table)
{
	uint64_t v;

	if (check_get(c, VMCS_SEG(table, VMCS_BASE), &v))
		check_canonical(c, VMCS_SEG(table, VMCS_BASE), v);
}

static void table_limit(struct check *c, unsigned int table)
{
	uint64_t v;

	if (check_get(c, VMCS_SEG(table, VMCS_LIMIT), &v) && v >> 16)
		check_fail(c, VMCS_SEG(table, VMCS_LIMIT), "0x%" PRIx64,
			   v & 0xffff);
}

/* ---- RIP, RFLAGS, SSP ---- */

/* 1 in 64-bit mode, 0 elsewhere, -1 not known; false: no CS to tell. */
static bool mode64(struct check *c, int *state)
{
	uint64_t attr;

	if (!check_get(c, VMCS_SEG(X86_CS, VMCS_ATTR), &attr))
		return false;
	*state = 0;
	if (vmcs_access_rights(check_model(c), X86_CS) & X86_AR_L)
		*state = check_entry_control(check_model(c), VMX_ENTRY_IA32E);
	return true;
}

static void rip_high(struct check *c, unsigned int unused)
{
	uint64_t rip;
	int is64;

	if (check_get(c, VMCS_F_RIP, &rip) && mode64(c, &is64) &&
	    check_if(c, is64 < 0 ? -1 : !is64,
		     "the guest is not in IA-32e mode") &&
	    rip >> 32)
		check_fail(c, VMCS_F_RIP,
			   "RIP = 0x%" PRIx64 ", or a 64-bit code segment in "
			   "IA-32e mode",
			   rip & UINT32_MAX);
}

/* Not quite canonical: bit N-1 does not count. */
static void rip_identical(struct check *c, unsigned int unused)
{
	unsigned int bits = check_model(c)->linear_bits;
	uint64_t rip;
	int is64;

	if (!check_get(c, VMCS_F_RIP, &rip) || !mode64(c, &is64) ||
	    !check_if(c, is64, "the guest is in IA-32e mode"))
		return;
	if (!bits) {
		bits = 48;
		if (check_canonical_for(rip, 58))
			check_if(c, -1,
				 "the processor has no 57-bit linear "
				 "addresses");
	}
	if (!check_canonical_for(rip, bits + 1))
		check_fail(c, VMCS_F_RIP, "bits 63..%u all equal", bits);
}

#define RFLAGS_ZERO (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))
static void rflags_reserved(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_RFLAGS, &v) && ((v & RFLAGS_ZERO) || !(v & 2)))
		check_fail(c, VMCS_F_RFLAGS, "RFLAGS = 0x%" PRIx64,
			   (v & ~RFLAGS_ZERO) | 2);
}

static void rflags_vm_long(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_RFLAGS, &v) && (v & X86_FL_VM) &&
	    check_if(c, check_entry_control(check_model(c), VMX_ENTRY_IA32E),
		     "the guest is in IA-32e mode"))
		check_fail(c, VMCS_F_RFLAGS, "RFLAGS = 0x%" PRIx64,
			   v & ~X86_FL_VM);
}

static void rflags_vm_real(struct check *c, unsigned int unused)
{
	uint64_t v, cr0;

	if (check_get(c, VMCS_F_RFLAGS, &v) && check_get(c, VMCS_F_CR0, &cr0) &&
	    (v & X86_FL_VM) && !(cr0 & X86_CR0_PE))
		check_fail(c, VMCS_F_RFLAGS, "RFLAGS = 0x%" PRIx64,
			   v & ~X86_FL_VM);
}

static void rflags_if(struct check *c, unsigned int unused)
{
	unsigned int type;
	uint64_t v, info;

	if (check_get(c, VMCS_F_RFLAGS, &v) && event(c, &info, &type) &&
	    type == EVENT_TYPE_INTERRUPT && !(v & X86_FL_IF))
		check_fail(c, VMCS_F_RFLAGS,
			   "IF (bit 9) = 1, or no interrupt to inject");
}

static void ssp(struct check *c, unsigned int unused)
{
	uint64_t v;
	int is64;

	if (!check_if(c,
		      check_entry_control(check_model(c), VMX_ENTRY_LOAD_CET),
		      "VM entry loads CET state") ||
	    !check_get(c, VMCS_F_SSP, &v) || !mode64(c, &is64))
		return;
	if (v & 3)
		check_fail(c, VMCS_F_SSP, "bits 1:0 = 0");
	else if (!is64 && v >> 32)
		check_fail(c, VMCS_F_SSP, "bits 63:32 = 0 outside 64-bit mode");
	else
		check_canonical(c, VMCS_F_SSP, v);
}

/* ---- activity and interruptibility ---- */

enum {
	ACTIVE,
	ACTIVITY_HLT,
	ACTIVITY_SHUTDOWN,
	ACTIVITY_WAIT_SIPI,
	BLOCK_STI = 1,
	BLOCK_MOV_SS = 2,
	BLOCK_SMI = 4,
	BLOCK_NMI = 8,
	BLOCK_ENCLAVE = 16,
};

static void activity_value(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_ACTIVITY, &v) && v > ACTIVITY_WAIT_SIPI)
		check_fail(c, VMCS_F_ACTIVITY, "0 (active) to 3");
}

static void activity_halt(struct check *c, unsigned int unused)
{
	uint64_t v, ss;

	if (check_get(c, VMCS_F_ACTIVITY, &v) &&
	    check_get(c, VMCS_SEG(X86_SS, VMCS_ATTR), &ss) &&
	    v == ACTIVITY_HLT && (ss & X86_AR_DPL))
		check_fail(c, VMCS_F_ACTIVITY, "0, or DPL 0 in SS.attr");
}

static void activity_blocked(struct check *c, unsigned int unused)
{
	uint64_t v, blocking;

	if (check_get(c, VMCS_F_ACTIVITY, &v) &&
	    check_get(c, VMCS_F_INTERRUPTIBILITY, &blocking) && v != ACTIVE &&
	    (blocking & (BLOCK_STI | BLOCK_MOV_SS)))
		check_fail(c, VMCS_F_ACTIVITY,
			   "0, or bits 1:0 of Interruptibility = 0");
}

/* What may be injected into a processor that is not active. */
static bool may_wake(uint64_t activity, unsigned int type, unsigned int vector)
{
	const bool exception = type == EVENT_TYPE_EXCEPTION;

	switch (activity) {
	case ACTIVITY_HLT:
		return type == EVENT_TYPE_INTERRUPT || type == EVENT_TYPE_NMI ||
		       (exception && (vector == 1 || vector == 18)) ||
		       (type == EVENT_TYPE_OTHER && !vector);
	case ACTIVITY_SHUTDOWN:
		return type == EVENT_TYPE_NMI || (exception && vector == 18);
	case ACTIVITY_WAIT_SIPI:
		return false;
	default:
		return true;
	}
}

static void activity_event(struct check *c, unsigned int unused)
{
	unsigned int type;
	uint64_t v, info;

	if (check_get(c, VMCS_F_ACTIVITY, &v) && event(c, &info, &type) &&
	    !may_wake(v, type, info & 0xff))
		check_fail(c, VMCS_F_ACTIVITY,
			   "0 (active), or no such event to inject");
}

static void blocking_reserved(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) && v >> 5)
		check_fail(c, VMCS_F_INTERRUPTIBILITY, "bits 31:5 = 0");
}

static void blocking_both(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) && (v & BLOCK_STI) &&
	    (v & BLOCK_MOV_SS))
		check_fail(c, VMCS_F_INTERRUPTIBILITY, "bit 0 or bit 1 = 0");
}

static void blocking_sti(struct check *c, unsigned int unused)
{
	uint64_t v, rflags;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) &&
	    check_get(c, VMCS_F_RFLAGS, &rflags) && (v & BLOCK_STI) &&
	    !(rflags & X86_FL_IF))
		check_fail(c, VMCS_F_INTERRUPTIBILITY,
			   "bit 0 = 0, or RFLAGS.IF (bit 9) = 1");
}

static void blocking_event(struct check *c, unsigned int unused)
{
	unsigned int type;
	uint64_t v, info;

	if (!check_get(c, VMCS_F_INTERRUPTIBILITY, &v) ||
	    !event(c, &info, &type))
		return;
	if (type == EVENT_TYPE_INTERRUPT && (v & (BLOCK_STI | BLOCK_MOV_SS)))
		check_fail(c, VMCS_F_INTERRUPTIBILITY,
			   "bits 1:0 = 0, or no interrupt to inject");
	if (type == EVENT_TYPE_NMI && (v & BLOCK_MOV_SS))
		check_fail(c, VMCS_F_INTERRUPTIBILITY,
			   "bit 1 = 0, or no NMI to inject");
}

static int virtual_nmis(const struct vmcs_model *m)
{
	uint64_t pin;

	if (!vmcs_get(m, VMCS_F_PIN, &pin))
		return -1;
	return pin & VMX_PIN_VIRTUAL_NMIS ? 1 : 0;
}

static void blocking_nmi(struct check *c, unsigned int unused)
{
	unsigned int type;
	uint64_t v, info;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) &&
	    event(c, &info, &type) && type == EVENT_TYPE_NMI &&
	    (v & BLOCK_NMI) &&
	    check_if(c, virtual_nmis(check_model(c)),
		     "the \"virtual NMIs\" control is 1"))
		check_fail(c, VMCS_F_INTERRUPTIBILITY,
			   "bit 3 = 0, or no NMI to inject");
}

static void blocking_smi(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) && (v & BLOCK_SMI))
		check_fail(c, VMCS_F_INTERRUPTIBILITY,
			   "bit 2 = 0: no hypervisor runs in SMM");
}

static void blocking_enclave(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_INTERRUPTIBILITY, &v) && (v & BLOCK_ENCLAVE) &&
	    (v & BLOCK_MOV_SS))
		check_fail(c, VMCS_F_INTERRUPTIBILITY, "bit 1 or bit 4 = 0");
}

/* ---- pending debug exceptions ---- */

#define PENDING_ZERO (BITS(63, 17) | BIT(15) | BIT(13) | BITS(10, 4))
#define PENDING_BS   BIT(14)
#define DEBUGCTL_BTF BIT(1)

static void pending_reserved(struct check *c, unsigned int unused)
{
	uint64_t v;

	if (check_get(c, VMCS_F_PENDING_DEBUG, &v) && (v & PENDING_ZERO))
		check_fail(c, VMCS_F_PENDING_DEBUG, "0x%" PRIx64,
			   v & ~PENDING_ZERO);
}

/* A step that is due must be pending while something holds it back. */
static void pending_step(struct check *c, unsigned int unused)
{
	uint64_t v, blocking, activity, rflags, debugctl;
	bool wanted;

	if (!check_get(c, VMCS_F_INTERRUPTIBILITY, &blocking) ||
	    !check_get(c, VMCS_F_ACTIVITY, &activity) ||
	    (!(blocking & (BLOCK_STI | BLOCK_MOV_SS)) &&
	     activity != ACTIVITY_HLT))
		return;
	if (!check_get(c, VMCS_F_PENDING_DEBUG, &v) ||
	    !check_get(c, VMCS_F_RFLAGS, &rflags) ||
	    !check_get(c, VMCS_F_DEBUGCTL, &debugctl))
		return;
	wanted = (rflags & X86_FL_TF) && !(debugctl & DEBUGCTL_BTF);
	if (wanted != !!(v & PENDING_BS))
		check_fail(c, VMCS_F_PENDING_DEBUG, "0x%" PRIx64,
			   v ^ PENDING_BS);
}

/* ---- page-directory-pointer-table entries ---- */

static void pdptr(struct check *c, unsigned int i)
{
	const struct vmcs_model *m = check_model(c);
	int ia32e = check_entry_control(m, VMX_ENTRY_IA32E);
	unsigned int width = m->phys_bits ? m->phys_bits : 52;
	const uint64_t zero = BITS(2, 1) | BITS(8, 5) | ~(BIT(width) - 1);
	uint64_t v, cr0, cr4;

	if (!check_get(c, VMCS_F_CR0, &cr0) ||
	    !check_get(c, VMCS_F_CR4, &cr4) || !(cr0 & X86_CR0_PG) ||
	    !(cr4 & X86_CR4_PAE))
		return;
	if (!check_if(c, ia32e < 0 ? -1 : !ia32e,
		      "the guest is not in IA-32e mode"))
		return;
	/* without EPT they are read from memory */
	if (!check_ept(m)) {
		check_lack(c, VMCS_F_PDPTR0 + i);
		return;
	}
	if (check_get(c, VMCS_F_PDPTR0 + i, &v) && (v & 1) && (v & zero))
		check_fail(c, VMCS_F_PDPTR0 + i, "0x%" PRIx64, v & ~zero);
}

#define E CHECK_CONTROLS
#define T CHECK_TABLES
#define R CHECK_RIP
#define N CHECK_NON_REGISTER
#define PDPTR(i)                                                              \
	{                                                                     \
		CHECK_PDPTES, "PDPTR" #i,                                     \
			"bits 2:1, 8:5 and those above the physical-address " \
			"width must be "                                      \
			"0 in a present entry",                               \
			pdptr, i                                              \
	}

const struct vmcs_check_row vmx_state_checks[] = {
	{E, "VMEntry intr_info",
	 "the type must not be reserved, and the vector must suit it",
	 event_type, 0},
	{E, "VMEntry intr_info", "bits 30:12 must be 0", event_reserved, 0},
	{E, "VMEntry intr_info",
	 "an error code (bit 11) must only go with an exception that has one, "
	 "in protected mode",
	 event_error_code, 0},
	{T, "GDTR.base", "must be a canonical address", table_base, VMCS_GDTR},
	{T, "IDTR.base", "must be a canonical address", table_base, VMCS_IDTR},
	{T, "GDTR.limit", "bits 31:16 must be 0", table_limit, VMCS_GDTR},
	{T, "IDTR.limit", "bits 31:16 must be 0", table_limit, VMCS_IDTR},
	{R, "RIP", "bits 63:32 must be 0 outside 64-bit mode", rip_high, 0},
	{R, "RIP",
	 "the bits above the linear-address width must be equal in 64-bit mode",
	 rip_identical, 0},
	{R, "RFLAGS", "bits 63:22, 15, 5 and 3 must be 0, bit 1 must be 1",
	 rflags_reserved, 0},
	{CHECK_RIP_KVM, "RFLAGS", "VM (bit 17) must be 0 in IA-32e mode",
	 rflags_vm_long, 0},
	{R, "RFLAGS", "VM (bit 17) must be 0 if CR0.PE is 0", rflags_vm_real,
	 0},
	{R, "RFLAGS", "IF (bit 9) must be 1 if an interrupt is injected",
	 rflags_if, 0},
	{R, "SSP",
	 "must be canonical and a multiple of 4, of 32 bits outside 64-bit "
	 "mode",
	 ssp, 0},
	{N, "ActivityState", "must be 0 to 3", activity_value, 0},
	{N, "ActivityState", "must not be HLT if the DPL of SS is not 0",
	 activity_halt, 0},
	{N, "ActivityState", "must be active while STI or MOV SS blocks events",
	 activity_blocked, 0},
	{N, "ActivityState", "must be one that the injected event can end",
	 activity_event, 0},
	{N, "Interruptibility", "bits 31:5 must be 0", blocking_reserved, 0},
	{N, "Interruptibility",
	 "blocking by STI (bit 0) and by MOV SS (bit 1) exclude each other",
	 blocking_both, 0},
	{N, "Interruptibility",
	 "blocking by STI (bit 0) must be 0 if RFLAGS.IF is 0", blocking_sti,
	 0},
	{N, "Interruptibility",
	 "STI and MOV SS must not block the event that is injected",
	 blocking_event, 0},
	{N, "Interruptibility",
	 "blocking by NMI (bit 3) must be 0 if an NMI is injected",
	 blocking_nmi, 0},
	{N, "Interruptibility", "blocking by SMI (bit 2) must be 0 outside SMM",
	 blocking_smi, 0},
	{N, "Interruptibility",
	 "enclave interruption (bit 4) excludes blocking by MOV SS (bit 1)",
	 blocking_enclave, 0},
	{N, "DebugExceptions", "bits 63:17, 15, 13 and 10:4 must be 0",
	 pending_reserved, 0},
	{N, "DebugExceptions",
	 "BS (bit 14) must tell whether a step is due (RFLAGS.TF without "
	 "DebugCtl.BTF) while STI, MOV SS or HLT holds it back",
	 pending_step, 0},
	PDPTR(0),
	PDPTR(1),
	PDPTR(2),
	PDPTR(3),
	{.rule = NULL},
};
