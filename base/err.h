/*
 * The one error type of the program.
 *
 * Rules: the caller owns the struct and passes it last; a function that can
 * fail returns bool, true for success; on success *err is untouched and on
 * failure it is filled once, by the function that knows what happened.  Code
 * never branches on the message.  A message says what failed, on what, why
 * and, where there is one, what to do next; it has no trailing newline.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,	 /* the command line or a command's arguments */
	ERR_MALFORMED,	 /* input that does not parse */
	ERR_UNSUPPORTED, /* this target, host or build cannot */
	ERR_STATE,	 /* right request, wrong moment (running, dead, ...) */
	ERR_NOT_FOUND,	 /* no such thing */
	ERR_RANGE,	 /* a number outside what is allowed */
	ERR_FAULT,	 /* a guest address cannot be accessed; see addr */
	ERR_REFUSED,	 /* KVM or the CPU would refuse the value */
	ERR_LIMIT,	 /* out of slots, memory, descriptors */
	ERR_IO,		 /* a host file or socket; see os_errno */
	ERR_KVM,	 /* a KVM ioctl failed; see os_errno */
	ERR_INTERNAL,	 /* our own mistake */
};

struct err {
	enum err_code code;
	int os_errno;  /* errno of the failing call, or 0 */
	uint64_t addr; /* guest address for ERR_FAULT, else 0 */
	char msg[480];
};

/* Fill *err.  Always returns false, so that a caller can "return err_set()". */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
	PRINTF(3, 4);

/* As err_set(), with os_errno = errno and ": strerror" added to the message. */
bool err_set_errno(struct err *err, enum err_code code, const char *fmt, ...)
	PRINTF(3, 4);

/* As err_set() with code ERR_FAULT and the address that cannot be accessed. */
bool err_set_fault(struct err *err, uint64_t addr, const char *fmt, ...)
	PRINTF(3, 4);

/* Put "text: " before the message of an error that is already set. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* A short lower-case name of the code, for logs: "usage", "fault", ... */
const char *err_code_name(enum err_code code);

/*
 * The number after E in an RSP error reply: an errno value as gdbserver uses
 * them (EFAULT 14 for memory, EINVAL 22 for bad requests, ...).
 */
unsigned int err_rsp_number(const struct err *err);

/* Exit status of the program for this error: 2 for usage, 1 for the rest. */
int err_exit_status(const struct err *err);

#endif
