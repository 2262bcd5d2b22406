/*
 * A processor's CPUID answers as plain data.
 * Names of the bits are in arch/cpuid_flags.h.
 */
#ifndef ARCH_CPUID_TABLE_H
#define ARCH_CPUID_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpuid_flags.h"

#define X86_CPUID_MAX 256

struct x86_cpuid_entry {
	uint32_t leaf, index;
	bool has_index;	 /* the leaf has subleaves: index counts */
	uint32_t reg[4]; /* by enum cpuid_reg */
};

struct x86_cpuid {
	unsigned int n;
	struct x86_cpuid_entry entry[X86_CPUID_MAX];
};

/* The entry a CPUID instruction with these inputs reads, or NULL. */
const struct x86_cpuid_entry *x86_cpuid_find(const struct x86_cpuid *table,
					     uint32_t leaf, uint32_t index);

/* Is any bit of this name (arch/cpuid_flags.h) set? */
bool x86_cpuid_flag(const struct x86_cpuid *table, const char *flag);

#endif
