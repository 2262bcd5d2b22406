/*
 * Is the processor in a short loop, and what does that loop wait for?
 *
 * The answer comes from the code alone: the shortest way that leads from the
 * program counter back to it, or from the call of the short function it is in
 * back to that call.  Whether the processor really goes round in it
 * cannot be known from one look; a loop that changes nothing but waits is
 * told from one that does work.  Pure, bounded.
 */
#ifndef ARCH_DIAG_LOOP_H
#define ARCH_DIAG_LOOP_H

#include "arch/show/show.h"
#include "arch/view.h"
#include "base/buf.h"

enum loop_kind {
	LOOP_NONE,    /* none found, or the code cannot be read */
	LOOP_WORK,    /* it stores, calls or moves on: perhaps progress */
	LOOP_ENDLESS, /* no instruction in it leads out */
	LOOP_MEMORY,  /* reads the same memory until it changes */
	LOOP_LOCK,    /* tries to change the same memory atomically */
	LOOP_DEVICE, /* reads a port, an MSR or device memory until it changes */
	LOOP_TIME,   /* reads the time-stamp counter: a delay */
	LOOP_COUNT,  /* only registers change: a delay */
};

enum loop_read {
	LOOP_READS_NOTHING,
	LOOP_READS_MEMORY, /* at a linear address */
	LOOP_READS_PORT,
	LOOP_READS_MSR,
};

struct loop {
	enum loop_kind kind;
	gva_t start;	    /* linear address of its lowest instruction */
	unsigned int insns; /* in one round */
	bool pauses, halts; /* it has PAUSE; HLT or MWAIT */

	/* What it waits for, where that is one thing. */
	enum loop_read read;
	bool has_at; /* `at` is known */
	uint64_t at;
	unsigned int size; /* bytes */
	bool has_value;	   /* memory: what lies there now */
	uint64_t value;
};

/* Look for the loop around the view's program counter. */
void loop_find(const struct x86_view *v, struct loop *loop);

/*
 * "a loop of 3 instructions (with PAUSE) at 0x1000 that waits for a change of
 * 0x5000 (4 bytes, now 0x1)".  names may be NULL.
 */
void loop_print(struct buf *out, const struct loop *loop,
		const struct show_names *names);

#endif
