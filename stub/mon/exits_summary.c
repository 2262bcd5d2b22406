/* exits summary: how many exits of what, from where, and how fast. */
#include <inttypes.h>
#include <string.h>

#include "arch/exit/text.h"
#include "base/tally.h"
#include "stub/mon/exits.h"

#define TOP 12 /* lines of each histogram */

/* Counts of all wanted vCPUs; they run side by side, so time is the longest. */
struct sums {
	struct exit_counts total, since;
	bool known;
};

static void add_counts(struct exit_counts *to, const struct exit_counts *c)
{
	for (unsigned int i = 0; i < EXIT_COUNTERS; i++)
		to->by_reason[i] += c->by_reason[i];
	to->ran_ns = max_u64(to->ran_ns, c->ran_ns);
	to->from_ns = max_u64(to->from_ns, c->from_ns);
}

static void sum_counts(struct mon_ctx *ctx, struct sums *s)
{
	struct exit_counts total, since;

	*s = (struct sums){.known = false};
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++) {
		if (ctx->vcpu_chosen && i != ctx->vcpu)
			continue;
		if (!target_exit_counts(ctx->target, i, &total, &since))
			continue;
		s->known = true;
		add_counts(&s->total, &total);
		add_counts(&s->since, &since);
	}
}

static uint64_t all_of(const struct exit_counts *c)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < EXIT_COUNTERS; i++)
		n += c->by_reason[i];
	return n;
}

/* "  123456   12.3%     4567/s"; the rate only where time is known. */
static void print_share(struct buf *out, uint64_t n, uint64_t all, uint64_t ns)
{
	buf_printf(out, "%10" PRIu64 " %5.1f%%", n,
		   all ? 100.0 * (double)n / (double)all : 0);
	if (ns)
		buf_printf(out, " %10.0f/s", (double)n * 1e9 / (double)ns);
	else
		buf_str(out, "           -");
}

static void reason_name(unsigned int counter, struct buf *name)
{
	buf_clear(name);
	if (counter == EXIT_COUNT_ERRNO)
		buf_str(name, "KVM_RUN failed or interrupted");
	else if (counter == EXIT_COUNT_OTHER)
		buf_str(name, "reasons not known here");
	else
		exit_reason_print(name, counter);
}

/* Counters by their number since the resume, then ever. */
static void order(const struct sums *s, unsigned int sorted[EXIT_COUNTERS])
{
	for (unsigned int i = 0; i < EXIT_COUNTERS; i++) {
		unsigned int at = i;

		for (; at > 0; at--) {
			unsigned int before = sorted[at - 1];
			uint64_t a = s->since.by_reason[before];
			uint64_t b = s->since.by_reason[i];

			if (a > b || (a == b && s->total.by_reason[before] >=
							s->total.by_reason[i]))
				break;
			sorted[at] = before;
		}
		sorted[at] = i;
	}
}

static void print_reasons(struct mon_ctx *ctx, const struct sums *s)
{
	uint64_t since = all_of(&s->since), ever = all_of(&s->total);
	unsigned int sorted[EXIT_COUNTERS];
	struct buf name = BUF_INIT;

	buf_printf(ctx->out,
		   "%-30s%30s%30s\n%-30s%16" PRIu64 " in %8.3f s%16" PRIu64
		   " in %8.3f s\n",
		   "by reason", "since the last resume", "ever", "", since,
		   (double)s->since.ran_ns / 1e9, ever,
		   (double)s->total.ran_ns / 1e9);
	order(s, sorted);
	for (unsigned int i = 0; i < EXIT_COUNTERS; i++) {
		uint64_t n = s->total.by_reason[sorted[i]];

		if (!n)
			continue;
		reason_name(sorted[i], &name);
		buf_printf(ctx->out, "%-30s", buf_cstr(&name));
		print_share(ctx->out, s->since.by_reason[sorted[i]], since,
			    s->since.ran_ns);
		print_share(ctx->out, n, ever, s->total.ran_ns);
		buf_byte(ctx->out, '\n');
	}
	buf_deinit(&name);
}

/* ---- histograms of the records ---- */

struct histograms {
	struct tally rip, access;
	uint64_t first_ns, last_ns; /* of what was counted */
	bool whole;		    /* nothing of the time asked for is lost */
};

static void count_access(struct tally *t, const struct exits_walk *w,
			 struct buf *text)
{
	const struct exit_record *e = &w->record;
	const char *kind = e->reason == EXIT_IO	    ? "pio"
			   : e->reason == EXIT_MMIO ? "mmio"
						    : "msr";

	if (!exit_record_is_access(e))
		return;
	buf_clear(text);
	buf_printf(text, "%-4s %c 0x%" PRIx64 " ", kind,
		   e->is_write ? 'w' : 'r', e->where);
	exit_name_print(text, e, &w->name);
	tally_add(t, buf_cstr(text), 0, 1);
}

static void count(struct mon_ctx *ctx, const struct exits_list *list,
		  uint64_t from_ns, struct histograms *h)
{
	struct buf text = BUF_INIT;
	struct exits_walk w;

	h->whole = true;
	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w)) {
		const struct exit_record *e = &w.record;

		if (w.ref->kernel || e->time_ns < from_ns)
			continue;
		if (!h->first_ns)
			h->first_ns = e->time_ns;
		h->last_ns = e->time_ns;
		buf_clear(&text);
		buf_printf(&text, "0x%" PRIx64, e->rip);
		tally_add(&h->rip, buf_cstr(&text), e->rip,
			  exit_record_is_access(e) ? 1 : e->count);
		count_access(&h->access, &w, &text);
	}
	/* the oldest kept one is younger than what was asked for */
	if (list->lost && list->n && list->ref[0].time_ns > from_ns)
		h->whole = false;
	tally_sort(&h->rip);
	tally_sort(&h->access);
	buf_deinit(&text);
}

static void print_tally(struct mon_ctx *ctx, const char *title,
			const struct tally *t, uint64_t ns, bool symbols)
{
	uint64_t rest = t->total;

	if (!t->lines)
		return;
	buf_printf(ctx->out, "\n%s\n", title);
	for (size_t i = 0; i < t->lines && i < TOP; i++) {
		const struct tally_line *l = &t->line[i];

		print_share(ctx->out, l->count, t->total, ns);
		buf_printf(ctx->out, "  %s", l->text);
		if (symbols)
			exits_print_symbol(ctx, l->tag, " ", ctx->out);
		buf_byte(ctx->out, '\n');
		rest -= l->count;
	}
	if (!rest)
		return;
	print_share(ctx->out, rest, t->total, ns);
	buf_printf(ctx->out, "  %zu more\n", t->lines - TOP);
}

/*
 * Rates are by the time the guest ran, where all of that time is recorded, else
 * by the time between the first and the last record.
 */
static void print_histograms(struct mon_ctx *ctx, struct histograms *h,
			     const struct sums *s, bool all)
{
	uint64_t ns = h->last_ns - h->first_ns;

	if (!all && s->known && h->whole && s->since.ran_ns)
		ns = s->since.ran_ns;
	buf_printf(ctx->out,
		   "\n%" PRIu64 " exits%s, in %.3f s%s, are in the recorder:\n",
		   h->rip.total, all ? "" : " since the last resume",
		   (double)ns / 1e9, all ? " (with the stops between)" : "");
	print_tally(ctx, "by rip", &h->rip, ns, true);
	print_tally(ctx, "by register", &h->access, ns, false);
	if (!h->whole)
		buf_str(ctx->out, "\nolder ones are overwritten (--recorder N "
				  "keeps more)\n");
}

enum mon_result mon_exits_summary(struct mon_ctx *ctx)
{
	bool all = ctx->argc && !strcmp(ctx->argv[0], "all");
	struct histograms h = {.rip = TALLY_INIT};
	struct exits_list list;
	struct sums s;
	char shown[40];

	if (ctx->argc && !all) {
		err_set(&ctx->err, ERR_USAGE, "'%s' is not 'all'",
			mon_printable(shown, sizeof(shown), ctx->argv[0]));
		return MON_USAGE;
	}
	if (!exits_list_init(ctx, &list))
		return MON_ERR;
	sum_counts(ctx, &s);
	if (s.known)
		print_reasons(ctx, &s);
	all |= !s.known; /* when a saved crash resumed is not known */
	count(ctx, &list, all ? 0 : s.since.from_ns, &h);
	if (h.rip.lines)
		print_histograms(ctx, &h, &s, all);
	else
		buf_printf(ctx->out, "no exit%s is recorded\n",
			   all ? "" : " since the last resume");
	tally_deinit(&h.rip);
	tally_deinit(&h.access);
	exits_list_deinit(&list);
	return MON_OK;
}
