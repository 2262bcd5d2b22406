#include "tests/bench/client.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REPLY_TIMEOUT_MS 20000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool client_connect(struct client *c, const char *path, double seconds)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	double end = now() + seconds;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	c->no_ack = false;
	c->packet_size = 0x400;
	c->have = c->used = 0;
	do {
		c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (!connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
			return true;
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

/* The next byte from the server, or -1 after a time-out or at the end. */
static int next_byte(struct client *c)
{
	if (c->used == c->have) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, REPLY_TIMEOUT_MS) <= 0)
			return -1;
		n = read(c->fd, c->in, sizeof(c->in));
		if (n <= 0)
			return -1;
		c->have = (size_t)n;
		c->used = 0;
	}
	return (uint8_t)c->in[c->used++];
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
	while ((byte = next_byte(c)) != '#') {
		if (byte < 0 || c->reply_len + 1 >= CLIENT_BUF)
			return false;
		if (byte == '*') {
			if (!expand(c))
				return false;
			continue;
		}
		if (byte == '}')
			byte = next_byte(c) ^ 0x20;
		c->reply[c->reply_len++] = (char)byte;
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
