#include "vmm/dev/console_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"

/* What console_restore_terminal() puts back; written before the flag. */
static struct termios saved_modes;
static volatile sig_atomic_t modes_changed;

void console_restore_terminal(void)
{
	if (!modes_changed)
		return;
	modes_changed = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
}

/* Keys reach the guest one by one, as typed; the keys for signals, too? */
static bool make_terminal_raw(struct console *con, bool signals,
			      struct err *err)
{
	struct termios modes;

	if (tcgetattr(STDIN_FILENO, &modes))
		return err_set_errno(err, ERR_IO,
				     "--serial stdio: cannot read the "
				     "terminal's modes");
	saved_modes = modes;
	modes.c_iflag &= ~(tcflag_t)(BRKINT | PARMRK | ISTRIP | INLCR | IGNCR |
				     ICRNL | IXON);
	modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	if (signals)
		modes.c_lflag &= ~(tcflag_t)ISIG;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &modes))
		return err_set_errno(err, ERR_IO,
				     "--serial stdio: cannot make the terminal "
				     "raw");
	modes_changed = 1;
	con->has_terminal = true;
	return true;
}

/*
 * A descriptor for stdout whose O_NONBLOCK is ours alone: setting it on the
 * inherited one would change it for the shell and for stderr too.
 */
static int open_stdout(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(STDOUT_FILENO, &st) &&
	    (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = open("/proc/self/fd/1",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd;
}

bool console_open_stdio(struct console *con, const char *arg, struct err *err)
{
	con->out_fd = open_stdout();
	if (con->out_fd < 0)
		return err_set_errno(err, ERR_IO,
				     "--serial stdio: cannot use stdout");
	if (!isatty(STDIN_FILENO)) {
		con->in_fd = fcntl(STDIN_FILENO, F_GETFD) < 0 ? -1
							      : STDIN_FILENO;
		return true;
	}
	if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
		/* touching the terminal would stop us with SIGTTOU/SIGTTIN */
		log_msg(LOG_WARN, "--serial stdio: running in the background, "
				  "the guest gets no input");
		return true;
	}
	con->in_fd = STDIN_FILENO;
	return make_terminal_raw(con, false, err);
}

bool console_open_tty(struct console *con, const char *arg, struct err *err)
{
	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return err_set(err, ERR_USAGE,
			       "--serial tty: stdin is not a terminal that "
			       "this "
			       "program has to itself (a pipe, or running in "
			       "the "
			       "background); there is --serial stdio");
	con->out_fd = open_stdout();
	if (con->out_fd < 0)
		return err_set_errno(err, ERR_IO,
				     "--serial tty: cannot use stdout");
	con->in_fd = STDIN_FILENO;
	con->has_escape = true;
	log_msg(LOG_INFO, "serial console on this terminal: every key is the "
			  "guest's but Ctrl-], which ends it");
	return make_terminal_raw(con, true, err);
}

bool console_open_file(struct console *con, const char *path, struct err *err)
{
	con->out_fd = open(path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK |
				   O_NOCTTY | O_CLOEXEC,
			   0666);
	if (con->out_fd < 0)
		return err_set_errno(err, ERR_IO,
				     "--serial file: cannot open %s", path);
	return true;
}

/* Is the socket file left over from a process that is gone? */
static bool socket_is_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

bool console_open_unix(struct console *con, const char *path, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_USAGE,
			       "--serial unix: the path has %zu characters, a "
			       "socket's may have %zu",
			       strlen(path), sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO,
				     "--serial unix: cannot make a socket");
	con->listen_fd = fd;
	if (socket_is_stale(&addr))
		unlink(path);
	/* Linux gives the file the socket's mode, so it is never wider. */
	if (fchmod(fd, 0600) ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return err_set_errno(err, ERR_IO,
				     "--serial unix: cannot bind %s", path);
	con->unlink_path = strdup(path);
	if (!con->unlink_path || listen(fd, 1))
		return err_set_errno(err, ERR_IO,
				     "--serial unix: cannot listen on %s",
				     path);
	return true;
}

bool console_open_pty(struct console *con, const char *arg, struct err *err)
{
	struct termios modes;
	char path[64];
	int fd;

	fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO,
				     "--serial pty: no pseudo-terminal");
	con->in_fd = con->out_fd = fd;
	if (grantpt(fd) || unlockpt(fd) || ptsname_r(fd, path, sizeof(path)))
		return err_set_errno(err, ERR_IO,
				     "--serial pty: cannot unlock it");
	/* Kept open: without a slave the master reads as hung up for ever. */
	con->keep_fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (con->keep_fd < 0 || tcgetattr(con->keep_fd, &modes))
		return err_set_errno(err, ERR_IO,
				     "--serial pty: cannot open %s", path);
	cfmakeraw(&modes);
	if (tcsetattr(con->keep_fd, TCSANOW, &modes))
		return err_set_errno(err, ERR_IO,
				     "--serial pty: cannot make %s raw", path);
	log_msg(LOG_INFO, "serial console on %s", path);
	return true;
}
