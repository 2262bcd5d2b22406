#include "arch/exit/names.h"

#include <stddef.h>

#include "base/bits.h"

/*
 * Instructions that guests use and KVM's emulator does not know.  The bytes
 * stand after prefixes; `last` closes a range of the final byte.
 */
static const struct {
	uint8_t op[3];
	uint8_t len;  /* bytes of op that count */
	uint8_t last; /* 0: op[len - 1] only */
	bool only64;  /* means something else in 16- and 32-bit code */
	const char *kind;
} kinds[] = {
	{{0x9b}, 1, 0, false, "fwait (x87)"},
	{{0xc4}, 1, 0xc5, true, "AVX or BMI, VEX-encoded"},
	{{0x62}, 1, 0, true, "AVX-512, EVEX-encoded"},
	{{0xcc}, 1, 0, false, "int3"},
	{{0xcd}, 1, 0, false, "int n"},
	{{0xce}, 1, 0, false, "into"},
	{{0xcf}, 1, 0, false, "iret"},
	{{0xd8}, 1, 0xdf, false, "x87"},
	{{0xf1}, 1, 0, false, "int1"},
	{{0x0f, 0x01, 0xc1}, 3, 0, false, "vmcall"},
	{{0x0f, 0x01, 0xca}, 3, 0, false, "clac"},
	{{0x0f, 0x01, 0xcb}, 3, 0, false, "stac"},
	{{0x0f, 0x01, 0xd0}, 3, 0, false, "xgetbv"},
	{{0x0f, 0x01, 0xd9}, 3, 0, false, "vmmcall"},
	{{0x0f, 0x01, 0xfd}, 3, 0, false, "rdpru"},
	{{0x0f, 0x0b}, 2, 0, false, "ud2"},
	{{0x0f, 0x10}, 2, 0x17, false, "SSE"},
	{{0x0f, 0x28}, 2, 0x2f, false, "SSE"},
	{{0x0f, 0x38, 0x82}, 3, 0, false, "invpcid"},
	{{0x0f, 0x38}, 2, 0, false, "SSSE3 or later"},
	{{0x0f, 0x3a}, 2, 0, false, "SSE4 or later"},
	{{0x0f, 0x50}, 2, 0x7f, false, "SSE or MMX"},
	{{0x0f, 0xae}, 2, 0, false, "fxsave, ldmxcsr, xsave, clflush or fence"},
	{{0x0f, 0xb8}, 2, 0, false, "popcnt"},
	{{0x0f, 0xc2}, 2, 0, false, "SSE"},
	{{0x0f, 0xc7}, 2, 0, false, "cmpxchg8b, cmpxchg16b or xsaves"},
	{{0x0f, 0xd0}, 2, 0xff, false, "SSE or MMX"},
};

static bool is_prefix(uint8_t byte, bool code64)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 ||
	       byte == 0xf3 || (byte & 0xe7) == 0x26 || byte == 0x64 ||
	       byte == 0x65 || (code64 && (byte & 0xf0) == 0x40);
}

static bool matches(size_t row, const uint8_t *bytes, unsigned int len,
		    bool code64)
{
	unsigned int n = kinds[row].len;
	uint8_t first = kinds[row].op[n - 1];
	uint8_t last = kinds[row].last ? kinds[row].last : first;

	if (len < n || (kinds[row].only64 && !code64))
		return false;
	for (unsigned int i = 0; i + 1 < n; i++)
		if (bytes[i] != kinds[row].op[i])
			return false;
	return bytes[n - 1] >= first && bytes[n - 1] <= last;
}

const char *insn_kind(const uint8_t *bytes, unsigned int len, bool code64)
{
	while (len && is_prefix(*bytes, code64))
		bytes++, len--;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (matches(i, bytes, len, code64))
			return kinds[i].kind;
	return NULL;
}
