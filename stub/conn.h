/*
 * A client's connection: descriptors, buffered input and the session behind.
 * Everything is non-blocking, so a slow client only waits for itself.
 *
 * Threading: server thread only.
 */
#ifndef STUB_CONN_H
#define STUB_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "stub/session.h"

struct conn {
	int in, out; /* the same descriptor, but for stdin and stdout */
	char peer[64];
	struct session session;
	char *data; /* bytes read, [pos, len) not yet handled */
	size_t pos, len;
	bool closed; /* nothing more can come: EOF or an error */
};

/* Takes the descriptors over, also on failure. */
bool conn_init(struct conn *c, int in, int out, const char *peer,
	       const struct session_config *config, struct err *err) MUST_CHECK;
void conn_deinit(struct conn *c); /* closes */

/* poll() events to wait for on the input and output descriptor. */
short conn_in_events(const struct conn *c);
short conn_out_events(const struct conn *c);

/* Read what is there, let the session handle it, send what can be sent. */
void conn_input(struct conn *c);
/* Send, and handle input that waited for room in the output. */
void conn_output(struct conn *c);

/*
 * Send what can be sent while the session is busy with one packet.  False when
 * the client is gone.
 */
bool conn_pump(struct conn *c);

/* Has everything been sent? */
bool conn_drained(const struct conn *c);
/* No more output: the client sees the end after what was sent. */
void conn_shutdown(struct conn *c);
/* Read and forget, until `closed`. */
void conn_discard(struct conn *c);

#endif
