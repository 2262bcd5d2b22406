/*
 * Builds the reply to one packet straight into the connection's output.
 *
 * Between reply_begin() and reply_end() exactly one packet is open, and its
 * body never grows beyond FRAME_BODY_MAX: what does not fit sets `overflow`,
 * and reply_end() then sends an error instead of a cut reply.
 */
#ifndef STUB_REPLY_H
#define STUB_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* How this client understands errors. */
enum reply_errors {
	REPLY_ERRORS_NUMBER, /* E0e */
	REPLY_ERRORS_TEXT,   /* E.text: gdb's error-message+ */
	REPLY_ERRORS_LLDB,   /* E0e;<hex text>, after QEnableErrorStrings */
};

struct reply {
	struct buf *out;
	size_t start; /* offset of the open packet's '$' in out */
	enum reply_errors errors;
	bool overflow;
};

void reply_begin(struct reply *r, struct buf *out, enum reply_errors errors);
void reply_end(struct reply *r);
/* Take the open packet back: nothing is sent. */
void reply_cancel(struct reply *r);
/* Empty the body. */
void reply_clear(struct reply *r);

size_t reply_left(const struct reply *r); /* bytes the body may still grow */

void reply_text(struct reply *r, const char *text);
void reply_printf(struct reply *r, const char *fmt, ...) PRINTF(2, 3);
void reply_hex(struct reply *r, const void *data, size_t len);
void reply_hex_text(struct reply *r, const char *text);
/* Escaped; returns how many bytes fitted, which is no overflow. */
size_t reply_binary(struct reply *r, const void *data, size_t len);

/* Replace the body by this error. */
void reply_error(struct reply *r, const struct err *err);

/* Append whole O packets with this console text.  No packet may be open. */
void reply_console(struct buf *out, const char *text, size_t len);

#endif
