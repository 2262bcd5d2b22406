#include "arch/desc/desc.h"

#include <inttypes.h>
#include <string.h>

/* System types outside long mode and in it: what they are and how wide. */
struct system_type {
	enum desc_kind kind;
	uint8_t width;
	const char *name;
};

static const struct system_type system_types[2][16] = {
	{
		[1] = {DESC_TSS, 16, "16-bit TSS (available)"},
		[2] = {DESC_LDT, 0, "LDT"},
		[3] = {DESC_TSS, 16, "16-bit TSS (busy)"},
		[4] = {DESC_CALL_GATE, 16, "16-bit call gate"},
		[5] = {DESC_TASK_GATE, 0, "task gate"},
		[6] = {DESC_INT_GATE, 16, "16-bit interrupt gate"},
		[7] = {DESC_TRAP_GATE, 16, "16-bit trap gate"},
		[9] = {DESC_TSS, 32, "32-bit TSS (available)"},
		[11] = {DESC_TSS, 32, "32-bit TSS (busy)"},
		[12] = {DESC_CALL_GATE, 32, "32-bit call gate"},
		[14] = {DESC_INT_GATE, 32, "32-bit interrupt gate"},
		[15] = {DESC_TRAP_GATE, 32, "32-bit trap gate"},
	},
	{
		[2] = {DESC_LDT, 0, "LDT"},
		[9] = {DESC_TSS, 64, "64-bit TSS (available)"},
		[11] = {DESC_TSS, 64, "64-bit TSS (busy)"},
		[12] = {DESC_CALL_GATE, 64, "64-bit call gate"},
		[14] = {DESC_INT_GATE, 64, "64-bit interrupt gate"},
		[15] = {DESC_TRAP_GATE, 64, "64-bit trap gate"},
	},
};

static uint64_t field(uint64_t raw, unsigned int hi, unsigned int lo)
{
	return (raw & BITS(hi, lo)) >> lo;
}

/* The parts that every descriptor of 8 bytes has. */
static void take_common(struct desc *d)
{
	d->type = (uint8_t)field(d->raw[0], 43, 40);
	d->dpl = (uint8_t)field(d->raw[0], 46, 45);
	d->present = d->raw[0] & BIT(47);
}

static void take_segment(struct desc *d, bool lma)
{
	uint64_t q = d->raw[0];

	d->base = field(q, 39, 16) | field(q, 63, 56) << 24;
	d->limit = (uint32_t)(field(q, 15, 0) | field(q, 51, 48) << 16);
	if (q & BIT(55))
		d->limit = d->limit << 12 | 0xfff;
	/* Access rights lie in one piece but for the limit's upper bits. */
	d->attr = (uint32_t)(field(q, 55, 40) & 0xf0ff);
	if (lma && !(d->attr & X86_AR_S)) {
		d->base |= d->raw[1] << 32;
		d->reserved = d->raw[1] & BITS(44, 40);
	}
}

static void take_gate(struct desc *d)
{
	uint64_t q = d->raw[0];

	d->sel = (uint16_t)field(q, 31, 16);
	if (d->kind == DESC_TASK_GATE)
		return;
	d->offset = field(q, 15, 0);
	if (d->width > 16)
		d->offset |= field(q, 63, 48) << 16;
	if (d->width == 64)
		d->offset |= (d->raw[1] & 0xffffffff) << 32;
	if (d->kind == DESC_CALL_GATE && d->width < 64)
		d->params = (uint8_t)field(q, 36, 32);
}

/* Kind and width of a system descriptor, by its type. */
static void take_system(struct desc *d, bool lma)
{
	const struct system_type *t = &system_types[lma][d->type];

	d->kind = t->name ? t->kind : DESC_RESERVED;
	d->width = t->width;
}

static unsigned int segment_width(uint32_t attr)
{
	if ((attr & DESC_TYPE_CODE) && (attr & X86_AR_L))
		return 64;
	return attr & X86_AR_DB ? 32 : 16;
}

void desc_parse(struct desc *d, const uint8_t *bytes, size_t len, bool lma)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->raw, bytes, 8);
	d->bytes = 8;
	if (!d->raw[0])
		return;
	take_common(d);
	if (d->raw[0] & BIT(44)) {
		d->kind = d->type & DESC_TYPE_CODE ? DESC_CODE : DESC_DATA;
		take_segment(d, lma);
		d->width = segment_width(d->attr);
		return;
	}
	take_system(d, lma);
	if (lma && d->kind != DESC_RESERVED) {
		d->bytes = 16;
		d->cut = len < 16;
		if (!d->cut)
			memcpy(&d->raw[1], bytes + 8, 8);
	}
	if (d->kind == DESC_LDT || d->kind == DESC_TSS) {
		take_segment(d, lma);
	} else if (d->kind != DESC_RESERVED) {
		take_gate(d);
		if (lma) /* the type field of the upper half is 0 */
			d->reserved = d->raw[1] & BITS(44, 40);
	}
}

static bool is_interrupt_kind(enum desc_kind kind)
{
	return kind == DESC_INT_GATE || kind == DESC_TRAP_GATE ||
	       kind == DESC_TASK_GATE;
}

void gate_parse(struct desc *d, const uint8_t *bytes, unsigned int size)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->raw, bytes, size);
	d->bytes = size;
	if (size == 4) {
		d->kind = DESC_VECTOR;
		d->width = 16;
		d->offset = field(d->raw[0], 15, 0);
		d->sel = (uint16_t)field(d->raw[0], 31, 16);
		d->present = true;
		return;
	}
	if (!d->raw[0] && !d->raw[1])
		return;
	take_common(d);
	take_system(d, size == 16);
	if ((d->raw[0] & BIT(44)) || !is_interrupt_kind(d->kind)) {
		d->kind = DESC_RESERVED;
		d->width = 0;
		return;
	}
	take_gate(d);
	if (size == 16)
		d->ist = (uint8_t)field(d->raw[0], 34, 32);
}

unsigned int idt_entry_size(const struct x86_state *s)
{
	if (!(s->cr0 & X86_CR0_PE))
		return 4;
	return s->efer & X86_EFER_LMA ? 16 : 8;
}

const char *desc_name(const struct desc *d)
{
	static const char *const code[] = {"16-bit code", "32-bit code",
					   "64-bit code"};
	const bool lma = d->width == 64;

	switch (d->kind) {
	case DESC_EMPTY:
		return "empty";
	case DESC_RESERVED:
		return "reserved type";
	case DESC_DATA:
		return d->type & DESC_TYPE_EC ? "expand-down data" : "data";
	case DESC_CODE:
		return code[d->width / 32];
	case DESC_VECTOR:
		return "far pointer";
	default:
		return system_types[lma][d->type].name;
	}
}

void desc_segment(const struct desc *d, uint16_t sel, struct x86_seg *seg)
{
	*seg = (struct x86_seg){.base = d->base,
				.limit = d->limit,
				.attr = d->attr,
				.sel = sel};
}

/* ---- where they lie ---- */

/* *table is the GDT; put the LDT there when the selector means that. */
static bool choose_table(const struct x86_state *s, uint16_t sel,
			 struct x86_dtable *table, struct err *err)
{
	const struct x86_seg *ldt = &s->seg[X86_LDTR];

	if (!(sel & SEL_TI))
		return true;
	if ((ldt->attr & X86_AR_UNUSABLE) || !(ldt->attr & X86_AR_P))
		return err_set(err, ERR_RANGE,
			       "selector 0x%04x means the LDT, and LDTR is "
			       "not usable",
			       sel);
	*table = (struct x86_dtable){ldt->base, ldt->limit};
	return true;
}

/* Outside long mode linear addresses have 32 bits. */
static gva_t linear(const struct x86_state *s, gva_t addr)
{
	return s->efer & X86_EFER_LMA ? addr : (uint32_t)addr;
}

bool desc_locate(const struct x86_state *s, uint16_t sel, gva_t *addr,
		 uint32_t *left, struct err *err)
{
	uint32_t offset = sel & SEL_INDEX;
	struct x86_dtable table = s->gdt;

	if (!(sel & ~SEL_RPL))
		return err_set(err, ERR_RANGE, "selector 0x%04x is null", sel);
	if (!choose_table(s, sel, &table, err))
		return false;
	if (table.limit < 7 || offset > table.limit - 7)
		return err_set(err, ERR_RANGE,
			       "selector 0x%04x lies beyond the %cDT's limit "
			       "0x%x",
			       sel, sel & SEL_TI ? 'L' : 'G', table.limit);
	*addr = linear(s, table.base + offset);
	*left = table.limit - offset < UINT32_MAX ? table.limit - offset + 1
						  : UINT32_MAX;
	return true;
}

bool desc_fetch(const struct x86_view *v, uint16_t sel, struct desc *d,
		struct err *err)
{
	uint8_t bytes[16];
	uint32_t left;
	size_t len = 8;
	gva_t addr;

	if (!desc_locate(v->s, sel, &addr, &left, err) ||
	    !view_read(v, addr, bytes, len, err))
		return false;
	desc_parse(d, bytes, len, v->s->efer & X86_EFER_LMA);
	if (!d->cut || left < 16)
		return true;
	if (!view_read(v, linear(v->s, addr + 8), bytes + 8, 8, err))
		return false;
	desc_parse(d, bytes, 16, true);
	return true;
}

bool idt_locate(const struct x86_state *s, unsigned int vector, gva_t *addr,
		struct err *err)
{
	unsigned int size = idt_entry_size(s);
	uint32_t first = vector * size;

	if (vector >= IDT_VECTORS)
		return err_set(err, ERR_RANGE, "vector %u is above 255",
			       vector);
	if (s->idt.limit < first + size - 1)
		return err_set(err, ERR_RANGE,
			       "IDT[%u] lies beyond the IDT's limit 0x%x",
			       vector, s->idt.limit);
	*addr = linear(s, s->idt.base + first);
	return true;
}

bool idt_fetch(const struct x86_view *v, unsigned int vector, struct desc *d,
	       struct err *err)
{
	unsigned int size = idt_entry_size(v->s);
	uint8_t bytes[16];
	gva_t addr;

	if (!idt_locate(v->s, vector, &addr, err) ||
	    !view_read(v, addr, bytes, size, err))
		return false;
	gate_parse(d, bytes, size);
	return true;
}
