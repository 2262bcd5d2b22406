/* The fields that only a VMCB has, or that KVM fills in another way there. */
#include "arch/vmcs/impl.h"

static void build_control_registers(struct vmcs_model *m,
				    const struct x86_state *s)
{
	uint64_t cr0 = s->cr0 & ~(CR0_NW | CR0_CD), cr4 = s->cr4;
	uint64_t efer = s->efer | EFER_SVME;

	if (!m->paging_assist) {
		/* shadow pages need NX, and long mode only when it is active */
		efer |= X86_EFER_NXE;
		if (!(efer & X86_EFER_LMA))
			efer &= ~X86_EFER_LME;
		cr0 |= X86_CR0_PG | X86_CR0_WP;
		cr4 |= X86_CR4_PAE;
	}
	vmcs_set(m, VMCS_F_CR0, cr0, VMCS_PREDICTED);
	vmcs_set(m, VMCS_F_CR4, cr4, VMCS_PREDICTED);
	vmcs_set(m, VMCS_F_EFER, efer,
		 m->paging_assist ? VMCS_DERIVED : VMCS_PREDICTED);
}

/* The VMCB keeps the same bits as a descriptor, without the gap. */
static void build_segments(struct vmcs_model *m, const struct x86_state *s)
{
	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		uint32_t ar = s->seg[i].attr;

		if (ar & X86_AR_UNUSABLE)
			ar &= ~(uint32_t)X86_AR_P;
		vmcs_set(m, VMCS_SEG(i, VMCS_ATTR),
			 (ar & 0xff) | (ar >> 4 & 0xf00), VMCS_DERIVED);
	}
	for (unsigned int i = VMCS_GDTR; i <= VMCS_IDTR; i++) {
		vmcs_set(m, VMCS_SEG(i, VMCS_SEL), 0, VMCS_PREDICTED);
		vmcs_set(m, VMCS_SEG(i, VMCS_ATTR), 0, VMCS_PREDICTED);
	}
	vmcs_set(m, VMCS_F_CPL,
		 (s->seg[X86_SS].attr & X86_AR_DPL) >> X86_AR_DPL_SHIFT,
		 VMCS_DERIVED);
}

static void build_event(struct vmcs_model *m, const struct x86_events *e)
{
	uint32_t info = 0, error = 0;
	bool pending = true;

	vmcs_next_event(e, &info, &error, &pending);
	if (!info)
		pending = true; /* an interrupt may still come */
	vmcs_set(m, VMCS_F_EVENT_INJ, info,
		 pending ? VMCS_PREDICTED : VMCS_DERIVED);
	vmcs_set(m, VMCS_F_EVENT_INJ_ERROR, error,
		 pending ? VMCS_PREDICTED : VMCS_DERIVED);
	vmcs_set(m, VMCS_F_INT_STATE, e->interrupt_shadow ? 1 : 0,
		 VMCS_DERIVED);
}

/* Only guests with encrypted state have these, and KVM prints them so. */
static void lack_sev(struct vmcs_model *m)
{
	for (unsigned int f = VMCS_F_SEV_FEATURES; f <= VMCS_F_XSS; f++)
		vmcs_lack(m, f, VMCS_UNPRINTED);
	vmcs_lack(m, VMCS_F_VMPL, VMCS_UNUSED);
	vmcs_lack(m, VMCS_F_GHCB, VMCS_UNUSED);
	vmcs_lack(m, VMCS_F_VMSA, VMCS_UNUSED);
	vmcs_lack(m, VMCS_F_ALLOWED_SEV, VMCS_UNUSED);
	vmcs_lack(m, VMCS_F_GUEST_SEV, VMCS_UNUSED);
	vmcs_lack(m, VMCS_F_ERAP_CTL, VMCS_UNPRINTED);
}

void vmcs_build_svm(struct vmcs_model *m, const struct vmcs_source *src)
{
	const struct x86_state *s = src->state;
	/* #UD, #DB, #AC and #MC are always KVM's */
	uint64_t exceptions = BIT(6) | BIT(1) | BIT(17) | BIT(18);
	static const unsigned int branch[] = {VMCS_F_BR_FROM, VMCS_F_BR_TO,
					      VMCS_F_EXCP_FROM, VMCS_F_EXCP_TO};

	build_control_registers(m, s);
	build_segments(m, s);
	build_event(m, &s->event);
	lack_sev(m);
	for (unsigned int i = 0; i < ARRAY_SIZE(branch); i++)
		vmcs_from_msr(m, branch[i], src, 0x1db + i);
	if (!m->paging_assist) {
		exceptions |= BIT(14);
		vmcs_lack(m, VMCS_F_PAT, VMCS_UNUSED);
	}
	vmcs_set(m, VMCS_F_EXCEPTIONS, exceptions, VMCS_PREDICTED);
	if (m->paging_assist >= 0)
		vmcs_set(m, VMCS_F_NESTED_CTL, (uint64_t)m->paging_assist,
			 VMCS_PREDICTED);
}
