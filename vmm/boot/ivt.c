#include "vmm/boot/ivt.h"

#include <string.h>

#include "base/bits.h"
#include "vmm/boot/lowmem.h"

#define SEGMENT UINT32_C(0xf000)

/* 16-bit code; each handler is one string, without a NUL inside. */
#define TIMER                                          \
	"\x50\x1e"	       /* push ax, ds */       \
	"\x31\xc0\x8e\xd8"     /* ds = 0 */            \
	"\x66\xff\x06\x6c\x04" /* inc dword [0x46c] */ \
	"\xb0\x20\xe6\x20"     /* EOI */               \
	"\x1f\x58\xcf"	       /* pop ds, ax; iret */
#define MASTER "\x50\xb0\x20\xe6\x20\x58\xcf"
#define SLAVE  "\x50\xb0\x20\xe6\xa0\xe6\x20\x58\xcf"
#define SERVICE                                                           \
	"\x55\x89\xe5\x80\x4e\x06\x01\x5d" /* CF of the caller's flags */ \
	"\xb4\x86\xcf"			   /* AH = 0x86; iret */

static const struct {
	unsigned int first, last;
	const char *code;
} handlers[] = {
	{IVT_MASTER_BASE, IVT_MASTER_BASE, TIMER},
	{IVT_MASTER_BASE + 1, IVT_MASTER_BASE + 7, MASTER},
	{0x10, 0x1a, SERVICE},
	{IVT_SLAVE_BASE, IVT_SLAVE_BASE + 7, SLAVE},
};

bool ivt_build(struct guest_mem *mem, struct err *err)
{
	uint32_t table[256] = {0};
	gpa_t at = LOW_IVT_CODE;

	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		const size_t len = strlen(handlers[i].code);

		if (!guest_mem_write(mem, at, handlers[i].code, len, err))
			return false;
		for (unsigned int v = handlers[i].first; v <= handlers[i].last;
		     v++)
			table[v] = SEGMENT << 16 | (uint32_t)(at & 0xffff);
		at += len;
	}
	return guest_mem_write(mem, 0, table, sizeof(table), err);
}
