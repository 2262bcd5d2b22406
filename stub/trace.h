/* Packets on the log, at LOG_DEBUG (--trace-packets). */
#ifndef STUB_TRACE_H
#define STUB_TRACE_H

#include <stddef.h>

/* One packet's body from the client. */
void trace_input(const char *body, size_t len);

/* Framed bytes to the client: one or more whole packets. */
void trace_output(const char *bytes, size_t len);

#endif
