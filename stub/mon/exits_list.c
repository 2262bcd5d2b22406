/* The exits of several vCPUs, and of the kernel's trace, as one list. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/exit/kernel_event.h"
#include "stub/mon/exits.h"

static bool wants_vcpu(const struct mon_ctx *ctx, unsigned int vcpu)
{
	return !ctx->vcpu_chosen || vcpu == ctx->vcpu;
}

/* What the kernel did came before we knew of it. */
static int by_time(const void *a, const void *b)
{
	const struct exits_ref *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->kernel != y->kernel)
		return x->kernel ? -1 : 1;
	if (x->vcpu != y->vcpu && !x->kernel)
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
		list->ref[list->n++] = (struct exits_ref){
			.time_ns = e.time_ns, .vcpu = vcpu, .index = i};
	}
}

static void add_kernel(struct mon_ctx *ctx, struct exits_list *list)
{
	/* the same access comes again as a read, when it has its value */
	static const char unsatisfied[] = "kvm_mmio: mmio unsatisfied-read";
	struct target_kernel_event e;

	for (size_t i = 0; i < list->kernel.events; i++) {
		if (!target_kernel_event(ctx->target, i, &e))
			return;
		if (wants_vcpu(ctx, e.vcpu) &&
		    strncmp(e.text, unsatisfied, sizeof(unsatisfied) - 1) != 0)
			list->ref[list->n++] =
				(struct exits_ref){.time_ns = e.time_ns,
						   .vcpu = e.vcpu,
						   .kernel = true,
						   .index = i};
	}
}

/* ---- accesses that both sources have ---- */

#define TWIN_PLACES 32
#define TWIN_NS	    UINT64_C(10000000)

static bool same_access(const struct exit_record *a,
			const struct exit_record *b)
{
	return a->reason == b->reason && a->where == b->where &&
	       a->value == b->value && a->size == b->size &&
	       a->is_write == b->is_write;
}

/* Is ref the kernel's event of this record, which is at `user`? */
static bool is_twin(struct mon_ctx *ctx, const struct exits_ref *user,
		    const struct exit_record *record,
		    const struct exits_ref *ref)
{
	struct target_kernel_event e;
	struct exit_record r;
	uint64_t apart = ref->time_ns > user->time_ns
				 ? ref->time_ns - user->time_ns
				 : user->time_ns - ref->time_ns;

	return ref->kernel && !ref->dropped && ref->vcpu == user->vcpu &&
	       apart < TWIN_NS &&
	       target_kernel_event(ctx->target, ref->index, &e) &&
	       kernel_event_access(e.text, &r) && same_access(record, &r);
}

/* A write is in the trace before it comes to us, a read after that. */
static void drop_twin(struct mon_ctx *ctx, struct exits_list *list, size_t i)
{
	struct exits_ref *user = &list->ref[i];
	struct exit_record record;

	if (!target_record(ctx->target, user->vcpu, user->index, &record) ||
	    !exit_record_is_access(&record))
		return;
	for (size_t k = 1; k <= TWIN_PLACES; k++) {
		struct exits_ref *other = NULL;

		if (record.is_write && i >= k)
			other = &list->ref[i - k];
		else if (!record.is_write && k < list->n - i)
			other = &list->ref[i + k];
		if (!other)
			return;
		if (is_twin(ctx, user, &record, other)) {
			other->dropped = true;
			return;
		}
	}
}

static void drop_twins(struct mon_ctx *ctx, struct exits_list *list)
{
	size_t n = 0;

	if (!list->kernel.events)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!list->ref[i].kernel)
			drop_twin(ctx, list, i);
	for (size_t i = 0; i < list->n; i++)
		if (!list->ref[i].dropped)
			list->ref[n++] = list->ref[i];
	list->n = n;
}

/* ---- the list ---- */

bool exits_list_init(struct mon_ctx *ctx, struct exits_list *list)
{
	struct target *t = ctx->target;
	uint64_t total;
	size_t all;

	*list = (struct exits_list){0};
	if (!target_has_recorder(t))
		return err_set(&ctx->err, ERR_UNSUPPORTED,
			       "%s has no record of exits", t->ops->name);
	target_kernel_trace(t, &list->kernel);
	all = list->kernel.events;
	for (unsigned int i = 0; i < t->nvcpus; i++)
		if (wants_vcpu(ctx, i))
			all += target_records(t, i, &total);
	list->ref = calloc(all ? all : 1, sizeof(*list->ref));
	if (!list->ref)
		return err_set(&ctx->err, ERR_LIMIT,
			       "no memory to sort %zu exits", all);
	add_kernel(ctx, list);
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
	drop_twins(ctx, list);
	return true;
}

void exits_list_deinit(struct exits_list *list)
{
	free(list->ref);
	*list = (struct exits_list){0};
}

/* ---- walking ---- */

void exits_walk_start(struct exits_walk *w, const struct exits_list *list)
{
	*w = (struct exits_walk){.list = list};
	exit_namer_init(&w->namer);
}

static bool take_kernel_event(struct mon_ctx *ctx, struct exits_walk *w)
{
	struct target_kernel_event e;

	if (!target_kernel_event(ctx->target, w->ref->index, &e))
		return false;
	w->event = e.text;
	w->record = (struct exit_record){.time_ns = e.time_ns};
	w->name = (struct exit_name){.device = NULL};
	w->is_access = kernel_event_access(e.text, &w->record);
	if (!w->is_access)
		return true;
	exit_namer_next(&w->namer, &w->record, &w->name);
	w->name.claimed = true; /* by whom, the trace does not say */
	return true;
}

bool exits_walk_next(struct mon_ctx *ctx, struct exits_walk *w)
{
	if (w->next == w->list->n)
		return false;
	w->ref = &w->list->ref[w->next++];
	if (w->ref->kernel)
		return take_kernel_event(ctx, w);
	w->event = NULL;
	if (!target_record(ctx->target, w->ref->vcpu, w->ref->index,
			   &w->record))
		return false;
	w->is_access = exit_record_is_access(&w->record);
	exit_namer_next(&w->namer, &w->record, &w->name);
	return true;
}

bool exits_walk_match(const struct exits_walk *w, const struct exits_query *q)
{
	if (!w->ref->kernel)
		return q->source != EXITS_KERNEL &&
		       exit_filter_match(&q->filter, &w->record, &w->name);
	if (q->source == EXITS_USER)
		return false;
	if (q->event)
		return !strncmp(w->event, q->event, strlen(q->event));
	return !q->filtered ||
	       (w->is_access && !q->filter.has_rip &&
		exit_filter_match(&q->filter, &w->record, &w->name));
}

void exits_print_symbol(struct mon_ctx *ctx, uint64_t addr, const char *before,
			struct buf *out)
{
	struct target_symbol symbol;

	if (!target_symbol_at(ctx->target, addr, &symbol))
		return;
	buf_printf(out, "%s%s+0x%" PRIx64, before, symbol.name,
		   addr - symbol.addr);
}
