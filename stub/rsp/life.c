/*
 * Packets about the guest's whole life and the client's hold on it: ? ! D k R
 * vKill vRun vAttach qAttached (GDB manual, "Packets").
 */
#include <string.h>

#include "base/log.h"
#include "stub/rsp/rsp.h"

bool rsp_why_stopped(struct session *s, struct cursor *c, struct err *err)
{
	rsp_put_stop(s, &s->t->last);
	return true;
}

bool rsp_extended(struct session *s, struct cursor *c, struct err *err)
{
	s->extended = true;
	return rsp_ok(s);
}

/* A process id: there is one process, the guest. */
static bool take_process(struct cursor *c, struct err *err)
{
	uint64_t pid = cur_hex(c);

	if (!cur_done(c))
		return session_malformed(err, "process id");
	if (pid != 1)
		return err_set(err, ERR_NOT_FOUND,
			       "no process %llx: the guest is process 1",
			       (unsigned long long)pid);
	return true;
}

/*
 * "1": the guest was there before the client and stays, so gdb's quit detaches
 * from it.  "0": it is this client's, and gdb says that it will be killed.
 */
bool rsp_attached(struct session *s, struct cursor *c, struct err *err)
{
	if (cur_left(c)) {
		cur_expect(c, ':');
		if (!take_process(c, err))
			return false;
	}
	reply_text(&s->reply, s->config.owned ? "0" : "1");
	return true;
}

bool rsp_attach(struct session *s, struct cursor *c, struct err *err)
{
	cur_expect(c, ';');
	if (!take_process(c, err))
		return false;
	if (!s->t->running) {
		rsp_put_stop(s, &s->t->last);
		return true;
	}
	target_interrupt(s->t, s->hg);
	s->awaiting = true;
	s->attaching = true;
	s->no_reply = true;
	return true;
}

bool rsp_let_go(struct session *s, struct err *err)
{
	bp_release_all(s->config.bps);
	if (s->t->dead || !s->t->caps.can_run)
		return bp_sync(s->config.bps, s->t, err);
	for (unsigned int i = 0; i < s->t->nvcpus; i++)
		s->actions[i] = (struct target_action){.kind = ACTION_CONTINUE};
	return bp_sync(s->config.bps, s->t, err) &&
	       target_resume(s->t, s->actions, err);
}

/* D, D;PID, and LLDB's D1 or D1;PID: detach and leave the guest halted */
bool rsp_detach(struct session *s, struct cursor *c, struct err *err)
{
	bool stay = cur_accept(c, '1');

	if (cur_left(c)) {
		cur_expect(c, ';');
		if (!take_process(c, err))
			return false;
	}
	if (stay)
		bp_release_all(s->config.bps);
	else if (!rsp_let_go(s, err))
		return false;
	if (!s->extended)
		s->end = stay ? SESSION_LEFT : SESSION_DETACHED;
	return rsp_ok(s);
}

/* The guest is halted already; what "gone" means depends on who asks. */
static void kill_guest(struct session *s)
{
	bp_release_all(s->config.bps);
	if (s->config.kill_halts) {
		log_msg(LOG_INFO, "killed by the client: the guest is halted");
		if (!s->extended)
			s->end = SESSION_LEFT;
	} else if (!s->extended) {
		s->end = SESSION_KILLED;
	}
}

bool rsp_kill(struct session *s, struct cursor *c, struct err *err)
{
	/* Without multiprocess gdb makes a process id up. */
	cur_expect(c, ';');
	if (s->multiprocess ? !take_process(c, err) : !cur_ok(c))
		return session_malformed(err, "vKill;PID");
	kill_guest(s);
	return rsp_ok(s);
}

/*
 * k has no reply for gdb.  LLDB sends it when the user merely quits, and waits
 * for a reply; the guest is then left halted for the next client.
 */
bool rsp_kill_now(struct session *s, struct cursor *c, struct err *err)
{
	if (!s->lldb) {
		kill_guest(s);
		s->no_reply = true;
		return true;
	}
	bp_release_all(s->config.bps);
	log_msg(LOG_INFO, "LLDB left: the guest stays halted");
	s->end = SESSION_LEFT;
	reply_text(&s->reply, "X09");
	return true;
}

static bool reset(struct session *s, struct err *err)
{
	if (!target_reset(s->t, err))
		return false;
	s->hg = 0;
	s->hc = THREAD_ANY;
	s->resumed = false;
	return true;
}

/*
 * vRun;FILE[;ARGUMENT]...: the image and its command line were given when the
 * program started, so only an empty FILE and no arguments are possible.
 */
bool rsp_run(struct session *s, struct cursor *c, struct err *err)
{
	cur_expect(c, ';');
	if (cur_left(c) && cur_peek(c) != ';')
		return err_set(err, ERR_UNSUPPORTED,
			       "the guest's image was chosen when "
			       "kvm-gdbserver started; use 'set remote "
			       "exec-file' with no name");
	while (cur_accept(c, ';'))
		;
	if (!cur_done(c))
		return err_set(err, ERR_UNSUPPORTED,
			       "the guest's command line was given when "
			       "kvm-gdbserver started (--append); use 'set "
			       "args' with nothing");
	if (!reset(s, err))
		return false;
	rsp_put_stop(s, &s->t->last);
	return true;
}

/* RXX: like vRun, without a reply */
bool rsp_restart(struct session *s, struct cursor *c, struct err *err)
{
	uint8_t unused;

	cur_hex_bytes(c, &unused, 1);
	if (!cur_done(c))
		return session_malformed(err, "RXX");
	if (!reset(s, err))
		return false;
	s->no_reply = true;
	return true;
}
