#include "arch/paging/iter.h"

#include <string.h>

#include "arch/paging/impl.h"

static const struct paging_shape *shape_of(const struct paging_iter *it)
{
	return &paging_shapes[it->p->mode];
}

static uint64_t *entries_at(struct paging_iter *it, int level)
{
	return it->entry + ((size_t)(level - 1) << shape_of(it)->index_bits);
}

static unsigned int index_at(const struct paging_iter *it, int level)
{
	const struct iter_table *t = &it->table[level];

	return (unsigned int)(it->at >> t->shift) & (t->count - 1);
}

static gva_t linear(const struct paging_iter *it, gva_t at)
{
	const struct paging_shape *shape = shape_of(it);

	return shape->width == 32 ? at : paging_canonical(shape, at);
}

gva_t paging_iter_at(const struct paging_iter *it)
{
	return linear(it, it->at);
}

/* ---- the range ---- */

/*
 * An address as the tables count; one that is none of this mode moves up, or
 * down, to the next that is.
 */
static gva_t narrow(const struct paging_shape *shape, gva_t gva, bool up)
{
	uint64_t mask = ~UINT64_C(0) >> (64 - shape->width);
	uint64_t half = (mask >> 1) + 1;

	if (paging_canonical(shape, gva) == gva || gva <= mask >> 1)
		return gva & mask;
	if (shape->width == 32)
		return gva > mask ? mask : gva;
	return up ? half : half - 1;
}

static void start(struct paging_iter *it)
{
	const struct paging *p = it->p;
	int top = shape_of(it)->levels;

	for (int level = 1; level <= top; level++) {
		struct iter_table *t = &it->table[level];

		t->shift = paging_shift(shape_of(it), level);
		t->count = 1u << shape_of(it)->index_bits;
		if (p->mode == PAGING_PAE && level == 3)
			t->count = 4;
		if (p->mode != PAGING_32) /* every address bit in its place */
			t->frame = paging_frame(p, level, UINT64_MAX);
		t->leaf_reserved =
			paging_reserved(p, level, level > 1 ? ENTRY_PS : 0);
	}
	it->level = top;
	it->table[top].gpa = paging_root(it->p);
	it->table[top].rights = RIGHTS_ALL;
}

void paging_iter_init(struct paging_iter *it, const struct paging *p,
		      const struct phys_reader *mem, gva_t first, gva_t last)
{
	const struct paging_shape *shape = &paging_shapes[p->mode];

	memset(it, 0, offsetof(struct paging_iter, entry));
	it->p = p;
	it->mem = mem;
	it->limit = ITER_TABLES;
	if (p->mode == PAGING_NONE) {
		it->at = first;
		it->last = min_u64(last, UINT32_MAX);
		it->done = first > it->last;
		return;
	}
	it->at = narrow(shape, first, true);
	it->last = narrow(shape, last, false);
	it->done = it->at > it->last ||
		   (shape->width == 32 && first > UINT32_MAX &&
		    paging_canonical(shape, first) != first);
	start(it);
}

void paging_iter_compare(struct paging_iter *it,
			 const struct x86_cpu_info *other)
{
	it->has_other = true;
	it->other = *it->p;
	paging_set_cpu(&it->other, other);
	for (int level = 1; level <= shape_of(it)->levels; level++)
		it->table[level].leaf_other = paging_reserved(
			&it->other, level, level > 1 ? ENTRY_PS : 0);
}

/* ---- tables ---- */

/* Entries of 4 bytes become 8 wide, last one first. */
static void widen(uint64_t *entries, unsigned int count)
{
	const unsigned char *bytes = (const unsigned char *)entries;
	uint32_t narrow_entry;

	while (count--) {
		memcpy(&narrow_entry, bytes + 4 * count, 4);
		entries[count] = narrow_entry;
	}
}

static bool load(struct paging_iter *it, int level)
{
	struct iter_table *t = &it->table[level];
	unsigned int count = t->count;
	uint64_t *entries = entries_at(it, level);
	struct err ignored;

	if (t->loaded)
		return true;
	if (it->p->mode == PAGING_PAE && level == 3 && it->p->pdptr_valid)
		memcpy(entries, it->p->pdptr, sizeof(it->p->pdptr));
	else if (!it->mem->read(it->mem->ctx, t->gpa, entries,
				count * shape_of(it)->entry_size, &ignored))
		return false;
	if (shape_of(it)->entry_size == 4)
		widen(entries, count);
	t->loaded = true;
	return true;
}

static bool is_reserved(const struct paging *p, int level, uint64_t entry)
{
	/* PDPTEs of PAE were checked when CR3 was loaded. */
	return !(p->mode == PAGING_PAE && level == 3) &&
	       (entry & paging_reserved(p, level, entry));
}

/* Make the table that this entry of `level` points to the one below. */
static void point_below(struct paging_iter *it, int level, uint64_t entry)
{
	const struct iter_table *from = &it->table[level];
	struct iter_table *to = &it->table[level - 1];
	gpa_t gpa = paging_next_table(it->p, entry);

	if (to->gpa != gpa)
		to->loaded = false;
	to->gpa = gpa;
	to->rights = from->rights & paging_rights(it->p, level, entry);
	to->reserved = from->reserved || is_reserved(it->p, level, entry);
	to->other_reserved =
		from->other_reserved ||
		(it->has_other && is_reserved(&it->other, level, entry));
}

/* ---- runs ---- */

/*
 * How many entries of this level, from the current one, may be one run: up to
 * the end of the table, of the range, and of this half of the address space.
 */
static unsigned int room(const struct paging_iter *it, int level)
{
	unsigned int shift = it->table[level].shift;
	unsigned int index = index_at(it, level), end = it->table[level].count;
	uint64_t left = (it->last >> shift) - (it->at >> shift) + 1;

	if (level == shape_of(it)->levels && shape_of(it)->width > 32 &&
	    index < end / 2)
		end /= 2;
	return (unsigned int)min_u64(end - index, left);
}

/* Entries before the address of one would pass a CPU's last physical one. */
static uint64_t below_limit(const struct paging *p, gpa_t frame,
			    unsigned int shift)
{
	uint64_t limit = BIT(p->cpu.maxphyaddr);

	return frame < limit ? (limit - frame) >> shift : UINT64_MAX;
}

/* A run that begins at the current entry and maps nothing. */
static void fill(const struct paging_iter *it, int level, uint64_t entry,
		 enum run_kind kind, struct paging_run *run)
{
	const struct iter_table *t = &it->table[level];

	*run = (struct paging_run){
		.kind = kind,
		.level = level,
		.entry = entry,
		.entry_gpa = t->gpa + (uint64_t)index_at(it, level) *
					      shape_of(it)->entry_size,
		.page_size = BIT(t->shift),
	};
}

/* The run is `n` entries of `level`: note it and move on. */
static void finish(struct paging_iter *it, int level, unsigned int n,
		   struct paging_run *run)
{
	unsigned int shift = it->table[level].shift;
	gva_t end = ((it->at >> shift) + n) << shift;

	run->start = linear(it, it->at >> shift << shift);
	run->last = linear(it, end - 1);
	it->done = end - 1 >= it->last;
	it->at = end;
	/* Up to the table that has the next entry. */
	while (!it->done && it->level < shape_of(it)->levels &&
	       !index_at(it, it->level))
		it->level++;
}

static void fill_page(const struct paging_iter *it, int level, uint64_t entry,
		      struct paging_run *run)
{
	const struct iter_table *t = &it->table[level];
	unsigned int rights = t->rights & paging_rights(it->p, level, entry);

	run->kind = RUN_PAGES;
	run->gpa = t->frame ? entry & t->frame
			    : paging_frame(it->p, level, entry);
	run->page_size = BIT(t->shift);
	run->writable = rights & RIGHT_W;
	run->user = rights & RIGHT_U;
	run->executable = rights & RIGHT_X;
	run->reserved = t->reserved || (entry & t->leaf_reserved);
	run->other_reserved = t->other_reserved || (entry & t->leaf_other);
}

static void take_pages(struct paging_iter *it, const uint64_t *e,
		       struct paging_run *run)
{
	unsigned int shift = it->table[it->level].shift;
	unsigned int max = room(it, it->level), n = 1;
	uint64_t page = BIT(shift), limit;

	fill(it, it->level, *e, RUN_PAGES, run);
	fill_page(it, it->level, *e, run);
	if (max > 1 && e[1] == e[0]) {
		run->repeats = true;
		while (n < max && e[n] == e[0])
			n++;
		finish(it, it->level, n, run);
		return;
	}
	if (max == 1 || e[1] != e[0] + page) {
		finish(it, it->level, 1, run);
		return;
	}
	limit = below_limit(it->p, run->gpa, shift);
	if (it->has_other)
		limit = min_u64(limit,
				below_limit(&it->other, run->gpa, shift));
	max = (unsigned int)min_u64(max, limit);
	while (n < max && e[n] == e[n - 1] + page)
		n++;
	finish(it, it->level, n, run);
}

static void take_gap(struct paging_iter *it, const uint64_t *e,
		     struct paging_run *run)
{
	unsigned int max = room(it, it->level), n = 1;

	fill(it, it->level, *e, RUN_GAP, run);
	while (n < max && !(e[n] & ENTRY_P))
		n++;
	finish(it, it->level, n, run);
}

static bool all_equal(const uint64_t *e, unsigned int n)
{
	return !memcmp(e, e + 1, (n - 1) * sizeof(*e));
}

/*
 * Do this entry's tables say nothing but one page, again and again?  Then fill
 * the run with that page.  Kernels do this to whole terabytes (the shadow
 * memory of KASAN), and so does who wants a debugger to hang.
 */
static bool one_page_below(struct paging_iter *it, int level, uint64_t entry,
			   struct paging_run *run)
{
	while (!paging_is_leaf(it->p, level, entry)) {
		const uint64_t *e;

		point_below(it, level, entry);
		level--;
		if (!load(it, level))
			return false;
		e = entries_at(it, level);
		if (!(*e & ENTRY_P) || !all_equal(e, it->table[level].count))
			return false;
		entry = *e;
	}
	run->level = level;
	fill_page(it, level, entry, run);
	run->entry = entry;
	run->entry_gpa = it->table[level].gpa;
	run->repeats = true;
	return true;
}

/* Entries from the current one on whose whole range is asked for. */
static unsigned int whole_room(const struct paging_iter *it)
{
	unsigned int shift = it->table[it->level].shift;
	unsigned int n = room(it, it->level);
	gva_t end = ((it->at >> shift) + n) << shift;

	if (it->at & (BIT(shift) - 1))
		return 0;
	return end - 1 > it->last ? n - 1 : n;
}

/*
 * An entry that points to a table: true when a run came of it, false when the
 * iterator has gone down to it, or may not.
 */
static bool take_table(struct paging_iter *it, const uint64_t *e,
		       struct paging_run *run)
{
	unsigned int max = whole_room(it), n = 1;

	if (it->tables++ >= it->limit) {
		it->done = it->cut = true;
		return false;
	}
	point_below(it, it->level, *e);
	fill(it, it->level, *e, RUN_NO_TABLE, run);
	if (!load(it, it->level - 1)) {
		run->gpa = paging_next_table(it->p, *e);
		finish(it, it->level, 1, run);
		return true;
	}
	if (max && one_page_below(it, it->level, *e, run)) {
		while (n < max && e[n] == e[0])
			n++;
		finish(it, it->level, n, run);
		return true;
	}
	point_below(it, it->level, *e);
	it->level--;
	return false;
}

static void take_all(struct paging_iter *it, struct paging_run *run)
{
	*run = (struct paging_run){
		.kind = RUN_PAGES,
		.start = it->at & ~UINT64_C(4095),
		.last = it->last | 4095,
		.gpa = it->at & ~UINT64_C(4095),
		.page_size = 4096,
		.writable = true,
		.user = true,
		.executable = true,
	};
	it->done = true;
}

bool paging_iter_next(struct paging_iter *it, struct paging_run *run)
{
	while (!it->done) {
		const uint64_t *e;

		if (it->p->mode == PAGING_NONE) {
			take_all(it, run);
			return true;
		}
		if (!load(it, it->level)) { /* only the top one can fail */
			it->done = true;
			*run = (struct paging_run){
				.kind = RUN_NO_TABLE,
				.start = linear(it, it->at),
				.last = linear(it, it->last),
				.level = it->level + 1,
				.gpa = it->table[it->level].gpa,
			};
			return true;
		}
		e = entries_at(it, it->level) + index_at(it, it->level);
		if (!(*e & ENTRY_P))
			take_gap(it, e, run);
		else if (paging_is_leaf(it->p, it->level, *e))
			take_pages(it, e, run);
		else if (!take_table(it, e, run))
			continue;
		return true;
	}
	return false;
}
