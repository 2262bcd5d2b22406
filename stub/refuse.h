/*
 * Clients that come while another is served.  Each is told why, in a form its
 * debugger shows, and given a moment to read it: closing at once would reset
 * the connection and lose the text.
 *
 * Threading: server thread only.
 */
#ifndef STUB_REFUSE_H
#define STUB_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

#define REFUSE_MAX 4

struct refused {
	int fd;		  /* -1: a free place */
	int64_t deadline; /* ms, CLOCK_MONOTONIC */
	bool told;
};

struct refuse {
	struct refused client[REFUSE_MAX];
	char text[160]; /* why */
};

void refuse_init(struct refuse *r);
void refuse_deinit(struct refuse *r);

/* Take the descriptor over.  The oldest makes room when all are taken. */
void refuse_add(struct refuse *r, int fd, const char *served_peer);
/* Client i has sent something or has left. */
void refuse_ready(struct refuse *r, unsigned int i);
/* Drop those whose time is over; ms until the next one's, -1 when none. */
int refuse_expire(struct refuse *r);

#endif
