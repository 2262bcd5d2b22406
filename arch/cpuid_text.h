/*
 * A processor's CPUID in words, and how three of them differ.
 *
 * Sources: SDM Vol 2A, "CPUID"; APM Vol 3, "Obtaining Processor Information
 * Via the CPUID Instruction"; Linux Documentation/virt/kvm/x86/cpuid.rst.
 */
#ifndef ARCH_CPUID_TEXT_H
#define ARCH_CPUID_TEXT_H

#include "arch/cpuid_table.h"

/* Vendor, model, brand, address sizes, topology, hypervisor: a line each. */
void cpuid_print_summary(const struct x86_cpuid *table, struct buf *out);

/* "leaf index eax ebx ecx edx" of every entry, then the flags by name. */
void cpuid_print_all(const struct x86_cpuid *table, struct buf *out);

/*
 * One leaf, or of it the subleaf *index, decoded.  False when the table has
 * none; then what a processor answers is said instead.
 */
bool cpuid_print_leaf(const struct x86_cpuid *table, uint32_t leaf,
		      const uint32_t *index, struct buf *out);

/*
 * Feature by feature where the three differ.  NULL: not known; at least two
 * are.  tdp: 1 when hardware walks the guest's page tables, 0 when KVM shadows
 * them, -1 when that is not known.
 */
void cpuid_print_diff(const struct x86_cpuid *guest,
		      const struct x86_cpuid *supported,
		      const struct x86_cpuid *host, int tdp, struct buf *out);

#endif
