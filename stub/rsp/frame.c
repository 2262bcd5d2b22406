#include "stub/rsp/frame.h"

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

/*
 * Eight bytes at a time, in four lanes of 16 bits: a lane holds the sum of 128
 * pairs of bytes without a carry into the next.
 */
static unsigned int sum_words(const char *data, size_t words)
{
	const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
	unsigned int sum = 0;

	while (words) {
		size_t n = words < 128 ? words : 128;
		uint64_t lanes = 0, word;

		words -= n;
		for (; n; n--, data += 8) {
			memcpy(&word, data, 8);
			lanes += (word & even) + (word >> 8 & even);
		}
		for (; lanes; lanes >>= 16)
			sum += lanes & 0xffff;
	}
	return sum;
}

uint8_t frame_sum(const char *data, size_t len)
{
	unsigned int sum = sum_words(data, len / 8);

	for (size_t i = len & ~(size_t)7; i < len; i++)
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

/* Is one of the eight bytes this one?  (The lowest zero byte is found.) */
static uint64_t has_byte(uint64_t word, char byte)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = word ^ (uint8_t)byte * ones;

	return (x - ones) & ~x & (ones << 7);
}

/* Copy words that need no escape; returns the bytes copied. */
static size_t copy_plain(char *to, const char *from, size_t len)
{
	size_t i = 0;
	uint64_t word;

	for (; len - i >= 8; i += 8) {
		memcpy(&word, from + i, 8);
		if (has_byte(word, '#') | has_byte(word, '$') |
		    has_byte(word, '}') | has_byte(word, '*'))
			break;
		memcpy(to + i, &word, 8);
	}
	return i;
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
		size_t left = room - used, n;
		bool escape;

		n = copy_plain(to + used, from + i,
			       len - i < left ? len - i : left);
		i += n;
		used += n;
		if (i == len)
			break;
		escape = needs_escape(from[i]);
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
