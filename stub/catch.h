/*
 * Catchpoints: stops on what a guest does rather than where it is.
 *
 * The target keeps the list, counts the hits and raises the stops
 * (STOP_CATCH); a notify or stop hit has its line of text.  A reset of the
 * guest keeps the list and the counts.  NULL ops, wrappers and threading as in
 * stub/target.h.
 *
 * "before" is a stop that the access has not had its effect at: the next
 * resume performs it, exactly once and whatever became of the catchpoint,
 * unless the guest was reset meanwhile, or moved to another instruction while
 * rip was still at this one.  "after" is a stop behind the finished access.
 */
#ifndef STUB_CATCH_H
#define STUB_CATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct target;

enum catch_kind {
	CATCH_MMIO,	 /* first..last: guest-physical addresses */
	CATCH_PIO,	 /* ports */
	CATCH_MSR,	 /* MSR numbers */
	CATCH_EXIT,	 /* first: enum exit_reason */
	CATCH_EXCEPTION, /* vectors, of exceptions and interrupts alike */
	CATCH_RESET,	 /* the guest asks for a reset, or triple-faults */
};

enum catch_access {
	CATCH_READ = 1,
	CATCH_WRITE = 2,
	CATCH_BOTH = 3,
};

enum catch_action {
	CATCH_STOP,
	CATCH_NOTIFY, /* one line to the client and the log; goes on */
	CATCH_IGNORE, /* only counts */
};

#define CATCH_MAX 64 /* catchpoints at a time */

struct target_catch {
	unsigned int id; /* 1, 2, ...; given by target_catch_add() */
	enum catch_kind kind;
	uint64_t first, last;
	unsigned int access;  /* enum catch_access, MMIO, PIO and MSR */
	bool has_value;	      /* only accesses with this value */
	uint64_t value, mask; /* (accessed & mask) == (value & mask) */
	bool before;	      /* MMIO, PIO and MSR; RESET always is */
	enum catch_action action;
	uint64_t hits;
};

struct target_catch_ops {
	/* Fills id.  The error says what can be caught instead. */
	bool (*add)(struct target *t, struct target_catch *c, struct err *err);
	bool (*remove)(struct target *t, unsigned int id, struct err *err);
	bool (*set_action)(struct target *t, unsigned int id,
			   enum catch_action action, struct err *err);
	/* i = 0, 1, ... in the order they were added; false at the end. */
	bool (*at)(struct target *t, unsigned int i, struct target_catch *c);
	/* What a catchpoint of this kind cannot see on this host, or "". */
	void (*limits)(struct target *t, const struct target_catch *c,
		       struct buf *out);
	/* What a triple fault does: false = stop (the default), true = reset */
	bool (*set_triple_fault)(struct target *t, bool reset, struct err *err);
	/*
	 * Append the lines of CATCH_NOTIFY hits since the last call; false
	 * when there are none.  May be called while the guest runs: the event
	 * fd is readable when there are some.  The target keeps a bounded
	 * number of them, and says in a line of its own how many it dropped.
	 */
	bool (*notes)(struct target *t, struct buf *out);
};

/*
 * Refuses what no target could do: an empty range, a port above 0xffff, the
 * value of a read before it was made.
 */
bool target_catch_add(struct target *t, struct target_catch *c,
		      struct err *err) MUST_CHECK;
bool target_catch_remove(struct target *t, unsigned int id,
			 struct err *err) MUST_CHECK;
bool target_catch_set_action(struct target *t, unsigned int id,
			     enum catch_action action,
			     struct err *err) MUST_CHECK;
bool target_catch_at(struct target *t, unsigned int i, struct target_catch *c);
void target_catch_limits(struct target *t, const struct target_catch *c,
			 struct buf *out);
bool target_set_triple_fault(struct target *t, bool reset,
			     struct err *err) MUST_CHECK;
bool target_notes(struct target *t, struct buf *out);

#endif
