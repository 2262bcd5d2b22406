#include "stub/breakpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void bp_list_init(struct bp_list *list)
{
	memset(list, 0, sizeof(*list));
}

void bp_list_deinit(struct bp_list *list)
{
	free(list->entry);
	bp_list_init(list);
}

const char *bp_type_name(enum bp_type type)
{
	static const char *const name[] = {
		[BP_SW] = "software breakpoint",
		[BP_HW] = "hardware breakpoint",
		[BP_WRITE] = "write watchpoint",
		[BP_READ] = "read watchpoint",
		[BP_ACCESS] = "access watchpoint",
	};

	if ((unsigned int)type >= ARRAY_SIZE(name))
		return "breakpoint of unknown type";
	return name[type];
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const struct target_bp *a, const struct target_bp *b)
{
	int order = compare_u64(a->addr, b->addr);

	if (!order)
		order = compare_u64(a->type, b->type);
	if (!order)
		order = compare_u64(a->len, b->len);
	if (!order)
		order = compare_u64(a->physical, b->physical);
	return order;
}

/* Index of the first entry that is not below bp. */
static size_t lower_bound(const struct bp_list *list,
			  const struct target_bp *bp)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(&list->entry[mid].bp, bp) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct bp_entry *lookup(const struct bp_list *list,
			       const struct target_bp *bp)
{
	size_t i = lower_bound(list, bp);

	if (i < list->n && !compare(&list->entry[i].bp, bp))
		return &list->entry[i];
	return NULL;
}

static bool reserve(struct bp_list *list, const struct target_bp *bp,
		    struct err *err)
{
	size_t cap = list->cap ? 2 * list->cap : 16;
	struct bp_entry *entry;

	if (list->n < list->cap)
		return true;
	if (list->n >= BP_MAX)
		return err_set(err, ERR_LIMIT,
			       "no room for a %s at 0x%llx: %d breakpoints are "
			       "set already; delete some",
			       bp_type_name(bp->type),
			       (unsigned long long)bp->addr, BP_MAX);
	entry = realloc(list->entry, cap * sizeof(*entry));
	if (!entry)
		return err_set(err, ERR_LIMIT,
			       "out of memory for breakpoint %zu", list->n + 1);
	list->entry = entry;
	list->cap = cap;
	return true;
}

static void remove_entry(struct bp_list *list, size_t i)
{
	list->n--;
	memmove(&list->entry[i], &list->entry[i + 1],
		(list->n - i) * sizeof(list->entry[0]));
}

/* Keep the first of several errors. */
static void keep_first(struct err *err, const struct err *e, bool *ok)
{
	if (*ok)
		*err = *e;
	*ok = false;
}

bool bp_replant(struct bp_list *list, struct target *t, struct err *err)
{
	bool ok = true;
	struct err e;
	size_t i;

	for (i = 0; i < list->n; i++) {
		struct bp_entry *b = &list->entry[i];

		if (b->wanted && !target_insert_bp(t, b->vcpu, &b->bp, &e))
			keep_first(err, &e, &ok);
	}
	if (ok)
		list->generation = t->generation;
	return ok;
}

/* Take out what nobody wants; *err has the first error. */
static bool remove_unwanted(struct bp_list *list, struct target *t,
			    struct err *err)
{
	bool ok = true;
	struct err e;
	size_t i;

	/* From the end, so that removing does not move what is still to do. */
	for (i = list->n; i-- > 0;) {
		struct bp_entry *b = &list->entry[i];

		if (b->wanted)
			continue;
		if (target_remove_bp(t, &b->bp, &e) || e.code == ERR_NOT_FOUND)
			remove_entry(list, i);
		else
			keep_first(err, &e, &ok);
	}
	return ok;
}

static bool catch_up(struct bp_list *list, struct target *t, struct err *err)
{
	if (list->generation == t->generation)
		return true;
	return bp_replant(list, t, err);
}

/*
 * Plant.  What was released but is still planted may hold the very slot that
 * is needed, so it goes before the refusal stands.
 */
static bool plant(struct bp_list *list, struct target *t, unsigned int vcpu,
		  const struct target_bp *bp, struct err *err)
{
	struct err first, ignored;

	if (target_insert_bp(t, vcpu, bp, &first))
		return true;
	if (bp_count(list) < list->n && remove_unwanted(list, t, &ignored) &&
	    target_insert_bp(t, vcpu, bp, &first))
		return true;
	*err = first;
	return false;
}

static void add_entry(struct bp_list *list, const struct target_bp *bp,
		      unsigned int vcpu)
{
	size_t at = lower_bound(list, bp);
	struct bp_entry *b = &list->entry[at];

	memmove(b + 1, b, (list->n - at) * sizeof(*b));
	*b = (struct bp_entry){.bp = *bp, .vcpu = vcpu, .wanted = true};
	list->n++;
}

bool bp_request(struct bp_list *list, struct target *t, unsigned int vcpu,
		const struct target_bp *bp, struct err *err)
{
	struct bp_entry *b = lookup(list, bp);
	bool planted = b && list->generation == t->generation;
	struct err ignored;

	if (!list->n)
		list->generation = t->generation;
	if (vcpu >= t->nvcpus || t->running)
		return target_insert_bp(t, vcpu, bp, err);
	if (b) {
		bool before = b->wanted;

		b->wanted = true;
		b->vcpu = vcpu;
		if (planted || plant(list, t, vcpu, bp, err))
			return true;
		lookup(list, bp)->wanted = before;
		return false;
	}
	if (list->n >= BP_MAX && !remove_unwanted(list, t, &ignored))
		log_msg(LOG_WARN, "%s", ignored.msg);
	if (!reserve(list, bp, err) || !plant(list, t, vcpu, bp, err))
		return false;
	add_entry(list, bp, vcpu);
	return true;
}

bool bp_release(struct bp_list *list, const struct target_bp *bp,
		struct err *err)
{
	struct bp_entry *b = lookup(list, bp);

	if ((unsigned int)bp->type > BP_ACCESS)
		return err_set(err, ERR_MALFORMED,
			       "breakpoint type %d does not exist",
			       (int)bp->type);
	if (b)
		b->wanted = false;
	return true;
}

void bp_release_all(struct bp_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		list->entry[i].wanted = false;
}

bool bp_sync(struct bp_list *list, struct target *t, struct err *err)
{
	bool ok = remove_unwanted(list, t, err);
	struct err e;

	if (!catch_up(list, t, &e))
		keep_first(err, &e, &ok);
	return ok;
}

size_t bp_count(const struct bp_list *list)
{
	size_t i, n = 0;

	for (i = 0; i < list->n; i++)
		n += list->entry[i].wanted;
	return n;
}

struct bp_entry *bp_find(const struct bp_list *list, enum bp_type type,
			 gva_t addr)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		struct bp_entry *b = &list->entry[i];

		if (b->wanted && b->bp.type == type && addr >= b->bp.addr &&
		    addr - b->bp.addr < b->bp.len)
			return b;
	}
	return NULL;
}

struct bp_entry *bp_hit(struct bp_list *list, const struct target_stop *stop,
			gva_t pc)
{
	struct bp_entry *b = NULL;

	if (stop->kind == STOP_SWBREAK)
		b = bp_find(list, BP_SW, pc);
	else if (stop->kind == STOP_HWBREAK)
		b = bp_find(list, BP_HW, pc);
	else if (stop->kind == STOP_WATCH)
		b = bp_find(list, stop->bp_type, stop->addr);
	if (b)
		b->hits++;
	return b;
}
