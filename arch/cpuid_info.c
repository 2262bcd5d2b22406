#include "arch/cpuid_info.h"

#include <string.h>

#include "base/bits.h"

#define LEAF_AMD_SIZES 0x80000008

static bool has_flag(const struct x86_cpuid *table, const char *name)
{
	struct cpuid_bit at[CPUID_FLAG_BITS_MAX];
	unsigned int n = cpuid_flag_bits(name, at, CPUID_FLAG_BITS_MAX);

	for (unsigned int i = 0; i < n && i < CPUID_FLAG_BITS_MAX; i++) {
		const struct cpuid_word *w = at[i].word;
		const struct x86_cpuid_entry *e =
			x86_cpuid_find(table, w->leaf, w->index);

		if (e && (e->reg[w->reg] >> at[i].bit & 1))
			return true;
	}
	return false;
}

/* Vendors that reserve what the APM reserves. */
static bool is_amd(const struct x86_cpuid *table)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, 0, 0);
	char name[12];

	if (!e)
		return false;
	memcpy(name, &e->reg[CPUID_EBX], 4);
	memcpy(name + 4, &e->reg[CPUID_EDX], 4);
	memcpy(name + 8, &e->reg[CPUID_ECX], 4);
	return !memcmp(name, "AuthenticAMD", 12) ||
	       !memcmp(name, "HygonGenuine", 12);
}

void x86_cpuid_info(const struct x86_cpuid *table, struct x86_cpu_info *info)
{
	const struct x86_cpuid_entry *sizes =
		x86_cpuid_find(table, LEAF_AMD_SIZES, 0);
	const struct {
		const char *flag;
		bool *to;
	} flags[] = {
		{"pdpe1gb", &info->gbpages}, {"nx", &info->nx},
		{"la57", &info->la57},	     {"pku", &info->pku},
		{"pcid", &info->pcid},	     {"smep", &info->smep},
		{"smap", &info->smap},	     {"xsave", &info->xsave},
		{"avx", &info->avx},	     {"avx512f", &info->avx512},
	};

	/* SDM Vol 3A, "Determination of Maximum Physical Address Width" */
	info->maxphyaddr = sizes ? (uint8_t)sizes->reg[CPUID_EAX] : 36;
	info->amd = is_amd(table);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		*flags[i].to = has_flag(table, flags[i].flag);
}
