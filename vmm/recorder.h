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

#include "base/buf.h"
#include "base/err.h"

#define RECORDER_DEFAULT 4096

struct recorder_entry {
	uint64_t time_ns;   /* recorder_now() */
	uint64_t rip, cr3;  /* when KVM_RUN returned */
	uint64_t where;	    /* port, guest-physical address or MSR number */
	uint64_t value;	    /* of a string access, its first element */
	const char *device; /* static name; NULL = nobody claimed it */
	const char *reg;    /* static name of the device's register, or NULL */
	uint32_t reason;    /* KVM_EXIT_* */
	int32_t run_errno;  /* positive when KVM_RUN failed, else 0 */
	uint32_t count;	    /* elements of a string I/O, else 1 */
	uint8_t size;	    /* bytes per element */
	bool is_write;
	bool denied; /* MSR access answered with #GP */
};

struct recorder {
	struct recorder_entry *ring;
	uint32_t mask;
	uint64_t total; /* entries ever added */
};

/* capacity: a power of two. */
bool recorder_init(struct recorder *r, uint32_t capacity,
		   struct err *err) MUST_CHECK;
void recorder_deinit(struct recorder *r);

static inline void recorder_add(struct recorder *r,
				const struct recorder_entry *e)
{
	r->ring[r->total++ & r->mask] = *e;
}

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t recorder_now(void);

void recorder_clear(struct recorder *r);

/* Entries that can be read, and the i-th of them, 0 = the oldest. */
size_t recorder_count(const struct recorder *r);
const struct recorder_entry *recorder_get(const struct recorder *r, size_t i);

/*
 * One line per entry, oldest first, the last `max` of them: the kernel's text
 * for the same event (include/trace/events/kvm.h), then where it came from and
 * who answered.
 *   12.345678: kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x41
 *     | rip 0x10002f cr3 0x1000 16550 THR           (on the same line)
 */
void recorder_print(struct buf *out, const struct recorder *r, size_t max);
void recorder_print_entry(struct buf *out, const struct recorder_entry *e);

#endif
