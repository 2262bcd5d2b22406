/* exits save: the exits as a trace for Perfetto. */
#include <inttypes.h>

#include "arch/exit/chrome.h"
#include "base/out_file.h"
#include "stub/mon/exits.h"

#define CHUNK 65536 /* bytes that are put together before a write */

struct save {
	struct out_file file;
	struct buf text, symbol;
	struct chrome_trace trace;
	uint64_t events;
};

static bool flush(struct mon_ctx *ctx, struct save *s)
{
	bool ok = s->text.failed ? err_set(&ctx->err, ERR_LIMIT, "no memory")
				 : out_file_write(&s->file, buf_cstr(&s->text),
						  s->text.len, &ctx->err);

	buf_clear(&s->text);
	return ok;
}

static void put_event(struct mon_ctx *ctx, struct save *s,
		      const struct exits_walk *w)
{
	int tid = target_thread_id(ctx->target, w->ref->vcpu);

	s->events++;
	if (w->ref->kernel) {
		chrome_kernel(&s->trace, tid, w->ref->time_ns, w->event);
		return;
	}
	buf_clear(&s->symbol);
	exits_print_symbol(ctx, w->record.rip, "", &s->symbol);
	chrome_exit(&s->trace, tid, &w->record, &w->name,
		    s->symbol.len ? buf_cstr(&s->symbol) : NULL);
}

static bool write_all(struct mon_ctx *ctx, const struct exits_list *list,
		      const struct exits_query *q, struct save *s)
{
	struct exits_walk w;

	chrome_begin(&s->trace, &s->text);
	for (unsigned int i = 0; i < ctx->target->nvcpus; i++)
		chrome_track(&s->trace, i, target_thread_id(ctx->target, i));
	exits_walk_start(&w, list);
	while (exits_walk_next(ctx, &w)) {
		if (!exits_walk_match(&w, q))
			continue;
		put_event(ctx, s, &w);
		if (s->text.len >= CHUNK && !flush(ctx, s))
			return false;
	}
	chrome_end(&s->trace);
	return flush(ctx, s);
}

static bool save(struct mon_ctx *ctx, const struct exits_list *list,
		 const struct exits_query *q, struct save *s)
{
	if (!out_file_open(&s->file, ctx->argv[0], &ctx->err))
		return false;
	if (write_all(ctx, list, q, s))
		return out_file_commit(&s->file, &ctx->err);
	out_file_abort(&s->file);
	return false;
}

enum mon_result mon_exits_save(struct mon_ctx *ctx)
{
	struct save s = {.events = 0};
	struct exits_query q = {0};
	struct exits_list list;
	char shown[128];
	bool ok;

	if (!exits_query_parse(ctx, 1, &q))
		return MON_USAGE;
	if (!exits_list_init(ctx, &list))
		return MON_ERR;
	ok = save(ctx, &list, &q, &s);
	if (ok)
		buf_printf(ctx->out,
			   "%s: %" PRIu64 " events, %" PRIu64 " bytes\n",
			   mon_printable(shown, sizeof(shown), ctx->argv[0]),
			   s.events, s.file.size);
	buf_deinit(&s.text);
	buf_deinit(&s.symbol);
	exits_list_deinit(&list);
	return ok ? MON_OK : MON_ERR;
}
