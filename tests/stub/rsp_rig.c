#include "tests/stub/rsp_rig.h"

#include "base/hex.h"
#include "tests/test.h"

static void connect_client(struct rsp_rig *r)
{
	const struct session_config config = {
		.target = &r->fake->target,
		.tdesc = r->tdesc,
		.bps = &r->bps,
	};
	struct err err;

	CHECK_OK(session_init(&r->s, &config, &err), &err);
	r->s.no_ack = true;
}

void rsp_rig_init(struct rsp_rig *r, unsigned int nvcpus)
{
	struct err err;

	memset(r, 0, sizeof(*r));
	r->fake = fake_create(nvcpus);
	CHECK_OK(tdesc_load(NULL, &r->fake->info, &r->tdesc, &err), &err);
	bp_list_init(&r->bps);
	connect_client(r);
}

void rsp_rig_deinit(struct rsp_rig *r)
{
	session_deinit(&r->s);
	bp_list_deinit(&r->bps);
	tdesc_free(r->tdesc);
	fake_destroy(r->fake);
	buf_deinit(&r->reply);
	buf_deinit(&r->console);
}

void rsp_rig_reconnect(struct rsp_rig *r)
{
	session_deinit(&r->s);
	connect_client(r);
}

static void take_stop(struct rsp_rig *r)
{
	struct target_stop stop;

	if (r->s.awaiting && target_next_stop(r->s.t, &stop))
		session_stopped(&r->s, &stop);
}

void rsp_rig_send(struct rsp_rig *r, const char *body, size_t len)
{
	struct buf b = BUF_INIT;
	size_t at = frame_open(&b);

	buf_append(&b, body, len);
	frame_close(&b, at);
	CHECK_EQ(session_input(&r->s, b.data, b.len), b.len);
	take_stop(r);
	buf_deinit(&b);
}

static void console_text(struct rsp_rig *r, const char *body, size_t len)
{
	char *to = buf_reserve(&r->console, len / 2);

	CHECK(to && hex_decode(to, body, len / 2));
	r->console.len += len / 2;
	to[len / 2] = '\0';
}

static bool is_console(const char *body, size_t len)
{
	return len > 2 && body[0] == 'O' && body[1] != 'K';
}

const char *rsp_rig_ask_bytes(struct rsp_rig *r, const char *body, size_t len)
{
	struct frame_in in;
	enum frame_event event;
	unsigned int replies = 0;
	struct err err;

	buf_clear(&r->s.out);
	rsp_rig_send(r, body, len);
	buf_clear(&r->reply);
	CHECK_OK(frame_init(&in, &err), &err);
	for (size_t at = 0; at < r->s.out.len;) {
		at += frame_feed(&in, r->s.out.data + at, r->s.out.len - at,
				 &event);
		CHECK_EQ(event, FRAME_PACKET);
		if (is_console(in.body, in.len)) {
			console_text(r, in.body + 1, in.len - 1);
			continue;
		}
		CHECK_EQ(++replies, 1);
		buf_append(&r->reply, in.body, in.len);
	}
	frame_deinit(&in);
	return replies ? buf_cstr(&r->reply) : "(none)";
}

const char *rsp_rig_ask(struct rsp_rig *r, const char *body)
{
	return rsp_rig_ask_bytes(r, body, strlen(body));
}

const char *rsp_rig_raw(struct rsp_rig *r, const char *bytes, size_t len)
{
	buf_clear(&r->s.out);
	session_input(&r->s, bytes, len);
	take_stop(r);
	return buf_cstr(&r->s.out);
}

void rsp_rig_check(struct rsp_rig *r, const struct rsp_rig_golden *table,
		   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *want = table[i].reply;
		const char *got = rsp_rig_ask(r, table[i].ask);
		size_t len = strlen(want);
		bool open = len && want[len - 1] == '*';

		if (open ? strncmp(got, want, len - 1) : strcmp(got, want))
			test_fail(__FILE__, __LINE__,
				  "%s gets \"%.300s\", expected \"%s\"",
				  table[i].ask, got, want);
	}
}
