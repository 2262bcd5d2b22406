/* The GDT and the LDT, entry by entry. */
#include <inttypes.h>
#include <stdio.h>

#include "arch/show/tables.h"

/* A table of this many lines is garbage, and `gdt N` shows any entry. */
#define LINES_MAX 256u

struct listing {
	struct buf *out;
	const struct x86_view *v;
	const struct show_names *names;
	bool ldt;
	unsigned int entries; /* of 8 bytes */
	unsigned int lines;
};

static uint16_t selector(const struct listing *l, unsigned int index)
{
	return (uint16_t)(index << 3 | (l->ldt ? SEL_TI : 0));
}

/* Which registers have been loaded from this entry. */
static void put_users(const struct listing *l, unsigned int index)
{
	static const char *const names[X86_NR_SEG] = {"CS", "SS", "DS",	  "ES",
						      "FS", "GS", "LDTR", "TR"};
	const uint32_t mask = SEL_INDEX | SEL_TI;
	bool any = false;

	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		if ((l->v->s->seg[i].sel & mask) != selector(l, index) ||
		    !(l->v->s->seg[i].sel & mask))
			continue;
		buf_printf(l->out, "%s%s", any ? " " : "  <- ", names[i]);
		any = true;
	}
}

static void put_fields(const struct listing *l, const struct desc *d)
{
	switch (d->kind) {
	case DESC_EMPTY:
	case DESC_RESERVED:
		break;
	case DESC_CODE:
	case DESC_DATA:
	case DESC_LDT:
	case DESC_TSS:
		buf_printf(l->out, ", base 0x%" PRIx64 ", limit 0x%x", d->base,
			   d->limit);
		break;
	default:
		buf_printf(l->out, ", to %04x:%" PRIx64, d->sel, d->offset);
		show_name(l->out, l->names, d->offset);
		if (d->kind == DESC_INT_GATE || d->kind == DESC_TRAP_GATE)
			buf_str(l->out, " (of no use outside the IDT)");
	}
}

static void put_entry(struct listing *l, unsigned int first, unsigned int last,
		      const struct desc *d)
{
	char range[24];

	if (first == last)
		snprintf(range, sizeof(range), "[%u]", first);
	else
		snprintf(range, sizeof(range), "[%u-%u]", first, last);
	buf_printf(l->out, "%-7s %04x  ", range, selector(l, first));
	if (d->kind != DESC_EMPTY)
		buf_printf(l->out, "%016" PRIx64 "  ", d->raw[0]);
	show_desc(l->out, d);
	put_fields(l, d);
	if (first == last)
		put_users(l, first);
	buf_byte(l->out, '\n');
	l->lines++;
}

/* desc_fetch(), but entry 0 of the GDT is one like the others here. */
static bool fetch(const struct listing *l, unsigned int index, struct desc *d,
		  struct err *err)
{
	const struct x86_state *s = l->v->s;
	uint8_t bytes[8];

	if (index || l->ldt)
		return desc_fetch(l->v, selector(l, index), d, err);
	if (!view_read(l->v, s->gdt.base, bytes, sizeof(bytes), err))
		return false;
	desc_parse(d, bytes, sizeof(bytes), s->efer & X86_EFER_LMA);
	return true;
}

/* Entries from `at` on that look the same; their last one. */
static unsigned int run_end(const struct listing *l, unsigned int at,
			    const struct desc *d)
{
	struct desc next;
	struct err err;

	if (d->bytes != 8)
		return at;
	while (at + 1 < l->entries && fetch(l, at + 1, &next, &err) &&
	       next.bytes == 8 && next.raw[0] == d->raw[0])
		at++;
	return at;
}

/* Entries from `at` on that cannot be read; their last one. */
static unsigned int hole_end(const struct listing *l, unsigned int at)
{
	struct desc d;
	struct err err;

	while (at + 1 < l->entries && !fetch(l, at + 1, &d, &err))
		at++;
	return at;
}

static void list_all(struct listing *l)
{
	unsigned int at = 0;

	while (at < l->entries && l->lines < LINES_MAX) {
		unsigned int last;
		struct desc d;
		struct err err;

		if (!fetch(l, at, &d, &err)) {
			last = hole_end(l, at);
			buf_printf(l->out, "[%u-%u] cannot be read: %s\n", at,
				   last, err.msg);
			l->lines++;
			at = last + 1;
			continue;
		}
		last = run_end(l, at, &d);
		put_entry(l, at, last, &d);
		at = last + d.bytes / 8;
	}
	if (at < l->entries)
		buf_printf(l->out,
			   "... and %u entries more: this looks like no "
			   "table; `%cdt N` shows one\n",
			   l->entries - at, l->ldt ? 'l' : 'g');
}

static bool init(struct listing *l, struct x86_dtable *table, struct err *err)
{
	const struct x86_state *s = l->v->s;
	const struct x86_seg *ldt = &s->seg[X86_LDTR];

	*table = s->gdt;
	if (l->ldt && ((ldt->attr & X86_AR_UNUSABLE) ||
		       !(ldt->attr & X86_AR_P) || !(s->cr0 & X86_CR0_PE)))
		return err_set(err, ERR_STATE,
			       "there is no LDT: LDTR (selector 0x%04x) is "
			       "not usable",
			       ldt->sel & 0xffff);
	if (l->ldt)
		*table = (struct x86_dtable){ldt->base, ldt->limit};
	l->entries = table->limit < 0xffff ? (table->limit + 1) / 8
					   : DESC_ENTRIES;
	return true;
}

bool show_descriptors(struct buf *out, const struct x86_view *v, bool ldt,
		      int only, const struct show_names *names, struct err *err)
{
	struct listing l = {.out = out, .v = v, .names = names, .ldt = ldt};
	struct x86_dtable table;
	struct desc d;

	if (!init(&l, &table, err))
		return false;
	if (only >= 0) {
		if ((unsigned int)only >= l.entries)
			return err_set(err, ERR_RANGE,
				       "entry %d lies beyond the limit 0x%x, "
				       "which leaves %u entries",
				       only, table.limit, l.entries);
		if (!fetch(&l, (unsigned int)only, &d, err))
			return false;
		put_entry(&l, (unsigned int)only, (unsigned int)only, &d);
		return true;
	}
	buf_printf(out, "%cDT at 0x%" PRIx64 ", limit 0x%x: %u entries\n",
		   ldt ? 'L' : 'G', table.base, table.limit, l.entries);
	list_all(&l);
	return true;
}
