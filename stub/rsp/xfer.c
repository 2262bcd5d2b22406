/* qXfer objects (GDB manual, "General Query Packets", qXfer). */
#include <inttypes.h>
#include <string.h>

#include "stub/inspect.h"
#include "stub/rsp/rsp.h"

/* The next piece of an object: "m" and data, or "l" and the last of it. */
static bool send_piece(struct session *s, const char *data, size_t size,
		       uint64_t off, uint64_t len, struct err *err)
{
	size_t want, sent;

	if (off > size)
		return err_set(err, ERR_RANGE,
			       "offset 0x%" PRIx64 " is beyond the object's "
			       "end "
			       "at 0x%zx",
			       off, size);
	want = min_u64(len, size - off);
	if (!want && off < size)
		return err_set(err, ERR_MALFORMED, "a read of no bytes");
	reply_text(&s->reply, "m");
	sent = reply_binary(&s->reply, data + off, want);
	if (off + sent == size && !s->reply.out->failed)
		s->reply.out->data[s->reply.start + 1] = 'l';
	return true;
}

static bool take_range(struct cursor *c, uint64_t *off, uint64_t *len,
		       struct err *err)
{
	uint64_t o = cur_hex(c), l;

	cur_expect(c, ',');
	l = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "OFFSET,LENGTH");
	*off = o;
	*len = l;
	return true;
}

/* ANNEX:OFFSET,LENGTH */
bool rsp_xfer_features(struct session *s, struct cursor *c, struct err *err)
{
	static const char annex[] = "target.xml";
	const char *name, *xml;
	uint64_t off = 0, len = 0;
	size_t n, size;

	cur_expect(c, ':');
	name = cur_until(c, ':', &n);
	cur_expect(c, ':');
	if (!cur_ok(c))
		return session_malformed(err, "ANNEX:OFFSET,LENGTH");
	if (n != sizeof(annex) - 1 || memcmp(name, annex, n))
		return err_set(err, ERR_NOT_FOUND,
			       "no description '%.*s', only '%s'",
			       (int)(n < 80 ? n : 80), name, annex);
	if (!take_range(c, &off, &len, err))
		return false;
	if (!off)
		rsp_take_view(s);
	xml = tdesc_xml(s->tdesc, &size);
	return send_piece(s, xml, size, off, len, err);
}

static void make_threads(struct session *s)
{
	struct buf *b = &s->threads;

	buf_clear(b);
	buf_str(b, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (unsigned int i = 0; i < s->t->nvcpus; i++) {
		buf_str(b, "<thread id=\"");
		session_put_thread(s, i, b);
		buf_printf(b, "\" core=\"%u\" name=\"vcpu%u\">", i, i);
		rsp_describe_vcpu(s, i, b);
		buf_str(b, "</thread>\n");
	}
	buf_str(b, "</threads>\n");
}

/* No annex; the list is that of the read at offset 0. */
bool rsp_xfer_threads(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t off = 0, len = 0;

	cur_expect(c, ':');
	cur_expect(c, ':');
	if (!cur_ok(c))
		return session_malformed(err, "::OFFSET,LENGTH");
	if (!take_range(c, &off, &len, err))
		return false;
	if (!off)
		make_threads(s);
	if (s->threads.failed)
		return err_set(err, ERR_LIMIT, "no memory for the thread list");
	return send_piece(s, buf_cstr(&s->threads), s->threads.len, off, len,
			  err);
}

/*
 * [PID]:OFFSET,LENGTH.  The file that has the guest's symbols, by its path on
 * this host: gdb opens it there when it has been given no file itself.
 */
bool rsp_xfer_exec_file(struct session *s, struct cursor *c, struct err *err)
{
	const char *path = target_image(s->t);
	uint64_t off = 0, len = 0;

	cur_expect(c, ':');
	if (cur_peek(c) != ':')
		cur_hex(c);
	cur_expect(c, ':');
	if (!cur_ok(c))
		return session_malformed(err, "PID:OFFSET,LENGTH");
	if (!take_range(c, &off, &len, err))
		return false;
	if (!path)
		return err_set(err, ERR_NOT_FOUND,
			       "no file with symbols is known for this guest");
	return send_piece(s, path, strlen(path), off, len, err);
}
