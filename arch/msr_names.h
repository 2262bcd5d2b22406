/*
 * Names of model-specific registers, and of their bits.
 *
 * Sources: SDM Vol 4, "Architectural MSRs"; APM Vol 2, "MSR Cross-Reference";
 * Linux Documentation/virt/kvm/x86/msr.rst; Hypervisor Top Level Functional
 * Specification, "Synthetic MSRs".  The names are those manuals'.
 */
#ifndef ARCH_MSR_NAMES_H
#define ARCH_MSR_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define MSR_NAME_MAX 48 /* bytes, with the NUL */

/* MSRs that code asks for by number. */
enum msr_index {
	MSR_TSC = 0x10,
	MSR_APIC_BASE = 0x1b,
	MSR_MCG_CAP = 0x179,
	MSR_PAT = 0x277,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_X2APIC_FIRST = 0x800,
	MSR_X2APIC_LAST = 0x8ff,
};

/* "IA32_MC3_STATUS"; false and "" when no manual names this one. */
bool msr_name(uint32_t index, char to[MSR_NAME_MAX]);

/* What it is for, in a few words, or NULL. */
const char *msr_meaning(uint32_t index);

/* Its bits, ended by a NULL name, or NULL where they are not fields. */
const struct bit_name *msr_bits(uint32_t index);

/*
 * The MSR of that name.  Case does not count; a prefix MSR_ or IA32_ may be
 * missing or too many; Linux' own names (SYSCALL_MASK, CR_PAT) work too.
 */
bool msr_find(const char *name, uint32_t *index);

/* Append names that look like this one; nothing if there are none. */
void msr_near(const char *name, struct buf *out);

/* The i-th MSR that has a name, i = 0, 1, ... in no order; false at the end. */
bool msr_named(unsigned int i, uint32_t *index);

#endif
