/*
 * One debugging session: everything the stub knows about one client.
 *
 * Bytes go in through session_input(), replies collect in `out`, which the
 * connection's owner sends and consumes.  No sockets here, and no globals.
 *
 * A resume packet has no reply until the guest stops: `awaiting` is then set,
 * the owner fetches the stop with target_next_stop() and calls
 * session_stopped().
 *
 * Threading: server thread only.
 */
#ifndef STUB_SESSION_H
#define STUB_SESSION_H

#include "base/buf.h"
#include "base/cursor.h"
#include "stub/breakpoint.h"
#include "stub/rsp/frame.h"
#include "stub/rsp/reply.h"
#include "stub/target.h"
#include "xml/tdesc.h"

#define SESSION_EXPEDITED 4 /* rip, rsp, rbp, eflags */

#define SESSION_SAVED 8 /* sets of registers that LLDB may have kept */

/* Input is not read while this much output waits for a slow client; bytes. */
#define SESSION_OUT_HIGH (4 * FRAME_BODY_MAX)

/* Room for decoded memory: 64 KiB blocks and what a pattern adds. */
#define SESSION_SCRATCH (2 * FRAME_BODY_MAX)

enum session_end {
	SESSION_OPEN,
	SESSION_DETACHED, /* D: breakpoints are gone and the guest runs on */
	SESSION_LEFT,	/* D1 or a kill that only halts: the guest is halted */
	SESSION_KILLED, /* the client wants the guest gone */
};

/* Thread ids that name no single vCPU. */
enum {
	THREAD_ALL = -1,
	THREAD_ANY = -2
};

/* QEMU's single-step bits (qqemu.sstep). */
enum sstep_bits {
	SSTEP_ENABLE = 1 << 0,
	SSTEP_NOIRQ = 1 << 1,
	SSTEP_OFFERED = SSTEP_ENABLE | SSTEP_NOIRQ,
};

struct session_config {
	struct target *target;
	const struct tdesc *tdesc;
	struct bp_list *bps;
	bool kill_halts; /* vKill and k leave the guest halted, nothing more */
	bool owned;	 /* the guest ends when this client is gone */
	/*
	 * Send what is in `out` while a long command runs; false when nobody
	 * waits for it any more.  May be NULL.
	 */
	bool (*pump)(void *ctx);
	void *pump_ctx;
};

/* Registers of one vCPU, kept by QSaveRegisterState. */
struct saved_regs {
	uint32_t id; /* 0: free */
	unsigned int vcpu, groups;
	struct x86_state state;
};

struct session {
	struct session_config config;
	struct target *t; /* config.target */

	/* How it sees registers, since it read target.xml: rsp_take_view(). */
	const struct tdesc *tdesc; /* one of config.tdesc's */
	bool linear;		   /* pc and sp are linear addresses */

	struct frame_in in;
	struct buf out;	 /* bytes for the client */
	struct buf last; /* our last packet, to send again on '-' */
	size_t answer;	 /* where in `out` the answer at hand begins */
	struct reply reply;
	bool no_reply; /* the packet at hand is answered later, or never */
	char *scratch; /* SESSION_SCRATCH bytes */

	/* What the client said it understands. */
	bool no_ack, multiprocess, swbreak, hwbreak, extended;
	bool lldb, list_threads, detach_on_error;
	enum reply_errors errors;

	/* What it selected. */
	unsigned int hg;    /* vCPU of register and memory packets */
	int hc;		    /* of c and s: a vCPU, THREAD_ALL or THREAD_ANY */
	bool phys_mem;	    /* memory packets take guest-physical addresses */
	unsigned int sstep; /* enum sstep_bits */

	bool awaiting;	     /* a stop reply is due */
	uint64_t notes_lost; /* lines dropped: the client is slow */
	bool attaching;	     /* ... to vAttach, not to a resume */
	bool resumed;	     /* this session has run the guest */
	unsigned int seen;   /* the target's generation whose pc it knows */
	struct target_action *actions; /* [nvcpus] */
	/* Registers of every stop reply; NULL for one the client has not. */
	const struct tdesc_reg *expedited[SESSION_EXPEDITED];
	struct saved_regs *saved; /* [SESSION_SAVED], from the first one on */
	uint32_t saved_last;	  /* the id given last */
	struct buf threads; /* qXfer:threads, as of its read at offset 0 */
	struct buf maps;    /* /proc/1/maps, as of its opening */
	bool maps_open;

	enum session_end end;
};

bool session_init(struct session *s, const struct session_config *config,
		  struct err *err) MUST_CHECK;
void session_deinit(struct session *s);

/*
 * Handle bytes from the client.  Returns how many were consumed: fewer than
 * len when the session ended or too much output waits.
 */
size_t session_input(struct session *s, const char *data, size_t len);

/* The guest stopped while `awaiting`: send its text and the stop reply. */
void session_stopped(struct session *s, const struct target_stop *stop);

/*
 * Lines to show while the guest runs on; `awaiting` is set.  Dropped, and
 * counted in a line of its own, while the client reads too slowly.
 */
void session_note(struct session *s, const char *lines, size_t len);

/* The program ends with the guest: X reply when one is due. */
void session_killed(struct session *s, int signal);

/* ---- for the packet handlers ---- */

/*
 * A thread id as the client writes it: HEX, -1, 0, pPID.TID.  Gives a vCPU,
 * THREAD_ALL or THREAD_ANY; a thread that does not exist is an error.
 */
bool session_take_thread(struct session *s, struct cursor *c, int *thread,
			 struct err *err) MUST_CHECK;

/* The id of a vCPU as this client reads it: "2" or "p1.2". */
void session_put_thread(const struct session *s, unsigned int vcpu,
			struct buf *out);

/* Error for a packet whose fields do not parse.  Always false. */
bool session_malformed(struct err *err, const char *shape);

/*
 * Send these lines while the command at hand goes on.  No packet may be open.
 * False when nobody waits for it any more.
 */
bool session_progress(struct session *s, const char *text, size_t len);

/* Resume by s->actions.  The stop reply will be the answer. */
bool session_resume(struct session *s, struct err *err) MUST_CHECK;

#endif
