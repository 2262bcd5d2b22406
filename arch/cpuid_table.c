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
