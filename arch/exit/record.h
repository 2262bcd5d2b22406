/*
 * One exit that reached user space, as the flight recorder keeps it and as
 * the kernel's tracepoints print it (include/trace/events/kvm.h).
 */
#ifndef ARCH_EXIT_RECORD_H
#define ARCH_EXIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct exit_record {
	uint64_t time_ns;   /* CLOCK_MONOTONIC, nanoseconds */
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

/* PIO, MMIO or MSR access that was served, not an error. */
bool exit_record_is_access(const struct exit_record *e);

/*
 * One line: the kernel's text for the same event, then where it came from and
 * who answered.
 *   12.345678: kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x41
 *     | rip 0x10002f cr3 0x1000 16550 THR           (on the same line)
 */
void exit_record_print(struct buf *out, const struct exit_record *e);

#endif
