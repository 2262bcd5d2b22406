/*
 * Framing: the events must not depend on how the bytes were cut into pieces,
 * and escaping has to come back.  The first byte chooses the piece's length.
 */
#include <stdlib.h>
#include <string.h>

#include "stub/rsp/frame.h"
#include "tests/fuzz/fuzz.h"

static void run(const char *data, size_t size, size_t piece, struct buf *log)
{
	enum frame_event event;
	struct frame_in in;
	struct err err;

	if (!frame_init(&in, &err))
		abort();
	for (size_t at = 0; at < size;) {
		size_t n = size - at < piece ? size - at : piece;
		size_t used = frame_feed(&in, data + at, n, &event);

		if (!used || used > n)
			abort();
		if (event == FRAME_NONE && used != n)
			abort();
		at += used;
		if (event == FRAME_NONE)
			continue;
		buf_printf(log, "%d %zu %d\n", (int)event, in.len, in.sum);
		if (event == FRAME_PACKET)
			buf_append(log, in.body, in.len);
	}
	frame_deinit(&in);
}

static void escape_and_back(const char *data, size_t size)
{
	struct buf out = BUF_INIT;
	size_t len;

	if (frame_escape(&out, data, size, 2 * size) != size)
		abort();
	if (size) {
		if (memchr(out.data, '#', out.len) ||
		    memchr(out.data, '$', out.len))
			abort();
		if (!frame_unescape(out.data, out.len, &len) || len != size ||
		    memcmp(out.data, data, size))
			abort();
	}
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	const char *bytes = (const char *)data + 1;

	if (!size)
		return 0;
	run(bytes, size - 1, SIZE_MAX, &whole);
	run(bytes, size - 1, 1u + data[0] % 16, &pieces);
	if (whole.len != pieces.len ||
	    (whole.len && memcmp(whole.data, pieces.data, whole.len)))
		abort();
	escape_and_back(bytes, size - 1);
	buf_deinit(&whole);
	buf_deinit(&pieces);
	return 0;
}
