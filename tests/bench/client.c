#include "tests/bench/client.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REPLY_TIMEOUT_S 20

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool client_connect(struct client *c, const char *path, double seconds)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct timeval timeout = {.tv_sec = REPLY_TIMEOUT_S};
	double end = now() + seconds;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	c->no_ack = false;
	c->packet_size = 0x400;
	c->have = c->used = 0;
	do {
		c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (!connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
			return !setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO,
					   &timeout, sizeof(timeout));
		close(c->fd);
		usleep(200);
	} while (now() < end);
	c->fd = -1;
	return false;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static bool write_all(struct client *c, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(c->fd, data, len);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

bool client_send(struct client *c, const char *body, size_t len)
{
	uint8_t sum = 0;

	if (len + 4 > CLIENT_BUF)
		return false;
	c->out[0] = '$';
	memcpy(c->out + 1, body, len);
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + (uint8_t)body[i]);
	snprintf(c->out + 1 + len, 4, "#%02x", sum);
	return write_all(c, c->out, len + 4);
}

/* More bytes in c->in; false after a time-out or at the end. */
static bool fill(struct client *c)
{
	ssize_t n = read(c->fd, c->in, sizeof(c->in));

	c->used = c->have = 0;
	if (n <= 0)
		return false;
	c->have = (size_t)n;
	return true;
}

static int next_byte(struct client *c)
{
	if (c->used == c->have && !fill(c))
		return -1;
	return (uint8_t)c->in[c->used++];
}

/* Take the bytes up to the next one that means something. */
static bool take_plain(struct client *c)
{
	const char *from = c->in + c->used;
	size_t n = c->have - c->used;
	const char *stop;

	stop = memchr(from, '#', n);
	n = stop ? (size_t)(stop - from) : n;
	stop = memchr(from, '*', n);
	n = stop ? (size_t)(stop - from) : n;
	stop = memchr(from, '}', n);
	n = stop ? (size_t)(stop - from) : n;
	if (c->reply_len + n + 1 >= CLIENT_BUF)
		return false;
	memcpy(c->reply + c->reply_len, from, n);
	c->reply_len += n;
	c->used += n;
	return true;
}

/* Run-length: the byte before is repeated; the count is a printable byte. */
static bool expand(struct client *c)
{
	int n = next_byte(c) - 29;

	if (n < 1 || !c->reply_len || c->reply_len + (size_t)n >= CLIENT_BUF)
		return false;
	memset(c->reply + c->reply_len, c->reply[c->reply_len - 1], (size_t)n);
	c->reply_len += (size_t)n;
	return true;
}

bool client_receive(struct client *c)
{
	int byte;

	while ((byte = next_byte(c)) != '$')
		if (byte < 0)
			return false;
	c->reply_len = 0;
	while (take_plain(c) && (byte = next_byte(c)) != '#') {
		if (byte == '*' && expand(c))
			continue;
		if (byte == '*' || byte < 0 || c->reply_len + 1 >= CLIENT_BUF)
			return false;
		c->reply[c->reply_len++] =
			(char)(byte == '}' ? next_byte(c) ^ 0x20 : byte);
	}
	c->reply[c->reply_len] = '\0';
	if (next_byte(c) < 0 || next_byte(c) < 0)
		return false;
	return c->no_ack || write_all(c, "+", 1);
}

bool client_ask(struct client *c, const char *body)
{
	return client_send(c, body, strlen(body)) && client_receive(c);
}

bool client_negotiate(struct client *c)
{
	const char *size;

	if (!client_ask(c, "qSupported:swbreak+;hwbreak+;vContSupported+"))
		return false;
	size = strstr(c->reply, "PacketSize=");
	if (size)
		c->packet_size = strtoul(size + 11, NULL, 16);
	if (c->packet_size > CLIENT_BUF / 4)
		c->packet_size = CLIENT_BUF / 4;
	if (strstr(c->reply, "QStartNoAckMode+")) {
		if (!client_ask(c, "QStartNoAckMode"))
			return false;
		c->no_ack = !strcmp(c->reply, "OK");
	}
	return true;
}
