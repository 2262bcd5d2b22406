#include "base/hex.h"

#include <endian.h>
#include <string.h>

int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four bytes as eight digits, first byte in the lowest, without a loop. */
static uint64_t four_bytes(uint32_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = v, letters;

	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x >> 4 & 0x0f * (ones & UINT64_C(0x00ff00ff00ff00ff))) |
	    (x & UINT64_C(0x000f000f000f000f)) << 8;
	letters = (x + 6 * ones) >> 4 & ones; /* 1 where the digit is a..f */
	return x + '0' * ones + letters * ('a' - '0' - 10);
}

/* Memory reads of many megabytes come through here. */
void hex_encode(char *to, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = data;
	size_t i = 0;

	for (; len - i >= 4; i += 4) {
		uint32_t v;
		uint64_t text;

		memcpy(&v, from + i, 4);
		text = htole64(four_bytes(le32toh(v)));
		memcpy(to + 2 * i, &text, 8);
	}
	for (; i < len; i++) {
		to[2 * i] = digits[from[i] >> 4];
		to[2 * i + 1] = digits[from[i] & 15];
	}
}

bool hex_decode(void *to, const char *digits, size_t len)
{
	uint8_t *out = to;

	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit((unsigned char)digits[2 * i]);
		int lo = hex_digit((unsigned char)digits[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}
