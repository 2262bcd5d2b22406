#include "arch/cpuid_table.h"

#include <stddef.h>

const struct x86_cpuid_entry *x86_cpuid_find(const struct x86_cpuid *table,
					     uint32_t leaf, uint32_t index)
{
	for (unsigned int i = 0; i < table->n; i++) {
		const struct x86_cpuid_entry *e = &table->entry[i];

		if (e->leaf == leaf && (!e->has_index || e->index == index))
			return e;
	}
	return NULL;
}

bool x86_cpuid_flag(const struct x86_cpuid *table, const char *flag)
{
	struct cpuid_bit bit[CPUID_FLAG_BITS_MAX];
	unsigned int n = cpuid_flag_bits(flag, bit, CPUID_FLAG_BITS_MAX);

	for (unsigned int i = 0; i < n; i++) {
		const struct x86_cpuid_entry *e = x86_cpuid_find(
			table, bit[i].word->leaf, bit[i].word->index);

		if (e && e->reg[bit[i].word->reg] >> bit[i].bit & 1)
			return true;
	}
	return false;
}
