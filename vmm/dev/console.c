#include "vmm/dev/console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "vmm/dev/console_impl.h"

enum {
	DRAIN_POLL_MS = 100, /* how late a closed client may be noticed */
	CLOSE_FLUSH_MS = 500,
};

/* ---- the output queue ---- */

/* Bytes taken, 0 when it would block, -1 when the reader is gone for good. */
static ssize_t try_write(int fd, const char *data, size_t len)
{
	for (;;) {
		ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == ENOTSOCK) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			/* in case the descriptor can block after all */
			if (poll(&p, 1, 0) == 0)
				return 0;
			n = write(fd, data, min_u64(len, 4096));
		}
		if (n >= 0)
			return n;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return -1;
	}
}

static void flush_locked(struct console *con)
{
	while (con->len && con->out_fd >= 0 && !con->out_broken) {
		size_t run = min_u64(con->len, CONSOLE_QUEUE - con->head);
		ssize_t n = try_write(con->out_fd, con->queue + con->head, run);

		if (n == 0)
			return;
		if (n < 0) {
			con->out_broken = true;
			return;
		}
		con->head = (con->head + (size_t)n) % CONSOLE_QUEUE;
		con->len -= (size_t)n;
	}
}

static void queue_locked(struct console *con, const char *data, size_t len)
{
	if (len > CONSOLE_QUEUE) {
		con->dropped += len - CONSOLE_QUEUE;
		data += len - CONSOLE_QUEUE;
		len = CONSOLE_QUEUE;
	}
	if (len > CONSOLE_QUEUE - con->len) {
		size_t drop = len - (CONSOLE_QUEUE - con->len);

		con->dropped += drop;
		con->head = (con->head + drop) % CONSOLE_QUEUE;
		con->len -= drop;
	}
	while (len) {
		size_t tail = (con->head + con->len) % CONSOLE_QUEUE;
		size_t run = min_u64(len, CONSOLE_QUEUE - tail);

		memcpy(con->queue + tail, data, run);
		con->len += run;
		data += run;
		len -= run;
	}
}

void console_write(struct console *con, const void *data, size_t len)
{
	const char *bytes = data;

	pthread_mutex_lock(&con->lock);
	/* a socket keeps the bytes for the next client, others have no next */
	if (con->out_fd < 0 ? con->listen_fd < 0 : con->out_broken) {
		pthread_mutex_unlock(&con->lock);
		return;
	}
	if (!con->len && con->out_fd >= 0) {
		ssize_t n = try_write(con->out_fd, bytes, len);

		if (n < 0)
			con->out_broken = true;
		else
			bytes += n, len -= (size_t)n;
	}
	if (len) {
		queue_locked(con, bytes, len);
		flush_locked(con);
		if (con->len)
			pthread_cond_signal(&con->work);
	}
	pthread_mutex_unlock(&con->lock);
}

/*
 * The drainer thread: idle until something could not be written at once.  It
 * polls without the lock; should the descriptor be closed or reused meanwhile,
 * flush_locked() looks at the current one again.
 */
static void *drain(void *arg)
{
	struct console *con = arg;

	pthread_mutex_lock(&con->lock);
	while (!con->stopping) {
		struct pollfd p = {.events = POLLOUT};

		if (!con->len || con->out_fd < 0 || con->out_broken) {
			pthread_cond_wait(&con->work, &con->lock);
			continue;
		}
		p.fd = con->out_fd;
		pthread_mutex_unlock(&con->lock);
		poll(&p, 1, DRAIN_POLL_MS);
		pthread_mutex_lock(&con->lock);
		flush_locked(con);
	}
	pthread_mutex_unlock(&con->lock);
	return NULL;
}

/* ---- input ---- */

int console_fd(struct console *con)
{
	return con->in_fd >= 0 ? con->in_fd : con->listen_fd;
}

static void accept_client(struct console *con)
{
	int fd = accept4(con->listen_fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	con->in_fd = fd;
	pthread_mutex_lock(&con->lock);
	con->out_fd = fd;
	con->out_broken = false;
	flush_locked(con);
	pthread_cond_signal(&con->work);
	pthread_mutex_unlock(&con->lock);
}

/* End of input: a socket waits for the next client, stdin is done. */
static void input_ended(struct console *con)
{
	if (con->listen_fd >= 0) {
		pthread_mutex_lock(&con->lock);
		con->out_fd = -1;
		pthread_mutex_unlock(&con->lock);
		close(con->in_fd);
	}
	con->in_fd = -1;
}

/* What comes before the key that ends the program. */
static size_t before_escape(const char *buf, size_t len)
{
	const char *at = memchr(buf, CONSOLE_ESCAPE, len);

	if (!at)
		return len;
	kill(getpid(), SIGTERM);
	return (size_t)(at - buf);
}

size_t console_input(struct console *con, void *buf, size_t size)
{
	ssize_t n;

	if (con->in_fd < 0) {
		if (con->listen_fd >= 0)
			accept_client(con);
		return 0;
	}
	n = read(con->in_fd, buf, size);
	if (n > 0)
		return con->has_escape ? before_escape(buf, (size_t)n)
				       : (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size)
		input_ended(con);
	return 0;
}

/* ---- opening and closing ---- */

static bool open_none(struct console *con, const char *arg, struct err *err)
{
	return true;
}

static const struct {
	const char *name;
	bool has_arg;
	bool (*open)(struct console *con, const char *arg, struct err *err);
} backends[] = {
	{"stdio", false, console_open_stdio},
	{"tty", false, console_open_tty},
	{"file:", true, console_open_file},
	{"unix:", true, console_open_unix},
	{"pty", false, console_open_pty},
	{"none", false, open_none},
};

static bool open_backend(struct console *con, const char *spec, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		size_t len = strlen(backends[i].name);

		if (strncmp(spec, backends[i].name, len))
			continue;
		if (backends[i].has_arg ? !spec[len] : spec[len])
			continue;
		return backends[i].open(con, spec + len, err);
	}
	return err_set(err, ERR_USAGE,
		       "--serial %s: not one of stdio, tty, file:PATH, "
		       "unix:PATH, pty, none",
		       spec);
}

/* vCPU kicks and SIGINT are for the threads that expect them. */
static bool start_drainer(struct console *con, struct err *err)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&con->drainer, NULL, drain, con);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = rc;
	if (rc)
		return err_set_errno(err, ERR_LIMIT,
				     "--serial: cannot start a thread");
	con->has_drainer = true;
	return true;
}

bool console_open(const char *spec, struct console **ret, struct err *err)
{
	struct console *con = calloc(1, sizeof(*con));

	if (!con)
		return err_set(err, ERR_LIMIT, "--serial: out of memory");
	pthread_mutex_init(&con->lock, NULL);
	pthread_cond_init(&con->work, NULL);
	con->in_fd = con->out_fd = con->keep_fd = con->listen_fd = -1;
	if (!open_backend(con, spec, err) ||
	    ((con->out_fd >= 0 || con->listen_fd >= 0) &&
	     !start_drainer(con, err))) {
		console_close(con);
		return false;
	}
	*ret = con;
	return true;
}

static void close_fd(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Give a slow reader a moment for the last words. */
static void flush_before_close(struct console *con)
{
	uint64_t end = now_ms() + CLOSE_FLUSH_MS;

	pthread_mutex_lock(&con->lock);
	flush_locked(con);
	while (con->len && con->out_fd >= 0 && !con->out_broken) {
		struct pollfd p = {.fd = con->out_fd, .events = POLLOUT};
		uint64_t now = now_ms();

		if (now >= end || poll(&p, 1, (int)(end - now)) <= 0)
			break;
		flush_locked(con);
	}
	pthread_mutex_unlock(&con->lock);
}

void console_close(struct console *con)
{
	if (!con)
		return;
	if (con->has_drainer) {
		pthread_mutex_lock(&con->lock);
		con->stopping = true;
		pthread_cond_signal(&con->work);
		pthread_mutex_unlock(&con->lock);
		pthread_join(con->drainer, NULL);
	}
	flush_before_close(con);
	if (con->has_terminal)
		console_restore_terminal();
	if (con->dropped)
		log_msg(LOG_WARN,
			"serial console: %llu bytes of output dropped, nobody "
			"read them in time",
			(unsigned long long)con->dropped);
	close_fd(con->in_fd);
	if (con->out_fd != con->in_fd)
		close_fd(con->out_fd);
	close_fd(con->keep_fd);
	close_fd(con->listen_fd);
	if (con->unlink_path)
		unlink(con->unlink_path);
	free(con->unlink_path);
	pthread_cond_destroy(&con->work);
	pthread_mutex_destroy(&con->lock);
	free(con);
}
