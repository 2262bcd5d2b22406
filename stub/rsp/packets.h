/*
 * The packet table: the one place that says which packets exist, what state
 * they need and which feature of qSupported stands for them.
 */
#ifndef STUB_PACKETS_H
#define STUB_PACKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cursor.h"
#include "base/err.h"

struct reply;
struct session;

enum packet_match {
	MATCH_PREFIX, /* anything may follow */
	MATCH_WORD,   /* the end or one of ":;,=" follows */
	MATCH_EXACT,  /* as a word, but what follows makes it malformed */
};

enum packet_needs {
	NEED_STOPPED = 1 << 0, /* the vCPUs are parked */
	NEED_RUN = 1 << 1,     /* a target that can run */
	NEED_WRITE = 1 << 2,   /* a target that can be changed */
	NEED_RESET = 1 << 3,   /* a target that can be reset */
};

struct packet {
	const char *text;
	enum packet_match match;
	unsigned int needs;  /* enum packet_needs */
	const char *feature; /* what qSupported says for it, or NULL */
	/*
	 * args is what follows the text.  Writes the body to s->reply.  On
	 * failure nothing has changed and *err becomes the reply.
	 */
	bool (*handle)(struct session *s, struct cursor *args, struct err *err);
};

extern const struct packet packet_table[]; /* ends with a NULL text */

/* The row for a packet, or NULL: the answer is then the empty reply. */
const struct packet *packet_find(const char *body, size_t len);

/* Handle one packet; the reply's body is in s->reply. */
void packet_dispatch(struct session *s, char *body, size_t len);

/* The features of the answer to qSupported, as far as the target can. */
void packet_features(const struct session *s, struct reply *r);

#endif
