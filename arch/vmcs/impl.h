/* Shared by the files of arch/vmcs/: setting and reading a model's fields. */
#ifndef ARCH_VMCS_IMPL_H
#define ARCH_VMCS_IMPL_H

#include "arch/vmcs/vmcs.h"

static inline void vmcs_set(struct vmcs_model *m, unsigned int field,
			    uint64_t value, enum vmcs_class class)
{
	m->field[field] = (struct vmcs_value){.value = value, .class = class};
}

static inline void vmcs_lack(struct vmcs_model *m, unsigned int field,
			     enum vmcs_why why)
{
	m->field[field] = (struct vmcs_value){.class = VMCS_NA, .why = why};
}

/* False when the field is not known; *value is then untouched. */
static inline bool vmcs_get(const struct vmcs_model *m, unsigned int field,
			    uint64_t *value)
{
	if (m->field[field].class == VMCS_NA)
		return false;
	*value = m->field[field].value;
	return true;
}

/* Bits of the VM-entry controls (SDM Vol 3C, "VM-Entry Controls"). */
enum {
	VMX_ENTRY_LOAD_DEBUG = 1 << 2,
	VMX_ENTRY_IA32E = 1 << 9,
	VMX_ENTRY_SMM = 1 << 10,
	VMX_ENTRY_LOAD_PERF = 1 << 13,
	VMX_ENTRY_LOAD_PAT = 1 << 14,
	VMX_ENTRY_LOAD_EFER = 1 << 15,
	VMX_ENTRY_LOAD_BNDCFGS = 1 << 16,
	VMX_ENTRY_LOAD_CET = 1 << 20,
};

/* Other controls that the checks look at. */
enum {
	VMX_PIN_VIRTUAL_NMIS = 1 << 5,
	VMX_SECONDARY_EPT = 1 << 1,
	VMX_SECONDARY_UNRESTRICTED = 1 << 7,
};
#define VMX_PROC_SECONDARY (1u << 31)

/* An event to inject: both vendors number vector, error and valid bit so. */
enum {
	EVENT_TYPE_SHIFT = 8,
	EVENT_HAS_ERROR = 1 << 11,
};
#define EVENT_VALID (1u << 31)
enum {
	EVENT_TYPE_INTERRUPT = 0,
	EVENT_TYPE_NMI = 2,
	EVENT_TYPE_EXCEPTION = 3, /* hardware exception */
	EVENT_TYPE_SOFT_INT = 4,
	EVENT_TYPE_PRIV_SOFT = 5, /* VMX: ICEBP */
	EVENT_TYPE_SOFT_EXC = 6,  /* VMX: INT3, INTO */
	EVENT_TYPE_OTHER = 7,
};

#define CR0_TS	  BIT(3)
#define CR0_NE	  BIT(5)
#define CR0_NW	  BIT(29)
#define CR0_CD	  BIT(30)
#define CR4_VME	  BIT(0)
#define CR4_VMXE  BIT(13)
#define CR4_CET	  BIT(23)
#define EFER_SVME BIT(12)
#define FL_IOPL	  (UINT64_C(3) << 12)

/* build_vmx.c, build_svm.c: what only one kind has. */
void vmcs_build_vmx(struct vmcs_model *m, const struct vmcs_source *source);
void vmcs_build_svm(struct vmcs_model *m, const struct vmcs_source *source);

/*
 * The event that KVM injects at the next entry, as far as it is decided: its
 * vector, type and error code.  False when there is none.  *pending tells that
 * KVM has yet to turn it from pending to injected.
 */
bool vmcs_next_event(const struct x86_events *e, uint32_t *info,
		     uint32_t *error, bool *pending);

/* Highest vector of the 256 bits at `offset` of a local APIC, or -1. */
int vmcs_highest_vector(const struct x86_lapic *lapic, unsigned int offset);

/* A field that is an MSR not in the register image. */
void vmcs_from_msr(struct vmcs_model *m, unsigned int field,
		   const struct vmcs_source *source, uint32_t index);

#endif
