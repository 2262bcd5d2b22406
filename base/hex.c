#include "base/hex.h"

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

void hex_encode(char *to, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = data;

	for (size_t i = 0; i < len; i++) {
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
