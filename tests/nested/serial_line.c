/*
 * serial_line TTY SOCKET: an emulator's serial line as a Unix socket.
 *
 * TTY becomes a symbolic link to a pseudo-terminal, for an emulator that wants
 * a terminal as the other end of its serial port; bytes go between it and
 * whoever is connected to SOCKET, one at a time.  Runs until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The master's descriptor.  The slave stays open, so that it never hangs up. */
static int open_terminal(const char *link)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct termios raw;
	const char *name;

	if (master < 0 || grantpt(master) || unlockpt(master))
		die("/dev/ptmx");
	name = ptsname(master);
	slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
	if (slave < 0 || tcgetattr(slave, &raw))
		die("pseudo-terminal");
	cfmakeraw(&raw);
	if (tcsetattr(slave, TCSANOW, &raw) || symlink(name, link))
		die(link);
	return master;
}

static int open_socket(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "%s: the path is too long\n", path);
		exit(1);
	}
	strcpy(addr.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 1))
		die(path);
	return fd;
}

/* False at the end of `from`. */
static int pass(int from, int to)
{
	char data[4096];
	ssize_t n = read(from, data, sizeof(data)), done = 0, w;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	while (to >= 0 && done < n) {
		w = write(to, data + done, (size_t)(n - done));
		if (w < 0 && errno != EINTR)
			return 0;
		done += w > 0 ? w : 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	int line, listener, client = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: serial_line TTY SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	line = open_terminal(argv[1]);
	listener = open_socket(argv[2]);
	while (1) {
		struct pollfd fds[] = {
			{.fd = line, .events = POLLIN},
			{.fd = client < 0 ? listener : client,
			 .events = POLLIN},
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents)
			pass(line, client);
		if (fds[1].revents && client < 0) {
			client = accept(listener, NULL, NULL);
		} else if (fds[1].revents && !pass(client, line)) {
			close(client);
			client = -1;
		}
	}
}
