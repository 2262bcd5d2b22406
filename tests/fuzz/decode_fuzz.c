/* Any bytes in any mode decode to something printable that fits. */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/decode.h"
#include "base/bits.h"

/* The first byte chooses mode and stack width. */
static void set_mode(struct x86_state *s, uint8_t byte)
{
	s->cr0 = byte & 1 ? X86_CR0_PE : 0;
	s->efer = byte & 2 ? X86_EFER_LMA : 0;
	s->seg[X86_CS].attr = (byte & 4 ? X86_AR_L : 0) |
			      (byte & 8 ? X86_AR_DB : 0);
	s->seg[X86_SS].attr = byte & 16 ? X86_AR_DB : 0;
	s->rflags = byte & 32 ? X86_FL_VM : 0;
}

static void check_text(const struct decoded *d)
{
	if (!d->text[0] || !memchr(d->text, '\0', sizeof(d->text)) ||
	    !memchr(d->mnemonic, '\0', sizeof(d->mnemonic)))
		abort();
	for (const char *c = d->text; *c; c++)
		if (!isprint((unsigned char)*c))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x86_state s = {0};
	struct decoded d;

	if (!size)
		return 0;
	set_mode(&s, data[0]);
	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		s.gpr[i] = UINT64_C(0x1111111111111111) * i;
	decode_insn(&s, data + 1, size - 1, &d);
	check_text(&d);
	if (d.length > min_u64(size - 1, DECODE_MAX_BYTES) ||
	    d.mems > DECODE_MAX_MEM ||
	    (d.result == DECODE_OK) != (d.length != 0))
		abort();
	return 0;
}
