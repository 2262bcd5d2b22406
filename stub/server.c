#include "stub/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/clock.h"
#include "stub/server_impl.h"

/* How long a client that is done may take to read our last words; ms. */
#define LINGER_MS 2000

/* How long a newcomer waits for the one who is served to leave; ms. */
#define MAKE_WAY_MS 300

struct watch {
	void (*ready)(struct server *s, unsigned int arg);
	unsigned int arg;
};

#define MAX_WATCHES (4 + COMM_MAX_SOCKETS + SERVER_MAX_INPUTS + REFUSE_MAX)

struct watches {
	struct pollfd fd[MAX_WATCHES];
	struct watch watch[MAX_WATCHES];
	unsigned int n;
};

void server_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the write fails, and says so */
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ---- the client ---- */

/* This program, and the guest with it, ends when its client is gone. */
static bool ends_with_client(const struct server *s)
{
	return s->config.once || s->comm.kind == COMM_STDIO;
}

static void client_gone(struct server *s)
{
	enum session_end end = s->conn.session.end;
	bool go_on = s->conn.session.detach_on_error;

	conn_deinit(&s->conn);
	s->state = CLIENT_NONE;
	s->refuse_at = 0;
	if (end == SESSION_KILLED) {
		server_finish(s, 0);
		return;
	}
	server_check_end(s);
	if (ends_with_client(s)) {
		if (!s->over)
			server_finish(s, 0);
		return;
	}
	if (end != SESSION_OPEN)
		return;
	if (s->target->running) {
		s->after = go_on ? AFTER_STOP_GO_ON : AFTER_STOP_HALT;
		target_interrupt(s->target, 0);
		return;
	}
	server_remove_breakpoints(s);
	if (go_on && !s->target->dead)
		server_resume_all(s);
	else
		log_msg(LOG_INFO, "the client is gone; the guest stays halted");
}

static void start_linger(struct server *s)
{
	if (s->state == CLIENT_LINGERING || !conn_drained(&s->conn))
		return;
	conn_shutdown(&s->conn);
	s->state = CLIENT_LINGERING;
	s->linger_until = now_ms() + LINGER_MS;
	if (s->conn.session.end == SESSION_DETACHED)
		log_msg(LOG_INFO, "%s detached%s", s->conn.peer,
			s->conn.session.config.owned ? "; the guest ends"
			: s->target->running	     ? "; the guest runs on"
						     : "");
}

static void check_client(struct server *s)
{
	if (s->conn.closed)
		client_gone(s);
	else if (s->conn.session.end != SESSION_OPEN)
		start_linger(s);
}

static void on_stop(struct server *s, unsigned int arg)
{
	struct target_stop stop;
	bool stopped = target_next_stop(s->target, &stop);

	server_tell_notes(s);
	if (!stopped) {
		if (s->state == CLIENT_SERVED)
			check_client(s);
		return;
	}
	if (s->state == CLIENT_SERVED && s->conn.session.awaiting) {
		session_stopped(&s->conn.session, &stop);
		conn_output(&s->conn);
		check_client(s);
	} else if (s->state == CLIENT_WAITING) {
		s->state = CLIENT_SERVED;
		s->after = AFTER_STOP_REPORT;
		server_remove_breakpoints(s);
		server_report_stop(s, &stop);
	} else {
		server_stop_unattended(s, &stop);
	}
}

static void client_in(struct server *s, unsigned int arg)
{
	if (s->state == CLIENT_WAITING)
		s->conn.closed = true; /* only its end was watched for */
	else if (s->conn.session.end != SESSION_OPEN)
		conn_discard(&s->conn);
	else
		conn_input(&s->conn);
	check_client(s);
	/* A single step may be over before the loop could ask. */
	if (s->state == CLIENT_SERVED && s->conn.session.awaiting)
		on_stop(s, 0);
}

static void client_out(struct server *s, unsigned int arg)
{
	if (s->state == CLIENT_NONE)
		return;
	conn_output(&s->conn);
	check_client(s);
}

/* While a long command runs: its progress goes out; who ends it? */
static bool pump_client(void *ctx)
{
	struct server *s = ctx;
	struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};

	return conn_pump(&s->conn) && poll(&p, 1, 0) <= 0;
}

static void client_start(struct server *s, int in, int out, const char *peer)
{
	const struct session_config config = {
		.target = s->target,
		.tdesc = s->tdesc,
		.bps = &s->bps,
		.kill_halts = s->config.on_kill == SERVER_KILL_HALT,
		.owned = ends_with_client(s) && s->target->caps.can_run,
		.pump = pump_client,
		.pump_ctx = s,
	};
	struct err err;

	if (!conn_init(&s->conn, in, out, peer, &config, &err)) {
		log_msg(LOG_ERROR, "%s", err.msg);
		if (s->comm.kind == COMM_STDIO)
			server_finish(s, 1);
		return;
	}
	s->had_client = true;
	s->state = CLIENT_SERVED;
	if (s->target->running) {
		s->state = CLIENT_WAITING;
		target_interrupt(s->target, 0);
	}
	if (s->comm.kind != COMM_STDIO)
		log_msg(LOG_INFO, "%s connected", peer);
}

static void refuse(struct server *s, int fd, const char *peer)
{
	log_msg(LOG_WARN, "refused %s: %s is connected, one client at a time",
		peer, s->conn.peer);
	refuse_add(&s->refuse, fd, s->conn.peer);
}

static bool taken(const struct server *s)
{
	return s->state == CLIENT_SERVED || s->state == CLIENT_WAITING;
}

/*
 * A client that is leaving may have sent more than a socket takes at once, and
 * its end of file comes after all of that.  So newcomers are refused only when
 * the client that is served has had the time to go.
 */
static void on_newcomers(struct server *s, unsigned int arg)
{
	char peer[64];
	int fd;

	if (!s->refuse_at)
		s->refuse_at = now_ms() + MAKE_WAY_MS;
	if (now_ms() < s->refuse_at)
		return;
	for (unsigned int i = 0; i < REFUSE_MAX; i++) {
		fd = comm_accept(&s->comm, arg, peer, sizeof(peer));
		if (fd < 0)
			break;
		refuse(s, fd, peer);
	}
	s->refuse_at = 0;
}

static void on_accept(struct server *s, unsigned int arg)
{
	char peer[64];
	int fd;

	if (taken(s)) {
		on_newcomers(s, arg);
		return;
	}
	fd = comm_accept(&s->comm, arg, peer, sizeof(peer));
	if (fd < 0)
		return;
	if (s->state == CLIENT_LINGERING)
		client_gone(s);
	if (s->over)
		close(fd);
	else
		client_start(s, fd, fd, peer);
}

/* ---- events ---- */

static void on_signal(struct server *s, unsigned int arg)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (s->state == CLIENT_SERVED) {
		session_killed(&s->conn.session, GDB_SIGNAL_TERM);
		conn_output(&s->conn);
	}
	server_finish(s, 128 + (int)info.ssi_signo);
}

static void on_input(struct server *s, unsigned int arg)
{
	s->config.inputs[arg].ready(s->config.inputs[arg].ctx);
}

static void on_refused(struct server *s, unsigned int arg)
{
	refuse_ready(&s->refuse, arg);
}

/* ---- the loop ---- */

static void watch(struct watches *w, int fd, short events,
		  void (*ready)(struct server *, unsigned int),
		  unsigned int arg)
{
	if (fd < 0)
		return;
	w->fd[w->n] = (struct pollfd){.fd = fd, .events = events};
	w->watch[w->n++] = (struct watch){.ready = ready, .arg = arg};
}

static void watch_client(struct server *s, struct watches *w)
{
	struct conn *c = &s->conn;
	short in = conn_in_events(c), out = conn_out_events(c);

	if (s->state == CLIENT_WAITING) {
		watch(w, c->in, POLLRDHUP, client_in, 0);
	} else if (c->in == c->out && in && out) {
		watch(w, c->in, in, client_in, 0);
		watch(w, c->out, out, client_out, 0);
	} else {
		if (in || !out)
			watch(w, c->in, in, client_in, 0);
		if (out)
			watch(w, c->out, out, client_out, 0);
	}
}

/* In the order in which they are handled: an end of file before an accept. */
static void collect(struct server *s, struct watches *w)
{
	w->n = 0;
	watch(w, s->signal_fd, POLLIN, on_signal, 0);
	if (s->state != CLIENT_NONE)
		watch_client(s, w);
	watch(w, target_event_fd(s->target), POLLIN, on_stop, 0);
	for (unsigned int i = 0; i < s->config.n_inputs; i++)
		watch(w, s->config.inputs[i].fd(s->config.inputs[i].ctx),
		      POLLIN, on_input, i);
	for (unsigned int i = 0; i < REFUSE_MAX; i++)
		watch(w, s->refuse.client[i].fd, POLLIN, on_refused, i);
	if (taken(s) && now_ms() < s->refuse_at)
		return;
	for (unsigned int i = 0; i < s->comm.fds; i++)
		watch(w, s->comm.fd[i], POLLIN, on_accept, i);
}

/* The sooner of two time-outs of poll(2): -1 is never. */
static int sooner(int timeout, int64_t at)
{
	int64_t left = at - now_ms();

	if (left < 0)
		left = 0;
	return timeout < 0 || left < timeout ? (int)left : timeout;
}

static int next_timeout(struct server *s)
{
	int timeout = refuse_expire(&s->refuse);

	if (s->state == CLIENT_LINGERING)
		timeout = sooner(timeout, s->linger_until);
	if (taken(s) && now_ms() < s->refuse_at)
		timeout = sooner(timeout, s->refuse_at);
	return timeout;
}

static void dispatch(struct server *s, const struct watches *w)
{
	for (unsigned int i = 0; i < w->n && !s->over; i++)
		if (w->fd[i].revents)
			w->watch[i].ready(s, w->watch[i].arg);
	if (s->state == CLIENT_LINGERING && !s->over &&
	    now_ms() >= s->linger_until)
		client_gone(s);
}

static bool turn(struct server *s)
{
	struct watches w;
	int timeout = next_timeout(s);

	collect(s, &w);
	if (spin_poll(&s->spin, w.fd, w.n, timeout) < 0) {
		if (errno == EINTR)
			return true;
		log_msg(LOG_ERROR, "poll: %s", strerror(errno));
		return false;
	}
	dispatch(s, &w);
	return true;
}

int server_run(struct server *s)
{
	if (s->comm.kind == COMM_STDIO)
		client_start(s, STDIN_FILENO, STDOUT_FILENO, "stdin");
	/* On stdin the client is there already, and says go itself. */
	if (s->config.run_at_start && s->state == CLIENT_NONE && !s->over)
		server_resume_all(s);
	while (!s->over)
		if (!turn(s))
			return 1;
	return s->status;
}

unsigned int server_port(const struct server *s)
{
	return s->comm.port;
}

bool server_create(const struct server_config *config, struct target *target,
		   const struct tdesc *tdesc, struct server **server,
		   struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, ERR_LIMIT, "no memory for the server");
	s->config = *config;
	s->target = target;
	s->tdesc = tdesc;
	s->signal_fd = -1;
	bp_list_init(&s->bps);
	target->bps = &s->bps;
	refuse_init(&s->refuse);
	s->go = calloc(target->nvcpus, sizeof(*s->go));
	if (!s->go) {
		err_set(err, ERR_LIMIT, "no memory for the server");
		goto fail;
	}
	for (unsigned int i = 0; i < target->nvcpus; i++)
		s->go[i].kind = ACTION_CONTINUE;
	s->signal_fd = open_signals();
	if (s->signal_fd < 0) {
		err_set_errno(err, ERR_IO, "cannot watch for signals");
		goto fail;
	}
	if (!comm_open(config->comm, &s->comm, err))
		goto fail;
	*server = s;
	return true;
fail:
	server_destroy(s);
	return false;
}

void server_destroy(struct server *s)
{
	if (!s)
		return;
	if (s->state != CLIENT_NONE)
		conn_deinit(&s->conn);
	refuse_deinit(&s->refuse);
	comm_close(&s->comm);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	s->target->bps = NULL;
	bp_list_deinit(&s->bps);
	free(s->go);
	free(s);
}
