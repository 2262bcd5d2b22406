/* qSupported, QStartNoAckMode, qRcmd and QEMU's own packets. */
#include <stdlib.h>
#include <string.h>

#include "stub/mon/monitor.h"
#include "stub/rsp/rsp.h"

/* Longest monitor command line, bytes. */
#define COMMAND_MAX 4096

bool rsp_ok(struct session *s)
{
	reply_text(&s->reply, "OK");
	return true;
}

static bool is_feature(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(text, name, len);
}

/* [:FEATURE[;FEATURE]...]; features that say nothing to us are skipped */
bool rsp_supported(struct session *s, struct cursor *c, struct err *err)
{
	if (cur_left(c))
		cur_expect(c, ':');
	if (!cur_ok(c))
		return session_malformed(err, "qSupported[:FEATURE;...]");
	while (cur_left(c)) {
		size_t n;
		const char *f = cur_until(c, ';', &n);

		cur_accept(c, ';');
		if (is_feature(f, n, "multiprocess+"))
			s->multiprocess = true;
		else if (is_feature(f, n, "swbreak+"))
			s->swbreak = true;
		else if (is_feature(f, n, "hwbreak+"))
			s->hwbreak = true;
		else if (is_feature(f, n, "error-message+"))
			s->errors = REPLY_ERRORS_TEXT;
	}
	reply_printf(&s->reply, "PacketSize=%x", FRAME_BODY_MAX);
	packet_features(s, &s->reply);
	return true;
}

bool rsp_no_ack(struct session *s, struct cursor *c, struct err *err)
{
	s->no_ack = true;
	s->in.check = false;
	return rsp_ok(s);
}

/* A line of a command that still runs: an O packet ahead of its reply. */
static bool show_progress(void *arg, const char *line)
{
	struct buf text = BUF_INIT;
	bool on;

	if (line)
		buf_printf(&text, "%s\n", line);
	on = session_progress(arg, buf_cstr(&text), text.len);
	buf_deinit(&text);
	return on;
}

/*
 * The command in hex.  Its text goes out as O packets before the OK, whatever
 * came of it: gdb shows an error number as a protocol error.
 */
bool rsp_monitor(struct session *s, struct cursor *c, struct err *err)
{
	const struct mon_sink sink = {show_progress, s};
	struct buf text = BUF_INIT;
	char line[COMMAND_MAX + 1];
	size_t len;

	cur_expect(c, ',');
	len = cur_left(c) / 2;
	if (len > COMMAND_MAX)
		return err_set(err, ERR_LIMIT,
			       "a command of %zu characters; the longest is %d",
			       len, COMMAND_MAX);
	cur_hex_bytes(c, line, len);
	if (!cur_done(c) || memchr(line, 0, len))
		return session_malformed(err, "qRcmd,HEX");
	line[len] = '\0';
	reply_cancel(&s->reply);
	monitor_run_to(s->t, s->hg, line, &text, &sink);
	reply_console(&s->out, buf_cstr(&text), text.len);
	reply_begin(&s->reply, &s->out, s->errors);
	buf_deinit(&text);
	return rsp_ok(s);
}

bool rsp_qemu_supported(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, "sstepbits;sstep;PhyMemMode");
	return true;
}

/* Timers cannot be held back under KVM, so NOTIMER is not offered. */
bool rsp_qemu_sstepbits(struct session *s, struct cursor *c, struct err *err)
{
	reply_printf(&s->reply, "ENABLE=%x,NOIRQ=%x", SSTEP_ENABLE,
		     SSTEP_NOIRQ);
	return true;
}

bool rsp_qemu_sstep(struct session *s, struct cursor *c, struct err *err)
{
	reply_printf(&s->reply, "0x%x", s->sstep);
	return true;
}

/* =HEX or :HEX */
bool rsp_qemu_set_sstep(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t bits;

	if (!cur_accept(c, ':'))
		cur_expect(c, '=');
	cur_accept_str(c, "0x");
	bits = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "Qqemu.sstep=HEX");
	if (bits & ~(uint64_t)SSTEP_OFFERED)
		return err_set(err, ERR_RANGE,
			       "single-step bits 0x%llx: only ENABLE (1) and "
			       "NOIRQ (2) are possible",
			       (unsigned long long)bits);
	s->sstep = (unsigned int)bits;
	return rsp_ok(s);
}

bool rsp_qemu_phys(struct session *s, struct cursor *c, struct err *err)
{
	reply_text(&s->reply, s->phys_mem ? "1" : "0");
	return true;
}

bool rsp_qemu_set_phys(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t on;

	cur_expect(c, ':');
	on = cur_hex(c);
	if (!cur_done(c) || on > 1)
		return session_malformed(err, "Qqemu.PhyMemMode:0 or :1");
	s->phys_mem = on;
	return rsp_ok(s);
}
