#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

void buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void buf_deinit(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

void *buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 128;
	char *data;

	if (b->failed)
		return NULL;
	if (n > SIZE_MAX / 4 - b->len || (b->limit && b->len + n > b->limit)) {
		b->failed = true;
		return NULL;
	}
	while (cap <= b->len + n)
		cap *= 2;
	if (cap != b->cap) {
		data = realloc(b->data, cap);
		if (!data) {
			b->failed = true;
			return NULL;
		}
		b->data = data;
		b->cap = cap;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

bool buf_append(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to)
		return false;
	if (len)
		memcpy(to, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

bool buf_str(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

bool buf_byte(struct buf *b, uint8_t byte)
{
	return buf_append(b, &byte, 1);
}

bool buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *to;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return false;
	to = buf_reserve(b, (size_t)n);
	if (!to)
		return false;
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return ok;
}

bool buf_hex(struct buf *b, const void *data, size_t len)
{
	char *to;

	if (len > SIZE_MAX / 8) {
		b->failed = true;
		return false;
	}
	to = buf_reserve(b, 2 * len);
	if (!to)
		return false;
	hex_encode(to, data, len);
	b->len += 2 * len;
	b->data[b->len] = '\0';
	return true;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
	if (b->data)
		b->data[b->len] = '\0';
}

const char *buf_cstr(const struct buf *b)
{
	return b->data ? b->data : "";
}
