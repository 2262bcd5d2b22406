#include "demo.h"

void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			uart_put('\r');
		uart_put(*text);
	}
}

void print_hex(const char *before, uint64_t value, const char *after)
{
	char text[17];
	int i = 16;

	text[i] = '\0';
	do {
		text[--i] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	print(before);
	print("0x");
	print(text + i);
	print(after);
}

void print_dec(const char *before, uint64_t value, const char *after)
{
	char text[21];
	int i = 20;

	text[i] = '\0';
	do {
		text[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	print(before);
	print(text + i);
	print(after);
}
