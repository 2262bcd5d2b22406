/* Control registers, EFER and XCR0 by bit name. */
#include <inttypes.h>
#include <string.h>

#include "arch/show/show.h"

void show_name(struct buf *out, const struct show_names *names, gva_t addr)
{
	if (names && names->at)
		names->at(names->ctx, out, addr);
}

static void put_bit(struct buf *out, const struct bit_name *b, uint64_t value)
{
	uint64_t field = value & b->mask;
	size_t at = out->len;

	buf_printf(out, "  %s", b->name);
	if (b->mask & (b->mask - 1))
		buf_printf(out, "=%" PRIx64, field / (b->mask & -b->mask));
	while (out->len - at < 14)
		buf_byte(out, ' ');
	buf_printf(out, " %s\n", b->meaning);
}

/* Bits whose name ends in '#' are active when 0. */
static bool is_active_low(const struct bit_name *b)
{
	return b->name[strlen(b->name) - 1] == '#';
}

static bool is_active(const struct bit_name *b, uint64_t value)
{
	return !(value & b->mask) == is_active_low(b);
}

static void put_unset(struct buf *out, const struct bit_name *table,
		      uint64_t value)
{
	bool any = false;

	for (; table->name; table++) {
		if (is_active(table, value) || is_active_low(table))
			continue;
		buf_printf(out, "%s%s", any ? " " : "  not set: ", table->name);
		any = true;
	}
	if (any)
		buf_byte(out, '\n');
}

void show_bits(struct buf *out, const struct bit_name *table, uint64_t value)
{
	uint64_t unknown = value;

	for (const struct bit_name *b = table; b->name; b++) {
		unknown &= ~b->mask;
		if (is_active(b, value))
			put_bit(out, b, value);
	}
	for (unsigned int bit = 0; bit < 64; bit++)
		if (unknown & BIT(bit))
			buf_printf(out, "  bit%-9u reserved, or unknown here\n",
				   bit);
	put_unset(out, table, value);
}

static void put_head(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "%-4s %016" PRIx64, name, value);
}

/* CR3 has no table: what its bits mean depends on the paging. */
static void put_cr3(struct buf *out, const struct x86_state *s)
{
	const bool lma = s->efer & X86_EFER_LMA;
	const bool pae = !lma && (s->cr4 & X86_CR4_PAE);
	const uint64_t table = lma   ? s->cr3 & BITS(51, 12)
			       : pae ? s->cr3 & BITS(31, 5)
				     : s->cr3 & BITS(31, 12);

	put_head(out, "CR3", s->cr3);
	if (!(s->cr0 & X86_CR0_PG)) {
		buf_str(out, "  not used: paging is off\n");
		return;
	}
	buf_printf(out, "  top-level table at 0x%" PRIx64, table);
	if (lma && (s->cr4 & X86_CR4_PCIDE))
		buf_printf(out, ", PCID 0x%x", (unsigned int)(s->cr3 & 0xfff));
	else
		buf_printf(out, ", PWT=%d PCD=%d", !!(s->cr3 & BIT(3)),
			   !!(s->cr3 & BIT(4)));
	if (s->cr3 & BIT(61))
		buf_str(out, ", LAM_U57");
	if (s->cr3 & BIT(62))
		buf_str(out, ", LAM_U48");
	buf_byte(out, '\n');
	for (unsigned int i = 0; pae && s->pdptr_valid && i < 4; i++)
		buf_printf(out,
			   "  PDPTE%u cached by the processor: %016" PRIx64
			   "\n",
			   i, s->pdptr[i]);
}

void show_control(struct buf *out, const struct x86_state *s)
{
	put_head(out, "CR0", s->cr0);
	buf_byte(out, '\n');
	show_bits(out, cr0_bits, s->cr0);
	put_head(out, "CR2", s->cr2);
	buf_str(out, "  linear address of the last page fault\n");
	put_cr3(out, s);
	put_head(out, "CR4", s->cr4);
	buf_byte(out, '\n');
	show_bits(out, cr4_bits, s->cr4);
	put_head(out, "CR8", s->cr8);
	if (s->cr8)
		buf_printf(out,
			   "  task priority: interrupts with vectors below "
			   "0x%x wait\n",
			   ((unsigned int)(s->cr8 & 15) + 1) << 4);
	else
		buf_str(out, "  task priority: blocks nothing\n");
}

void show_efer(struct buf *out, const struct x86_state *s)
{
	const bool pg = s->cr0 & X86_CR0_PG, lme = s->efer & X86_EFER_LME;
	const bool lma = s->efer & X86_EFER_LMA;

	put_head(out, "EFER", s->efer);
	buf_byte(out, '\n');
	show_bits(out, efer_bits, s->efer);
	if (lma != (pg && lme))
		buf_printf(out,
			   "  inconsistent: LMA=%d, but LME=%d and CR0.PG=%d; "
			   "a processor keeps LMA = LME and PG\n",
			   lma, lme, pg);
}

void show_xcr(struct buf *out, const struct x86_state *s,
	      const struct x86_cpu_info *cpu)
{
	put_head(out, "XCR0", s->xcr0);
	buf_byte(out, '\n');
	show_bits(out, xcr0_bits, s->xcr0);
	if (!cpu->xsave)
		buf_str(out, "  the guest's CPUID has no XSAVE: XGETBV and "
			     "XSETBV give #UD\n");
	else if (!(s->cr4 & BIT(18)))
		buf_str(out, "  CR4.OSXSAVE=0: XGETBV, XSETBV, XSAVE and AVX "
			     "instructions give #UD\n");
}
