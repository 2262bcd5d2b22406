/*
 * Exits in the Trace Event Format of Chrome's tracing, as JSON: what
 * ui.perfetto.dev and chrome://tracing open.  One track for each vCPU, one
 * instant event for each exit.
 * Source: "Trace Event Format", sections "JSON Object Format", "Instant
 * Events" and "Metadata Events".
 */
#ifndef ARCH_EXIT_CHROME_H
#define ARCH_EXIT_CHROME_H

#include "arch/exit/namer.h"
#include "base/buf.h"

/*
 * The output may be taken away (buf_clear()) between any two calls.  The text
 * is valid JSON whatever bytes the names hold.
 */
struct chrome_trace {
	struct buf *out;
	bool any; /* an event is there: a comma comes before the next */
};

void chrome_begin(struct chrome_trace *t, struct buf *out);
/* tid: the track's number, shown beside its name. */
void chrome_track(struct chrome_trace *t, unsigned int vcpu, int tid);
/* symbol: "function+0x10", or NULL. */
void chrome_exit(struct chrome_trace *t, int tid, const struct exit_record *e,
		 const struct exit_name *name, const char *symbol);
/* A line of the kernel's trace, "kvm_exit: reason HLT rip 0x1000". */
void chrome_kernel(struct chrome_trace *t, int tid, uint64_t time_ns,
		   const char *line);
void chrome_end(struct chrome_trace *t);

#endif
