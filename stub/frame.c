#include "stub/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

bool frame_init(struct frame_in *f, struct err *err)
{
	char *body = malloc(FRAME_BODY_MAX + 1);

	if (!body)
		return err_set(err, ERR_LIMIT,
			       "no memory for a packet buffer of %d bytes",
			       FRAME_BODY_MAX);
	*f = (struct frame_in){.check = true, .body = body};
	return true;
}

void frame_deinit(struct frame_in *f)
{
	free(f->body);
	f->body = NULL;
}

uint8_t frame_sum(const char *data, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)data[i];
	return (uint8_t)sum;
}

static void restart(struct frame_in *f)
{
	f->state = FRAME_BODY;
	f->len = 0;
	f->sum = 0;
}

static size_t feed_between(struct frame_in *f, const char *data, size_t len,
			   enum frame_event *event)
{
	for (size_t i = 0; i < len; i++) {
		switch (data[i]) {
		case '$':
			restart(f);
			return i + 1;
		case '+':
			*event = FRAME_ACK;
			return i + 1;
		case '-':
			*event = FRAME_NACK;
			return i + 1;
		case FRAME_INTERRUPT_BYTE:
			*event = FRAME_INTERRUPT;
			return i + 1;
		default:
			break;
		}
	}
	return len;
}

/* Bytes before the first '#' or '$'. */
static size_t plain_length(const char *data, size_t len)
{
	const char *end = memchr(data, '#', len);
	const char *dollar;

	if (end)
		len = (size_t)(end - data);
	dollar = memchr(data, '$', len);
	return dollar ? (size_t)(dollar - data) : len;
}

static size_t feed_body(struct frame_in *f, const char *data, size_t len)
{
	size_t plain = plain_length(data, len);

	if (f->len <= FRAME_BODY_MAX && plain <= FRAME_BODY_MAX - f->len)
		memcpy(f->body + f->len, data, plain);
	f->sum += frame_sum(data, plain);
	f->len += plain;
	if (plain == len)
		return len;
	if (data[plain] == '$')
		restart(f);
	else
		f->state = FRAME_SUM_1;
	return plain + 1;
}

static enum frame_event packet_end(struct frame_in *f, int digit)
{
	bool good = f->digit >= 0 && digit >= 0 &&
		    (f->digit << 4 | digit) == f->sum;

	f->state = FRAME_BETWEEN;
	if (f->len > FRAME_BODY_MAX)
		return FRAME_OVERLONG;
	f->body[f->len] = '\0';
	return good || !f->check ? FRAME_PACKET : FRAME_BAD_CHECKSUM;
}

static void feed_sum(struct frame_in *f, char byte, enum frame_event *event)
{
	int digit = hex_digit((unsigned char)byte);

	if (byte == '$') {
		restart(f);
	} else if (f->state == FRAME_SUM_1) {
		f->digit = digit;
		f->state = FRAME_SUM_2;
	} else {
		*event = packet_end(f, digit);
	}
}

size_t frame_feed(struct frame_in *f, const char *data, size_t len,
		  enum frame_event *event)
{
	size_t done = 0;

	*event = FRAME_NONE;
	while (done < len && *event == FRAME_NONE) {
		if (f->state == FRAME_BETWEEN)
			done += feed_between(f, data + done, len - done, event);
		else if (f->state == FRAME_BODY)
			done += feed_body(f, data + done, len - done);
		else
			feed_sum(f, data[done++], event);
	}
	return done;
}

size_t frame_open(struct buf *out)
{
	size_t start = out->len;

	buf_byte(out, '$');
	return start;
}

void frame_close(struct buf *out, size_t start)
{
	uint8_t sum;

	if (out->failed)
		return;
	sum = frame_sum(out->data + start + 1, out->len - start - 1);
	buf_byte(out, '#');
	buf_hex(out, &sum, 1);
}

static bool needs_escape(char byte)
{
	return byte == '#' || byte == '$' || byte == '}' || byte == '*';
}

size_t frame_escape(struct buf *out, const void *data, size_t len, size_t room)
{
	const char *from = data;
	size_t used = 0, i;
	char *to;

	to = buf_reserve(out, room < 2 * len ? room : 2 * len);
	if (!to)
		return 0;
	for (i = 0; i < len; i++) {
		bool escape = needs_escape(from[i]);

		if (room - used < 1u + escape)
			break;
		if (escape)
			to[used++] = '}';
		to[used++] = escape ? from[i] ^ 0x20 : from[i];
	}
	out->len += used;
	out->data[out->len] = '\0';
	return i;
}

bool frame_unescape(char *data, size_t len, size_t *out_len)
{
	char *first = memchr(data, '}', len);
	size_t to = first ? (size_t)(first - data) : len;

	for (size_t i = to; i < len; i++) {
		if (data[i] != '}') {
			data[to++] = data[i];
			continue;
		}
		if (++i == len)
			return false;
		data[to++] = data[i] ^ 0x20;
	}
	*out_len = to;
	return true;
}
