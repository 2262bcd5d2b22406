/*
 * Packet bodies, one a line, through a session on the fake machine.  A line
 * that begins with a control character c is fed bare, unframed: pieces of
 * packets, interrupts, acknowledgements.
 *
 * Whatever comes in, what goes out is whole packets of legal size, and no
 * packet but a resume goes unanswered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stub/session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stub/fake_target.h"

#define LINES_MAX 64

struct world {
	struct fake_target *fake;
	struct tdesc *tdesc;
	struct bp_list bps;
	struct session s;
};

static void connect_client(struct world *w)
{
	const struct session_config config = {
		.target = &w->fake->target, .tdesc = w->tdesc, .bps = &w->bps};
	struct err err;

	if (!session_init(&w->s, &config, &err))
		abort();
	w->s.no_ack = true;
}

static void check_output(struct session *s)
{
	enum frame_event event = FRAME_NONE;
	struct frame_in in;
	struct err err;

	if (s->out.failed || !frame_init(&in, &err))
		abort();
	for (size_t at = 0; at < s->out.len;) {
		at += frame_feed(&in, s->out.data + at, s->out.len - at,
				 &event);
		if (event != FRAME_PACKET)
			abort();
	}
	frame_deinit(&in);
	buf_clear(&s->out);
}

static void take_stop(struct world *w)
{
	struct target_stop stop;

	if (!target_next_stop(w->s.t, &stop))
		return;
	if (w->s.awaiting)
		session_stopped(&w->s, &stop);
}

static void framed(struct world *w, const char *line, size_t len)
{
	struct buf b = BUF_INIT;
	size_t at = frame_open(&b);

	buf_append(&b, line, len);
	frame_close(&b, at);
	session_input(&w->s, b.data, b.len);
	buf_deinit(&b);
}

static void run_line(struct world *w, const char *line, size_t len)
{
	bool bare = len && (unsigned char)line[0] < 32;

	if (bare)
		session_input(&w->s, line, len);
	else
		framed(w, line, len);
	take_stop(w);
	if (w->s.t->running) { /* on by itself: as a user would */
		target_interrupt(w->s.t, 0);
		take_stop(w);
	}
	check_output(&w->s);
	if (w->s.end != SESSION_OPEN) {
		session_deinit(&w->s);
		connect_client(w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct world w = {.fake = fake_create(2)};
	struct err err;

	log_set_level(LOG_ERROR);
	if (!tdesc_load(NULL, &w.fake->info, &w.tdesc, &err))
		abort();
	bp_list_init(&w.bps);
	connect_client(&w);
	for (int i = 0; at < end && i < LINES_MAX; i++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		run_line(&w, at, len);
		at += len + 1;
	}
	session_deinit(&w.s);
	bp_list_deinit(&w.bps);
	tdesc_free(w.tdesc);
	fake_destroy(w.fake);
	return 0;
}
