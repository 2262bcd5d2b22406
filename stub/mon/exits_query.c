/* The words after `exits`, `pio`, `mmio` and `msr`. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "arch/exit/ports.h"
#include "arch/msr_names.h"
#include "base/text.h"
#include "stub/mon/exits.h"
#include "stub/mon/expr.h"

#define DEFAULT_LINES 20

/* ---- devices ---- */

/*
 * The i-th device name that could stand in a record: those of the machine,
 * then the well-known ones.  NULL at the end.
 */
static const char *device_at(struct mon_ctx *ctx, unsigned int i)
{
	struct target_io_range range;
	unsigned int n = 0;

	while (target_io_range(ctx->target, n, &range))
		if (n++ == i)
			return range.name;
	return port_device_at(i - n);
}

/* The name itself, which lives as long as the target; NULL if it is none. */
static const char *find_device(struct mon_ctx *ctx, const char *word)
{
	struct target_io_range range;
	const char *name;

	if (!strcasecmp(word, "ram")) /* pages watched by protection */
		return "ram";
	for (unsigned int i = 0; target_io_range(ctx->target, i, &range); i++)
		if (!strcasecmp(range.name, word))
			return range.name;
	for (unsigned int i = 0; (name = port_device_at(i)); i++)
		if (!strcasecmp(name, word))
			return name;
	return NULL;
}

/* ---- words ---- */

/* As people type it; longer names than the buffer are none to mistype. */
static const char *lower(char to[24], const char *name)
{
	size_t n = 0;

	for (; name[n] && n < 23; n++)
		to[n] = (char)tolower((unsigned char)name[n]);
	to[n] = '\0';
	return to;
}

static bool bad_word(struct mon_ctx *ctx, const char *word)
{
	char shown[40], typed[24], lowered[64][24];
	struct buf near = BUF_INIT;
	struct text_near best;
	const char *name;

	mon_printable(shown, sizeof(shown), word);
	text_near_init(&best, lower(typed, shown));
	for (unsigned int i = 0;
	     i < ARRAY_SIZE(lowered) && (name = exit_filter_word_at(i)); i++)
		text_near_offer(&best, lower(lowered[i], name));
	for (unsigned int i = 0; (name = device_at(ctx, i)); i++)
		text_near_offer(&best, name);
	text_near_print(&best, &near);
	err_set(&ctx->err, ERR_USAGE,
		"'%s' is no kind of exit, device, r, w, RANGE or KEY=VALUE%s%s"
		"%s",
		shown, near.len ? "; did you mean " : "", buf_cstr(&near),
		near.len ? "?" : "");
	buf_deinit(&near);
	return false;
}

static bool is_decimal(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

/* Could only be arithmetic. */
static bool is_expression(const char *word)
{
	return isdigit((unsigned char)*word) || strchr("$(~-", *word);
}

static bool take_lines(struct mon_ctx *ctx, struct exits_query *q,
		       const char *word)
{
	if (!mon_number(word, &q->lines, &ctx->err))
		return false;
	if (!q->lines)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s' is no number of lines", word);
	return true;
}

static bool take_where(struct mon_ctx *ctx, struct exits_query *q,
		       const char *word)
{
	char shown[40];

	if (q->filter.has_where)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s' is a second RANGE; there can be one",
			       mon_printable(shown, sizeof(shown), word));
	q->filter.has_where = true;
	return mon_range(ctx, word, &q->filter.where, &q->filter.where_last);
}

static bool take_rip(struct mon_ctx *ctx, struct exits_query *q,
		     const char *word)
{
	q->filter.has_rip = true;
	return mon_range(ctx, word, &q->filter.rip, &q->filter.rip_last);
}

/* VALUE[/MASK] */
static bool take_value(struct mon_ctx *ctx, struct exits_query *q,
		       const char *word)
{
	const char *slash = strchr(word, '/');
	char value[128];

	q->filter.has_value = true;
	q->filter.mask = UINT64_MAX;
	if (!slash)
		return mon_value(ctx, word, &q->filter.value);
	if ((size_t)(slash - word) >= sizeof(value))
		return bad_word(ctx, word);
	memcpy(value, word, (size_t)(slash - word));
	value[slash - word] = '\0';
	return mon_value(ctx, value, &q->filter.value) &&
	       mon_value(ctx, slash + 1, &q->filter.mask);
}

static bool take_device(struct mon_ctx *ctx, struct exits_query *q,
			const char *word)
{
	const char *name = find_device(ctx, word);
	char shown[40];

	if (!name)
		return bad_word(ctx, word);
	if (exit_filter_device(&q->filter, name))
		return true;
	return err_set(&ctx->err, ERR_USAGE,
		       "'%s' is one device too many; %d can be given",
		       mon_printable(shown, sizeof(shown), word),
		       FILTER_DEVICES);
}

static bool take_register(struct mon_ctx *ctx, struct exits_query *q,
			  const char *word)
{
	if (!*word)
		return err_set(&ctx->err, ERR_USAGE,
			       "'reg=' wants a part of a register's name");
	q->filter.reg = word;
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct mon_ctx *ctx, struct exits_query *q,
		     const char *word);
} keys[] = {
	{"at=", take_where},   {"val=", take_value},	{"rip=", take_rip},
	{"dev=", take_device}, {"reg=", take_register},
};

/* What has to do with the kernel's trace rather than with a record. */
static bool take_source(struct exits_query *q, const char *word)
{
	if (!strcmp(word, "user")) {
		q->source = EXITS_USER;
		return true;
	}
	if (!strcmp(word, "kernel")) {
		q->source = EXITS_KERNEL;
		return true;
	}
	if (strncmp(word, "kvm_", 4) != 0 || !strncmp(word, "kvm_exit_", 9))
		return false;
	q->source = EXITS_KERNEL;
	q->event = word;
	return true;
}

static bool take_msr(struct exits_query *q, const char *word)
{
	uint32_t index;

	if (q->filter.has_where || !msr_find(word, &index))
		return false;
	exit_filter_word(&q->filter, "msr");
	q->filter.has_where = true;
	q->filter.where = q->filter.where_last = index;
	return true;
}

static bool take_word(struct mon_ctx *ctx, struct exits_query *q,
		      const char *word)
{
	if (take_source(q, word))
		return true;
	if (!strcmp(word, "-c"))
		return err_set(&ctx->err, ERR_USAGE,
			       "'-c' and its number go before the other words");
	q->filtered = true;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strncmp(word, keys[i].key, strlen(keys[i].key)))
			return keys[i].take(ctx, q, word + strlen(keys[i].key));
	if (exit_filter_word(&q->filter, word))
		return true;
	if (find_device(ctx, word))
		return take_device(ctx, q, word);
	if (is_expression(word))
		return take_where(ctx, q, word);
	return take_msr(q, word) || bad_word(ctx, word);
}

bool exits_query_parse(struct mon_ctx *ctx, int first, struct exits_query *q)
{
	const char *word = first < ctx->argc ? ctx->argv[first] : NULL;
	int i = first;

	q->lines = DEFAULT_LINES;
	if (word && !strcmp(word, "all")) {
		q->lines = UINT64_MAX;
		i++;
	} else if (word && is_decimal(word) && !find_device(ctx, word)) {
		if (!take_lines(ctx, q, word))
			return false;
		i++;
	}
	for (; i < ctx->argc; i++)
		if (!take_word(ctx, q, ctx->argv[i]))
			return false;
	return true;
}
