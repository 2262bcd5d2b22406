#include "arch/paging/maps.h"

#include <inttypes.h>
#include <string.h>

#include "arch/paging/entry.h"
#include "arch/paging/impl.h"

#define ENTRY_A	  BIT(5)
#define ENTRY_D	  BIT(6)
#define ENTRY_G	  BIT(8)
#define ENTRY_KEY BITS(62, 59)

/* Physical addresses that one device, or RAM, answers. */
struct owner {
	gpa_t gpa;
	uint64_t len; /* 0: not looked up yet */
	bool ram;
};

/* One line in the making. */
struct line {
	struct paging_run run; /* the first; last grows */
	struct owner owner;
	uint64_t pieces;
	gpa_t next;	     /* where a piece in a row would go on */
	uint64_t any, every; /* flag bits */
};

struct listing {
	struct paging_iter *it;
	const struct maps_options *o;
	struct buf *out;
	struct line line;
	bool open;	    /* there is a line */
	struct owner owner; /* the last one asked for */
	unsigned int lines;
	uint64_t bytes;
};

static uint64_t run_bytes(const struct paging_run *run)
{
	return run->last - run->start + 1;
}

/* ---- printing ---- */

static const char *short_size(uint64_t bytes)
{
	switch (bytes) {
	case UINT64_C(4) << 10:
		return "4K";
	case UINT64_C(2) << 20:
		return "2M";
	case UINT64_C(4) << 20:
		return "4M";
	default:
		return "1G";
	}
}

static void print_range(const struct paging *p, const struct paging_run *run,
			struct buf *out)
{
	int digits = paging_shapes[p->mode].width > 32 ? 16 : 8;

	buf_printf(out, "0x%0*" PRIx64 "-0x%0*" PRIx64 " ", digits, run->start,
		   digits, run->last);
}

static void print_pages(const struct paging_run *run, struct buf *out)
{
	buf_printf(out, "r%c%c%c %6" PRIu64 " x %s", run->writable ? 'w' : '-',
		   run->executable ? 'x' : '-', run->user ? 'u' : '-',
		   run_bytes(run) / run->page_size, short_size(run->page_size));
}

void maps_print_run(const struct paging_iter *it, const struct paging_run *run,
		    struct buf *out)
{
	print_range(it->p, run, out);
	print_pages(run, out);
}

static char flag(const struct line *l, uint64_t bit, const char *letters)
{
	if (l->every & bit)
		return letters[0];
	return l->any & bit ? letters[1] : '-';
}

static void print_reserved(const struct listing *list, const struct line *l)
{
	bool here = l->run.reserved, there = l->run.other_reserved;

	if (!here && !there)
		return;
	if (!list->it->has_other || here == there)
		buf_str(list->out, "  RESERVED bits");
	else
		buf_printf(list->out, "  RESERVED by the %s CPUID only",
			   here ? "guest's" : "host's");
}

static void print_attributes(const struct listing *list, const struct line *l)
{
	const struct maps_options *o = list->o;
	const struct paging *p = list->it->p;
	const struct paging_run *run = &l->run;

	buf_printf(list->out, " %3s %c%c%c",
		   o->has_pat ? entry_memory_type(p, run->level, run->entry,
						  o->pat)
			      : "?",
		   flag(l, ENTRY_G, "Gg"), flag(l, ENTRY_A, "Aa"),
		   flag(l, ENTRY_D, "Dd"));
	if (p->pke && (run->entry & ENTRY_KEY))
		buf_printf(list->out, " PK=%u",
			   (unsigned int)(run->entry >> 59 & 15));
}

static void print_line(struct listing *list)
{
	const struct line *l = &list->line;
	struct buf *out = list->out;
	uint64_t same;

	maps_print_run(list->it, &l->run, out);
	print_attributes(list, l);
	buf_printf(out, " -> 0x%" PRIx64, l->run.gpa);
	if (l->run.repeats)
		buf_str(out, " each");
	if (l->pieces > 1)
		buf_printf(out, " and %" PRIu64 " other place%s", l->pieces - 1,
			   l->pieces == 2 ? "" : "s");
	if (!l->owner.ram) {
		buf_str(out, " (");
		list->o->owner(list->o->ctx, l->run.gpa, &same, out);
		buf_byte(out, ')');
	}
	print_reserved(list, l);
	buf_byte(out, '\n');
	list->lines++;
	list->open = false;
}

static void print_hole(struct listing *list, const struct paging_run *run)
{
	const struct paging *p = list->it->p;
	bool top = run->level > paging_shapes[p->mode].levels;

	print_range(p, run, list->out);
	if (top)
		buf_str(list->out, "CR3");
	else
		buf_printf(list->out, "%s at 0x%" PRIx64,
			   walk_level_name(p, run->level), run->entry_gpa);
	buf_printf(list->out, " points to 0x%" PRIx64 ", where no memory is\n",
		   run->gpa);
	list->lines++;
}

/* ---- merging ---- */

static const struct owner *owner_of(struct listing *list, gpa_t gpa)
{
	struct owner *o = &list->owner;

	if (o->len && range_ok(o->gpa, o->len, gpa, 1))
		return o;
	*o = (struct owner){gpa, UINT64_MAX - gpa, true};
	if (list->o->owner)
		o->ram = list->o->owner(list->o->ctx, gpa, &o->len, NULL);
	return o;
}

/* Flags of an entry that make a line of their own. */
static uint64_t flags_that_count(const struct listing *list,
				 const struct paging_run *run)
{
	uint64_t mask = ENTRY_PWT | ENTRY_PCD | BIT(run->level == 1 ? 7 : 12);

	return list->it->p->pke ? mask | ENTRY_KEY : mask;
}

static bool same_rights(const struct paging_run *a, const struct paging_run *b)
{
	return a->writable == b->writable && a->user == b->user &&
	       a->executable == b->executable && a->reserved == b->reserved &&
	       a->other_reserved == b->other_reserved;
}

static bool fits(const struct listing *list, const struct paging_run *run,
		 const struct owner *owner)
{
	const struct line *l = &list->line;
	const struct paging_run *r = &l->run;

	if (!list->open || r->last + 1 != run->start || !run->start)
		return false;
	if (!same_rights(r, run) || r->page_size != run->page_size ||
	    r->repeats != run->repeats ||
	    ((r->entry ^ run->entry) & flags_that_count(list, run)))
		return false;
	if (run->repeats)
		return run->gpa == r->gpa;
	if (owner->ram && l->owner.ram && !list->o->split)
		return true;
	return run->gpa == l->next &&
	       range_ok(l->owner.gpa, l->owner.len, run->gpa, 1);
}

/* Every page of this run has the same owner. */
static void add(struct listing *list, const struct paging_run *run,
		const struct owner *owner)
{
	struct line *l = &list->line;

	if (!fits(list, run, owner)) {
		if (list->open)
			print_line(list);
		*l = (struct line){.run = *run,
				   .owner = *owner,
				   .next = run->gpa,
				   .any = run->entry,
				   .every = run->entry};
		list->open = true;
	}
	if (!l->pieces || (!run->repeats && run->gpa != l->next))
		l->pieces++;
	l->run.last = run->last;
	l->next = run->gpa + run_bytes(run);
	l->any |= run->entry;
	l->every &= run->entry;
}

/* Bytes of the run, whole pages, that one owner answers. */
static uint64_t owned(const struct owner *owner, const struct paging_run *run)
{
	uint64_t left = owner->gpa + owner->len - run->gpa;

	return max_u64(left & ~(run->page_size - 1), run->page_size);
}

/* RAM and devices do not share a line: cut the run where owners change. */
static void take_pages(struct listing *list, const struct paging_run *whole)
{
	const struct owner *owner = owner_of(list, whole->gpa);
	struct paging_run rest, part;

	if (whole->repeats || run_bytes(whole) <= owned(owner, whole)) {
		add(list, whole, owner);
		return;
	}
	rest = *whole;
	while (list->lines < list->o->max_lines) {
		uint64_t bytes;

		owner = owner_of(list, rest.gpa);
		bytes = owned(owner, &rest);
		part = rest;
		if (run_bytes(&rest) <= bytes) {
			add(list, &part, owner);
			return;
		}
		part.last = part.start + bytes - 1;
		add(list, &part, owner);
		rest.start += bytes;
		rest.gpa += bytes;
	}
}

static void print_totals(const struct listing *list)
{
	unsigned int tables = list->it->tables + 1; /* and the top one */

	buf_printf(list->out,
		   "%u %s, %" PRIu64 " KiB mapped, %u %s gone through\n",
		   list->lines, list->lines == 1 ? "range" : "ranges",
		   list->bytes >> 10, tables, tables == 1 ? "table" : "tables");
}

static void set_end(const struct paging_iter *it, bool lines_cut, gva_t at,
		    struct maps_end *end)
{
	*end = (struct maps_end){.cut = lines_cut || it->cut};
	end->at = lines_cut ? at : paging_iter_at(it);
	end->why = lines_cut ? "that many lines" : "that many page tables";
}

void maps_print(struct paging_iter *it, const struct maps_options *o,
		struct buf *out, struct maps_end *end)
{
	struct listing list = {.it = it, .o = o, .out = out};
	struct paging_run run;
	bool cut = false;

	while (!cut && paging_iter_next(it, &run)) {
		if (run.kind == RUN_PAGES) {
			take_pages(&list, &run);
			list.bytes += run_bytes(&run);
		} else if (list.open) {
			print_line(&list);
		}
		if (run.kind == RUN_NO_TABLE)
			print_hole(&list, &run);
		cut = list.lines >= o->max_lines;
	}
	if (list.open && !cut)
		print_line(&list);
	if (!cut)
		print_totals(&list);
	set_end(it, cut, list.open ? list.line.run.start : run.last + 1, end);
}
