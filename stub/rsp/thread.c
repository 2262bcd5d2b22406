/* Threads are vCPUs: vCPU N is thread N + 1 of process 1. */
#include <string.h>

#include "stub/rsp/rsp.h"

/* Hg or Hc, then a thread id */
bool rsp_select_thread(struct session *s, struct cursor *c, struct err *err)
{
	bool general = cur_accept(c, 'g');
	int thread;

	if (!general)
		cur_expect(c, 'c');
	if (!cur_ok(c))
		return session_malformed(err, "Hg or Hc");
	if (!session_take_thread(s, c, &thread, err))
		return false;
	if (!cur_done(c))
		return session_malformed(err, "thread id");
	if (!general)
		s->hc = thread;
	else if (thread >= 0)
		s->hg = (unsigned int)thread;
	return rsp_ok(s);
}

bool rsp_thread_alive(struct session *s, struct cursor *c, struct err *err)
{
	int thread;

	if (!session_take_thread(s, c, &thread, err))
		return false;
	if (!cur_done(c))
		return session_malformed(err, "thread id");
	return rsp_ok(s);
}

bool rsp_current_thread(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "QC");
	session_put_thread(s, s->hg, s->reply.out);
	return true;
}

bool rsp_threads_first(struct session *s, struct cursor *c, struct err *err)
{
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		reply_text(&s->reply, i ? "," : "m");
		session_put_thread(s, i, s->reply.out);
	}
	return true;
}

bool rsp_threads_next(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "l");
	return true;
}

static const char *run_state_text(enum x86_run_state state)
{
	switch (state) {
	case X86_RUNNABLE:
		return "";
	case X86_WAIT_INIT:
		return " not started";
	case X86_WAIT_SIPI:
		return " waiting for SIPI";
	case X86_HALTED:
		return " halted";
	}
	return "";
}

void rsp_describe_vcpu(struct session *s, unsigned int vcpu, struct buf *out)
{
	const struct x86_state *state;
	struct err err;

	state = target_state(s->t, vcpu, X86_GROUP_GPR | X86_GROUP_SYS, &err);
	if (!state) {
		buf_str(out, "state unknown");
		return;
	}
	buf_printf(out, "%s CPL%u", x86_mode_name(x86_mode(state)),
		   x86_cpl(state));
	state = target_state(s->t, vcpu, X86_GROUP_EVENT, &err);
	if (state)
		buf_str(out, run_state_text(state->run_state));
}

bool rsp_thread_extra(struct session *s, struct cursor *c, struct err *err)
{
	struct buf text = BUF_INIT;
	int thread;

	cur_expect(c, ',');
	if (!session_take_thread(s, c, &thread, err))
		return false;
	if (!cur_done(c) || thread < 0)
		return session_malformed(err, "one thread id");
	buf_printf(&text, "vcpu%d ", thread);
	rsp_describe_vcpu(s, (unsigned int)thread, &text);
	reply_hex(&s->reply, buf_cstr(&text), text.len);
	buf_deinit(&text);
	return true;
}
