#include "arch/irq/text.h"

#include <inttypes.h>

#include "arch/irq/lapic.h"

/* ---- local APIC ---- */

static void print_lvt(const struct x86_lapic *l, const char *name,
		      unsigned int offset, struct buf *out)
{
	static const char *const mode[] = {"Fixed", "...",  "SMI", "...",
					   "NMI",   "INIT", "...", "ExtINT"};
	uint32_t lvt = lapic_reg(l, offset);
	const char *timer = offset != LAPIC_LVT_TIMER  ? ""
			    : lvt & LVT_TIMER_PERIODIC ? "periodic"
			    : lvt & LVT_TIMER_DEADLINE ? "tsc-deadline"
						       : "one-shot";

	buf_printf(out, "%s\t 0x%08x %s %-5s %-6s %-7s %-12s %-6s", name, lvt,
		   lvt & LVT_ACTIVE_LOW ? "active-lo" : "active-hi",
		   lvt & LVT_LEVEL ? "level" : "edge",
		   lvt & LVT_MASKED ? "masked" : "",
		   lvt & LVT_PENDING ? "pending" : "", timer,
		   mode[(lvt & LVT_MODE) >> 8]);
	if ((lvt & LVT_MODE) >> 8 != IRQ_NMI)
		buf_printf(out, " (vec %u)", lvt & LVT_VECTOR);
	buf_byte(out, '\n');
}

static void print_mask(uint32_t mask, unsigned int bits, struct buf *out)
{
	while (bits--)
		buf_byte(out, mask >> bits & 1 ? '1' : '0');
}

/* Whom the last command meant. */
static void print_icr2(const struct x86_lapic *l, bool x2apic, struct buf *out)
{
	uint32_t icr = lapic_reg(l, LAPIC_ICR), icr2 = lapic_reg(l, LAPIC_ICR2);
	uint32_t dest = x2apic ? icr2 : icr2 >> 24;
	const char *which = x2apic ? "X2APIC ID" : "APIC ID";

	buf_printf(out, "ICR2\t 0x%08x", icr2);
	if (icr & ICR_SHORTHAND) {
		buf_byte(out, '\n');
	} else if (!(icr & LVT_LOGICAL)) {
		buf_printf(out, " cpu %u (%s)\n", dest, which);
	} else if (x2apic || lapic_reg(l, LAPIC_DFR) >> 28 == 0) {
		buf_printf(out, " cluster %u mask ", dest >> (x2apic ? 16 : 4));
		print_mask(dest, x2apic ? 16 : 4, out);
		buf_printf(out, " (%s)\n", which);
	} else {
		buf_str(out, " mask ");
		print_mask(dest, 8, out);
		buf_printf(out, " (%s)\n", which);
	}
}

static void print_icr(const struct x86_lapic *l, struct buf *out)
{
	static const char *const shorthand[] = {"no-shorthand", "self",
						"all-self", "all"};
	uint32_t icr = lapic_reg(l, LAPIC_ICR);

	buf_printf(out, "ICR\t 0x%08x %s %s %s %s\n", icr,
		   icr & LVT_LOGICAL ? "logical" : "physical",
		   icr & LVT_LEVEL ? "level" : "edge",
		   icr & ICR_ASSERT ? "assert" : "de-assert",
		   shorthand[(icr & ICR_SHORTHAND) >> 18]);
}

static void print_vectors(const struct x86_lapic *l, const char *name,
			  enum lapic_reg bits, struct buf *out)
{
	bool any = false;

	buf_printf(out, "%s\t ", name);
	for (unsigned int v = 0; v < 256; v++) {
		if (!lapic_bit(l, bits, v))
			continue;
		buf_printf(out, "%u%s ", v,
			   lapic_bit(l, LAPIC_TMR, v) ? "(level)" : "");
		any = true;
	}
	buf_printf(out, "%s\n", any ? "" : "(none)");
}

static void print_mode(const struct x86_lapic *l, uint64_t apic_base,
		       struct buf *out)
{
	bool x2apic = apic_base & APIC_BASE_X2APIC;

	if (!(apic_base & APIC_BASE_EN)) {
		buf_str(out, "off: IA32_APIC_BASE.EN is 0\n");
		return;
	}
	buf_printf(out, "%s mode, ID %u", x2apic ? "x2APIC" : "xAPIC",
		   lapic_id(l, apic_base));
	if (!x2apic)
		buf_printf(out, ", registers at 0x%" PRIx64,
			   apic_base & BITS(51, 12));
	buf_byte(out, '\n');
}

void lapic_print(const struct x86_lapic *l, unsigned int vcpu,
		 uint64_t apic_base, struct buf *out)
{
	static const struct {
		const char *name;
		unsigned int offset;
	} lvt[] = {{"LVT0", LAPIC_LVT_LINT0},	   {"LVT1", LAPIC_LVT_LINT1},
		   {"LVTPC", LAPIC_LVT_PERF},	   {"LVTERR", LAPIC_LVT_ERROR},
		   {"LVTTHMR", LAPIC_LVT_THERMAL}, {"LVTT", LAPIC_LVT_TIMER}};
	uint32_t svr = lapic_reg(l, LAPIC_SVR);

	buf_printf(out, "dumping local APIC state for CPU %-2u\n\n", vcpu);
	for (size_t i = 0; i < ARRAY_SIZE(lvt); i++)
		print_lvt(l, lvt[i].name, lvt[i].offset, out);
	buf_printf(out,
		   "Timer\t DCR=0x%x (divide by %u) initial_count = %u "
		   "current_count = %u\n",
		   lapic_reg(l, LAPIC_DIVIDE) & 0xb, lapic_divisor(l),
		   lapic_reg(l, LAPIC_INITIAL_COUNT),
		   lapic_reg(l, LAPIC_CURRENT_COUNT));
	buf_printf(out, "SPIV\t 0x%08x APIC %s, focus=%s, spurious vec %u\n",
		   svr, svr & SVR_ENABLED ? "enabled" : "disabled",
		   svr & SVR_FOCUS ? "on" : "off", svr & LVT_VECTOR);
	print_icr(l, out);
	print_icr2(l, apic_base & APIC_BASE_X2APIC, out);
	buf_printf(out, "ESR\t 0x%08x\n", lapic_reg(l, LAPIC_ESR));
	print_vectors(l, "ISR", LAPIC_ISR, out);
	print_vectors(l, "IRR", LAPIC_IRR, out);
	buf_printf(out,
		   "\nAPR 0x%02x TPR 0x%02x DFR 0x%02x LDR 0x%02x PPR "
		   "0x%02x\n",
		   lapic_reg(l, LAPIC_APR), lapic_reg(l, LAPIC_TPR),
		   lapic_reg(l, LAPIC_DFR) >> 28,
		   apic_base & APIC_BASE_X2APIC ? lapic_reg(l, LAPIC_LDR)
						: lapic_reg(l, LAPIC_LDR) >> 24,
		   lapic_ppr(l));
	print_mode(l, apic_base, out);
}

/* ---- IOAPIC ---- */

static void print_pins(const char *name, uint32_t bitmap, struct buf *out)
{
	buf_printf(out, "%-10s ", name);
	if (!bitmap)
		buf_str(out, "(none)");
	for (unsigned int i = 0; i < IOAPIC_PINS; i++)
		if (bitmap >> i & 1)
			buf_printf(out, "%-2u ", i);
	buf_byte(out, '\n');
}

void ioapic_print(const struct x86_ioapic *a, struct buf *out)
{
	static const char *const mode[] = {"fixed", "lowest", "SMI", "...",
					   "NMI",   "INIT",   "...", "extINT"};
	uint32_t remote_irr = 0;

	buf_printf(out, "ioapic0: ver=0x%x id=0x%02x sel=0x%02x", a->version,
		   a->id, a->select);
	if (a->select >= 0x10 && a->select < 0x10 + 2 * IOAPIC_PINS)
		buf_printf(out, " (redir[%u])", (a->select - 0x10) / 2);
	buf_byte(out, '\n');
	for (unsigned int i = 0; i < IOAPIC_PINS; i++) {
		uint64_t e = a->redir[i];

		buf_printf(out,
			   "  pin %-2u 0x%016" PRIx64 " dest=%" PRIx64
			   " vec=%-3u %s %-5s %-6s %-6s %s\n",
			   i, e, e >> 56, (unsigned int)(e & LVT_VECTOR),
			   e & LVT_ACTIVE_LOW ? "active-lo" : "active-hi",
			   e & LVT_LEVEL ? "level" : "edge",
			   e & LVT_MASKED ? "masked" : "",
			   mode[(e & LVT_MODE) >> 8],
			   e & LVT_LOGICAL ? "logical" : "physical");
		if ((e & LVT_LEVEL) && (e & LVT_REMOTE_IRR))
			remote_irr |= UINT32_C(1) << i;
	}
	print_pins("  IRR", a->irr, out);
	print_pins("  Remote IRR", remote_irr, out);
}

/* ---- 8259 and 8254 ---- */

void pic_print(const struct x86_pic pic[2], struct buf *out)
{
	for (int i = 1; i >= 0; i--)
		buf_printf(out,
			   "pic%d: irr=%02x imr=%02x isr=%02x hprio=%d "
			   "irq_base=%02x rr_sel=%d elcr=%02x fnm=%d\n",
			   i, pic[i].irr, pic[i].imr, pic[i].isr,
			   pic[i].priority_add, pic[i].irq_base,
			   pic[i].read_isr, pic[i].elcr,
			   pic[i].special_fully_nested);
}

static void print_channel(const struct x86_pit_channel *c, int64_t age,
			  struct buf *out)
{
	static const char *const mode[] = {"interrupt on terminal count",
					   "one-shot",
					   "rate generator",
					   "square wave",
					   "software strobe",
					   "hardware strobe",
					   "rate generator",
					   "square wave"};
	const uint32_t hz = 1193182, count = c->count ? c->count : 65536;
	bool periodic = c->mode == 2 || c->mode == 3 || c->mode >= 6;

	if (c->mode >= ARRAY_SIZE(mode)) {
		buf_printf(out, "never programmed, gate=%u\n", c->gate);
		return;
	}
	buf_printf(out, "count=%u mode=%u (%s) rw=%u bcd=%u gate=%u", count,
		   c->mode, mode[c->mode], c->rw_mode, c->bcd, c->gate);
	if (periodic)
		buf_printf(out, ", %u.%u Hz", hz / count,
			   (unsigned int)((uint64_t)hz * 10 / count % 10));
	if (c->load_time > 0 && age >= 0)
		buf_printf(out, ", loaded %" PRId64 ".%03" PRId64 " s ago",
			   age / 1000000000, age / 1000000 % 1000);
	buf_byte(out, '\n');
}

void pit_print(const struct x86_pit *pit, struct buf *out)
{
	static const char *const use[] = {"IRQ 0", "refresh", "speaker"};

	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		const struct x86_pit_channel *c = &pit->channel[i];

		buf_printf(out, "pit channel %u (%s): ", i, use[i]);
		/* by unsigned arithmetic: a saved file may hold anything */
		print_channel(
			c,
			(int64_t)((uint64_t)pit->now - (uint64_t)c->load_time),
			out);
	}
	if (pit->speaker)
		buf_str(out, "speaker: on\n");
}

static void print_counts(const struct x86_chips *chips, const char *name,
			 unsigned int lines, struct buf *out)
{
	buf_printf(out, "IRQ statistics for %s:\n", name);
	for (unsigned int i = 0; i < lines; i++)
		if (chips->raised[i])
			buf_printf(out, "%2u: %" PRIu64 "\n", i,
				   chips->raised[i]);
}

void irq_counts_print(const struct x86_chips *chips, struct buf *out)
{
	if (chips->has_ioapic)
		print_counts(chips, chips->has_pic ? "kvm-ioapic" : "ioapic",
			     IOAPIC_PINS, out);
	if (chips->has_pic)
		print_counts(chips, "kvm-i8259", 16, out);
}
