/*
 * The flight recorder: the last exits of one vCPU that reached user space.
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

struct recorder {
	struct exit_record *ring;
	uint32_t mask;
	uint64_t total; /* entries ever added */
};

/* capacity: a power of two. */
bool recorder_init(struct recorder *r, uint32_t capacity,
		   struct err *err) MUST_CHECK;
void recorder_deinit(struct recorder *r);

static inline void recorder_add(struct recorder *r, const struct exit_record *e)
{
	r->ring[r->total++ & r->mask] = *e;
}

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t recorder_now(void);

void recorder_clear(struct recorder *r);

/* Entries that can be read, and the i-th of them, 0 = the oldest. */
size_t recorder_count(const struct recorder *r);
const struct exit_record *recorder_get(const struct recorder *r, size_t i);

/* The last `max` entries, oldest first, by exit_record_print(). */
void recorder_print(struct buf *out, const struct recorder *r, size_t max);

#endif
