#include "stub/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "stub/clock.h"
#include "stub/rsp/reply.h"

#define LINGER_MS 2000

void refuse_init(struct refuse *r)
{
	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < REFUSE_MAX; i++)
		r->client[i].fd = -1;
}

static void drop(struct refused *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

void refuse_deinit(struct refuse *r)
{
	for (unsigned int i = 0; i < REFUSE_MAX; i++)
		drop(&r->client[i]);
}

static struct refused *free_place(struct refuse *r)
{
	struct refused *oldest = &r->client[0];

	for (unsigned int i = 0; i < REFUSE_MAX; i++) {
		if (r->client[i].fd < 0)
			return &r->client[i];
		if (r->client[i].deadline < oldest->deadline)
			oldest = &r->client[i];
	}
	drop(oldest);
	return oldest;
}

void refuse_add(struct refuse *r, int fd, const char *served_peer)
{
	struct refused *client = free_place(r);

	snprintf(r->text, sizeof(r->text),
		 "kvm-gdbserver serves one client at a time, and %s is "
		 "connected already",
		 served_peer);
	*client = (struct refused){.fd = fd, .deadline = now_ms() + LINGER_MS};
}

/*
 * The text answers the client's first packet: gdb throws away what comes
 * before it has asked.  A fresh socket takes so few bytes at once.
 */
static void tell(struct refuse *r, struct refused *client)
{
	struct buf out = BUF_INIT;
	struct reply reply;
	struct err err;

	err_set(&err, ERR_STATE, "%s", r->text);
	buf_byte(&out, '+');
	reply_begin(&reply, &out, REPLY_ERRORS_TEXT);
	reply_error(&reply, &err);
	reply_end(&reply);
	if (!out.failed)
		send(client->fd, out.data, out.len, MSG_NOSIGNAL);
	buf_deinit(&out);
	shutdown(client->fd, SHUT_WR);
	client->told = true;
}

void refuse_ready(struct refuse *r, unsigned int i)
{
	struct refused *client = &r->client[i];
	char data[4096];
	ssize_t n = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(client);
	else if (n > 0 && !client->told && memchr(data, '$', (size_t)n))
		tell(r, client);
}

int refuse_expire(struct refuse *r)
{
	int64_t now = now_ms(), next = -1;

	for (unsigned int i = 0; i < REFUSE_MAX; i++) {
		struct refused *client = &r->client[i];

		if (client->fd >= 0 && client->deadline <= now) {
			if (!client->told)
				tell(r, client);
			drop(client);
		}
		if (client->fd >= 0 &&
		    (next < 0 || client->deadline - now < next))
			next = client->deadline - now;
	}
	return (int)next;
}
