/*
 * The fields that only a VMCS has, and those that KVM fills with something
 * else than the guest's own value.
 */
#include "arch/vmcs/impl.h"

/* CR4 bits that KVM lets the guest change without an exit. */
enum {
	CR4_GUEST_OWNED = 0x1078e, /* PVI TSD DE PGE PCE OSFXSR OSXMMEXCPT
				      FSGSBASE */
	CR4_PGE = 1 << 7,
	CR4_FSGSBASE = 1 << 16,
};

/* KVM runs real mode as virtual-8086 mode where it must. */
static bool real_as_v8086(const struct vmcs_model *m, const struct x86_state *s)
{
	return !m->unrestricted_guest && !(s->cr0 & X86_CR0_PE);
}

static void build_cr0(struct vmcs_model *m, const struct x86_state *s)
{
	uint64_t actual = (s->cr0 & ~(CR0_NW | CR0_CD)) | CR0_NE;
	uint64_t owned = CR0_TS;

	if (!m->unrestricted_guest)
		actual |= X86_CR0_PG | X86_CR0_PE;
	if (!m->paging_assist)
		actual |= X86_CR0_WP;
	else
		owned |= X86_CR0_WP;
	vmcs_set(m, VMCS_F_CR0, actual, VMCS_PREDICTED);
	vmcs_set(m, VMCS_F_CR0_SHADOW, s->cr0, VMCS_EXACT);
	vmcs_set(m, VMCS_F_CR0_MASK, ~owned, VMCS_PREDICTED);
}

static void build_cr4(struct vmcs_model *m, const struct vmcs_source *src)
{
	const struct x86_state *s = src->state;
	const struct x86_cpuid_entry *e = NULL;
	uint64_t actual = s->cr4 | CR4_VMXE, owned = CR4_GUEST_OWNED;

	if (!m->unrestricted_guest) {
		if (!m->paging_assist)
			actual |= X86_CR4_PAE;
		else if (!(s->cr0 & X86_CR0_PG))
			actual = (actual & ~X86_CR4_PAE) | X86_CR4_PSE;
		if (!(s->cr0 & X86_CR0_PG))
			actual &= ~(X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PKE);
		if (real_as_v8086(m, s))
			actual |= CR4_VME;
	}
	if (src->guest_cpuid)
		e = x86_cpuid_find(src->guest_cpuid, 7, 0);
	if (src->guest_cpuid && (!e || !(e->reg[CPUID_EBX] & 1)))
		owned &= ~(uint64_t)CR4_FSGSBASE;
	if (!m->paging_assist)
		owned &= ~(uint64_t)CR4_PGE;
	vmcs_set(m, VMCS_F_CR4, actual, VMCS_PREDICTED);
	vmcs_set(m, VMCS_F_CR4_SHADOW, s->cr4, VMCS_EXACT);
	vmcs_set(m, VMCS_F_CR4_MASK, ~owned, VMCS_PREDICTED);
}

/*
 * KVM_SET_SREGS sets "accessed" where the processor can run any state, so
 * that a segment made without it does not fail the entry.  On a host that has
 * a VMCS the state comes from there and has it already.
 */
static void build_segments(struct vmcs_model *m, const struct x86_state *s)
{
	const bool v8086 = real_as_v8086(m, s);

	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		uint32_t ar = s->seg[i].attr;

		if (!(ar & X86_AR_P))
			ar |= X86_AR_UNUSABLE;
		if (m->hypothetical && i != X86_LDTR)
			ar |= 1;
		if (v8086 && i < X86_LDTR) {
			ar = (ar & ~(uint32_t)X86_AR_DPL) | X86_AR_DPL;
			if (i == X86_CS)
				ar = (ar & ~(uint32_t)X86_AR_TYPE) | 3;
		}
		vmcs_set(m, VMCS_SEG(i, VMCS_ATTR), ar,
			 v8086 ? VMCS_PREDICTED : VMCS_DERIVED);
	}
	if (!v8086)
		return;
	vmcs_set(m, VMCS_F_RFLAGS, s->rflags | X86_FL_VM | FL_IOPL,
		 VMCS_PREDICTED);
	/* a task-state segment of KVM's own, in the page of KVM_SET_TSS_ADDR */
	vmcs_set(m, VMCS_SEG(X86_TR, VMCS_ATTR), 0x8b, VMCS_PREDICTED);
	vmcs_lack(m, VMCS_SEG(X86_TR, VMCS_BASE), VMCS_PRIVATE);
	vmcs_lack(m, VMCS_SEG(X86_TR, VMCS_LIMIT), VMCS_PRIVATE);
}

static void build_pdptrs(struct vmcs_model *m, const struct x86_state *s)
{
	const bool pae = (s->cr0 & X86_CR0_PG) && (s->cr4 & X86_CR4_PAE) &&
			 !(s->efer & X86_EFER_LMA);

	for (unsigned int i = 0; i < 4; i++)
		if (!pae)
			vmcs_lack(m, VMCS_F_PDPTR0 + i, VMCS_UNUSED);
		else if (s->pdptr_valid)
			vmcs_set(m, VMCS_F_PDPTR0 + i, s->pdptr[i], VMCS_EXACT);
		else
			vmcs_lack(m, VMCS_F_PDPTR0 + i, VMCS_UNTOLD);
}

static void build_event(struct vmcs_model *m, const struct x86_events *e)
{
	uint32_t info, error, type;
	bool pending;

	if (!vmcs_next_event(e, &info, &error, &pending)) {
		vmcs_set(m, VMCS_F_ENTRY_INTR_INFO, 0, VMCS_PREDICTED);
		vmcs_set(m, VMCS_F_ENTRY_ERROR, 0, VMCS_PREDICTED);
		return;
	}
	type = info >> EVENT_TYPE_SHIFT & 7;
	/* INT3 and INTO are exceptions of another type here */
	if (type == EVENT_TYPE_EXCEPTION &&
	    ((info & 0xff) == 3 || (info & 0xff) == 4))
		info += (EVENT_TYPE_SOFT_EXC - EVENT_TYPE_EXCEPTION)
			<< EVENT_TYPE_SHIFT;
	vmcs_set(m, VMCS_F_ENTRY_INTR_INFO, info,
		 pending ? VMCS_PREDICTED : VMCS_DERIVED);
	vmcs_set(m, VMCS_F_ENTRY_ERROR, error,
		 pending ? VMCS_PREDICTED : VMCS_DERIVED);
}

/* SDM Vol 3C, "Format of Interruptibility State". */
static void build_non_register(struct vmcs_model *m, const struct x86_events *e)
{
	/* no bit for SMM: KVM's is not the processor's */
	uint64_t blocking = (e->interrupt_shadow & 2 ? 1 : 0) |
			    (e->interrupt_shadow & 1 ? 2 : 0) |
			    (e->nmi_masked ? 8 : 0);

	vmcs_set(m, VMCS_F_INTERRUPTIBILITY, blocking, VMCS_DERIVED);
	/* a halted vCPU is not entered at all */
	vmcs_set(m, VMCS_F_ACTIVITY, 0, VMCS_PREDICTED);
}

static void build_apic(struct vmcs_model *m, const struct vmcs_source *src)
{
	static const unsigned int fields[] = {VMCS_F_SVI, VMCS_F_RVI,
					      VMCS_F_INTERRUPT_STATUS};
	const enum vmcs_class class = src->host->apicv > 0 ? VMCS_DERIVED
							   : VMCS_PREDICTED;
	int irr, isr;

	if (!src->lapic || !src->host->apicv) {
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			vmcs_lack(m, fields[i],
				  src->host->apicv ? VMCS_UNTOLD : VMCS_UNUSED);
		return;
	}
	irr = vmcs_highest_vector(src->lapic, 0x200);
	isr = vmcs_highest_vector(src->lapic, 0x100);
	irr = irr < 0 ? 0 : irr;
	isr = isr < 0 ? 0 : isr;
	vmcs_set(m, VMCS_F_RVI, (uint64_t)irr, class);
	vmcs_set(m, VMCS_F_SVI, (uint64_t)isr, class);
	vmcs_set(m, VMCS_F_INTERRUPT_STATUS, (uint64_t)(isr << 8 | irr), class);
}

void vmcs_build_vmx(struct vmcs_model *m, const struct vmcs_source *src)
{
	const struct x86_state *s = src->state;
	/* #UD, #DB, #AC and #MC are always KVM's */
	uint64_t exceptions = BIT(6) | BIT(1) | BIT(17) | BIT(18);

	build_cr0(m, s);
	build_cr4(m, src);
	build_segments(m, s);
	build_pdptrs(m, s);
	/* shadow pages need NX */
	if (m->paging_assist)
		vmcs_set(m, VMCS_F_EFER, s->efer, VMCS_EXACT);
	else
		vmcs_set(m, VMCS_F_EFER, s->efer | X86_EFER_NXE,
			 VMCS_PREDICTED);
	vmcs_from_msr(m, VMCS_F_PERF_GLOBAL_CTRL, src, 0x38f);
	vmcs_from_msr(m, VMCS_F_BNDCFGS, src, 0xd90);
	build_non_register(m, &s->event);
	build_event(m, &s->event);
	build_apic(m, src);
	if (real_as_v8086(m, s))
		exceptions = UINT32_MAX & ~BIT(14);
	if (!m->paging_assist)
		exceptions |= BIT(14);
	vmcs_set(m, VMCS_F_EXCEPTIONS, exceptions, VMCS_PREDICTED);
	if (m->paging_assist) {
		vmcs_set(m, VMCS_F_PFEC_MASK, 0, VMCS_PREDICTED);
		vmcs_set(m, VMCS_F_PFEC_MATCH, 0, VMCS_PREDICTED);
	}
}
