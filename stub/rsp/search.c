/*
 * Packets that go over much memory: qSearch:memory and qCRC (GDB manual,
 * "General Query Packets").  A client gives up on a reply after some seconds,
 * so both stop in time and say how far they came.
 */
#include <inttypes.h>
#include <string.h>

#include "stub/clock.h"
#include "stub/rsp/rsp.h"

#define TIME_LIMIT_MS 3500
#define CHUNK	      0x10000

static bool in_time(int64_t deadline, const char *what, uint64_t addr,
		    struct err *err)
{
	if (now_ms() < deadline)
		return true;
	return err_set(err, ERR_LIMIT,
		       "%s gave up after %d s at 0x%" PRIx64 "; start again "
		       "from there with "
		       "a shorter range",
		       what, TIME_LIMIT_MS / 1000, addr);
}

struct search {
	uint64_t addr; /* of the next byte to read */
	uint64_t left; /* bytes still to read */
	char *window;  /* bytes kept from before, then the new ones */
	size_t kept;
	const char *pattern;
	size_t pattern_len;
};

/*
 * Read one more chunk behind what was kept and look for the pattern.  Sets
 * *found to its address, or leaves it and keeps the last pattern_len - 1 bytes.
 */
static bool search_chunk(struct session *s, struct search *f, bool *hit,
			 uint64_t *found, struct err *err)
{
	size_t n = f->left < CHUNK ? f->left : CHUNK, have, keep;
	const char *at;

	if (!rsp_mem_read(s, f->addr, f->window + f->kept, n, NULL, err))
		return false;
	have = f->kept + n;
	at = memmem(f->window, have, f->pattern, f->pattern_len);
	if (at) {
		*hit = true;
		*found = f->addr - f->kept + (uint64_t)(at - f->window);
		return true;
	}
	keep = have < f->pattern_len - 1 ? have : f->pattern_len - 1;
	memmove(f->window, f->window + have - keep, keep);
	f->kept = keep;
	f->addr += n;
	f->left -= n;
	return true;
}

static bool search(struct session *s, struct search *f, struct err *err)
{
	int64_t deadline = now_ms() + TIME_LIMIT_MS;
	uint64_t found = 0;
	bool hit = false;

	while (f->left && !hit) {
		if (!in_time(deadline, "the search", f->addr, err) ||
		    !search_chunk(s, f, &hit, &found, err))
			return false;
	}
	if (hit)
		reply_printf(&s->reply, "1,%" PRIx64, found);
	else
		reply_text(&s->reply, "0");
	return true;
}

/* ADDR;LENGTH;PATTERN, the pattern in escaped binary */
bool rsp_search(struct session *s, struct cursor *c, struct err *err)
{
	struct search f = {0};
	size_t raw;

	cur_expect(c, ':');
	f.addr = cur_hex(c);
	cur_expect(c, ';');
	f.left = cur_hex(c);
	cur_expect(c, ';');
	raw = cur_left(c);
	if (!cur_ok(c) || !raw || raw > FRAME_BODY_MAX)
		return session_malformed(err, "ADDR;LENGTH;PATTERN");
	/* scratch: the pattern, then the window */
	memcpy(s->scratch, c->pos, raw);
	if (!frame_unescape(s->scratch, raw, &f.pattern_len))
		return session_malformed(err, "ADDR;LENGTH;PATTERN");
	f.pattern = s->scratch;
	f.window = s->scratch + f.pattern_len;
	if (f.pattern_len > SESSION_SCRATCH / 2 - CHUNK)
		return err_set(err, ERR_LIMIT,
			       "a pattern of %zu bytes; the longest is %d",
			       f.pattern_len, SESSION_SCRATCH / 2 - CHUNK);
	if (f.addr && f.left > -f.addr)
		f.left = -f.addr;
	return search(s, &f, err);
}

/* The CRC-32 of polynomial 0x04c11db7, most significant bit first. */
static void crc_init(uint32_t table[static 256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i << 24;

		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
		table[i] = crc;
	}
}

static uint32_t crc_add(const uint32_t table[static 256], uint32_t crc,
			const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		crc = crc << 8 ^ table[(crc >> 24 ^ (uint8_t)data[i]) & 0xff];
	return crc;
}

bool rsp_crc(struct session *s, struct cursor *c, struct err *err)
{
	int64_t deadline = now_ms() + TIME_LIMIT_MS;
	uint32_t table[256], crc = 0xffffffff;
	uint64_t addr, len;

	cur_expect(c, ':');
	addr = cur_hex(c);
	cur_expect(c, ',');
	len = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "ADDR,LENGTH");
	if (addr && len > -addr)
		return err_set(err, ERR_RANGE,
			       "the range runs over the end of the address "
			       "space");
	crc_init(table);
	while (len) {
		size_t n = len < CHUNK ? len : CHUNK;

		if (!in_time(deadline, "the checksum", addr, err) ||
		    !rsp_mem_read(s, addr, s->scratch, n, NULL, err))
			return false;
		crc = crc_add(table, crc, s->scratch, n);
		addr += n;
		len -= n;
	}
	reply_printf(&s->reply, "C%x", crc);
	return true;
}
