/*
 * The COMM argument: where a client connects.
 *
 *   :PORT         TCP on the loopback addresses, IPv4 and IPv6
 *   HOST:PORT     TCP on that name or address; [ADDR]:PORT for IPv6
 *   unix:PATH     a Unix socket, created with mode 0600
 *   -             stdin and stdout, for `target remote | kvm-gdbserver - ...`
 *
 * Port 0 lets the system choose.
 */
#ifndef STUB_COMM_H
#define STUB_COMM_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"

#define COMM_MAX_SOCKETS 4

enum comm_kind {
	COMM_TCP,
	COMM_UNIX,
	COMM_STDIO,
};

struct comm {
	enum comm_kind kind;
	int fd[COMM_MAX_SOCKETS]; /* listening, non-blocking */
	unsigned int fds;
	unsigned int port;					/* COMM_TCP */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* COMM_UNIX */
	dev_t dev; /* of the socket file that is ours */
	ino_t ino;
};

struct comm_spec { /* a COMM taken apart */
	enum comm_kind kind;
	char host[NI_MAXHOST]; /* COMM_TCP; empty: the loopback addresses */
	unsigned int port;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

bool comm_parse(const char *text, struct comm_spec *spec,
		struct err *err) MUST_CHECK;

/* Open the endpoint; says on the log where it listens, and warns. */
bool comm_open(const char *text, struct comm *comm, struct err *err) MUST_CHECK;
/* Close, and remove the socket file if it is still ours. */
void comm_close(struct comm *comm);

/*
 * Take a connection from listening socket i: non-blocking, without delay.
 * `peer` gets a name for messages.  -1 when there is none after all.
 */
int comm_accept(struct comm *comm, unsigned int i, char *peer, size_t size);

#endif
