/*
 * Waiting for descriptors, spinning first where that has paid lately.
 *
 * A client that steps sends its next packet some ten microseconds after our
 * reply; going to sleep and being woken takes longer than that.  So when the
 * last waits were short the next one begins with polling, and a long wait puts
 * an end to that: an idle server sleeps, and so does one on a machine that is
 * too busy for spinning to catch anything.
 */
#ifndef STUB_SPIN_H
#define STUB_SPIN_H

#include <poll.h>
#include <stdint.h>

struct spin {
	int64_t us; /* how long to spin next time; 0 = not at all */
};

/* As poll(2). */
int spin_poll(struct spin *s, struct pollfd *fd, nfds_t n, int timeout);

#endif
