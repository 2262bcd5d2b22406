/* The lists of QEMU's monitor. */
#include <inttypes.h>

#include "arch/paging/impl.h"
#include "arch/paging/maps.h"

/* As QEMU counts: inside the width of the mode, not sign-extended. */
static uint64_t narrow(const struct paging_iter *it, gva_t gva)
{
	return gva & (~UINT64_C(0) >> (64 - paging_shapes[it->p->mode].width));
}

static gva_t widen(const struct paging_iter *it, uint64_t at)
{
	const struct paging_shape *shape = &paging_shapes[it->p->mode];

	/* 2^48 itself, the end of the last range, stays as it is */
	return shape->width == 32 || at >> shape->width
		       ? at
		       : paging_canonical(shape, at);
}

static void end_of(const struct paging_iter *it, bool cut, gva_t at,
		   struct maps_end *end)
{
	*end = (struct maps_end){.cut = cut || it->cut,
				 .at = cut ? at : paging_iter_at(it),
				 .why = cut ? "that many lines"
					    : "that many page tables"};
}

/* ---- info mem ---- */

struct mem_line {
	uint64_t start, end; /* narrow; end is excluded */
	bool open, user, writable;
};

static void print_mem(const struct paging_iter *it, struct mem_line *l,
		      struct buf *out)
{
	buf_printf(out, "%016" PRIx64 "-%016" PRIx64 " %016" PRIx64 " %cr%c\n",
		   widen(it, l->start), widen(it, l->end),
		   widen(it, l->end - l->start), l->user ? 'u' : '-',
		   l->writable ? 'w' : '-');
	l->open = false;
}

void maps_print_qemu_mem(struct paging_iter *it, unsigned int max_lines,
			 struct buf *out, struct maps_end *end)
{
	struct mem_line l = {0};
	struct paging_run run;
	unsigned int lines = 0;

	while (lines < max_lines && paging_iter_next(it, &run)) {
		uint64_t start = narrow(it, run.start);

		if (run.kind != RUN_PAGES)
			continue;
		if (l.open && (l.end != start || l.user != run.user ||
			       l.writable != run.writable)) {
			print_mem(it, &l, out);
			lines++;
		}
		if (!l.open)
			l = (struct mem_line){start, 0, true, run.user,
					      run.writable};
		l.end = start + (run.last - run.start) + 1;
	}
	if (l.open && lines < max_lines)
		print_mem(it, &l, out);
	end_of(it, lines >= max_lines && l.open, widen(it, l.start), end);
}

/* ---- info tlb ---- */

static void print_tlb(const struct paging_run *run, gva_t gva, gpa_t gpa,
		      struct buf *out)
{
	static const struct {
		unsigned int bit;
		char letter;
	} flags[] = {{63, 'X'}, {8, 'G'}, {7, 'P'}, {6, 'D'}, {5, 'A'},
		     {4, 'C'},	{3, 'T'}, {2, 'U'}, {1, 'W'}};
	char text[ARRAY_SIZE(flags) + 1] = {0};
	/* bit 7 of a PTE is PAT, no size */
	uint64_t entry = run->level == 1 ? run->entry & ~ENTRY_PS : run->entry;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		text[i] = entry >> flags[i].bit & 1 ? flags[i].letter : '-';
	buf_printf(out, "%016" PRIx64 ": %016" PRIx64 " %s\n", gva, gpa, text);
}

void maps_print_qemu_tlb(struct paging_iter *it, unsigned int max_lines,
			 struct buf *out, struct maps_end *end)
{
	struct paging_run run;
	unsigned int lines = 0;
	gva_t next = 0;

	while (paging_iter_next(it, &run)) {
		uint64_t step = run.repeats ? 0 : run.page_size;
		uint64_t pages;

		if (run.kind != RUN_PAGES)
			continue;
		pages = (run.last - run.start) / run.page_size + 1;
		for (uint64_t i = 0; i < pages; i++, lines++) {
			next = run.start + i * run.page_size;
			if (lines == max_lines) {
				end_of(it, true, next, end);
				return;
			}
			print_tlb(&run, next, run.gpa + i * step, out);
		}
	}
	end_of(it, false, next, end);
}
