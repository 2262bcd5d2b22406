/*
 * The RSP server: a listening endpoint, at most one client, the target's
 * events, other descriptors of the program and the signals that end it, in one
 * poll loop.
 *
 * Threading: everything here runs in the server thread.  Call
 * server_block_signals() before the program makes any other thread: they
 * inherit the mask, and the loop reads the signals from a signalfd.
 */
#ifndef STUB_SERVER_H
#define STUB_SERVER_H

#include <stdbool.h>

#include "base/err.h"

struct target;
struct tdesc; /* xml/tdesc.h */
struct server;

/* Exit status of server_run() when a dead guest ends it (SERVER_ERROR_EXIT). */
#define SERVER_STATUS_GUEST_DIED 3

enum server_on_error {	   /* the guest died and nobody is attached */
	SERVER_ERROR_HALT, /* keep it for whoever comes to look */
	SERVER_ERROR_EXIT, /* end with SERVER_STATUS_GUEST_DIED */
};

enum server_on_kill { /* a client sent vKill or k */
	/*
	 * As gdbserver: an extended-remote client keeps the connection and may
	 * run again; another ends the server.  LLDB's "quit" (a bare k) only
	 * leaves the guest halted: it never asked about killing.
	 */
	SERVER_KILL_AUTO,
	SERVER_KILL_HALT, /* always only halt the guest */
};

/*
 * A descriptor that the loop watches for somebody else, such as the input of
 * the serial console.  fd() is asked before each wait: -1 means none now.
 */
struct server_input {
	int (*fd)(void *ctx);
	void (*ready)(void *ctx);
	void *ctx;
};

#define SERVER_MAX_INPUTS 4

struct server_config {
	/* ":PORT", "HOST:PORT", "[IPV6]:PORT", "unix:PATH" or "-" */
	const char *comm;
	bool once;	   /* serve one client only */
	bool run_at_start; /* do not wait for a client to say go */
	enum server_on_error on_error;
	const char *dump; /* first save the dead guest here, or NULL */
	enum server_on_kill on_kill;
	struct server_input inputs[SERVER_MAX_INPUTS];
	unsigned int n_inputs;
};

/* Block SIGINT and SIGTERM, ignore SIGPIPE and SIGXFSZ.  Main thread, first of
 * all. */
void server_block_signals(void);

/*
 * Open the endpoint (and say where on the log).  target and tdesc stay the
 * caller's and outlive the server.
 */
bool server_create(const struct server_config *config, struct target *target,
		   const struct tdesc *tdesc, struct server **server,
		   struct err *err) MUST_CHECK;
void server_destroy(struct server *server); /* NULL is fine */

/* Port of a TCP endpoint (for ":0"), 0 for the other kinds. */
unsigned int server_port(const struct server *server);

/*
 * Serve until it is over.  Returns the program's exit status: the guest's own
 * when it ended itself, SERVER_STATUS_GUEST_DIED, 128 + N after signal N, 0
 * after a kill or when the only client is gone, 1 (with a log line) when the
 * loop itself failed.
 */
int server_run(struct server *server);

#endif
