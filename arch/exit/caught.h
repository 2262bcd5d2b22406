/*
 * What a catchpoint stopped at, in words: an access, or an exception as the
 * handler's stack shows it.
 */
#ifndef ARCH_EXIT_CAUGHT_H
#define ARCH_EXIT_CAUGHT_H

#include <stddef.h>

#include "arch/exit/record.h"

/*
 * "pio_write at 0x3f8 size 1 val 0x41 (16550 THR)", "rdmsr 0x10
 * (IA32_TIME_STAMP_COUNTER)"; the value is left out where it is not known yet.
 */
void caught_access(struct buf *out, const struct exit_record *e,
		   bool has_value);

/*
 * The frame that the processor pushes on its way to a handler (SDM Vol 3A,
 * "Exception- and Interrupt-Handler Procedures").
 */
struct trap_frame {
	bool wants_error; /* the exception would push an error code ... */
	bool has_error;	  /* ... and one was pushed */
	uint32_t error;
	uint64_t rip, flags;
	uint16_t cs;
};

enum {
	TRAP_FRAME_MAX = 32, /* bytes of a frame that matter */
};

/* Does this exception push an error code? (SDM Vol 3A, "Error Code") */
bool exception_has_error(unsigned int vector);

/*
 * bytes[0..len) lie at the handler's stack pointer, in slots of 2 (real mode
 * and 16-bit gates), 4 or 8 bytes.  wants_error: the vector's processor
 * exception pushes an error code; a software INT to it does not, which shows
 * in what lies where CS and the flags should be.  False: not that many bytes.
 */
bool trap_frame_parse(const uint8_t *bytes, size_t len, unsigned int slot,
		      bool wants_error, struct trap_frame *f);

/*
 * "exception #PF (vector 14) error code 0x2 (...) cr2 0x1234 at 0x10:0x1000";
 * f == NULL: the stack could not be read.
 */
void caught_exception(struct buf *out, unsigned int vector,
		      const struct trap_frame *f, uint64_t cr2);

#endif
