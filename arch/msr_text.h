/*
 * What the value of a model-specific register says, in words, and why KVM may
 * refuse one.  Sources: arch/msr_names.h; KVM's rules are those of
 * kvm_set_msr_common() and its vendors' twins.
 */
#ifndef ARCH_MSR_TEXT_H
#define ARCH_MSR_TEXT_H

#include "arch/cpuid_table.h"
#include "arch/msr_names.h"
#include "arch/x86_state.h"

/* One line without its end: "SCE LME LMA NXE"; "" when there is nothing. */
void msr_decode(uint32_t index, uint64_t value, struct buf *out);

/* The set bits by name: "SCE LME bit40"; a field is NAME=0x1f. */
void msr_print_bits(const struct bit_name *table, uint64_t value,
		    struct buf *out);

/* A line for each set bit or field: "  LMA   long mode active\n". */
void msr_explain(uint32_t index, uint64_t value, struct buf *out);

/*
 * What is known to make KVM refuse this value, or any access when value is
 * NULL: one sentence each, separated by "; ".  Appends nothing when nothing is
 * known.  `cpuid` (the guest's) and `s` (with X86_GROUP_SYS) may be NULL.
 */
void msr_refusal(uint32_t index, const uint64_t *value,
		 const struct x86_cpuid *cpuid, const struct x86_state *s,
		 struct buf *out);

#endif
