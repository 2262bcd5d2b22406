/*
 * A growable byte buffer: the only user of realloc().
 *
 * data[0..len) are the bytes and data[len] is always NUL, so text can be used
 * in place.  Running out of memory, or over the optional limit, sets `failed`,
 * and every later append is a no-op: callers check once, at the end.
 * Not thread-safe; a buffer belongs to one thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

struct buf {
	char *data;   /* NULL only before the first append */
	size_t len;   /* bytes used */
	size_t cap;   /* bytes allocated, including the NUL */
	size_t limit; /* largest len, 0 = none */
	bool failed;
};

#define BUF_INIT  \
	{         \
		0 \
	}

void buf_init(struct buf *b);
void buf_deinit(struct buf *b); /* frees; b is empty and usable again */

void buf_clear(struct buf *b); /* forget the bytes, keep the memory */
bool buf_append(struct buf *b, const void *data, size_t len);
bool buf_str(struct buf *b, const char *text);
bool buf_byte(struct buf *b, uint8_t byte);
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
bool buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* Append len bytes at data as lower-case hex digits, first byte first. */
bool buf_hex(struct buf *b, const void *data, size_t len);

/* Drop the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);

/* Make room for n more bytes; the returned pointer is to data + len. */
void *buf_reserve(struct buf *b, size_t n);

/* The bytes as a C string; "" when empty.  Valid until the next append. */
const char *buf_cstr(const struct buf *b);

#endif
