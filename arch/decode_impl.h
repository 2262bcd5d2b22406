/*
 * Shared by decode.c (operands), decode_flags.c and decode_text.c: the three
 * files that see Zydis.  Nothing is declared without a Zydis that will do.
 */
#ifndef ARCH_DECODE_IMPL_H
#define ARCH_DECODE_IMPL_H

#include "arch/decode.h"

#ifdef HAVE_ZYDIS
#include <Zydis/Zydis.h>
#endif

/* The functions used here changed with version 4, which brought this macro. */
#ifdef ZYDIS_MAX_OPERAND_COUNT_VISIBLE
#define DECODE_BY_ZYDIS

/* What one call works on. */
struct decode_work {
	const struct x86_state *s;
	uint64_t rip;
	enum x86_mode mode;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

uint32_t decode_flags_of(const struct decode_work *w);
/* The CPUID flag an instruction set needs, or NULL. */
const char *decode_cpuid_of(ZydisISASet set);
void decode_put_text(const struct decode_work *w, struct decoded *d);

#endif

#endif
