/*
 * The server's state, shared by stub/server*.c only.
 */
#ifndef STUB_SERVER_IMPL_H
#define STUB_SERVER_IMPL_H

#include "stub/breakpoint.h"
#include "stub/comm.h"
#include "stub/conn.h"
#include "stub/refuse.h"
#include "stub/spin.h"
#include "stub/server.h"
#include "stub/target.h"

/*
 * The client, if any:
 *
 *   NONE ----> WAITING ----> SERVED ----> LINGERING ----> NONE
 *              the guest     packets      we are done;
 *              is asked      come and     its last reply
 *              to stop       go           is on the way
 *
 * An end of file leads to NONE from everywhere.
 */
enum client_state {
	CLIENT_NONE,
	CLIENT_WAITING,
	CLIENT_SERVED,
	CLIENT_LINGERING,
};

/* What to do with the stop that an interrupt of ours will bring. */
enum after_stop {
	AFTER_STOP_REPORT, /* nobody asked: an event of the guest's own */
	AFTER_STOP_HALT,   /* the client is gone: stay halted */
	AFTER_STOP_GO_ON,  /* the client is gone and wanted a detach */
};

struct server {
	struct server_config config;
	struct target *target;
	const struct tdesc *tdesc;
	struct bp_list bps;
	struct target_action *go; /* [nvcpus], all ACTION_CONTINUE */

	struct comm comm;
	int signal_fd;
	enum client_state state;
	struct conn conn;      /* unless CLIENT_NONE */
	int64_t linger_until;  /* CLIENT_LINGERING; ms */
	int64_t refuse_at;     /* a newcomer, if nobody has left by then; ms */
	enum after_stop after; /* while nobody is served */
	struct refuse refuse;
	struct spin spin;

	unsigned int resets;  /* by the guest, with nobody attached */
	unsigned int catches; /* stops at catchpoints, likewise */
	bool had_client;      /* somebody has come since the start */
	bool dumped;	      /* config.dump has the guest that is dead now */
	bool over;
	int status;
};

/* ---- server_guest.c: the guest while no client decides ---- */

/* The loop ends after this event, with this exit status. */
void server_finish(struct server *s, int status);
/* Nobody is attached to a guest that may have died: does that end it all? */
void server_check_end(struct server *s);
bool server_resume_all(struct server *s);
void server_remove_breakpoints(struct server *s);
/* The story of a stop, to the log. */
void server_report_stop(struct server *s, const struct target_stop *stop);
/* Lines of catchpoints that only notify: to the client, or to the log. */
void server_tell_notes(struct server *s);
/* A stop that no client waits for. */
void server_stop_unattended(struct server *s, const struct target_stop *stop);

#endif
