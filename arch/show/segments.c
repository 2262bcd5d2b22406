/*
 * The eight segment registers: the hidden part against the descriptor that
 * lies in memory now.
 *
 * Sources: SDM Vol 3A, "Segment Registers" and "Segmentation in IA-32e Mode";
 * Vol 3C, "Guest Register State" for what a processor itself adds to the
 * hidden part.
 */
#include <inttypes.h>

#include "arch/show/tables.h"

static const struct {
	const char *name;
	enum x86_seg_index index;
} order[] = {{"CS", X86_CS}, {"SS", X86_SS},	{"DS", X86_DS},
	     {"ES", X86_ES}, {"FS", X86_FS},	{"GS", X86_GS},
	     {"TR", X86_TR}, {"LDTR", X86_LDTR}};

void show_desc(struct buf *out, const struct desc *d)
{
	buf_str(out, desc_name(d));
	if (d->kind == DESC_EMPTY)
		return;
	if (d->kind == DESC_RESERVED)
		buf_printf(out, " 0x%x", d->type);
	if (!d->present)
		buf_str(out, ", not present");
	buf_printf(out, ", DPL %u", d->dpl);
	if (d->kind == DESC_CODE)
		buf_printf(out, "%s%s",
			   d->type & DESC_TYPE_RW ? "" : ", execute-only",
			   d->type & DESC_TYPE_EC ? ", conforming" : "");
	if (d->kind == DESC_DATA)
		buf_printf(out, "%s%s",
			   d->type & DESC_TYPE_RW ? ", writable"
						  : ", read-only",
			   d->width == 32 ? ", 32-bit" : ", 16-bit");
	if ((d->kind == DESC_CODE || d->kind == DESC_DATA) &&
	    !(d->type & DESC_TYPE_ACCESSED))
		buf_str(out, ", not accessed");
	if (d->cut)
		buf_str(out, "; its upper half lies beyond the table's limit");
	if (d->reserved)
		buf_str(out, "; bits that must be 0 are set in its upper "
			     "half");
}

/* The hidden part as a descriptor would say it. */
static void of_segment(struct desc *d, const struct x86_seg *seg, bool lma)
{
	uint64_t raw[2] = {(uint64_t)(seg->attr & 0xf0ff) << 40, 0};

	desc_parse(d, (const uint8_t *)raw, sizeof(raw), lma);
	d->base = seg->base;
	d->limit = seg->limit;
}

/*
 * Bits of the access rights worth comparing.  Loading sets "accessed", a TR in
 * use is busy, and hosts derive G from the limit.
 */
static uint32_t rights(const struct x86_seg *seg)
{
	uint32_t attr = seg->attr & 0xf0ff & ~(uint32_t)X86_AR_G;

	if (attr & X86_AR_S)
		return attr | DESC_TYPE_ACCESSED;
	return (attr & 0xd) == 1 || (attr & 0xd) == 9 ? attr | DESC_TYPE_BUSY
						      : attr;
}

static const char *base_excuse(enum x86_seg_index i, const struct x86_state *s)
{
	if (x86_mode(s) != X86_MODE_LONG64)
		return "";
	if (i == X86_FS || i == X86_GS)
		return " (long mode sets it by MSR)";
	return i < X86_FS ? " (not used in 64-bit mode)" : "";
}

static void put_differences(struct buf *out, const struct x86_state *s,
			    enum x86_seg_index i, const struct x86_seg *memory)
{
	const struct x86_seg *cached = &s->seg[i];
	const bool flat = x86_mode(s) == X86_MODE_LONG64 && i <= X86_GS;
	const char *sep = " DIFFERS: ";

	if (cached->base != memory->base) {
		buf_printf(out, "%sbase 0x%" PRIx64 "%s", sep, memory->base,
			   base_excuse(i, s));
		sep = ", ";
	}
	if (cached->limit != memory->limit) {
		buf_printf(out, "%slimit 0x%x%s", sep, memory->limit,
			   flat ? " (not used in 64-bit mode)" : "");
		sep = ", ";
	}
	if (rights(cached) != rights(memory)) {
		buf_printf(out, "%srights 0x%04x", sep, memory->attr & 0xf0ff);
		sep = ", ";
	}
	if (*sep == ',')
		buf_str(out, " in memory\n");
	else
		buf_str(out, " the same\n");
}

static void put_null(struct buf *out, const struct x86_state *s,
		     enum x86_seg_index i)
{
	const struct x86_seg *seg = &s->seg[i];

	if (seg->attr & X86_AR_UNUSABLE)
		buf_str(out, "      null selector: the register is empty\n");
	else if (i == X86_SS && x86_mode(s) == X86_MODE_LONG64)
		buf_str(out, "      null selector, as 64-bit mode allows\n");
	else
		buf_str(out, "      null selector, yet usable: not loaded by "
			     "the guest from a table, but left by a reset or "
			     "set from outside\n");
}

static void put_memory(struct buf *out, const struct x86_view *v,
		       enum x86_seg_index i)
{
	const uint16_t sel = (uint16_t)v->s->seg[i].sel;
	struct x86_seg memory;
	struct desc d;
	struct err err;

	if (!desc_fetch(v, sel, &d, &err)) {
		buf_printf(out, "      no descriptor: %s\n", err.msg);
		return;
	}
	buf_printf(out, "      %cDT[%u] %016" PRIx64, sel & SEL_TI ? 'L' : 'G',
		   sel >> 3, d.raw[0]);
	if (d.bytes == 16)
		buf_printf(out, " %016" PRIx64, d.raw[1]);
	desc_segment(&d, sel, &memory);
	put_differences(out, v->s, i, &memory);
}

/* Real and virtual-8086 mode: no descriptors, the base is the selector. */
static void put_real(struct buf *out, const struct x86_seg *seg)
{
	const uint64_t base = (uint64_t)(seg->sel & 0xffff) << 4;

	if (seg->base != base)
		buf_printf(out,
			   "      base is not selector * 16 = 0x%" PRIx64
			   ": left by a reset or by protected mode\n",
			   base);
	if (seg->limit > 0xffff)
		buf_str(out, "      limit above 64 KiB, left by protected "
			     "mode (\"unreal\" mode)\n");
}

static void put_cached(struct buf *out, const char *name,
		       const struct x86_seg *seg, bool lma)
{
	struct desc d;

	buf_printf(out, "%-4s %04x  base %016" PRIx64 "  limit %08x  ", name,
		   seg->sel & 0xffff, seg->base, seg->limit);
	if (seg->attr & X86_AR_UNUSABLE) {
		buf_printf(out, "rights %05x  unusable\n", seg->attr);
		return;
	}
	buf_printf(out, "rights %05x  ", seg->attr);
	of_segment(&d, seg, lma);
	show_desc(out, &d);
	buf_byte(out, '\n');
}

void show_segments(struct buf *out, const struct x86_view *v)
{
	const struct x86_state *s = v->s;
	const enum x86_mode mode = x86_mode(s);
	const bool real = mode == X86_MODE_REAL || mode == X86_MODE_VM86;

	for (size_t n = 0; n < ARRAY_SIZE(order); n++) {
		const enum x86_seg_index i = order[n].index;
		const struct x86_seg *seg = &s->seg[i];

		put_cached(out, order[n].name, seg, s->efer & X86_EFER_LMA);
		if (real && i <= X86_GS)
			put_real(out, seg);
		else if (mode == X86_MODE_REAL)
			continue;
		else if (!(seg->sel & 0xfffc))
			put_null(out, s, i);
		else
			put_memory(out, v, i);
	}
}
