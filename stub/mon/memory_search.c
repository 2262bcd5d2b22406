/* search: bytes, text or a number in memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/paging/iter.h"
#include "base/cursor.h"
#include "stub/clock.h"
#include "stub/mon/memory.h"

#define PATTERN_MAX   256
#define CHUNK	      65536
#define FOUND_MAX     100
#define TIME_LIMIT_MS 3500

struct search {
	struct mon_ctx *ctx;
	bool physical, has_range;
	uint64_t first, last;
	uint8_t pattern[PATTERN_MAX];
	size_t len;

	/* the last bytes of what was looked through, then new ones */
	uint8_t window[PATTERN_MAX + CHUNK];
	size_t kept;
	uint64_t next; /* address after the window */
	uint64_t bytes;
	unsigned int found;
	int64_t deadline;
	bool stopped; /* enough is found, or the time is over */
	uint64_t at;  /* stopped: where to go on */
};

/* ---- the pattern ---- */

static bool too_long(struct search *s)
{
	return err_set(&s->ctx->err, ERR_LIMIT,
		       "more than %d bytes to search for", PATTERN_MAX);
}

static bool add_bytes(struct search *s, const void *bytes, size_t len)
{
	if (len > sizeof(s->pattern) - s->len)
		return too_long(s);
	memcpy(s->pattern + s->len, bytes, len);
	s->len += len;
	return true;
}

static bool add_hex(struct search *s, const char *word)
{
	size_t len = strlen(word) / 2;
	struct cursor c = cur_str(word);
	uint8_t bytes[PATTERN_MAX];
	char shown[40];

	if (len > sizeof(bytes))
		return too_long(s);
	if (len && cur_hex_bytes(&c, bytes, len) && cur_done(&c))
		return add_bytes(s, bytes, len);
	return err_set(&s->ctx->err, ERR_USAGE,
		       "'%s' is no bytes (two hexadecimal digits each, 0f0b); "
		       "text goes in quotes, a number after -b -h -w or -g",
		       mon_printable(shown, sizeof(shown), word));
}

/* size: bytes; the value may be a negative number of that size. */
static bool add_value(struct search *s, const char *word, unsigned int size)
{
	uint64_t value, rest;
	char shown[40];

	if (!mon_value(s->ctx, word, &value))
		return false;
	rest = size == 8 ? 0 : value >> (8 * size);
	if (rest && ~(uint64_t)((int64_t)value >> (8 * size - 1)))
		return err_set(&s->ctx->err, ERR_RANGE,
			       "'%s' does not fit %u byte%s",
			       mon_printable(shown, sizeof(shown), word), size,
			       size == 1 ? "" : "s");
	return add_bytes(s, &value, size);
}

/* -p, or a size and its value at argv[*i]; false and no error: neither. */
static bool take_option(struct search *s, int *i)
{
	struct mon_ctx *ctx = s->ctx;
	const char *word = ctx->argv[*i];
	static const char sizes[] = "bhwg";
	const char *size;

	if (!strcmp(word, "-p")) {
		s->physical = true;
		return true;
	}
	size = word[0] == '-' && word[1] && !word[2] ? strchr(sizes, word[1])
						     : NULL;
	if (!size || !s->has_range)
		return false;
	if (++*i == ctx->argc)
		return err_set(&ctx->err, ERR_USAGE, "'%s' wants a value",
			       word);
	return add_value(s, ctx->argv[*i], 1u << (size - sizes));
}

static bool parse(struct search *s)
{
	struct mon_ctx *ctx = s->ctx;

	for (int i = 0; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];
		bool quoted = i < 64 && ctx->quoted >> i & 1, ok;

		if (quoted && s->has_range)
			ok = add_bytes(s, word, strlen(word));
		else if (take_option(s, &i))
			continue;
		else if (ctx->err.code != ERR_NONE)
			return false;
		else if (s->has_range)
			ok = add_hex(s, word);
		else
			ok = s->has_range =
				mon_range(ctx, word, &s->first, &s->last);
		if (!ok)
			return false;
	}
	if (!s->has_range || !s->len)
		return err_set(&ctx->err, ERR_USAGE, "search: no %s",
			       s->has_range ? "bytes to search for" : "range");
	return true;
}

/* ---- looking ---- */

static void report(struct search *s, uint64_t addr)
{
	struct err ignored;
	struct walk w;

	buf_printf(s->ctx->out, "0x%" PRIx64, addr);
	if (!s->physical &&
	    target_walk(s->ctx->target, s->ctx->vcpu, addr, ACCESS_DEBUG, &w,
			&ignored) &&
	    w.result == WALK_OK)
		buf_printf(s->ctx->out, " (physical 0x%" PRIx64 ")", w.gpa);
	buf_byte(s->ctx->out, '\n');
	s->found++;
}

/* Report what is in the window and keep what may be a beginning. */
static void look(struct search *s, size_t fresh)
{
	size_t have = s->kept + fresh, from = 0;
	uint64_t base = s->next - have;
	const uint8_t *hit;

	while ((hit = memmem(s->window + from, have - from, s->pattern,
			     s->len))) {
		from = (size_t)(hit - s->window) + 1;
		report(s, base + from - 1);
		if (s->found == FOUND_MAX) {
			s->stopped = true;
			s->at = base + from;
			return;
		}
	}
	s->kept = have < s->len - 1 ? have : s->len - 1;
	/* what has been found must not be found again */
	if (s->kept > have - from)
		s->kept = have - from;
	memmove(s->window, s->window + have - s->kept, s->kept);
}

/* len bytes at addr (what is reported) lie at gpa; no memory is no match. */
static void feed(struct search *s, uint64_t addr, gpa_t gpa, uint64_t len)
{
	struct err ignored;

	while (len && !s->stopped) {
		size_t n = (size_t)min_u64(len, CHUNK);
		uint64_t same;
		bool ram;

		if (now_ms() >= s->deadline) {
			s->stopped = true;
			s->at = addr;
			return;
		}
		if (addr != s->next)
			s->kept = 0;
		ram = mon_owner(s->ctx->target, gpa, &same, NULL);
		n = (size_t)min_u64(n, same);
		if (target_read_phys(s->ctx->target, gpa, s->window + s->kept,
				     n, NULL, &ignored)) {
			s->next = addr + n;
			s->bytes += n;
			look(s, n);
			same = n;
		} else if (ram) {
			same = n; /* a dump may lack pieces of it */
		}
		same = min_u64(same, len);
		addr += same;
		gpa += same;
		len -= same;
	}
}

static void search_physical(struct search *s)
{
	struct target_region r;

	for (unsigned int i = 0;
	     !s->stopped && target_region(s->ctx->target, i, &r); i++) {
		uint64_t first = max_u64(s->first, r.start);
		uint64_t last = min_u64(s->last, r.start + (r.size - 1));

		if (first <= last)
			feed(s, first, first, last - first + 1);
	}
}

/* A part of the run, cut to the range; a page of it when it repeats one. */
static void search_run(struct search *s, const struct paging_run *run)
{
	gva_t first = max_u64(s->first, run->start);
	gva_t last = min_u64(s->last, run->last);
	uint64_t page = run->page_size;

	if (first > last)
		return;
	if (!run->repeats) {
		feed(s, first, run->gpa + (first - run->start),
		     last - first + 1);
		return;
	}
	while (!s->stopped) {
		gva_t end = min_u64(last, first | (page - 1));

		feed(s, first, run->gpa | (first & (page - 1)),
		     end - first + 1);
		if (end == last)
			return;
		first = end + 1;
	}
}

static bool search_linear(struct search *s)
{
	struct mon_ctx *ctx = s->ctx;
	struct paging_iter it;
	struct paging_run run;
	struct x86_view v;

	if (!target_view(ctx->target, ctx->vcpu, &v, &ctx->err))
		return false;
	paging_iter_init(&it, &v.paging, &v.mem, s->first, s->last);
	while (!s->stopped && paging_iter_next(&it, &run))
		if (run.kind == RUN_PAGES)
			search_run(s, &run);
	if (it.cut && !s->stopped) {
		s->stopped = true;
		s->at = paging_iter_at(&it);
	}
	return true;
}

static void tell(const struct search *s)
{
	struct buf *out = s->ctx->out;

	buf_printf(out, "%u found in %" PRIu64 " bytes of memory", s->found,
		   s->bytes);
	if (s->stopped)
		buf_printf(out,
			   "; cut at 0x%" PRIx64 ", go on with the range "
			   "0x%" PRIx64 "-0x%" PRIx64,
			   s->at, s->at, s->last);
	buf_byte(out, '\n');
}

enum mon_result mon_search(struct mon_ctx *ctx)
{
	struct search *s = calloc(1, sizeof(*s));
	enum mon_result result = MON_OK;

	if (!s) {
		err_set(&ctx->err, ERR_LIMIT, "out of memory for a search");
		return MON_ERR;
	}
	s->ctx = ctx;
	s->deadline = now_ms() + TIME_LIMIT_MS;
	if (!parse(s))
		result = MON_USAGE;
	else if (s->physical)
		search_physical(s);
	else if (!search_linear(s))
		result = MON_ERR;
	if (result == MON_OK)
		tell(s);
	free(s);
	return result;
}
