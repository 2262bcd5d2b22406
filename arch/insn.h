/*
 * Just enough of the instruction format to single-step correctly: which of a
 * handful of instructions the processor is about to execute, and how long
 * they are.  Not a disassembler.  Source: SDM Vol 2A, "Instruction Format".
 */
#ifndef ARCH_INSN_H
#define ARCH_INSN_H

#include <stddef.h>

#include "arch/x86_state.h"

enum insn_kind {
	INSN_OTHER,
	INSN_PUSHF,
	INSN_POPF,
	INSN_IRET,
	INSN_INT, /* int n, int3, int1: vector is set */
	INSN_INTO,
	INSN_SYSCALL,
	INSN_SYSENTER,
	INSN_SYSRET,  /* operand_size 8 returns to 64-bit code */
	INSN_SYSEXIT, /* the same */
	INSN_SWAPGS,
	INSN_HLT,
	INSN_STRING_IO, /* ins, outs */
	INSN_DIV,	/* may raise #DE */
};

struct insn {
	enum insn_kind kind;
	unsigned int operand_size; /* bytes: 2, 4 or 8 */
	unsigned int prefixes;	   /* bytes before the opcode */
	unsigned int length;	   /* INSN_INT, PUSHF ...; 0 when not known */
	unsigned int vector;	   /* INSN_INT */
	bool rep;
};

/* bytes[0..len) lie at the program counter; mode is the processor's. */
void insn_classify(const uint8_t *bytes, size_t len, enum x86_mode mode,
		   struct insn *insn);

#endif
