#include "vmm/recorder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool recorder_init(struct recorder *r, uint32_t capacity, struct err *err)
{
	struct exit_record *ring;

	if (!capacity || capacity > RECORDER_MAX)
		return err_set(err, ERR_RANGE,
			       "flight recorder: %u entries asked for, 1 to %u "
			       "are possible",
			       capacity, RECORDER_MAX);
	ring = calloc(capacity, sizeof(*ring));
	if (!ring)
		return err_set(err, ERR_LIMIT,
			       "flight recorder: no memory for %u entries",
			       capacity);
	*r = (struct recorder){.ring = ring, .capacity = capacity};
	return true;
}

void recorder_deinit(struct recorder *r)
{
	free(r->ring);
	memset(r, 0, sizeof(*r));
}

static bool alike(const struct exit_record *a, const struct exit_record *b)
{
	return a->reason == b->reason && a->run_errno == b->run_errno &&
	       a->where == b->where && a->value == b->value;
}

void recorder_add_merged(struct recorder *r, const struct exit_record *e)
{
	struct exit_record *last;
	uint32_t count;

	if (!recorder_on(r))
		return;
	last = &r->ring[(r->next ? r->next : r->capacity) - 1];
	if (!r->total || !alike(last, e) || last->count == UINT32_MAX) {
		recorder_add(r, e);
		return;
	}
	count = last->count + 1;
	*last = *e;
	last->count = count;
	r->counts.by_reason[exit_counter(e)]++;
}

uint64_t recorder_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void recorder_released(struct recorder *r)
{
	r->running_from = recorder_now();
	if (!r->counts.from_ns)
		r->counts.from_ns = r->running_from;
}

void recorder_parked(struct recorder *r)
{
	r->counts.ran_ns += recorder_now() - r->running_from;
}

void recorder_mark(struct recorder *r)
{
	r->marked = r->counts;
	r->marked.from_ns = recorder_now();
}

size_t recorder_count(const struct recorder *r)
{
	return (size_t)min_u64(r->total, r->capacity);
}

const struct exit_record *recorder_get(const struct recorder *r, size_t i)
{
	size_t count = recorder_count(r),
	       first = count < r->capacity ? 0 : r->next;

	if (i >= count)
		return NULL;
	return &r->ring[(first + i) % r->capacity];
}
