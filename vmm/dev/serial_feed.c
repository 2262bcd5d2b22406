#include "vmm/dev/serial_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

const struct serial_feed_port serial_feed_com1 = {
	devices_serial_room, devices_serial_input, devices_serial_notify};
const struct serial_feed_port serial_feed_hvc = {
	devices_hvc_room, devices_hvc_input, devices_hvc_notify};

bool serial_feed_init(struct serial_feed *f, struct console *console,
		      struct devices *devices,
		      const struct serial_feed_port *port, struct err *err)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return err_set_errno(err, ERR_LIMIT,
				     "serial input: cannot make an eventfd");
	*f = (struct serial_feed){console, devices, port, fd};
	port->notify(devices, fd);
	return true;
}

void serial_feed_deinit(struct serial_feed *f)
{
	f->port->notify(f->devices, -1);
	close(f->room_fd);
}

int serial_feed_fd(void *feed)
{
	struct serial_feed *f = feed;
	int fd = console_fd(f->console);

	return fd < 0 || f->port->room(f->devices) ? fd : f->room_fd;
}

void serial_feed_ready(void *feed)
{
	struct serial_feed *f = feed;
	size_t room = f->port->room(f->devices);
	uint64_t count;
	char buf[512];
	size_t n;

	if (!room)
		return;
	/*
	 * If it was the eventfd that woke us, the console may have nothing;
	 * the next poll tells.
	 */
	if (read(f->room_fd, &count, sizeof(count)) == sizeof(count))
		return;
	n = console_input(f->console, buf, min_u64(room, sizeof(buf)));
	if (n)
		f->port->input(f->devices, buf, n);
}
