/* The exits of several vCPUs as one list. */
#include <inttypes.h>
#include <stdlib.h>

#include "stub/mon/exits.h"

static bool wants_vcpu(const struct mon_ctx *ctx, unsigned int vcpu)
{
	return !ctx->vcpu_chosen || vcpu == ctx->vcpu;
}

static int by_time(const void *a, const void *b)
{
	const struct exits_ref *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->vcpu != y->vcpu)
		return x->vcpu < y->vcpu ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void add_vcpu(struct mon_ctx *ctx, struct exits_list *list,
		     unsigned int vcpu, size_t count)
{
	struct exit_record e;

	for (size_t i = 0; i < count; i++) {
		if (!target_record(ctx->target, vcpu, i, &e))
			return;
		list->ref[list->n++] =
			(struct exits_ref){e.time_ns, vcpu, (uint32_t)i};
	}
}

bool exits_list_init(struct mon_ctx *ctx, struct exits_list *list)
{
	struct target *t = ctx->target;
	uint64_t total;
	size_t all = 0;

	*list = (struct exits_list){0};
	for (unsigned int i = 0; i < t->nvcpus; i++)
		if (wants_vcpu(ctx, i))
			all += target_records(t, i, &total);
	list->ref = calloc(all ? all : 1, sizeof(*list->ref));
	if (!list->ref)
		return err_set(&ctx->err, ERR_LIMIT,
			       "no memory to sort %zu exits", all);
	for (unsigned int i = 0; i < t->nvcpus; i++) {
		size_t count;

		if (!wants_vcpu(ctx, i))
			continue;
		count = target_records(t, i, &total);
		list->lost += total - count;
		list->kept = max_u64(list->kept, count);
		add_vcpu(ctx, list, i, count);
	}
	qsort(list->ref, list->n, sizeof(*list->ref), by_time);
	return true;
}

void exits_list_deinit(struct exits_list *list)
{
	free(list->ref);
	*list = (struct exits_list){0};
}

void exits_walk_start(struct exits_walk *w, const struct exits_list *list)
{
	*w = (struct exits_walk){.list = list};
	exit_namer_init(&w->namer);
}

bool exits_walk_next(struct mon_ctx *ctx, struct exits_walk *w)
{
	if (w->next == w->list->n)
		return false;
	w->ref = &w->list->ref[w->next++];
	if (!target_record(ctx->target, w->ref->vcpu, w->ref->index,
			   &w->record))
		return false;
	exit_namer_next(&w->namer, &w->record, &w->name);
	return true;
}

void exits_print_symbol(struct mon_ctx *ctx, uint64_t addr, const char *before)
{
	struct target_symbol symbol;

	if (!target_symbol_at(ctx->target, addr, &symbol))
		return;
	buf_printf(ctx->out, "%s%s+0x%" PRIx64, before, symbol.name,
		   addr - symbol.addr);
}
