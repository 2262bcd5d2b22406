/* stats: KVM's counters and ours, and how they moved since the last resume. */
#include <string.h>

#include "stub/mon/state.h"
#include "stub/stuck.h"

#define NS_PER_S 1000000000.0

struct listing {
	struct mon_ctx *ctx;
	bool all;
	const char *part; /* of the names to show, or NULL */
	uint64_t run_ns;  /* since the resume; 0 = not known */
	unsigned int rows, named, shown;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Counted nanoseconds make a share of the time, other things a rate. */
static void put_rate(struct buf *out, const struct listing *l,
		     const struct target_stat *s)
{
	double ratio;

	if (!l->run_ns)
		return;
	ratio = (double)s->since / (double)l->run_ns;
	if (ends_with(s->name, "_ns"))
		buf_printf(out, " %13.1f%%", 100 * ratio);
	else
		buf_printf(out, " %14.0f", NS_PER_S * ratio);
}

static void put_row(struct listing *l, const struct target_stat *s)
{
	struct buf *out = l->ctx->out;

	buf_printf(out, "  %-32s %14llu", s->name,
		   (unsigned long long)s->value);
	if (s->is_gauge) {
		buf_str(out, "  at present");
	} else if (s->since) {
		buf_printf(out, " %+14lld", (long long)s->since);
		put_rate(out, l, s);
	}
	buf_byte(out, '\n');
}

static void put_source(struct listing *l, unsigned int vcpu)
{
	struct buf *out = l->ctx->out;
	struct target_stat s;
	bool headed = false;

	for (unsigned int i = 0; target_stat(l->ctx->target, vcpu, i, &s);
	     i++) {
		l->rows++;
		if (l->part && !strstr(s.name, l->part))
			continue;
		l->named++;
		if (!l->all && !s.value)
			continue;
		if (!l->shown++)
			buf_printf(out, "  %-32s %14s %14s %14s\n", "", "total",
				   "since resume", "per second");
		if (!headed && vcpu == TARGET_VM)
			buf_str(out, "machine\n");
		else if (!headed)
			buf_printf(out, "vCPU %u\n", vcpu);
		headed = true;
		put_row(l, &s);
	}
}

/* What to say when there are no rows to show. */
static enum mon_result nothing(struct listing *l)
{
	struct mon_ctx *ctx = l->ctx;
	char shown[40];

	if (l->named) {
		buf_printf(ctx->out, "all %u counters are 0\n", l->named);
		return MON_OK;
	}
	if (!l->rows)
		err_set(&ctx->err, ERR_UNSUPPORTED, "%s has no statistics",
			ctx->target->ops->name);
	else
		err_set(&ctx->err, ERR_NOT_FOUND,
			"'%s' is in no counter's name; `stats -a` lists them",
			mon_printable(shown, sizeof(shown), l->part));
	return MON_ERR;
}

static bool take_args(struct listing *l)
{
	for (int i = 0; i < l->ctx->argc; i++) {
		const char *word = l->ctx->argv[i];
		char shown[40];

		if (!strcmp(word, "-a"))
			l->all = true;
		else if (l->part || *word == '-')
			return err_set(
				&l->ctx->err, ERR_USAGE, "stats: '%s' is %s",
				mon_printable(shown, sizeof(shown), word),
				l->part ? "one name too many" : "no option");
		else
			l->part = word;
	}
	return true;
}

enum mon_result mon_stats(struct mon_ctx *ctx)
{
	struct listing l = {.ctx = ctx};
	struct target_stat run;

	if (!take_args(&l))
		return MON_USAGE;
	if (target_find_stat(ctx->target, TARGET_VM, "run_time_ns", &run))
		l.run_ns = run.since;
	put_source(&l, TARGET_VM);
	put_source(&l, ctx->vcpu);
	if (!l.shown)
		return nothing(&l);
	if (l.rows == 2)
		buf_str(ctx->out, "KVM's own counters are n/a: this kernel has "
				  "no KVM_GET_STATS_FD (Linux 5.14)\n");
	return MON_OK;
}
