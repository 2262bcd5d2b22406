/*
 * The flight recorder: the last exits of one vCPU that reached user space, and
 * how many there were of each kind.
 *
 * Threading: one writer, the vCPU's thread, which takes no lock and allocates
 * nothing; readers only while that vCPU is parked.
 */
#ifndef VMM_RECORDER_H
#define VMM_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/exit/record.h"
#include "base/buf.h"
#include "base/err.h"

#define RECORDER_DEFAULT 4096
#define RECORDER_MAX	 (UINT32_C(1) << 24)

struct recorder {
	struct exit_record *ring; /* NULL: nothing is recorded */
	uint32_t capacity;
	uint32_t next;	/* where the next entry goes */
	uint64_t total; /* entries ever added */

	struct exit_counts counts; /* exits, merged ones one by one */
	struct exit_counts marked; /* counts at the last resume */
	uint64_t running_from;	   /* recorder_now() of the last release */
};

/* capacity: entries, up to RECORDER_MAX. */
bool recorder_init(struct recorder *r, uint32_t capacity,
		   struct err *err) MUST_CHECK;
void recorder_deinit(struct recorder *r);

static inline bool recorder_on(const struct recorder *r)
{
	return r->ring != NULL;
}

/* The entry added last, to complete it; NULL when nothing is recorded. */
static inline struct exit_record *recorder_last(const struct recorder *r)
{
	if (!recorder_on(r) || !r->total)
		return NULL;
	return &r->ring[(r->next ? r->next : r->capacity) - 1];
}

static inline void recorder_add(struct recorder *r, const struct exit_record *e)
{
	if (!recorder_on(r))
		return;
	r->counts.by_reason[exit_counter(e)]++;
	r->ring[r->next] = *e;
	r->next = r->next + 1 == r->capacity ? 0 : r->next + 1;
	r->total++;
}

/*
 * The same, but one that is like the entry before it joins that one (rip and
 * time are then the last one's): a thousand steps are not to push out a
 * thousand device accesses.
 */
void recorder_add_merged(struct recorder *r, const struct exit_record *e);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t recorder_now(void);

/* The vCPU runs from now on, or no more; on whichever thread. */
void recorder_released(struct recorder *r);
void recorder_parked(struct recorder *r);
/* "Since the last resume" begins here. */
void recorder_mark(struct recorder *r);

/* Entries that can be read, and the i-th of them, 0 = the oldest. */
size_t recorder_count(const struct recorder *r);
const struct exit_record *recorder_get(const struct recorder *r, size_t i);

#endif
