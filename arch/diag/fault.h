/*
 * Which exception an instruction raises with these registers and this memory,
 * and the check that it fails.  It finds what a debugger can see; what hangs
 * on a device, on an MSR or on the processor's model is offered as a guess.
 *
 * Sources: SDM Vol 3A, "Protection" and "Interrupt and Exception Handling";
 * Vol 2, the exceptions of each instruction.
 *
 * Pure: registers and memory are read through struct x86_view.
 */
#ifndef ARCH_DIAG_FAULT_H
#define ARCH_DIAG_FAULT_H

#include "arch/decode.h"
#include "arch/view.h"
#include "base/buf.h"

enum {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_AC = 17,
	VECTOR_VE = 20,
	VECTOR_CP = 21,
};

/* Bits of an error code that names a descriptor. */
enum {
	ERROR_EXT = 1, /* came up while another event was delivered */
	ERROR_IDT = 2,
};

enum fault_kind {
	FAULT_EXCEPTION, /* found by the processor */
	FAULT_SOFT,	 /* int n, int3, into: the program's own call */
	FAULT_INTERRUPT, /* from outside */
};

struct x86_fault {
	enum fault_kind kind;
	uint8_t vector;
	bool has_error;
	uint32_t error;
	bool has_addr; /* #PF: `addr` is what CR2 gets */
	bool fetch;    /* #PF: of an instruction; the error code may not say */
	gva_t addr;
	bool guess;	 /* it may also not happen; of a #PF, the error code */
	char why[256];	 /* the check that failed, one line; never empty */
	const char *fix; /* static: what to do about it, or NULL */
};

/* "#PF(err 0x2, cr2=0x7000)", "#NP(0x72+EXT)", "#UD", "int 0x80". */
void fault_print(struct buf *out, const struct x86_fault *f);

/*
 * Does the instruction at rip fault?  *d is its decoding, whatever came of it.
 * False: nothing is in its way, *f is untouched.
 */
bool fault_predict(const struct x86_view *v, const struct decoded *d,
		   struct x86_fault *f);

/* ---- parts of it, for the delivery of events (arch/diag/deliver.h) ---- */

void fault_set(struct x86_fault *f, uint8_t vector, const char *fmt, ...)
	PRINTF(3, 4);
/* The same with an error code. */
void fault_set_error(struct x86_fault *f, uint8_t vector, uint32_t error,
		     const char *fmt, ...) PRINTF(4, 5);

/* How the processor reaches memory. */
enum fault_access {
	FAULT_READ = 0,
	FAULT_WRITE = 1 << 0,
	FAULT_USER = 1 << 1,
	FAULT_STACK = 1 << 2, /* not canonical gives #SS instead of #GP */
	/* descriptor tables, TSS: supervisor's, EFLAGS.AC does not count */
	FAULT_IMPLICIT = 1 << 3,
};

/* Does an access to linear addr..addr+size-1 fault?  size >= 1. */
bool fault_at(const struct x86_view *v, gva_t addr, uint64_t size,
	      unsigned int access, struct x86_fault *f);

/* Does fetching an instruction at CS:rip fault?  len >= 1. */
bool fault_fetch(const struct x86_view *v, uint64_t rip, unsigned int len,
		 struct x86_fault *f);

/* What to do about a walk that failed; static, or NULL. */
const char *fault_fix_walk(const struct walk *w);

#endif
