/*
 * Carries typed input from a console to the guest's serial port, at the
 * guest's pace: while the port is full the console is not read, so that a pipe
 * or a pasted text waits in its own buffers and loses nothing.
 *
 * serial_feed_fd() and serial_feed_ready() fit struct server_input.
 * Threading: server thread.
 */
#ifndef VMM_SERIAL_FEED_H
#define VMM_SERIAL_FEED_H

#include "vmm/dev/console.h"
#include "vmm/dev/devices.h"

struct serial_feed {
	struct console *console;
	struct devices *devices;
	int room_fd; /* eventfd */
};

/* Both outlive the feed. */
bool serial_feed_init(struct serial_feed *f, struct console *console,
		      struct devices *devices, struct err *err) MUST_CHECK;
void serial_feed_deinit(struct serial_feed *f);

/* What to poll for input now, -1 = nothing; ask before each poll. */
int serial_feed_fd(void *feed);
/* That descriptor is readable. */
void serial_feed_ready(void *feed);

#endif
