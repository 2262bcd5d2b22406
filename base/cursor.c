#include "base/cursor.h"

#include <string.h>

#include "base/hex.h"

struct cursor cur(const char *data, size_t len)
{
	return (struct cursor){.pos = data, .end = data + len};
}

struct cursor cur_str(const char *text)
{
	return cur(text, strlen(text));
}

bool cur_ok(const struct cursor *c)
{
	return !c->failed;
}

bool cur_done(const struct cursor *c)
{
	return !c->failed && c->pos == c->end;
}

size_t cur_left(const struct cursor *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->pos);
}

int cur_peek(const struct cursor *c)
{
	return cur_left(c) ? (unsigned char)*c->pos : -1;
}

void cur_fail(struct cursor *c)
{
	c->failed = true;
}

void cur_expect(struct cursor *c, char byte)
{
	if (!cur_accept(c, byte))
		c->failed = true;
}

bool cur_accept(struct cursor *c, char byte)
{
	if (!cur_left(c) || *c->pos != byte)
		return false;
	c->pos++;
	return true;
}

bool cur_accept_str(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if (cur_left(c) < len || memcmp(c->pos, text, len))
		return false;
	c->pos += len;
	return true;
}

uint64_t cur_hex(struct cursor *c)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; cur_left(c) && hex_digit((unsigned char)*c->pos) >= 0;
	     c->pos++, digits++) {
		if (value >> 60) {
			c->failed = true;
			return 0;
		}
		value = value << 4 |
			(uint64_t)hex_digit((unsigned char)*c->pos);
	}
	if (!digits)
		c->failed = true;
	return c->failed ? 0 : value;
}

uint64_t cur_dec(struct cursor *c)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; cur_left(c) && *c->pos >= '0' && *c->pos <= '9';
	     c->pos++, digits++) {
		uint64_t digit = (uint64_t)(*c->pos - '0');

		if (value > (UINT64_MAX - digit) / 10) {
			c->failed = true;
			return 0;
		}
		value = value * 10 + digit;
	}
	if (!digits)
		c->failed = true;
	return c->failed ? 0 : value;
}

const char *cur_bytes(struct cursor *c, size_t len)
{
	const char *at = c->pos;

	if (cur_left(c) < len) {
		c->failed = true;
		return NULL;
	}
	c->pos += len;
	return at;
}

const char *cur_until(struct cursor *c, char stop, size_t *len)
{
	size_t left = cur_left(c);
	const char *at = c->pos;
	const char *hit = left ? memchr(at, stop, left) : NULL;

	*len = hit ? (size_t)(hit - at) : left;
	if (c->failed)
		return NULL;
	c->pos += *len;
	return at;
}

bool cur_hex_bytes(struct cursor *c, void *to, size_t len)
{
	const char *at;

	if (len > SIZE_MAX / 2) {
		c->failed = true;
		return false;
	}
	at = cur_bytes(c, 2 * len);
	if (!at)
		return false;
	if (!hex_decode(to, at, len))
		c->failed = true;
	return !c->failed;
}
