#include "stub/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stub/rsp/rsp.h"
#include "stub/stuck.h"
#include "stub/trace.h"

bool session_init(struct session *s, const struct session_config *config,
		  struct err *err)
{
	unsigned int nvcpus = config->target->nvcpus;

	*s = (struct session){
		.config = *config,
		.t = config->target,
		.hc = THREAD_ANY,
		.sstep = SSTEP_ENABLE | SSTEP_NOIRQ,
		.seen = config->target->generation,
	};
	if (s->t->last.vcpu < nvcpus)
		s->hg = s->t->last.vcpu;
	rsp_take_view(s);
	if (!frame_init(&s->in, err))
		return false;
	s->scratch = malloc(SESSION_SCRATCH);
	s->actions = calloc(nvcpus, sizeof(*s->actions));
	if (!s->scratch || !s->actions) {
		session_deinit(s);
		return err_set(err, ERR_LIMIT, "no memory for a session");
	}
	return true;
}

void session_deinit(struct session *s)
{
	frame_deinit(&s->in);
	buf_deinit(&s->out);
	buf_deinit(&s->last);
	buf_deinit(&s->threads);
	buf_deinit(&s->maps);
	free(s->scratch);
	free(s->actions);
	free(s->saved);
	s->saved = NULL;
	s->scratch = NULL;
	s->actions = NULL;
}

/* Everything from `start` on was sent as one answer. */
static void sent(struct session *s, size_t start)
{
	if (s->out.failed)
		return;
	trace_output(s->out.data + start, s->out.len - start);
	if (s->no_ack)
		return;
	buf_clear(&s->last);
	buf_append(&s->last, s->out.data + start, s->out.len - start);
}

static void ack(struct session *s, char byte)
{
	if (!s->no_ack)
		buf_byte(&s->out, (uint8_t)byte);
}

bool session_progress(struct session *s, const char *text, size_t len)
{
	bool on;

	reply_console(&s->out, text, len);
	if (!s->config.pump)
		return true;
	sent(s, s->answer);
	on = s->config.pump(s->config.pump_ctx);
	s->answer = s->out.len;
	return on;
}

static void on_packet(struct session *s)
{
	trace_input(s->in.body, s->in.len);
	ack(s, '+');
	s->answer = s->out.len;
	s->no_reply = false;
	reply_begin(&s->reply, &s->out, s->errors);
	packet_dispatch(s, s->in.body, s->in.len);
	if (s->no_reply) {
		reply_cancel(&s->reply);
		return;
	}
	reply_end(&s->reply);
	sent(s, s->answer);
}

static void on_overlong(struct session *s)
{
	struct err err;
	size_t start;

	ack(s, '+');
	start = s->out.len;
	err_set(&err, ERR_LIMIT, "a packet of %zu bytes; PacketSize is 0x%x",
		s->in.len, FRAME_BODY_MAX);
	log_msg(LOG_WARN, "the client sent %s", err.msg);
	reply_begin(&s->reply, &s->out, s->errors);
	reply_error(&s->reply, &err);
	reply_end(&s->reply);
	sent(s, start);
}

static void on_event(struct session *s, enum frame_event event)
{
	switch (event) {
	case FRAME_PACKET:
		on_packet(s);
		break;
	case FRAME_OVERLONG:
		on_overlong(s);
		break;
	case FRAME_BAD_CHECKSUM:
		ack(s, '-');
		break;
	case FRAME_NACK:
		if (!s->no_ack)
			buf_append(&s->out, s->last.data, s->last.len);
		break;
	case FRAME_ACK:
		buf_clear(&s->last);
		break;
	case FRAME_INTERRUPT:
		/* One that crosses a stop reply asks for nothing more. */
		if (s->awaiting)
			target_interrupt(s->t, s->hg);
		break;
	case FRAME_NONE:
		break;
	}
}

size_t session_input(struct session *s, const char *data, size_t len)
{
	enum frame_event event;
	size_t done = 0;

	while (done < len && s->end == SESSION_OPEN &&
	       s->out.len < SESSION_OUT_HIGH && !s->out.failed) {
		done += frame_feed(&s->in, data + done, len - done, &event);
		on_event(s, event);
	}
	return done;
}

/* Hits are counted by linear address; only code breakpoints need the pc. */
static void count_hit(struct session *s, const struct target_stop *stop)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct x86_state *state;
	struct err err;

	if (stop->kind != STOP_SWBREAK && stop->kind != STOP_HWBREAK &&
	    stop->kind != STOP_WATCH)
		return;
	state = target_state(s->t, stop->vcpu, groups, &err);
	if (state)
		bp_hit(s->config.bps, stop, x86_linear_pc(state));
}

static void tell_lost(struct session *s)
{
	char line[80];

	if (!s->notes_lost)
		return;
	snprintf(line, sizeof(line),
		 "(%" PRIu64 " lines left out: they came faster than they "
		 "were read)\n",
		 s->notes_lost);
	s->notes_lost = 0;
	reply_console(&s->out, line, strlen(line));
}

void session_note(struct session *s, const char *lines, size_t len)
{
	if (s->out.len < SESSION_OUT_HIGH) {
		tell_lost(s);
		reply_console(&s->out, lines, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		s->notes_lost += lines[i] == '\n';
}

/* The user has stopped a guest that may hang: say so when it is certain. */
static void tell_stuck(struct session *s)
{
	struct buf line = BUF_INIT;

	stuck_line(s->t, &line);
	if (line.len)
		reply_console(&s->out, line.data, line.len);
	buf_deinit(&line);
}

/* The client shows a pc that is not where its breakpoint is. */
static void tell_offset(struct session *s, const struct target_stop *stop)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct x86_state *state;
	struct err err;
	char line[160];

	if ((stop->kind != STOP_SWBREAK && stop->kind != STOP_HWBREAK) ||
	    rsp_pc_is_linear(s, stop->vcpu))
		return;
	state = target_state(s->t, stop->vcpu, groups, &err);
	if (!state)
		return;
	snprintf(line, sizeof(line),
		 "breakpoint at linear address 0x%" PRIx64 ": pc is an offset "
		 "into CS, base 0x%" PRIx64 " (`monitor arch linear on` adds "
		 "it)\n",
		 x86_linear_pc(state), state->seg[X86_CS].base);
	reply_console(&s->out, line, strlen(line));
}

void session_stopped(struct session *s, const struct target_stop *stop)
{
	size_t start = s->out.len;

	s->awaiting = false;
	if (!s->attaching)
		s->resumed = true;
	s->hg = stop->vcpu;
	count_hit(s, stop);
	tell_lost(s);
	if (stop->text)
		reply_console(&s->out, stop->text, strlen(stop->text));
	else if (stop->kind == STOP_INTERRUPT && s->resumed && !s->attaching)
		tell_stuck(s);
	tell_offset(s, stop);
	reply_begin(&s->reply, &s->out, s->errors);
	rsp_put_stop(s, stop);
	reply_end(&s->reply);
	s->attaching = false;
	sent(s, start);
}

void session_killed(struct session *s, int signal)
{
	size_t start = s->out.len;

	if (!s->awaiting)
		return;
	s->awaiting = false;
	reply_begin(&s->reply, &s->out, s->errors);
	reply_printf(&s->reply, "X%02x%s", (unsigned int)signal,
		     s->multiprocess ? ";process:1" : "");
	reply_end(&s->reply);
	sent(s, start);
}

/*
 * One id: HEX, 0 (any) or -1 (all).  Process ids and thread ids look alike.
 */
static int64_t take_id(struct cursor *c)
{
	uint64_t id;

	if (cur_accept_str(c, "-1"))
		return THREAD_ALL;
	id = cur_hex(c);
	if (id > INT32_MAX)
		cur_fail(c);
	return id ? (int64_t)id : THREAD_ANY;
}

bool session_take_thread(struct session *s, struct cursor *c, int *thread,
			 struct err *err)
{
	int64_t pid = 1, tid = THREAD_ALL;

	if (cur_accept(c, 'p')) {
		pid = take_id(c);
		if (cur_accept(c, '.'))
			tid = take_id(c);
		if (pid == THREAD_ALL && tid > 0)
			cur_fail(c);
	} else {
		tid = take_id(c);
	}
	if (!cur_ok(c))
		return session_malformed(err, "thread id");
	if (pid > 1)
		return err_set(err, ERR_NOT_FOUND,
			       "no process %" PRIx64 ": the guest is process 1",
			       (uint64_t)pid);
	if (tid > (int64_t)s->t->nvcpus)
		return err_set(err, ERR_NOT_FOUND,
			       "no thread %" PRIx64 ": the guest's vCPUs are "
			       "threads 1 to %x",
			       (uint64_t)tid, s->t->nvcpus);
	*thread = tid > 0 ? (int)tid - 1 : (int)tid;
	return true;
}

void session_put_thread(const struct session *s, unsigned int vcpu,
			struct buf *out)
{
	buf_printf(out, s->multiprocess ? "p1.%x" : "%x", vcpu + 1);
}

bool session_malformed(struct err *err, const char *shape)
{
	return err_set(err, ERR_MALFORMED, "malformed packet: expected %s",
		       shape);
}

/* Console text ahead of the reply, which is built anew. */
static void tell_first(struct session *s, const struct err *err)
{
	reply_cancel(&s->reply);
	reply_console(&s->out, err->msg, strlen(err->msg));
	reply_console(&s->out, "\n", 1);
	reply_begin(&s->reply, &s->out, s->errors);
}

/*
 * The guest was not resumed.  A client that reads only error numbers still
 * prints console text while it waits for a stop reply, so the reason reaches
 * the user that way.  LLDB hangs up on an error: it gets the last stop again.
 */
static bool stay(struct session *s, const struct err *err)
{
	if (s->lldb || s->errors == REPLY_ERRORS_NUMBER)
		tell_first(s, err);
	if (!s->lldb)
		return false;
	rsp_put_stop(s, &s->t->last);
	return true;
}

/*
 * After `monitor reset` a client still believes that the guest is where it was:
 * clients read registers again at a stop only.  So its next step runs nothing
 * and stops where the guest is.
 */
static bool stop_instead(struct session *s)
{
	struct target_stop here = {.kind = STOP_STEP,
				   .signal = GDB_SIGNAL_TRAP};

	if (s->seen == s->t->generation)
		return false;
	s->seen = s->t->generation;
	for (; here.vcpu < s->t->nvcpus; here.vcpu++) {
		enum target_action_kind kind = s->actions[here.vcpu].kind;

		if (kind != ACTION_STEP && kind != ACTION_RANGE)
			continue;
		s->hg = here.vcpu;
		rsp_put_stop(s, &here);
		return true;
	}
	return false;
}

bool session_resume(struct session *s, struct err *err)
{
	bool ok;

	if (stop_instead(s))
		return true;
	target_set_step_irqs(s->t, s->sstep & SSTEP_NOIRQ);
	ok = (s->t->dead || !s->t->caps.can_run ||
	      bp_sync(s->config.bps, s->t, err)) &&
	     target_resume(s->t, s->actions, err);
	if (!ok)
		return stay(s, err);
	s->awaiting = true;
	s->no_reply = true;
	return true;
}
