/* Between loop.c (finding the way round) and loop_judge.c (what it does). */
#ifndef ARCH_DIAG_LOOP_IMPL_H
#define ARCH_DIAG_LOOP_IMPL_H

#include "arch/decode.h"
#include "arch/diag/loop.h"

#define LOOP_PATH_MAX 96 /* instructions in a round */

struct loop_insn {
	uint64_t rip; /* offset in the code segment */
	struct decoded d;
	/* In another call than the one the processor is in: its stack frame
	 * and arguments are not those in the registers now. */
	bool foreign;
	bool inlined; /* a call whose callee follows on the path */
};

/* One round, in the order of execution. */
struct loop_path {
	const struct x86_view *v;
	unsigned int n;
	struct loop_insn insn[LOOP_PATH_MAX];
};

gva_t loop_linear(const struct x86_state *s, uint64_t rip);
/* Up to len bytes at a linear address; how many there are. */
size_t loop_fetch(const struct x86_view *v, gva_t at, uint8_t *bytes,
		  size_t len);

/* Fill kind, read and what goes with it. */
void loop_judge(const struct loop_path *path, struct loop *loop);

#endif
