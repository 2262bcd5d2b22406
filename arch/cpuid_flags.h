/*
 * The names /proc/cpuinfo gives to CPUID feature bits, and where the bits are.
 * Pure tables and look-ups; no KVM.
 *
 * Sources: Intel SDM Vol 2A, "CPUID"; AMD APM Vol 3, "Obtaining Processor
 * Information Via the CPUID Instruction"; the names are those Linux prints.
 */
#ifndef ARCH_CPUID_FLAGS_H
#define ARCH_CPUID_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum cpuid_reg {
	CPUID_EAX,
	CPUID_EBX,
	CPUID_ECX,
	CPUID_EDX,
};

#define CPUID_FLAG_MAX 31 /* longest flag name accepted, without the NUL */

/* One 32-bit register of one leaf whose bits are features. */
struct cpuid_word {
	uint32_t leaf, index;
	enum cpuid_reg reg;
	const char *name[32]; /* NULL: no name in /proc/cpuinfo */
};

extern const struct cpuid_word cpuid_words[];
extern const unsigned int cpuid_words_count;

/* Where one flag is.  Some names stand for several bits (ssbd, ibrs). */
struct cpuid_bit {
	const struct cpuid_word *word;
	unsigned int bit;
};

/*
 * The bits behind a name: at most max are stored, the count is returned.
 * 0 = no CPUID bit has this name.
 */
unsigned int cpuid_flag_bits(const char *name, struct cpuid_bit *bits,
			     unsigned int max);

#define CPUID_FLAG_BITS_MAX 4

/* A flag that Linux makes up itself: shown by it, but not a CPUID bit. */
bool cpuid_flag_synthetic(const char *name);

/* Append names that look like this one: "avx, avx2"; nothing if there are none.
 */
void cpuid_flag_near(const char *name, struct buf *out);

/* A flag and another that it needs; the list ends with a NULL flag. */
struct cpuid_dep {
	const char *flag, *needs;
};

extern const struct cpuid_dep cpuid_deps[];

/* Flags of --cpu base, ended by NULL. */
extern const char *const cpuid_base_flags[];

#endif
