/* Memory packets: m M x X (GDB manual, "Packets"). */
#include <string.h>

#include "stub/rsp/rsp.h"

/* Bytes one reply can hold as hex digits. */
#define READ_MAX (FRAME_BODY_MAX / 2)

bool rsp_mem_read(struct session *s, uint64_t addr, void *buf, size_t len,
		  size_t *done, struct err *err)
{
	if (s->phys_mem)
		return target_read_phys(s->t, addr, buf, len, done, err);
	return target_read_virt(s->t, s->hg, addr, buf, len, done, err);
}

static bool mem_write(struct session *s, uint64_t addr, const void *buf,
		      size_t len, struct err *err)
{
	if (s->phys_mem)
		return target_write_phys(s->t, addr, buf, len, err);
	return target_write_virt(s->t, s->hg, addr, buf, len, err);
}

/* Length without the part that would wrap past the end of the address space. */
static uint64_t unwrapped(uint64_t addr, uint64_t len)
{
	uint64_t room = -addr; /* 0 stands for 2^64 */

	return room && len > room ? room : len;
}

/*
 * Parse ADDR,LEN and read at most `max` bytes to the scratch buffer.  Fewer
 * bytes than asked for are fine: the client asks for the rest.  Only when the
 * first byte cannot be read is it an error.
 */
static bool read_block(struct session *s, struct cursor *c, size_t max,
		       size_t *got, struct err *err)
{
	uint64_t addr = cur_hex(c), len;
	size_t done = 0;

	cur_expect(c, ',');
	len = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "ADDR,LENGTH");
	len = min_u64(unwrapped(addr, len), max);
	if (len && !rsp_mem_read(s, addr, s->scratch, len, &done, err)) {
		if (!done)
			return false;
		len = done;
	}
	*got = len;
	return true;
}

bool rsp_read_memory(struct session *s, struct cursor *c, struct err *err)
{
	size_t len;

	if (!read_block(s, c, READ_MAX, &len, err))
		return false;
	/* An empty reply would say that the packet is unknown. */
	if (!len)
		return err_set(err, ERR_MALFORMED, "a read of no bytes");
	reply_hex(&s->reply, s->scratch, len);
	return true;
}

bool rsp_read_binary(struct session *s, struct cursor *c, struct err *err)
{
	size_t len;

	if (!read_block(s, c, FRAME_BODY_MAX - 1, &len, err))
		return false;
	reply_text(&s->reply, "b");
	reply_binary(&s->reply, s->scratch, len);
	return true;
}

static bool write_block(struct session *s, uint64_t addr, const void *data,
			size_t len, struct err *err)
{
	if (unwrapped(addr, len) != len)
		return err_set(err, ERR_RANGE,
			       "a write of %zu bytes at 0x%llx runs over the "
			       "end of the address space",
			       len, (unsigned long long)addr);
	if (len && !mem_write(s, addr, data, len, err))
		return false;
	return rsp_ok(s);
}

bool rsp_write_memory(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t addr = cur_hex(c), len;

	cur_expect(c, ',');
	len = cur_hex(c);
	cur_expect(c, ':');
	if (len > SESSION_SCRATCH)
		cur_fail(c);
	if (cur_ok(c))
		cur_hex_bytes(c, s->scratch, len);
	if (!cur_done(c))
		return session_malformed(err, "MADDR,LENGTH:HEX");
	return write_block(s, addr, s->scratch, len, err);
}

bool rsp_write_binary(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t addr = cur_hex(c), len;
	size_t raw, got = 0;
	bool whole;

	cur_expect(c, ',');
	len = cur_hex(c);
	cur_expect(c, ':');
	if (!cur_ok(c))
		return session_malformed(err, "XADDR,LENGTH:DATA");
	raw = cur_left(c);
	memcpy(s->scratch, c->pos, raw);
	whole = frame_unescape(s->scratch, raw, &got);
	if (!whole || got != len)
		return err_set(err, ERR_MALFORMED,
			       "X says %llu bytes and carries %zu",
			       (unsigned long long)len, got);
	return write_block(s, addr, s->scratch, len, err);
}
