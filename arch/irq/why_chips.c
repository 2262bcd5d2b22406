/* From a line through the 8259s and the IOAPIC to a local APIC. */
#include "arch/irq/why_impl.h"

#include <inttypes.h>

#include "base/bits.h"

enum {
	TIMER_PIN = 2, /* of the IOAPIC, for line 0 */
	CASCADE = 2,   /* line of the master that the slave drives */
	PIC_LINES = 16,
};

/* ---- 8259 ---- */

bool why_pic_wants(const struct irq_machine *m, unsigned int line)
{
	return m->chips && m->chips->has_pic && line < PIC_LINES &&
	       (m->chips->pic[line / 8].irr >> line % 8 & 1);
}

unsigned int why_pic_vector(const struct irq_machine *m, unsigned int line)
{
	return (m->chips->pic[line / 8].irq_base & 0xf8u) + line % 8;
}

/* 0 = the highest priority. */
static unsigned int priority(const struct x86_pic *p, unsigned int line)
{
	return (line - p->priority_add) & 7;
}

/* The line with the highest priority in a bitmap, or -1. */
static int first_of(const struct x86_pic *p, uint8_t lines)
{
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int line = (p->priority_add + i) & 7;

		if (lines >> line & 1)
			return (int)line;
	}
	return -1;
}

/* One of the two chips; `base` is its first line. */
static void check_pic(struct why *w, const struct x86_pic *p, unsigned int base,
		      unsigned int line)
{
	const char *name = base ? "slave" : "master";
	int isr = first_of(p, p->isr);
	int irr = first_of(p, p->irr & (uint8_t)~p->imr);

	if (p->init_state)
		why_say(w,
			"The %s 8259 is being initialized: it waits for ICW%u "
			"at port 0x%x.",
			name, p->init_state + 1, base ? 0xa1 : 0x21);
	else if (!p->irq_base)
		why_say(w,
			"The %s 8259 has never been initialized (vector base "
			"0): the guest has to write ICW1 to ICW4 at port 0x%x.",
			name, base ? 0xa0 : 0x20);
	if (p->imr >> line & 1)
		why_say(w,
			"Line %u is masked: bit %u of the %s 8259's IMR "
			"(0x%02x "
			"at port 0x%x) is set.",
			base + line, line, name, p->imr, base ? 0xa1 : 0x21);
	if (isr >= 0 && !p->special_mask &&
	    priority(p, (unsigned int)isr) <= priority(p, line))
		why_say(w,
			"The %s 8259 has line %u in service, whose priority is "
			"not lower: the guest has not sent its EOI (0x20 to "
			"port 0x%x).",
			name, base + (unsigned int)isr, base ? 0xa0 : 0x20);
	if (irr >= 0 && priority(p, (unsigned int)irr) < priority(p, line))
		why_say(w, "Line %u of the %s 8259 goes first.",
			base + (unsigned int)irr, name);
}

/*
 * The 8259s' output: LINT0 of a local APIC in ExtINT mode, or straight into a
 * processor whose local APIC is off.  -1 when no vCPU listens.
 */
static int listener(const struct irq_machine *m)
{
	for (unsigned int i = 0; i < m->vcpus; i++) {
		uint32_t lvt;

		if (!m->lapic || !why_apic_on(m, i))
			return (int)i;
		lvt = lapic_reg(&m->lapic[i], LAPIC_LVT_LINT0);
		if (!(lvt & LVT_MASKED) && (lvt & LVT_MODE) >> 8 == IRQ_EXTINT)
			return (int)i;
	}
	return -1;
}

static void say_no_listener(struct why *w)
{
	uint32_t lvt = lapic_reg(&w->m->lapic[0], LAPIC_LVT_LINT0);

	why_say(w,
		"The 8259s' output reaches no processor: LINT0 of vCPU 0 is "
		"%s (LVT0 0x%x), not an open ExtINT (0x700). A guest that uses "
		"the IOAPIC leaves it so.",
		lvt & LVT_MASKED ? "masked" : "not in ExtINT mode", lvt);
}

int why_pic(struct why *w, unsigned int line)
{
	const struct x86_pic *pic = w->m->chips->pic;
	unsigned int before = w->reasons;
	int cpu = listener(w->m);

	check_pic(w, &pic[line / 8], line & 8u, line % 8);
	if (line >= 8)
		check_pic(w, &pic[0], 0, CASCADE);
	if (cpu < 0)
		say_no_listener(w);
	else
		why_target(w, (unsigned int)cpu);
	return w->reasons == before ? cpu : -1;
}

/* ---- IOAPIC ---- */

unsigned int why_pin_of(unsigned int line)
{
	return line ? line : TIMER_PIN;
}

bool why_pin_wants(const struct irq_machine *m, unsigned int pin)
{
	return m->chips && m->chips->has_ioapic &&
	       (m->chips->ioapic.irr >> pin & 1);
}

bool why_line_up(const struct irq_machine *m, unsigned int line)
{
	const struct x86_chips *c = m->chips;

	if (c && c->has_pic && line < PIC_LINES)
		return c->pic[line / 8].last_irr >> line % 8 & 1;
	return c && c->has_ioapic && c->ioapic.has_lines &&
	       (c->ioapic.lines >> why_pin_of(line) & 1);
}

/* Is this vector requested or in service anywhere? */
static bool under_way(const struct irq_machine *m, unsigned int vector)
{
	for (unsigned int i = 0; m->lapic && i < m->vcpus; i++)
		if (lapic_bit(&m->lapic[i], LAPIC_IRR, vector) ||
		    lapic_bit(&m->lapic[i], LAPIC_ISR, vector))
			return true;
	return false;
}

bool why_edge_gone(struct why *w, unsigned int line)
{
	const struct x86_chips *c = w->m->chips;
	uint64_t entry = c && c->has_ioapic ? c->ioapic.redir[why_pin_of(line)]
					    : LVT_MASKED;
	bool pic = c && c->has_pic && line < PIC_LINES;
	const struct x86_pic *p = pic ? &c->pic[line / 8] : NULL;

	if (!why_line_up(w->m, line))
		return false;
	if (!(entry & LVT_MASKED)) {
		if ((entry & LVT_LEVEL) ||
		    why_pin_wants(w->m, why_pin_of(line)) ||
		    under_way(w->m, entry & LVT_VECTOR))
			return false;
	} else if (!pic ||
		   ((p->elcr | p->irr | p->isr | p->imr) >> line % 8 & 1)) {
		return false;
	}
	why_say(w, "The line is up, but edge-triggered, and its edge has been "
		   "sent: nothing more comes until it goes down and up again. "
		   "The handler has to make the device lower it.");
	return true;
}

static void check_masked(struct why *w, unsigned int pin, uint64_t entry)
{
	if (!(entry & LVT_MASKED))
		return;
	why_say(w,
		"IOAPIC pin %u is masked: the guest has to clear bit 16 of its "
		"redirection entry (register 0x%x).",
		pin, 0x10 + 2 * pin);
	if (!(entry & LVT_LEVEL) && why_pin_wants(w->m, pin))
		why_say(w, "An edge on a masked pin is lost: after that the "
			   "line has to go down and up again.");
}

/* Where an interrupt is that was sent and waits for its EOI. */
static void check_remote_irr(struct why *w, uint64_t entry)
{
	unsigned int vector = entry & LVT_VECTOR, found = 0;

	if (!(entry & LVT_LEVEL) || !(entry & LVT_REMOTE_IRR))
		return;
	why_say(w,
		"It was sent as vector 0x%x, and the pin sends nothing more "
		"until that one's EOI comes (remote IRR is set).",
		vector);
	for (unsigned int i = 0; w->m->lapic && i < w->m->vcpus; i++) {
		const struct x86_lapic *l = &w->m->lapic[i];

		if (lapic_bit(l, LAPIC_IRR, vector)) {
			why_say(w, "It waits in the local APIC of vCPU %u:", i);
			why_requested(w, i, vector);
			found++;
		} else if (lapic_bit(l, LAPIC_ISR, vector)) {
			why_say(w,
				"vCPU %u has it in service: its handler runs "
				"still, or it has not written EOI (register "
				"0xb0, MSR 0x80b).",
				i);
			found++;
		}
	}
	if (!found)
		why_say(w, "But no vCPU has it requested or in service: its "
			   "EOI has not reached the IOAPIC yet, or went astray "
			   "(bit 12 of SPIV keeps EOIs from it; so does a "
			   "vector changed meanwhile). Making the entry "
			   "edge-triggered for a moment clears it.");
}

/* Says when there is something odd about how it would be delivered. */
static void check_mode(struct why *w, uint64_t entry)
{
	unsigned int mode = (entry & LVT_MODE) >> 8;

	if (mode == IRQ_EXTINT)
		why_say(w, "Its delivery mode is ExtINT, which KVM takes from "
			   "LINT0 only.");
	else if (mode == 3 || mode == IRQ_SIPI)
		why_say(w, "Its delivery mode, %u, is reserved.", mode);
	else if (mode <= IRQ_LOWEST && (entry & LVT_VECTOR) < 16)
		why_say(w,
			"Its vector, 0x%x, is reserved: vectors begin at "
			"0x10.",
			(unsigned int)(entry & LVT_VECTOR));
}

static void check_destination(struct why *w, uint64_t entry)
{
	/* what is said here is not kept: one that takes it is enough */
	struct buf nowhere = {.failed = true};
	struct why quiet = {.m = w->m, .out = &nowhere};
	bool logical = entry & LVT_LOGICAL, taken = false;
	uint32_t dest = (uint32_t)(entry >> 56);
	unsigned int found = 0, last = 0;

	for (unsigned int i = 0; w->m->lapic && i < w->m->vcpus; i++) {
		if (!lapic_matches(&w->m->lapic[i], w->m->cpu[i].apic_base,
				   dest, logical, false))
			continue;
		found++;
		last = i;
		why_target(w, i);
		taken |= why_apic_takes(&quiet, i);
	}
	if (w->m->lapic && !found)
		why_say(w,
			"Its destination, %s 0x%x, matches no vCPU (`info "
			"lapic -a` shows the %s).",
			logical ? "logical" : "physical", dest,
			logical ? "LDRs" : "IDs");
	else if (w->m->lapic && !taken)
		why_apic_takes(w, last);
}

bool why_pin(struct why *w, unsigned int pin)
{
	uint64_t entry = w->m->chips->ioapic.redir[pin];
	unsigned int before = w->reasons;

	check_masked(w, pin, entry);
	check_remote_irr(w, entry);
	check_mode(w, entry);
	check_destination(w, entry);
	return w->reasons == before;
}
