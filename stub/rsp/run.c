/*
 * Resume packets: vCont, c, C, s, S (GDB manual, "Packets", vCont).
 *
 * A guest has no signals to receive, so the signal of C and S is checked for
 * form and dropped.
 */
#include <inttypes.h>
#include <string.h>

#include "stub/rsp/rsp.h"

bool rsp_vcont_query(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "vCont;c;C;s;S;t;r");
	return true;
}

static void take_signal(struct cursor *c)
{
	uint8_t signal;

	cur_hex_bytes(c, &signal, 1);
}

static bool take_action(const struct session *s, struct cursor *c,
			struct target_action *a)
{
	bool can_step = s->sstep & SSTEP_ENABLE;

	a->kind = ACTION_CONTINUE;
	if (cur_accept(c, 'c'))
		return true;
	if (cur_accept(c, 'C')) {
		take_signal(c);
		return cur_ok(c);
	}
	if (cur_accept(c, 't')) {
		a->kind = ACTION_HOLD;
		return true;
	}
	if (can_step)
		a->kind = ACTION_STEP;
	if (cur_accept(c, 's'))
		return true;
	if (cur_accept(c, 'S')) {
		take_signal(c);
		return cur_ok(c);
	}
	cur_expect(c, 'r');
	a->start = cur_hex(c);
	cur_expect(c, ',');
	a->end = cur_hex(c);
	if (can_step && a->start < a->end) /* S = E is one step */
		a->kind = ACTION_RANGE;
	return cur_ok(c);
}

/*
 * One ";"-less action with its thread.  The leftmost action that matches a
 * vCPU wins, so only undecided ones take it; a vCPU of no action is held.
 */
static bool one_action(struct session *s, struct cursor *c, bool *decided,
		       struct err *err)
{
	struct target_action a = {.kind = ACTION_CONTINUE};
	int thread = THREAD_ALL;

	if (!take_action(s, c, &a))
		return session_malformed(err, "vCont;ACTION[:THREAD]...");
	if (cur_accept(c, ':') && !session_take_thread(s, c, &thread, err))
		return false;
	if (thread == THREAD_ANY)
		thread = (int)s->hg;
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		if (decided[i] || (thread != THREAD_ALL && thread != (int)i))
			continue;
		s->actions[i] = a;
		decided[i] = true;
	}
	return true;
}

static void hold_all(struct session *s)
{
	memset(s->actions, 0, s->t->nvcpus * sizeof(*s->actions));
}

static bool some_run(const struct session *s)
{
	for (unsigned int i = 0; i < s->t->nvcpus; i++)
		if (s->actions[i].kind != ACTION_HOLD)
			return true;
	return false;
}

bool rsp_vcont(struct session *s, struct cursor *c, struct err *err)
{
	bool *decided = (bool *)s->scratch;

	hold_all(s);
	memset(decided, 0, s->t->nvcpus);
	cur_expect(c, ';');
	do {
		if (!one_action(s, c, decided, err))
			return false;
	} while (cur_accept(c, ';'));
	if (!cur_done(c))
		return session_malformed(err, "vCont;ACTION[:THREAD]...");
	if (!some_run(s))
		return err_set(err, ERR_MALFORMED,
			       "vCont would leave every vCPU stopped");
	return session_resume(s, err);
}

static bool set_pc(struct session *s, uint64_t addr, struct err *err)
{
	const struct x86_state *now;
	struct x86_state next;

	now = target_state(s->t, s->hg, X86_GROUP_GPR, err);
	if (!now)
		return false;
	next = *now;
	next.rip = addr;
	return target_set_state(s->t, s->hg, X86_GROUP_GPR, &next, err);
}

/*
 * The old packets: [SIGNAL[;]][ADDR].  They act on the thread of Hc, or on the
 * current one, and let the others run.
 */
static bool old_resume(struct session *s, struct cursor *c, bool with_signal,
		       enum target_action_kind kind, struct err *err)
{
	unsigned int vcpu = s->hc >= 0 ? (unsigned int)s->hc : s->hg;
	bool with_addr;
	uint64_t addr = 0;

	if (with_signal)
		take_signal(c);
	with_addr = with_signal ? cur_accept(c, ';') : cur_left(c) > 0;
	if (with_addr)
		addr = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "[SIGNAL;][ADDR]");
	if (with_addr && !s->t->dead && !set_pc(s, addr, err))
		return false;
	for (unsigned int i = 0; i < s->t->nvcpus; i++)
		s->actions[i] = (struct target_action){.kind = ACTION_CONTINUE};
	if (s->sstep & SSTEP_ENABLE)
		s->actions[vcpu].kind = kind;
	return session_resume(s, err);
}

bool rsp_continue(struct session *s, struct cursor *c, struct err *err)
{
	return old_resume(s, c, false, ACTION_CONTINUE, err);
}

bool rsp_continue_signal(struct session *s, struct cursor *c, struct err *err)
{
	return old_resume(s, c, true, ACTION_CONTINUE, err);
}

bool rsp_step(struct session *s, struct cursor *c, struct err *err)
{
	return old_resume(s, c, false, ACTION_STEP, err);
}

bool rsp_step_signal(struct session *s, struct cursor *c, struct err *err)
{
	return old_resume(s, c, true, ACTION_STEP, err);
}
