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
	const struct serial_feed_port *port;
	int room_fd; /* eventfd */
};

/* A port of the guest that takes input; see vmm/dev/devices.h. */
struct serial_feed_port {
	size_t (*room)(struct devices *d);
	void (*input)(struct devices *d, const void *data, size_t len);
	void (*notify)(struct devices *d, int eventfd);
};
extern const struct serial_feed_port serial_feed_com1, serial_feed_hvc;

/* All outlive the feed. */
bool serial_feed_init(struct serial_feed *f, struct console *console,
		      struct devices *devices,
		      const struct serial_feed_port *port,
		      struct err *err) MUST_CHECK;
void serial_feed_deinit(struct serial_feed *f);

/* What to poll for input now, -1 = nothing; ask before each poll. */
int serial_feed_fd(void *feed);
/* That descriptor is readable. */
void serial_feed_ready(void *feed);

#endif
