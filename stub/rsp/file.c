/*
 * vFile packets (GDB manual, "Host I/O Packets") for the one file that clients
 * of a Linux gdbserver read: /proc/1/maps.  It lists what the page tables of
 * the current vCPU map, as of its opening.  radare2 and rizin set a breakpoint
 * only inside a range of that list.
 *
 * No file of this host is served.  For every other name the packet is
 * unsupported: gdb, which tries "just probing" first, then takes files from
 * its own host, and the image that qXfer:exec-file names is one.
 */
#include <string.h>

#include "arch/paging/maps.h"
#include "arch/view.h"
#include "base/hex.h"
#include "stub/rsp/rsp.h"

#define MAPS_FD	   3
#define MAPS_LINES 4096

static const char maps_path[] = "/proc/1/maps";

/* :NAME,FLAGS,MODE with the name in hex; the last two say nothing here. */
static bool take_name(struct cursor *c, bool *maps, struct err *err)
{
	char name[sizeof(maps_path) - 1];
	const char *hex;
	size_t n;

	cur_expect(c, ':');
	hex = cur_until(c, ',', &n);
	cur_expect(c, ',');
	cur_hex(c);
	cur_expect(c, ',');
	cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, ":NAME,FLAGS,MODE");
	*maps = n == 2 * sizeof(name) && hex_decode(name, hex, sizeof(name)) &&
		!memcmp(name, maps_path, sizeof(name));
	return true;
}

bool rsp_file_open(struct session *s, struct cursor *c, struct err *err)
{
	struct paging_iter it;
	struct x86_view v;
	bool maps = false;

	if (!take_name(c, &maps, err))
		return false;
	if (!maps)
		return true;
	if (!target_view(s->t, s->hg, &v, err))
		return false;
	buf_clear(&s->maps);
	paging_iter_init(&it, &v.paging, &v.mem, 0, UINT64_MAX);
	maps_print_proc(&it, MAPS_LINES, &s->maps);
	if (s->maps.failed)
		return err_set(err, ERR_LIMIT, "no memory for %s", maps_path);
	s->maps_open = true;
	reply_printf(&s->reply, "F%x", MAPS_FD);
	return true;
}

static bool take_fd(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t fd;

	cur_expect(c, ':');
	fd = cur_hex(c);
	if (!cur_ok(c))
		return session_malformed(err, ":FD");
	if (fd != MAPS_FD || !s->maps_open)
		return err_set(err, ERR_NOT_FOUND, "no file %llx is open",
			       (unsigned long long)fd);
	return true;
}

/* :FD,COUNT,OFFSET -> the number of bytes, and they */
bool rsp_file_pread(struct session *s, struct cursor *c, struct err *err)
{
	uint64_t count, offset;
	size_t at;

	if (!take_fd(s, c, err))
		return false;
	cur_expect(c, ',');
	count = cur_hex(c);
	cur_expect(c, ',');
	offset = cur_hex(c);
	if (!cur_done(c))
		return session_malformed(err, ":FD,COUNT,OFFSET");
	at = min_u64(offset, s->maps.len);
	/* The list needs no escapes: what is sent is what was counted. */
	count = min_u64(count, s->maps.len - at);
	count = min_u64(count, FRAME_BODY_MAX / 2);
	reply_printf(&s->reply, "F%llx;", (unsigned long long)count);
	reply_binary(&s->reply, s->maps.data + at, count);
	return true;
}

bool rsp_file_close(struct session *s, struct cursor *c, struct err *err)
{
	if (!take_fd(s, c, err))
		return false;
	if (!cur_done(c))
		return session_malformed(err, ":FD");
	s->maps_open = false;
	reply_text(&s->reply, "F0");
	return true;
}
