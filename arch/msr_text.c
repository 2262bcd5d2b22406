#include "arch/msr_text.h"

#include <inttypes.h>
#include <string.h>

/* "UC" for memory type 0 ...; UC- (7) is of the PAT only (SDM Vol 3A, PAT). */
static const char *memory_type(unsigned int type)
{
	static const char *const name[] = {"UC", "WC", NULL, NULL,
					   "WT", "WP", "WB", "UC-"};

	return type < ARRAY_SIZE(name) ? name[type] : NULL;
}

static void print_type(unsigned int type, struct buf *out)
{
	const char *name = memory_type(type);

	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "reserved(%u)", type);
}

/* ---- values that are no plain bits ---- */

static void pat_text(uint64_t value, struct buf *out)
{
	for (unsigned int i = 0; i < 8; i++) {
		buf_printf(out, "%sPA%u=", i ? " " : "", i);
		print_type(value >> 8 * i & 0xff, out);
	}
}

static void mtrr_fixed_text(uint64_t value, struct buf *out)
{
	uint64_t first = value & 0xff;

	if (value == first * UINT64_C(0x0101010101010101)) {
		print_type((unsigned int)first, out);
		return;
	}
	for (unsigned int i = 0; i < 8; i++) {
		buf_str(out, i ? " " : "");
		print_type(value >> 8 * i & 0xff, out);
	}
}

static void mtrr_base_text(uint64_t value, struct buf *out)
{
	buf_printf(out, "0x%" PRIx64 " ", value & BITS(51, 12));
	print_type(value & 0xff, out);
}

static void star_text(uint64_t value, struct buf *out)
{
	unsigned int enter = value >> 32 & 0xffff, leave = value >> 48;

	buf_printf(out,
		   "SYSCALL: CS 0x%x SS 0x%x; SYSRET: CS 0x%x (32-bit 0x%x) "
		   "SS 0x%x",
		   enter & 0xfffc, enter + 8, (leave + 16) | 3, leave | 3,
		   (leave + 8) | 3);
}

static void deadline_text(uint64_t value, struct buf *out)
{
	buf_str(out,
		value ? "armed: fires when the TSC gets there" : "not armed");
}

static void apic_base_text(uint64_t value, struct buf *out)
{
	static const char *const mode[] = {"off", "EXTD without EN: impossible",
					   "xAPIC mode", "x2APIC mode"};

	buf_printf(out, "%s%s, registers at 0x%" PRIx64,
		   value & BIT(8) ? "BSP, " : "", mode[value >> 10 & 3],
		   value & BITS(51, 12));
}

static const struct {
	uint32_t first;
	uint16_t count, stride;
	void (*text)(uint64_t value, struct buf *out);
} special[] = {
	{MSR_APIC_BASE, 1, 1, apic_base_text},	 {0x200, 16, 2, mtrr_base_text},
	{0x250, 1, 1, mtrr_fixed_text},		 {0x258, 2, 1, mtrr_fixed_text},
	{0x268, 8, 1, mtrr_fixed_text},		 {MSR_PAT, 1, 1, pat_text},
	{MSR_TSC_DEADLINE, 1, 1, deadline_text}, {0xc0000081, 1, 1, star_text},
};

void msr_decode(uint32_t index, uint64_t value, struct buf *out)
{
	const struct bit_name *bits = msr_bits(index);

	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		uint32_t off = index - special[i].first;

		if (index < special[i].first || off % special[i].stride ||
		    off / special[i].stride >= special[i].count)
			continue;
		special[i].text(value, out);
		return;
	}
	if (bits)
		msr_print_bits(bits, value, out);
}

/* ---- bits ---- */

static bool is_field(const struct bit_name *b)
{
	return b->mask & (b->mask - 1);
}

/* A field of the upper bits called ADDR keeps its place: it is an address. */
static uint64_t field_value(const struct bit_name *b, uint64_t value)
{
	value &= b->mask;
	return strcmp(b->name, "ADDR") ? value / (b->mask & -b->mask) : value;
}

void msr_print_bits(const struct bit_name *table, uint64_t value,
		    struct buf *out)
{
	const char *sep = "";

	for (const struct bit_name *b = table; b->name; b++) {
		if (!(value & b->mask))
			continue;
		buf_printf(out, "%s%s", sep, b->name);
		if (is_field(b))
			buf_printf(out, "=0x%" PRIx64, field_value(b, value));
		value &= ~b->mask;
		sep = " ";
	}
	for (unsigned int bit = 0; value; bit++, value >>= 1) {
		if (!(value & 1))
			continue;
		buf_printf(out, "%sbit%u", sep, bit);
		sep = " ";
	}
}

void msr_explain(uint32_t index, uint64_t value, struct buf *out)
{
	const struct bit_name *table = msr_bits(index), *b;
	uint64_t left = value;

	for (b = table; b && b->name; b++) {
		if (!(value & b->mask))
			continue;
		buf_printf(out, "  %-20s", b->name);
		if (is_field(b))
			buf_printf(out, " = 0x%-8" PRIx64,
				   field_value(b, value));
		buf_printf(out, " %s\n", b->meaning);
		left &= ~b->mask;
	}
	if (!table)
		return;
	for (unsigned int bit = 0; left; bit++, left >>= 1)
		if (left & 1)
			buf_printf(out, "  bit %u: no name is known for it\n",
				   bit);
}
