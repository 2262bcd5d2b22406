/*
 * A raw protocol client for measuring: one packet out, one reply in, over a
 * Unix socket, as fast as it goes.  Uses what gdb would: no acks, big packets
 * and binary writes where the server offers them.
 */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_BUF (1 << 20)

struct client {
	int fd;
	bool no_ack;
	size_t packet_size; /* body bytes the server takes */
	size_t have, used;  /* received, and consumed, bytes of in[] */
	char in[CLIENT_BUF];
	char out[CLIENT_BUF];
	char reply[CLIENT_BUF]; /* body of the last reply, NUL-terminated */
	size_t reply_len;
};

/* Try until `seconds` have passed. */
bool client_connect(struct client *c, const char *path, double seconds);
void client_close(struct client *c);

/* qSupported, and no-ack mode where offered. */
bool client_negotiate(struct client *c);

/* One request, one reply in c->reply.  Binary bodies are escaped already. */
bool client_send(struct client *c, const char *body, size_t len);
bool client_receive(struct client *c);
bool client_ask(struct client *c, const char *body);

#endif
