/*
 * RSP framing (GDB manual, "Overview" of the Remote Protocol): bytes in,
 * events out.  Pure: no I/O, no allocation after init.
 *
 *   $body#cc   a packet; cc is the sum of the body's bytes modulo 256, as they
 *              went over the wire, in two hex digits
 *   + -        acknowledgements, between packets only
 *   0x03       interrupt request, between packets only; inside it is data
 *
 * A '$' inside a packet starts a new one: the rest of the old never came.
 * Other bytes between packets are noise and skipped.
 */
#ifndef STUB_FRAME_H
#define STUB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Largest body in either direction: what qSupported's PacketSize says. */
#define FRAME_BODY_MAX 0x20000

#define FRAME_INTERRUPT_BYTE 0x03

enum frame_event {
	FRAME_NONE,   /* all bytes consumed, nothing complete */
	FRAME_PACKET, /* body[0..len) is a packet */
	FRAME_INTERRUPT,
	FRAME_ACK,
	FRAME_NACK,
	FRAME_BAD_CHECKSUM, /* body[0..len) came damaged */
	FRAME_OVERLONG,	    /* len bytes came, the body is lost */
};

enum frame_state {
	FRAME_BETWEEN,
	FRAME_BODY,
	FRAME_SUM_1, /* first checksum digit */
	FRAME_SUM_2,
};

struct frame_in {
	enum frame_state state;
	bool check;  /* verify checksums; off once acknowledgements are off */
	char *body;  /* FRAME_BODY_MAX + 1 bytes, NUL after the body */
	size_t len;  /* bytes of the body so far, also beyond the maximum */
	uint8_t sum; /* of those bytes */
	int digit;   /* value of the first checksum digit, -1 if not hex */
};

bool frame_init(struct frame_in *f, struct err *err) MUST_CHECK;
void frame_deinit(struct frame_in *f);

/*
 * Consume bytes up to and including the first that completes an event, and
 * return how many that were.  The body stays valid until the next call.
 */
size_t frame_feed(struct frame_in *f, const char *data, size_t len,
		  enum frame_event *event);

/* Sum of bytes modulo 256. */
uint8_t frame_sum(const char *data, size_t len);

/*
 * Outgoing: frame_open() appends '$' and returns where it is, the caller
 * appends the body, frame_close() appends the checksum.
 */
size_t frame_open(struct buf *out);
void frame_close(struct buf *out, size_t start);

/*
 * Append binary data escaped for a reply ('#', '$', '}', '*' become '}' and
 * the byte ^ 0x20), at most `room` bytes of output.  Returns how many bytes of
 * data went in.
 */
size_t frame_escape(struct buf *out, const void *data, size_t len, size_t room);

/*
 * Undo the escapes of a request in place.  False when a '}' is the last byte.
 */
bool frame_unescape(char *data, size_t len, size_t *out_len);

#endif
