/*
 * One exit that reached user space, as the flight recorder keeps it and as
 * the kernel's tracepoints print it (include/trace/events/kvm.h).
 */
#ifndef ARCH_EXIT_RECORD_H
#define ARCH_EXIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * An access (exit_record_is_access()) has a place, a size and a value.  For
 * other exits where and value are two numbers that KVM gives with that reason,
 * named when printed: the vector of an EOI, DR6 of a debug exit.
 */
struct exit_record {
	uint64_t time_ns;   /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t rip, cr3;  /* when KVM_RUN returned */
	uint64_t where;	    /* port, guest-physical address or MSR number */
	uint64_t value;	    /* of a string access, its first element */
	const char *device; /* static name; NULL = nobody claimed it */
	const char *reg;    /* static name of the device's register, or NULL */
	uint32_t reason;    /* KVM_EXIT_* */
	int32_t run_errno;  /* positive when KVM_RUN failed, else 0 */
	uint32_t count;	    /* elements of a string I/O; merged exits; else 1 */
	uint8_t size;	    /* bytes per element */
	bool is_write;
	bool denied; /* MSR access answered with #GP */
};

/*
 * How often each KVM_EXIT_* has come, and how long that took.  Numbers beyond
 * the array share EXIT_COUNT_OTHER; failures of KVM_RUN are EXIT_COUNT_ERRNO.
 */
enum {
	EXIT_COUNT_OTHER = 62,
	EXIT_COUNT_ERRNO = 63,
	EXIT_COUNTERS = 64,
};

struct exit_counts {
	uint64_t by_reason[EXIT_COUNTERS];
	uint64_t ran_ns;  /* the vCPU was not stopped by the debugger */
	uint64_t from_ns; /* CLOCK_MONOTONIC when counting began, 0 = not yet */
};

/* Index in by_reason[]. */
static inline unsigned int exit_counter(const struct exit_record *e)
{
	if (e->run_errno)
		return EXIT_COUNT_ERRNO;
	return e->reason < EXIT_COUNT_OTHER ? e->reason : EXIT_COUNT_OTHER;
}

/* PIO, MMIO or MSR access that was served, not an error. */
bool exit_record_is_access(const struct exit_record *e);

/* "   12.345678: ", as in the kernel's traces. */
void exit_record_print_time(struct buf *out, uint64_t time_ns);

/*
 * The kernel's text for the same event, then where it came from; no newline.
 * The name of who answered goes behind: exit_namer_next().
 *   12.345678: kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x41
 *     | rip 0x10002f cr3 0x1000                     (on the same line)
 */
void exit_record_print(struct buf *out, const struct exit_record *e);

#endif
