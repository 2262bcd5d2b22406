/*
 * Instructions that KVM's emulator refuses at CPL 0, done in its place
 * (--assist): a host that has to emulate kernel code then gets through the few
 * FPU-control, SMAP and exception instructions that every kernel has.
 *
 * Pure: works on a register image and memory callbacks; what it knows is a
 * table.  Not done here: SSE, AVX and x87 arithmetic, INVPCID, RDPRU.
 */
#ifndef ARCH_ASSIST_H
#define ARCH_ASSIST_H

#include "arch/decode.h"
#include "arch/x86_state.h"

/* Guest-linear memory with the rights the CPU would ask for. */
struct assist_mem {
	/*
	 * All of it or nothing.  On failure *pfec is the page fault's error
	 * code (its address goes to CR2).
	 */
	bool (*read)(void *ctx, gva_t gva, void *buf, size_t len,
		     uint32_t *pfec);
	bool (*write)(void *ctx, gva_t gva, const void *buf, size_t len,
		      uint32_t *pfec);
	void *ctx;
};

enum assist_result {
	ASSIST_UNKNOWN,	  /* not one of those; nothing has been touched */
	ASSIST_DONE,	  /* *s is as behind the instruction */
	ASSIST_EXCEPTION, /* *s as the handler's frame wants it; see below */
	ASSIST_INTERRUPT, /* INT n with n above 31 */
};

struct assist {
	const char *name;    /* of the instruction, static */
	unsigned int groups; /* enum x86_group: what of *s has changed */
	uint8_t vector;	     /* EXCEPTION, INTERRUPT */
	bool has_error;
	uint32_t error;
};

/*
 * Do one instruction at s->rip, which d has decoded.  Needs and may change the
 * groups GPR, SYS and FPU; XCR is read.
 */
enum assist_result assist_insn(struct x86_state *s, const struct decoded *d,
			       const struct assist_mem *mem, struct assist *a);

/* Would it know this one? */
bool assist_knows(const struct decoded *d);

/*
 * A SYSCALL that a host leaves half done: it loads RCX, R11 and RIP and masks
 * RFLAGS, but stays at CPL 3, so that the first fetch at LSTAR is a page fault.
 * Seen from the first instruction of #PF's handler.
 */
struct syscall_fault {
	uint64_t error, rip, cs, rflags, rsp, ss; /* the frame, from RSP up */
	uint8_t insn[2]; /* the two bytes in front of RCX */
};

/*
 * Do what is left of it: s becomes as at LSTAR.  Needs the groups GPR, SYS and
 * MSR; changes GPR and SYS.  False: it is another fault, and nothing has been
 * touched.  CR2 keeps the fault's address.
 */
bool assist_syscall(struct x86_state *s, const struct syscall_fault *f);

#endif
