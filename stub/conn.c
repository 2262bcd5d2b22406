#include "stub/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Read at a time: a whole packet of the largest kind. */
#define READ_SIZE (FRAME_BODY_MAX + 16)

static bool set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void close_fds(struct conn *c)
{
	if (c->out != c->in)
		close(c->out);
	close(c->in);
}

bool conn_init(struct conn *c, int in, int out, const char *peer,
	       const struct session_config *config, struct err *err)
{
	*c = (struct conn){.in = in, .out = out};
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	if (!set_nonblocking(in) || !set_nonblocking(out)) {
		err_set_errno(err, ERR_IO, "cannot use the connection of %s",
			      peer);
		close_fds(c);
		return false;
	}
	c->data = malloc(READ_SIZE);
	if (!c->data) {
		close_fds(c);
		return err_set(err, ERR_LIMIT, "no memory for a connection");
	}
	if (!session_init(&c->session, config, err)) {
		free(c->data);
		close_fds(c);
		return false;
	}
	return true;
}

void conn_deinit(struct conn *c)
{
	session_deinit(&c->session);
	free(c->data);
	close_fds(c);
}

bool conn_drained(const struct conn *c)
{
	return !c->session.out.len;
}

/* Is there room for the session to answer, and has it not ended? */
static bool takes_input(const struct conn *c)
{
	return c->session.end == SESSION_OPEN &&
	       c->session.out.len < SESSION_OUT_HIGH;
}

short conn_in_events(const struct conn *c)
{
	if (c->closed)
		return 0;
	if (c->session.end != SESSION_OPEN)
		return POLLIN;
	return takes_input(c) ? POLLIN : 0;
}

short conn_out_events(const struct conn *c)
{
	return conn_drained(c) || c->closed ? 0 : POLLOUT;
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void flush(struct conn *c)
{
	struct buf *out = &c->session.out;
	ssize_t n;

	if (out->failed) { /* replies were lost: the client must not go on */
		c->closed = true;
		return;
	}
	if (!out->len)
		return;
	n = write(c->out, out->data, out->len);
	if (n > 0)
		buf_consume(out, (size_t)n);
	else if (n < 0 && !would_block())
		c->closed = true;
}

/* Until the input is used up or the client has to read first. */
static void handle(struct conn *c)
{
	while (c->pos < c->len && takes_input(c) && !c->closed) {
		c->pos += session_input(&c->session, c->data + c->pos,
					c->len - c->pos);
		flush(c);
	}
}

void conn_input(struct conn *c)
{
	ssize_t n;

	if (!takes_input(c))
		return;
	if (c->pos == c->len) {
		n = read(c->in, c->data, READ_SIZE);
		if (n < 0 && would_block())
			return;
		c->pos = 0;
		c->len = n > 0 ? (size_t)n : 0;
		c->closed = n <= 0;
	}
	handle(c);
}

void conn_output(struct conn *c)
{
	flush(c);
	handle(c);
}

bool conn_pump(struct conn *c)
{
	struct pollfd p = {.fd = c->in, .events = POLLRDHUP};

	flush(c);
	return !c->closed && (poll(&p, 1, 0) <= 0 ||
			      !(p.revents & (POLLRDHUP | POLLHUP | POLLERR)));
}

void conn_shutdown(struct conn *c)
{
	if (shutdown(c->out, SHUT_WR) && c->out != c->in)
		shutdown(c->in, SHUT_WR);
}

void conn_discard(struct conn *c)
{
	ssize_t n = read(c->in, c->data, READ_SIZE);

	if (!n || (n < 0 && !would_block()))
		c->closed = true;
}
