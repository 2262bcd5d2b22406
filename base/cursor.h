/*
 * A parser over bytes that is sticky on error: after the first mismatch every
 * take_* returns 0 or NULL and the cursor stays failed, so a handler parses
 * all fields first and checks cur_done() or cur_ok() once.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const char *pos;
	const char *end;
	bool failed;
};

struct cursor cur(const char *data, size_t len);
struct cursor cur_str(const char *text);

bool cur_ok(const struct cursor *c);   /* no error so far */
bool cur_done(const struct cursor *c); /* no error and nothing left */
size_t cur_left(const struct cursor *c);
int cur_peek(const struct cursor *c); /* next byte, or -1 at the end */
void cur_fail(struct cursor *c);

/* Take this byte if it is next; fails otherwise. */
void cur_expect(struct cursor *c, char byte);
/* Take this byte, or this whole text, if it is next; never fails. */
bool cur_accept(struct cursor *c, char byte);
bool cur_accept_str(struct cursor *c, const char *text);

/* One or more hex digits, at most 64 bits of value (leading zeros are free). */
uint64_t cur_hex(struct cursor *c);
/* One or more decimal digits, at most 64 bits of value. */
uint64_t cur_dec(struct cursor *c);

/* Exactly len bytes; NULL and failed when fewer are left. */
const char *cur_bytes(struct cursor *c, size_t len);
/* Bytes up to (not including) `stop`, or to the end; *len says how many. */
const char *cur_until(struct cursor *c, char stop, size_t *len);
/* Exactly 2 * len hex digits decoded to `to`. */
bool cur_hex_bytes(struct cursor *c, void *to, size_t len);

#endif
