/*
 * The host kernel's kvm tracepoints, for some threads of ours: a private
 * instance of the trace buffer under tracefs, "instances/kvm-gdbserver-PID".
 * Where no tracefs is mounted and we are root, one is mounted for this process
 * alone, without a mount point, so nothing of it outlives us but the instance;
 * what a crash leaves there is cleared away by the next one.
 * Source: Documentation/trace/ftrace.rst, "Instances", "set_event_pid".
 *
 * Threading: one thread at a time.
 */
#ifndef VMM_TRACEFS_H
#define VMM_TRACEFS_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct tracefs;

/*
 * Record from now on, by CLOCK_MONOTONIC, what these threads do in KVM: all of
 * its events but those named in `without` (ended by NULL).
 */
bool tracefs_open(const pid_t *tids, size_t n, const char *const *without,
		  struct tracefs **out, struct err *err) MUST_CHECK;
/* Stop and remove the instance; NULL is fine. */
void tracefs_close(struct tracefs *t);

/*
 * What is in the buffer now, as text, ordered by time; *lost is how many events
 * were overwritten.  The buffer keeps it.
 */
bool tracefs_read(struct tracefs *t, struct buf *text, uint64_t *lost,
		  struct err *err) MUST_CHECK;

#endif
