#include "arch/insn.h"

#include <string.h>

#include "base/bits.h"

enum {
	MAX_PREFIXES = 14, /* an instruction has at most 15 bytes */
};

static bool is_legacy_prefix(uint8_t b)
{
	static const uint8_t prefix[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
					 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	return memchr(prefix, b, sizeof(prefix)) != NULL;
}

static unsigned int operand_size(enum x86_mode mode, bool opsize)
{
	switch (mode) {
	case X86_MODE_REAL:
	case X86_MODE_VM86:
	case X86_MODE_PROT16:
	case X86_MODE_COMPAT16:
		return opsize ? 4 : 2;
	default:
		return opsize ? 2 : 4;
	}
}

static void set(struct insn *insn, enum insn_kind kind, unsigned int bytes)
{
	insn->kind = kind;
	insn->length = bytes ? insn->prefixes + bytes : 0;
}

static void classify_0f(struct insn *insn, const uint8_t *op, size_t left,
			enum x86_mode mode)
{
	switch (op[0]) {
	case 0x01:
		if (left > 1 && op[1] == 0xf8 && mode == X86_MODE_LONG64)
			set(insn, INSN_SWAPGS, 3);
		break;
	case 0x05:
		set(insn, INSN_SYSCALL, 2);
		break;
	case 0x07:
		set(insn, INSN_SYSRET, 2);
		break;
	case 0x34:
		set(insn, INSN_SYSENTER, 2);
		break;
	case 0x35:
		set(insn, INSN_SYSEXIT, 2);
		break;
	}
}

static void classify_opcode(struct insn *insn, const uint8_t *op, size_t left,
			    enum x86_mode mode)
{
	switch (op[0]) {
	case 0x0f:
		if (left > 1)
			classify_0f(insn, op + 1, left - 1, mode);
		break;
	case 0x6c:
	case 0x6d:
	case 0x6e:
	case 0x6f:
		set(insn, INSN_STRING_IO, 1);
		break;
	case 0x9c:
		set(insn, INSN_PUSHF, 1);
		break;
	case 0x9d:
		set(insn, INSN_POPF, 1);
		break;
	case 0xcc:
		set(insn, INSN_INT, 1);
		insn->vector = 3;
		break;
	case 0xcd:
		if (left > 1) {
			set(insn, INSN_INT, 2);
			insn->vector = op[1];
		}
		break;
	case 0xce:
		if (mode != X86_MODE_LONG64)
			set(insn, INSN_INTO, 1);
		break;
	case 0xcf:
		set(insn, INSN_IRET, 1);
		break;
	case 0xf1:
		set(insn, INSN_INT, 1);
		insn->vector = 1;
		break;
	case 0xf4:
		set(insn, INSN_HLT, 1);
		break;
	case 0xf6:
	case 0xf7:
		if (left > 1 && (op[1] & 0x30) == 0x30)
			set(insn, INSN_DIV, 0);
		break;
	}
}

void insn_classify(const uint8_t *bytes, size_t len, enum x86_mode mode,
		   struct insn *insn)
{
	bool opsize = false, rexw = false;
	size_t i = 0;

	memset(insn, 0, sizeof(*insn));
	while (i < len && i < MAX_PREFIXES && is_legacy_prefix(bytes[i])) {
		opsize |= bytes[i] == 0x66;
		insn->rep |= bytes[i] == 0xf2 || bytes[i] == 0xf3;
		i++;
	}
	if (mode == X86_MODE_LONG64 && i < len && (bytes[i] & 0xf0) == 0x40)
		rexw = bytes[i++] & 8;
	insn->prefixes = (unsigned int)i;
	insn->operand_size = operand_size(mode, opsize);
	if (i < len)
		classify_opcode(insn, bytes + i, len - i, mode);
	if (mode != X86_MODE_LONG64)
		return;
	/* In 64-bit mode PUSHF and POPF default to 64 bits, IRET does not. */
	if (rexw ||
	    ((insn->kind == INSN_PUSHF || insn->kind == INSN_POPF) && !opsize))
		insn->operand_size = 8;
}
