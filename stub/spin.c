#include "stub/spin.h"

#include "stub/clock.h"

enum {
	SPIN_US = 50,	/* at most, each time */
	SHORT_US = 120, /* a wait that spinning would have caught, with its
			 * sleep and wake-up */
};

int spin_poll(struct spin *s, struct pollfd *fd, nfds_t n, int timeout)
{
	int64_t start = now_us(), waited;
	int ready = 0;

	while (!ready && timeout && now_us() - start < s->us)
		ready = poll(fd, n, 0);
	if (!ready)
		ready = poll(fd, n, timeout);
	waited = now_us() - start;
	if (waited > SHORT_US)
		s->us = 0;
	else if (ready > 0)
		s->us = SPIN_US;
	return ready;
}
