#include <inttypes.h>

#include "arch/paging/maps.h"

static bool goes_on(const struct paging_run *line, const struct paging_run *run)
{
	return run->kind == RUN_PAGES && run->start &&
	       line->last + 1 == run->start && line->user == run->user &&
	       line->writable == run->writable &&
	       line->executable == run->executable;
}

/* The end is excluded, and one at 2^64 cannot be written. */
static void print_line(const struct paging *p, const struct paging_run *line,
		       struct buf *out)
{
	uint64_t end = line->last == UINT64_MAX ? line->last : line->last + 1;

	buf_printf(out, "%08" PRIx64 "-%08" PRIx64 " r%c%cp 00000000 00:00 0",
		   line->start, end, line->writable ? 'w' : '-',
		   line->executable ? 'x' : '-');
	if (p->mode != PAGING_NONE)
		buf_str(out, line->user ? "  [user]" : "  [kernel]");
	buf_byte(out, '\n');
}

void maps_print_proc(struct paging_iter *it, unsigned int max_lines,
		     struct buf *out)
{
	struct paging_run run, line;
	unsigned int lines = 0;
	bool open = false;

	while (lines < max_lines && paging_iter_next(it, &run)) {
		if (open && goes_on(&line, &run)) {
			line.last = run.last;
			continue;
		}
		if (open) {
			print_line(it->p, &line, out);
			lines++;
		}
		open = run.kind == RUN_PAGES;
		line = run;
	}
	if (open && lines < max_lines)
		print_line(it->p, &line, out);
}
