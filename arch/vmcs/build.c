/*
 * A model from a register image.  How KVM fills the fields was read in Linux
 * 6.1 to 6.16: vmx_set_cr0(), vmx_set_cr4(), vmx_set_segment(),
 * vmx_inject_exception() and their SVM twins.
 */
#include "arch/vmcs/vmcs.h"

#include <string.h>

#include "arch/exit/impl.h"
#include "arch/vmcs/impl.h"

bool vmcs_native(const struct x86_host *host, enum vmcs_kind *kind)
{
	switch (host->vendor) {
	case EXIT_VENDOR_VMX:
		*kind = VMCS_VMX;
		return true;
	case EXIT_VENDOR_SVM:
		*kind = VMCS_SVM;
		return true;
	default:
		*kind = VMCS_VMX;
		return false;
	}
}

uint32_t vmcs_access_rights(const struct vmcs_model *m, unsigned int segment)
{
	uint32_t a = (uint32_t)m->field[VMCS_SEG(segment, VMCS_ATTR)].value;

	if (m->kind == VMCS_VMX)
		return a;
	return (a & 0xff) | (a & 0xf00) << 4 |
	       (a & X86_AR_P ? 0 : X86_AR_UNUSABLE);
}

int vmcs_highest_vector(const struct x86_lapic *lapic, unsigned int offset)
{
	for (int word = 7; word >= 0; word--) {
		uint32_t bits;

		memcpy(&bits, lapic->regs + offset + 16 * word, sizeof(bits));
		if (bits)
			return 32 * word + 31 - __builtin_clz(bits);
	}
	return -1;
}

void vmcs_from_msr(struct vmcs_model *m, unsigned int field,
		   const struct vmcs_source *source, uint32_t index)
{
	uint64_t value;
	int found = -1;

	if (source->msr)
		found = source->msr(source->priv, index, &value);
	if (found > 0)
		vmcs_set(m, field, value, VMCS_EXACT);
	else
		vmcs_lack(m, field, found ? VMCS_UNTOLD : VMCS_UNUSED);
}

bool vmcs_next_event(const struct x86_events *e, uint32_t *info,
		     uint32_t *error, bool *pending)
{
	uint32_t type;

	*error = 0;
	*pending = false;
	if (e->exception_injected || e->exception_pending) {
		*pending = !e->exception_injected;
		type = EVENT_TYPE_EXCEPTION;
		*info = e->exception_nr;
		if (e->exception_has_error) {
			*info |= EVENT_HAS_ERROR;
			*error = e->exception_error;
		}
	} else if (e->nmi_injected) {
		type = EVENT_TYPE_NMI;
		*info = 2;
	} else if (e->interrupt_injected) {
		type = e->interrupt_soft ? EVENT_TYPE_SOFT_INT
					 : EVENT_TYPE_INTERRUPT;
		*info = e->interrupt_nr;
	} else {
		return false;
	}
	*info |= type << EVENT_TYPE_SHIFT | EVENT_VALID;
	return true;
}

/* What the exit's own words say of the structure's exit fields. */
static void build_exit(struct vmcs_model *m, const struct exit_info *e)
{
	const bool vmx = m->kind == VMCS_VMX;
	struct exit_words w;
	const struct {
		const int *word;
		unsigned int vmx, svm;
	} map[] = {
		{&w.reason, VMCS_F_EXIT_REASON, VMCS_F_EXIT_CODE},
		{&w.info1, VMCS_F_EXIT_QUAL, VMCS_F_EXIT_INFO1},
		{&w.info2, VMCS_F_IDT_INFO, VMCS_F_EXIT_INFO2},
		{&w.intr_info, VMCS_F_EXIT_INTR_INFO, VMCS_F_EXIT_INT_INFO},
		{&w.error_code, VMCS_F_EXIT_ERROR, VMCS_F_EXIT_INT_ERROR},
		{&w.vectoring, VMCS_F_IDT_INFO, VMCS_F_EXIT_INT_INFO},
		{&w.cpu, VMCS_F_CPU, VMCS_F_CPU},
	};

	if (e->vendor != (vmx ? EXIT_VENDOR_VMX : EXIT_VENDOR_SVM))
		return;
	if (e->reason == EXIT_FAIL_ENTRY && !e->run_errno) {
		vmcs_set(m, VMCS_F_CPU, e->cpu, VMCS_EXACT);
		if (!vmx)
			vmcs_set(m, VMCS_F_EXIT_CODE, e->hw_reason, VMCS_EXACT);
		else if (e->hw_reason >> 31 == 1)
			vmcs_set(m, VMCS_F_EXIT_REASON, e->hw_reason,
				 VMCS_EXACT);
	}
	if (e->reason != EXIT_INTERNAL_ERROR)
		return;
	exit_words(e, &w);
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (*map[i].word >= 0)
			vmcs_set(m, vmx ? map[i].vmx : map[i].svm,
				 e->data[*map[i].word], VMCS_EXACT);
}

/* Registers that both kinds keep as they are. */
static void build_registers(struct vmcs_model *m, const struct vmcs_source *src)
{
	const struct x86_state *s = src->state;
	const struct {
		unsigned int field;
		uint64_t value;
	} same[] = {
		{VMCS_F_CR2, s->cr2},
		{VMCS_F_RIP, s->rip},
		{VMCS_F_RFLAGS, s->rflags},
		{VMCS_F_DR6, s->dr6},
		{VMCS_F_DR7, s->dr7},
		{VMCS_F_PAT, s->msr.pat},
		{VMCS_F_DEBUGCTL, s->msr.debugctl},
		{VMCS_F_SYSENTER_CS, s->msr.sysenter_cs},
		{VMCS_F_SYSENTER_ESP, s->msr.sysenter_esp},
		{VMCS_F_SYSENTER_EIP, s->msr.sysenter_eip},
		{VMCS_F_STAR, s->msr.star},
		{VMCS_F_LSTAR, s->msr.lstar},
		{VMCS_F_CSTAR, s->msr.cstar},
		{VMCS_F_SFMASK, s->msr.sfmask},
		{VMCS_F_KERNEL_GS_BASE, s->msr.k_gs_base},
		{VMCS_SEG(VMCS_GDTR, VMCS_LIMIT), s->gdt.limit},
		{VMCS_SEG(VMCS_GDTR, VMCS_BASE), s->gdt.base},
		{VMCS_SEG(VMCS_IDTR, VMCS_LIMIT), s->idt.limit},
		{VMCS_SEG(VMCS_IDTR, VMCS_BASE), s->idt.base},
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		vmcs_set(m, same[i].field, same[i].value, VMCS_EXACT);
	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		vmcs_set(m, VMCS_REG(i), s->gpr[i], VMCS_EXACT);
	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		vmcs_set(m, VMCS_SEG(i, VMCS_SEL), s->seg[i].sel, VMCS_EXACT);
		vmcs_set(m, VMCS_SEG(i, VMCS_LIMIT), s->seg[i].limit,
			 VMCS_EXACT);
		vmcs_set(m, VMCS_SEG(i, VMCS_BASE), s->seg[i].base, VMCS_EXACT);
	}
	vmcs_from_msr(m, VMCS_F_S_CET, src, 0x6a2);
	vmcs_from_msr(m, VMCS_F_SSP_TABLE, src, 0x6a8);
	vmcs_lack(m, VMCS_F_SSP, VMCS_UNTOLD);
	if (m->field[VMCS_F_S_CET].class == VMCS_NA)
		m->field[VMCS_F_SSP] = m->field[VMCS_F_S_CET];
	if (src->clock && src->clock->has_tsc_offset)
		vmcs_set(m, VMCS_F_TSC_OFFSET, src->clock->tsc_offset,
			 VMCS_EXACT);
	else
		vmcs_lack(m, VMCS_F_TSC_OFFSET, VMCS_UNTOLD);
}

/*
 * Shadow paging puts a page table of KVM's own in CR3, and so does EPT
 * without unrestricted guest while the guest has not enabled paging.
 */
static void build_cr3(struct vmcs_model *m, const struct x86_state *s)
{
	if (!m->paging_assist ||
	    (m->kind == VMCS_VMX && !m->unrestricted_guest &&
	     !(s->cr0 & X86_CR0_PG)))
		vmcs_lack(m, VMCS_F_CR3, VMCS_PRIVATE);
	else
		vmcs_set(m, VMCS_F_CR3, s->cr3,
			 m->paging_assist < 0 ? VMCS_PREDICTED : VMCS_EXACT);
}

static void build_host(struct vmcs_model *m, const struct vmcs_source *src)
{
	const struct x86_cpuid_entry *e = NULL;
	enum vmcs_kind native;

	m->hypothetical = !vmcs_native(src->host, &native) || native != m->kind;
	m->unrestricted_guest = src->host->unrestricted_guest;
	m->emulate_invalid = src->host->emulate_invalid;
	m->paging_assist = m->kind == VMCS_VMX ? src->host->ept
					       : src->host->npt;
	if (m->hypothetical)
		m->unrestricted_guest = m->paging_assist = 1;
	if (m->kind == VMCS_SVM)
		m->unrestricted_guest = 1; /* VMRUN enters any mode */
	if (src->host_cpuid)
		e = x86_cpuid_find(src->host_cpuid, 0x80000008, 0);
	if (e && !m->hypothetical) {
		m->phys_bits = e->reg[CPUID_EAX] & 0xff;
		m->linear_bits = e->reg[CPUID_EAX] >> 8 & 0xff;
	}
	if (m->linear_bits != 48 && m->linear_bits != 57)
		m->linear_bits = 0;
	if (m->phys_bits < 32 || m->phys_bits > 52)
		m->phys_bits = 0;
}

void vmcs_build(struct vmcs_model *m, enum vmcs_kind kind,
		const struct vmcs_source *source)
{
	static const unsigned int of_an_exit[] = {
		VMCS_F_CPU,
		VMCS_F_EXIT_REASON,
		VMCS_F_EXIT_QUAL,
		VMCS_F_EXIT_INTR_INFO,
		VMCS_F_EXIT_ERROR,
		VMCS_F_EXIT_LENGTH,
		VMCS_F_IDT_INFO,
		VMCS_F_IDT_ERROR,
		VMCS_F_EXIT_CODE,
		VMCS_F_EXIT_INFO1,
		VMCS_F_EXIT_INFO2,
		VMCS_F_EXIT_INT_INFO,
		VMCS_F_EXIT_INT_ERROR,
	};

	*m = (struct vmcs_model){.kind = kind};
	for (size_t i = 0; i < ARRAY_SIZE(of_an_exit); i++)
		vmcs_lack(m, of_an_exit[i], VMCS_NO_EXIT);
	build_host(m, source);
	build_registers(m, source);
	build_cr3(m, source->state);
	if (kind == VMCS_VMX)
		vmcs_build_vmx(m, source);
	else
		vmcs_build_svm(m, source);
	if (source->exit)
		build_exit(m, source->exit);
}
