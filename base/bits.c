#include "base/bits.h"

#include "base/buf.h"

void bits_print(struct buf *out, const struct bit_name *table, uint64_t value)
{
	const char *sep = "";

	for (; table->name; table++) {
		uint64_t field = value & table->mask;

		if (!field)
			continue;
		if (table->mask & (table->mask - 1))
			buf_printf(
				out, "%s%s=%llx", sep, table->name,
				(unsigned long long)(field / (table->mask &
							      -table->mask)));
		else
			buf_printf(out, "%s%s", sep, table->name);
		value &= ~table->mask;
		sep = " ";
	}
	for (unsigned int bit = 0; value; bit++, value >>= 1) {
		if (!(value & 1))
			continue;
		buf_printf(out, "%sbit%u", sep, bit);
		sep = " ";
	}
}
