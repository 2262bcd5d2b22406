/*
 * One instruction, decoded: its length, its text as gdb prints it, what memory
 * it touches and where it goes.  The work is Zydis'; this is the only file
 * that knows.  A build without Zydis (HAVE_ZYDIS not defined) answers
 * DECODE_ABSENT to everything, and callers print bytes.
 *
 * Pure: no memory is read; addresses are computed from the register image.
 */
#ifndef ARCH_DECODE_H
#define ARCH_DECODE_H

#include <stddef.h>

#include "arch/x86_state.h"

#define DECODE_MAX_BYTES 15 /* the longest instruction there is */
#define DECODE_MAX_MEM	 4
#define DECODE_MAX_GPR	 2

enum decode_result {
	DECODE_OK,
	DECODE_UNKNOWN, /* no instruction: a CPU gives #UD, or it is very new */
	DECODE_SHORT,	/* the bytes end inside the instruction */
	DECODE_ABSENT,	/* built without a decoder */
};

enum decode_flag {
	DECODE_JUMP = 1 << 0,	     /* jmp, jcc, loop */
	DECODE_CONDITIONAL = 1 << 1, /* ... and it may fall through */
	DECODE_CALL = 1 << 2,
	DECODE_RET = 1 << 3, /* near or far, not iret */
	DECODE_IRET = 1 << 4,
	DECODE_FAR = 1 << 5,	  /* loads CS */
	DECODE_INDIRECT = 1 << 6, /* the target is in a register or memory */
	DECODE_INT = 1 << 7,	  /* int n, int3, int1, into: see vector */
	DECODE_SYSCALL = 1 << 8,  /* syscall, sysenter and their returns */
	DECODE_HALT = 1 << 9,	  /* hlt, mwait */
	DECODE_PAUSE = 1 << 10,
	DECODE_IO = 1 << 11,	/* in, out, ins, outs */
	DECODE_RDMSR = 1 << 12, /* the register number is in ECX */
	DECODE_WRMSR = 1 << 13,
	DECODE_PRIVILEGED = 1 << 14, /* needs CPL 0 */
	DECODE_UD = 1 << 15,	     /* ud0, ud1, ud2: #UD on purpose */
	DECODE_DIVIDE = 1 << 16,     /* may give #DE */
	DECODE_STRING = 1 << 17,
	DECODE_REP = 1 << 18,
	DECODE_LOCK = 1 << 19,
	DECODE_X87 = 1 << 20,
	DECODE_MMX = 1 << 21,
	DECODE_SSE = 1 << 22,	   /* XMM registers, legacy encoding */
	DECODE_VEX = 1 << 23,	   /* VEX or XOP encoding: AVX, BMI, FMA ... */
	DECODE_EVEX = 1 << 24,	   /* AVX-512 */
	DECODE_VIRT = 1 << 25,	   /* VMX, SVM: vmcall, vmrun, ... */
	DECODE_POP_SS = 1 << 26,   /* mov ss, pop ss: blocks events once */
	DECODE_ALIGNED = 1 << 27,  /* its memory operand must be aligned: #GP */
	DECODE_LOADS_CR = 1 << 28, /* mov to CRn, lmsw, clts, xsetbv */
	DECODE_LOADS_SEG = 1 << 29, /* mov, pop to a segment; lds, ltr.. */
	DECODE_AVX = 1 << 30, /* AVX state: vectors, masks by VEX or EVEX */
};

/* One memory operand, hidden ones (stack, string) included. */
struct decode_mem {
	gva_t addr;	 /* linear, of the first byte */
	uint64_t offset; /* inside its segment */
	uint32_t size;	 /* bytes; 0 = depends on more than the instruction */
	enum x86_seg_index seg;
	bool read, write;
	bool hidden;  /* not among the operands that are written down */
	bool stack;   /* push, pop, call, ret, ... */
	bool maybe;   /* conditional: rep with a count of 0, cmov, mask */
	bool unknown; /* addr is not one address: gather, scatter */
	uint32_t gpr; /* BIT(enum x86_gpr) of each register in addr */
};

struct decoded {
	enum decode_result result;
	unsigned int length; /* bytes; 0 unless DECODE_OK */
	uint32_t flags;	     /* enum decode_flag */
	char text[112];	     /* AT&T, as gdb: "movw   $0x248,0xb8000(%rip)" */
	char mnemonic[24];   /* "movw" */
	const char *name;    /* static, without AT&T's suffix: "mov" */

	/* General registers among the first operands, the one written to
	 * first as Intel has it; -1: no register, or none of those. */
	int8_t gpr[DECODE_MAX_GPR];

	uint32_t gpr_written; /* BIT(enum x86_gpr) of each it may change */
	unsigned int mems;
	struct decode_mem mem[DECODE_MAX_MEM];

	/*
	 * Jumps and calls: offset in the (new) code segment, when the
	 * instruction and the registers say it.  An indirect one by memory
	 * has it at mem[0].
	 */
	bool has_target;
	uint64_t target;
	uint16_t target_sel; /* DECODE_FAR */
	uint8_t vector;	     /* DECODE_INT */

	/*
	 * The register or immediate whose value is loaded, divided by, or
	 * written: mov to CRn or a segment register, ltr, lldt, div, out.
	 */
	bool has_source;
	uint64_t source;
	/* Loaded: number of a control register, enum x86_seg_index, or -1. */
	int control, segment;

	unsigned int operand_size; /* bytes */
	unsigned int address_size; /* bytes */

	const char *isa;   /* static: "SSE2", "BMI2", "AVX512F_512" */
	const char *cpuid; /* flag it needs, as arch/cpuid_flags.h; or NULL */
};

/* Is there a decoder in this build? */
bool decode_available(void);

/*
 * Decode bytes[0..len), taken to lie at offset rip of the code segment, for
 * the mode and the registers in *s (needs GPR and SYS).  *d is always filled;
 * its text is a readable placeholder when the result is not DECODE_OK.
 */
enum decode_result decode_insn_at(const struct x86_state *s, uint64_t rip,
				  const uint8_t *bytes, size_t len,
				  struct decoded *d);

/* The same at s->rip. */
enum decode_result decode_insn(const struct x86_state *s, const uint8_t *bytes,
			       size_t len, struct decoded *d);

#endif
