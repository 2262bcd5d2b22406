#include "vmm/recorder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool recorder_init(struct recorder *r, uint32_t capacity, struct err *err)
{
	struct exit_record *ring;

	if (!capacity || (capacity & (capacity - 1)))
		return err_set(err, ERR_RANGE,
			       "flight recorder: %u entries asked for, the "
			       "number must be a power of two",
			       capacity);
	ring = calloc(capacity, sizeof(*ring));
	if (!ring)
		return err_set(err, ERR_LIMIT,
			       "flight recorder: no memory for %u entries",
			       capacity);
	*r = (struct recorder){.ring = ring, .mask = capacity - 1};
	return true;
}

void recorder_deinit(struct recorder *r)
{
	free(r->ring);
	memset(r, 0, sizeof(*r));
}

uint64_t recorder_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void recorder_clear(struct recorder *r)
{
	r->total = 0;
}

size_t recorder_count(const struct recorder *r)
{
	return (size_t)min_u64(r->total, r->ring ? r->mask + UINT64_C(1) : 0);
}

const struct exit_record *recorder_get(const struct recorder *r, size_t i)
{
	size_t count = recorder_count(r);

	if (i >= count)
		return NULL;
	return &r->ring[(r->total - count + i) & r->mask];
}

void recorder_print(struct buf *out, const struct recorder *r, size_t max)
{
	size_t count = recorder_count(r);
	size_t first = count > max ? count - max : 0;

	for (size_t i = first; i < count; i++)
		exit_record_print(out, recorder_get(r, i));
}
