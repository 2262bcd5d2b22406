/* Stop replies (GDB manual, "Stop Reply Packets"). */
#include <inttypes.h>
#include <string.h>

#include "stub/rsp/rsp.h"

static void put_expedited(struct session *s, const struct x86_state *state)
{
	uint8_t value[64];

	for (unsigned int i = 0; i < SESSION_EXPEDITED; i++) {
		const struct tdesc_reg *e = s->expedited[i];

		if (!e)
			continue;
		rsp_reg_read(s, e, state, value);
		reply_printf(&s->reply, "%02x:", e->regnum);
		reply_hex(&s->reply, value, e->bits / 8);
		reply_text(&s->reply, ";");
	}
}

/*
 * "swbreak" and "hwbreak" promise that the client's own breakpoint is there,
 * so they go only to a client that asked for them and that has run the guest:
 * one that has just come knows of no breakpoint, and would resume at once.
 */
static void put_reason(struct session *s, const struct target_stop *stop,
		       bool at_it)
{
	static const char *const watch[] = {
		[BP_WRITE] = "watch", [BP_READ] = "rwatch", [BP_ACCESS] = "awatch"};

	if (!s->resumed)
		return;
	if (stop->kind == STOP_SWBREAK && s->swbreak && at_it)
		reply_text(&s->reply, "swbreak:;");
	else if (stop->kind == STOP_HWBREAK && s->hwbreak && at_it)
		reply_text(&s->reply, "hwbreak:;");
	else if (stop->kind == STOP_WATCH && stop->bp_type >= BP_WRITE &&
		 stop->bp_type <= BP_ACCESS)
		reply_printf(&s->reply, "%s:%" PRIx64 ";", watch[stop->bp_type],
			     stop->addr);
}

static void put_lldb_reason(struct session *s, const struct target_stop *stop,
			    bool at_it)
{
	const char *end;

	if (stop->kind == STOP_STEP)
		reply_text(&s->reply, "reason:trace;");
	else if (at_it &&
		 (stop->kind == STOP_SWBREAK || stop->kind == STOP_HWBREAK))
		reply_text(&s->reply, "reason:breakpoint;");
	else if ((stop->kind == STOP_ERROR || stop->kind == STOP_CATCH) &&
		 stop->text) {
		end = strchrnul(stop->text, '\n');
		reply_text(&s->reply, "reason:exception;description:");
		reply_hex(&s->reply, stop->text, (size_t)(end - stop->text));
		reply_text(&s->reply, ";");
	}
}

/* threads: and thread-pcs:, after QListThreadsInStopReply */
static void put_thread_list(struct session *s)
{
	const unsigned int groups = rsp_reg_groups(s, X86_GROUP_GPR);
	const struct x86_state *state;
	struct err err;

	reply_text(&s->reply, "threads:");
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		reply_text(&s->reply, i ? "," : "");
		session_put_thread(s, i, s->reply.out);
	}
	reply_text(&s->reply, ";thread-pcs:");
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		state = target_state(s->t, i, groups, &err);
		reply_printf(&s->reply, i ? ",%" PRIx64 : "%" PRIx64,
			     !state	 ? 0
			     : s->linear ? x86_linear_pc(state)
					 : state->rip);
	}
	reply_text(&s->reply, ";");
}

bool rsp_pc_is_linear(struct session *s, unsigned int vcpu)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct x86_state *state;
	struct err err;

	if (s->linear)
		return true;
	state = target_state(s->t, vcpu, groups, &err);
	return !state || x86_linear_pc(state) == state->rip;
}

void rsp_put_thread_stop(struct session *s, unsigned int vcpu, int signal,
			 const struct target_stop *why)
{
	const struct x86_state *state;
	struct err err;

	reply_printf(&s->reply, "T%02xthread:", (unsigned int)signal & 0xff);
	session_put_thread(s, vcpu, s->reply.out);
	reply_printf(&s->reply, ";core:%x;", vcpu);
	if (why) {
		bool at_it = rsp_pc_is_linear(s, vcpu);

		put_reason(s, why, at_it);
		if (s->lldb)
			put_lldb_reason(s, why, at_it);
	}
	state = target_state(s->t, vcpu, rsp_reg_groups(s, X86_GROUP_GPR),
			     &err);
	if (state)
		put_expedited(s, state);
	if (s->list_threads)
		put_thread_list(s);
}

/*
 * A guest that was stopped only because the client came shows no signal of
 * its own: SIGTRAP, as gdbserver reports a program that waits at its start.
 */
static int stop_signal(const struct session *s, const struct target_stop *stop)
{
	if (stop->kind == STOP_NONE || stop->kind == STOP_RESET ||
	    stop->kind == STOP_EXITED)
		return GDB_SIGNAL_TRAP;
	if (stop->kind == STOP_INTERRUPT && (!s->resumed || s->attaching))
		return GDB_SIGNAL_TRAP;
	return stop->signal;
}

/*
 * To a client an exit means that nothing is left to look at, which is not so
 * of a saved crash.
 */
void rsp_put_stop(struct session *s, const struct target_stop *stop)
{
	s->seen = s->t->generation;
	if (stop->kind == STOP_EXITED && s->t->caps.can_run) {
		reply_printf(&s->reply, "W%02x%s",
			     (unsigned int)stop->status & 0xff,
			     s->multiprocess ? ";process:1" : "");
		return;
	}
	rsp_put_thread_stop(s, stop->vcpu, stop_signal(s, stop), stop);
}
