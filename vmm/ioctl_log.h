/*
 * How the VM was made, ioctl by ioctl: every KVM call of this process but
 * KVM_RUN and those of the self-probe.  Calls that shape the machine are kept
 * with their arguments, result and duration; those of every stop (registers,
 * guest debug, interrupt lines) are only counted.
 *
 * The log is the process's and bounded: the first and the last calls are kept.
 * Threading: any thread.
 */
#ifndef VMM_IOCTL_LOG_H
#define VMM_IOCTL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define IOCTL_LOG_FIRST 512 /* calls kept from the beginning */
#define IOCTL_LOG_LAST	512 /* and up to now */

struct ioctl_kind;

/* The counter of this request; NULL when there are too many kinds. */
struct ioctl_kind *ioctl_log_kind(unsigned long request, const char *name);

/* Before and after the call; the result is that of ioctl(), with errno. */
uint64_t ioctl_log_begin(const struct ioctl_kind *kind);
void ioctl_log_end(struct ioctl_kind *kind, int fd, unsigned long arg,
		   int result, uint64_t begin);

/* A line of its own among the calls: "the guest runs for the first time". */
void ioctl_log_note(const char *text);

void ioctl_log_print(struct buf *out);

/* ---- ioctl_decode.c ---- */
/*
 * Append a call's arguments in words.  False: calls of this kind are only
 * counted.  arg is read after the call; NULL only asks.
 */
bool ioctl_decode(unsigned long request, const void *arg, struct buf *out);

#endif
