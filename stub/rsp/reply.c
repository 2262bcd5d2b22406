#include "stub/rsp/reply.h"

#include <string.h>

#include "stub/rsp/frame.h"

/* Console text in one O packet: small enough for any client's buffer. */
#define CONSOLE_CHUNK 1024

void reply_begin(struct reply *r, struct buf *out, enum reply_errors errors)
{
	*r = (struct reply){.out = out, .errors = errors};
	r->start = frame_open(out);
}

void reply_end(struct reply *r)
{
	struct err err;

	if (r->overflow) {
		err_set(&err, ERR_LIMIT, "the reply is longer than %d bytes",
			FRAME_BODY_MAX);
		reply_error(r, &err);
	}
	frame_close(r->out, r->start);
}

static void cut(struct reply *r, size_t len)
{
	if (r->out->data && len <= r->out->len) {
		r->out->len = len;
		r->out->data[len] = '\0';
	}
}

void reply_cancel(struct reply *r)
{
	cut(r, r->start);
}

void reply_clear(struct reply *r)
{
	cut(r, r->start + 1);
	r->overflow = false;
}

size_t reply_left(const struct reply *r)
{
	size_t used = r->out->len - r->start;

	return used > FRAME_BODY_MAX ? 0 : FRAME_BODY_MAX + 1 - used;
}

static bool room(struct reply *r, size_t len)
{
	if (r->overflow || len > reply_left(r)) {
		r->overflow = true;
		return false;
	}
	return true;
}

void reply_text(struct reply *r, const char *text)
{
	size_t len = strlen(text);

	if (room(r, len))
		buf_append(r->out, text, len);
}

void reply_printf(struct reply *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(r->out, fmt, ap);
	va_end(ap);
	if (r->out->len - r->start > FRAME_BODY_MAX + 1)
		r->overflow = true;
}

void reply_hex(struct reply *r, const void *data, size_t len)
{
	if (len <= FRAME_BODY_MAX / 2 && room(r, 2 * len))
		buf_hex(r->out, data, len);
	else
		r->overflow = true;
}

void reply_hex_text(struct reply *r, const char *text)
{
	reply_hex(r, text, strlen(text));
}

size_t reply_binary(struct reply *r, const void *data, size_t len)
{
	return frame_escape(r->out, data, len, reply_left(r));
}

/* '#', '$' and '}' may not stand in a body; '*' would be a run length. */
static void error_text(struct reply *r, const char *text)
{
	for (; *text; text++)
		buf_byte(r->out, strchr("#$}*", *text)	     ? '?'
				 : (unsigned char)*text < 32 ? ' '
							     : (uint8_t)*text);
}

void reply_error(struct reply *r, const struct err *err)
{
	unsigned int number = err_rsp_number(err);

	reply_clear(r);
	if (r->errors == REPLY_ERRORS_TEXT) {
		buf_str(r->out, "E.");
		error_text(r, err->msg);
		return;
	}
	buf_printf(r->out, "E%02x", number & 0xff);
	if (r->errors == REPLY_ERRORS_LLDB) {
		buf_byte(r->out, ';');
		buf_hex(r->out, err->msg, strlen(err->msg));
	}
}

void reply_console(struct buf *out, const char *text, size_t len)
{
	while (len) {
		size_t n = len < CONSOLE_CHUNK ? len : CONSOLE_CHUNK;
		size_t start = frame_open(out);

		buf_byte(out, 'O');
		buf_hex(out, text, n);
		frame_close(out, start);
		text += n;
		len -= n;
	}
}
