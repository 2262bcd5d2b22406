/*
 * Z and z packets: breakpoints and watchpoints (GDB manual, "Packets").
 *
 * Addresses are linear in every mode of the processor.  Conditions and
 * commands (";X...", ";cmds:") are never announced, so a packet with them is
 * malformed: an OK would silently drop them.
 */
#include <inttypes.h>

#include "base/log.h"
#include "stub/rsp/rsp.h"

/* The largest range a watch packet may ask for; bytes. */
#define WATCH_MAX (UINT64_C(1) << 30)

static bool parse(struct cursor *c, enum bp_type type, struct target_bp *bp,
		  struct err *err)
{
	uint64_t addr, len;

	cur_expect(c, ',');
	addr = cur_hex(c);
	cur_expect(c, ',');
	len = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, "ADDR,KIND without conditions");
	/* The kind of a code breakpoint says nothing on x86. */
	if (type == BP_SW || type == BP_HW)
		len = 1;
	if (!len || len > WATCH_MAX || (addr && len > -addr))
		return err_set(err, ERR_RANGE,
			       "cannot watch 0x%" PRIx64 " bytes at 0x%" PRIx64,
			       len, addr);
	*bp = (struct target_bp){.type = type, .addr = addr, .len = len};
	return true;
}

static bool insert(struct session *s, struct cursor *c, enum bp_type type,
		   struct err *err)
{
	struct target_bp bp;

	if (!parse(c, type, &bp, err))
		return false;
	if (!bp_request(s->config.bps, s->t, s->hg, &bp, err)) {
		/* A client that reads numbers only cannot show the reason. */
		if (s->errors == REPLY_ERRORS_NUMBER)
			log_msg(LOG_WARN, "%s", err->msg);
		return false;
	}
	return rsp_ok(s);
}

static bool release(struct session *s, struct cursor *c, enum bp_type type,
		    struct err *err)
{
	struct target_bp bp;

	if (!parse(c, type, &bp, err) || !bp_release(s->config.bps, &bp, err))
		return false;
	return rsp_ok(s);
}

bool rsp_insert_sw(struct session *s, struct cursor *c, struct err *err)
{
	return insert(s, c, BP_SW, err);
}

bool rsp_insert_hw(struct session *s, struct cursor *c, struct err *err)
{
	return insert(s, c, BP_HW, err);
}

bool rsp_insert_write(struct session *s, struct cursor *c, struct err *err)
{
	return insert(s, c, BP_WRITE, err);
}

bool rsp_insert_read(struct session *s, struct cursor *c, struct err *err)
{
	return insert(s, c, BP_READ, err);
}

bool rsp_insert_access(struct session *s, struct cursor *c, struct err *err)
{
	return insert(s, c, BP_ACCESS, err);
}

bool rsp_remove_sw(struct session *s, struct cursor *c, struct err *err)
{
	return release(s, c, BP_SW, err);
}

bool rsp_remove_hw(struct session *s, struct cursor *c, struct err *err)
{
	return release(s, c, BP_HW, err);
}

bool rsp_remove_write(struct session *s, struct cursor *c, struct err *err)
{
	return release(s, c, BP_WRITE, err);
}

bool rsp_remove_read(struct session *s, struct cursor *c, struct err *err)
{
	return release(s, c, BP_READ, err);
}

bool rsp_remove_access(struct session *s, struct cursor *c, struct err *err)
{
	return release(s, c, BP_ACCESS, err);
}
