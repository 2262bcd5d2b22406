/* LLDB's extensions (LLVM, docs/resources/lldbgdbremote). */
#include <inttypes.h>
#include <string.h>

#include "stub/rsp/rsp.h"

/*
 * A triple with an operating system: without one LLDB searches the guest's
 * memory for a Darwin kernel.  It knows no 16-bit code.
 */
static const char *triple(const struct session *s)
{
	return tdesc_code(s->tdesc) == TDESC_64 ? "x86_64-pc-linux-gnu"
						: "i386-pc-linux-gnu";
}

static unsigned int pointer_size(const struct session *s)
{
	return tdesc_code(s->tdesc) == TDESC_64 ? 8 : 4;
}

bool rsp_lldb_host_info(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "triple:");
	reply_hex_text(&s->reply, triple(s));
	reply_printf(&s->reply, ";endian:little;ptrsize:%u;", pointer_size(s));
	reply_text(&s->reply, "watchpoint_exceptions_received:after;"
			      "default_packet_timeout:20;vm-page-size:4096;");
	return true;
}

bool rsp_lldb_process_info(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "pid:1;triple:");
	reply_hex_text(&s->reply, triple(s));
	reply_printf(&s->reply,
		     ";ostype:linux;vendor:pc;endian:little;ptrsize:%u;",
		     pointer_size(s));
	return true;
}

/* Then p, P, g and G end in ";thread:ID;" */
bool rsp_lldb_suffix(struct session *s, struct cursor *c, struct err *err)
{
	s->lldb = true;
	return rsp_ok(s);
}

bool rsp_lldb_list_threads(struct session *s, struct cursor *c, struct err *err)
{
	s->list_threads = true;
	return rsp_ok(s);
}

bool rsp_lldb_error_strings(struct session *s, struct cursor *c,
			    struct err *err)
{
	s->errors = REPLY_ERRORS_LLDB;
	return rsp_ok(s);
}

/* The stop of one thread; signal 0 for those that stopped with the others. */
bool rsp_lldb_thread_stop(struct session *s, struct cursor *c, struct err *err)
{
	const struct target_stop *last = &s->t->last;
	int thread;

	if (!session_take_thread(s, c, &thread, err))
		return false;
	if (!cur_done(c) || thread < 0)
		return session_malformed(err, "one thread id");
	if (last->kind == STOP_EXITED || (unsigned int)thread == last->vcpu)
		rsp_put_stop(s, last);
	else
		rsp_put_thread_stop(s, (unsigned int)thread, GDB_SIGNAL_0,
				    NULL);
	return true;
}

static const char *reason_word(const struct target_stop *stop)
{
	switch (stop->kind) {
	case STOP_STEP:
		return "trace";
	case STOP_SWBREAK:
	case STOP_HWBREAK:
		return "breakpoint";
	case STOP_WATCH:
		return "watchpoint";
	case STOP_ERROR:
		return "exception";
	default:
		return "signal";
	}
}

static void put_json_registers(struct session *s, struct buf *b,
			       const struct x86_state *state)
{
	const char *comma = "";
	uint8_t value[64];

	buf_str(b, ",\"registers\":{");
	for (unsigned int i = 0; i < SESSION_EXPEDITED; i++) {
		const struct tdesc_reg *e = s->expedited[i];

		if (!e)
			continue;
		rsp_reg_read(s, e, state, value);
		buf_printf(b, "%s\"%u\":\"", comma, e->regnum);
		buf_hex(b, value, e->bits / 8);
		buf_str(b, "\"");
		comma = ",";
	}
	buf_str(b, "}");
}

static void put_json_thread(struct session *s, struct buf *b, unsigned int vcpu)
{
	const struct target_stop *last = &s->t->last;
	bool stopper = vcpu == last->vcpu;
	const struct x86_state *state;
	struct err err;

	buf_printf(b, "{\"tid\":%u,\"name\":\"vcpu%u\"", vcpu + 1, vcpu);
	if (stopper)
		buf_printf(b, ",\"reason\":\"%s\",\"signal\":%d",
			   reason_word(last),
			   last->signal ? last->signal : GDB_SIGNAL_TRAP);
	state = target_state(s->t, vcpu, rsp_reg_groups(s, X86_GROUP_GPR),
			     &err);
	if (state)
		put_json_registers(s, b, state);
	buf_str(b, "}");
}

/* JSON, whose '}' has to be escaped */
bool rsp_lldb_threads_info(struct session *s, struct cursor *c, struct err *err)
{
	struct buf b = BUF_INIT;
	bool ok;

	buf_str(&b, "[");
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		buf_str(&b, i ? "," : "");
		put_json_thread(s, &b, i);
	}
	buf_str(&b, "]");
	ok = !b.failed && reply_binary(&s->reply, b.data, b.len) == b.len;
	buf_deinit(&b);
	return ok || err_set(err, ERR_LIMIT, "the thread list is too long");
}

/* How far one walk's answer holds: bytes from its aligned start. */
static uint64_t walk_span(const struct walk *w)
{
	if (w->result == WALK_OK && w->page_size)
		return w->page_size;
	if (w->level >= 1 && w->level <= 5)
		return UINT64_C(1) << (12 + 9 * (w->level - 1));
	return 4096;
}

static bool same_kind(const struct walk *a, const struct walk *b)
{
	if ((a->result == WALK_OK) != (b->result == WALK_OK))
		return false;
	return a->result != WALK_OK ||
	       (a->writable == b->writable && a->executable == b->executable);
}

/* Entries that one packet may look at. */
#define REGION_WALKS 1024

/* Extend from the first walk while the next pages are of the same kind. */
static bool region_end(struct session *s, const struct walk *first,
		       uint64_t *end, struct err *err)
{
	uint64_t span = walk_span(first);
	uint64_t at = (first->gva & ~(span - 1)) + span;
	struct walk w;

	for (int i = 0; i < REGION_WALKS && at; i++) {
		if (!target_walk(s->t, s->hg, at, ACCESS_DEBUG, &w, err))
			return false;
		if (w.result == WALK_NOT_CANONICAL || !same_kind(first, &w))
			break;
		at = (at & ~(walk_span(&w) - 1)) + walk_span(&w);
	}
	*end = at;
	return true;
}

/* The addresses between the two halves that are canonical. */
static bool canonical_hole(struct session *s, uint64_t *start, uint64_t *end,
			   struct err *err)
{
	const struct x86_state *state;

	state = target_state(s->t, s->hg, X86_GROUP_SYS, err);
	if (!state)
		return false;
	*start = UINT64_C(1) << (state->cr4 & X86_CR4_LA57 ? 56 : 47);
	*end = -*start;
	return true;
}

/* ":ADDR": the pages around a linear address with the same permissions */
bool rsp_lldb_region(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t addr, start, end;
	struct walk w;
	bool ok;

	if (cur_left(c))
		cur_expect(c, ':');
	if (cur_done(c)) /* a probe */
		return rsp_ok(s);
	addr = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, ":ADDR");
	if (!target_walk(s->t, s->hg, addr, ACCESS_DEBUG, &w, err))
		return false;
	start = addr & ~(walk_span(&w) - 1);
	if (w.result == WALK_NOT_CANONICAL)
		ok = canonical_hole(s, &start, &end, err);
	else
		ok = region_end(s, &w, &end, err);
	if (!ok)
		return false;
	reply_printf(&s->reply, "start:%" PRIx64 ";size:%" PRIx64 ";", start,
		     end - start);
	if (w.result == WALK_OK)
		reply_printf(&s->reply, "permissions:r%s%s;",
			     w.writable ? "w" : "", w.executable ? "x" : "");
	return true;
}

bool rsp_lldb_watchpoints(struct session *s, struct cursor *c, struct err *err)
{
	reply_printf(&s->reply, "num:%u;", s->t->caps.hw_slots);
	return true;
}

bool rsp_lldb_version(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "name:kvm-gdbserver;version:" VERSION ";");
	return true;
}

/* The whole packet comes back. */
bool rsp_lldb_echo(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "qEcho");
	reply_binary(&s->reply, c->pos, cur_left(c));
	return true;
}

bool rsp_lldb_stay_stopped(struct session *s, struct cursor *c, struct err *err)
{
	return rsp_ok(s);
}

bool rsp_lldb_detach_on_error(struct session *s, struct cursor *c,
			      struct err *err)
{
	uint64_t on;

	cur_expect(c, ':');
	on = cur_hex(c);
	if (!cur_done(c) || on > 1)
		return session_malformed(err, "QSetDetachOnError:0 or :1");
	s->detach_on_error = on;
	return rsp_ok(s);
}

/*
 * LLDB places an image's sections only when told where; the guest's are where
 * they were linked.  gdb assumes that by itself, and an answer would undo the
 * offset that a user gave by hand for a relocated kernel: empty, unsupported.
 */
bool rsp_lldb_offsets(struct session *s, struct cursor *c, struct err *err)
{
	if (s->lldb)
		reply_text(&s->reply, "Text=0;Data=0;Bss=0");
	return true;
}
