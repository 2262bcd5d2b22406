#include "arch/msr_names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arch/msr_table.h"
#include "base/text.h"

static const struct msr_row *find_row(uint32_t index, unsigned int *number)
{
	for (unsigned int i = 0; i < msr_rows_count; i++) {
		uint32_t off = index - msr_rows[i].first;

		if (index < msr_rows[i].first || off % msr_rows[i].stride ||
		    off / msr_rows[i].stride >= msr_rows[i].count)
			continue;
		*number = off / msr_rows[i].stride;
		return &msr_rows[i];
	}
	return NULL;
}

static void write_name(const struct msr_row *row, unsigned int number,
		       char to[MSR_NAME_MAX])
{
	const char *star = strchr(row->name, '*');

	if (star)
		snprintf(to, MSR_NAME_MAX, "%.*s%u%s", (int)(star - row->name),
			 row->name, number, star + 1);
	else
		snprintf(to, MSR_NAME_MAX, "%s", row->name);
}

bool msr_name(uint32_t index, char to[MSR_NAME_MAX])
{
	unsigned int number;
	const struct msr_row *row = find_row(index, &number);

	*to = '\0';
	if (row)
		write_name(row, number, to);
	return row;
}

const char *msr_meaning(uint32_t index)
{
	unsigned int number;
	const struct msr_row *row = find_row(index, &number);

	return row ? row->meaning : NULL;
}

bool msr_named(unsigned int i, uint32_t *index)
{
	for (unsigned int r = 0; r < msr_rows_count; r++) {
		if (i < msr_rows[r].count) {
			*index = msr_rows[r].first + i * msr_rows[r].stride;
			return true;
		}
		i -= msr_rows[r].count;
	}
	return false;
}

/* Other people's names, without their prefixes. */
static const struct {
	const char *other, *name;
} aliases[] = {
	{"TSC", "TIME_STAMP_COUNTER"},
	{"APICBASE", "APIC_BASE"},
	{"FEAT_CTL", "FEATURE_CONTROL"},
	{"UCODE_WRITE", "BIOS_UPDT_TRIG"},
	{"UCODE_REV", "BIOS_SIGN_ID"},
	{"PATCH_LEVEL", "BIOS_SIGN_ID"},
	{"CORE_CAPS", "CORE_CAPABILITIES"},
	{"CR_PAT", "PAT"},
	{"DEBUGCTLMSR", "DEBUGCTL"},
	{"TSCDEADLINE", "TSC_DEADLINE"},
	{"THERM_CONTROL", "CLOCK_MODULATION"},
	{"MTRRDEFTYPE", "MTRR_DEF_TYPE"},
	{"LASTINTFROMIP", "LER_FROM_LIP"},
	{"LASTINTTOIP", "LER_TO_LIP"},
	{"INT_SSP_TAB", "INTERRUPT_SSP_TABLE_ADDR"},
	{"SYSCALL_MASK", "FMASK"},
	{"SFMASK", "FMASK"},
	{"SF_MASK", "FMASK"},
	{"TSC_RATIO_MSR", "TSC_RATIO"},
	{"K7_HWCR", "HWCR"},
	{"VIRT_SSBD", "VIRT_SPEC_CTRL"},
	{"SPECCTRL", "SPEC_CTRL"},
};

/* The part of a name that distinguishes it. */
static const char *core(const char *name)
{
	static const char *const prefixes[] = {"MSR_", "IA32_", "AMD64_",
					       "AMD_"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncasecmp(name, prefixes[i], strlen(prefixes[i])))
			name += strlen(prefixes[i]);
	return name;
}

static const char *resolve(const char *name)
{
	name = core(name);
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcasecmp(name, aliases[i].other))
			return aliases[i].name;
	return name;
}

static bool find(const char *want, const char *(*part)(const char *name),
		 uint32_t *index)
{
	char have[MSR_NAME_MAX];

	for (unsigned int r = 0; r < msr_rows_count; r++)
		for (unsigned int n = 0; n < msr_rows[r].count; n++) {
			write_name(&msr_rows[r], n, have);
			if (strcasecmp(part(have), want))
				continue;
			*index = msr_rows[r].first + n * msr_rows[r].stride;
			return true;
		}
	return false;
}

static const char *whole(const char *name)
{
	return name;
}

bool msr_find(const char *name, uint32_t *index)
{
	return find(name, whole, index) || find(resolve(name), core, index);
}

void msr_near(const char *name, struct buf *out)
{
	struct text_near near;
	char upper[MSR_NAME_MAX];
	size_t n = 0;

	for (name = core(name); name[n] && n + 1 < sizeof(upper); n++)
		upper[n] = (char)(name[n] >= 'a' && name[n] <= 'z'
					  ? name[n] - 'a' + 'A'
					  : name[n]);
	upper[n] = '\0';
	text_near_init(&near, upper);
	for (unsigned int r = 0; r < msr_rows_count; r++)
		text_near_offer(&near, core(msr_rows[r].name));
	text_near_print(&near, out);
}
