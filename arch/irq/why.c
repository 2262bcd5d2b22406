#include "arch/irq/why.h"

#include <inttypes.h>
#include <string.h>

#include "arch/irq/why_impl.h"
#include "base/bits.h"

void why_say(struct why *w, const char *fmt, ...)
{
	va_list ap;

	w->reasons++;
	buf_str(w->out, "  ");
	va_start(ap, fmt);
	buf_vprintf(w->out, fmt, ap);
	va_end(ap);
	buf_byte(w->out, '\n');
}

static bool has_pic(const struct irq_machine *m, unsigned int line)
{
	return m->chips && m->chips->has_pic && line < 16 && line != 2;
}

/* Pin 2 is line 0's; no line 2 leads to the IOAPIC. */
static bool has_pin(const struct irq_machine *m, unsigned int line)
{
	return m->chips && m->chips->has_ioapic && line != 2;
}

/* ---- who may have sent a vector ---- */

static void add_source(struct buf *out, const char **sep, const char *fmt, ...)
	PRINTF(3, 4);

static void add_source(struct buf *out, const char **sep, const char *fmt, ...)
{
	va_list ap;

	buf_str(out, *sep);
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	*sep = ", ";
}

static bool lvt_sends(const struct x86_lapic *l, const struct why_lvt *lvt,
		      unsigned int vector)
{
	uint32_t entry = lapic_reg(l, lvt->offset);

	return entry && (entry & LVT_MODE) >> 8 == IRQ_FIXED &&
	       (entry & LVT_VECTOR) == vector && entry != LVT_MASKED;
}

/* " (IOAPIC pin 4, LVT timer)" or "" */
static void print_sources(const struct irq_machine *m, unsigned int vcpu,
			  unsigned int vector, struct buf *out)
{
	const char *sep = " (";
	struct why_lvt lvt;

	for (unsigned int p = 0;
	     m->chips && m->chips->has_ioapic && p < IOAPIC_PINS; p++)
		if ((m->chips->ioapic.redir[p] & LVT_VECTOR) == vector)
			add_source(out, &sep, "IOAPIC pin %u", p);
	for (unsigned int i = 0; why_lvt_at(i, &lvt); i++)
		if (lvt_sends(&m->lapic[vcpu], &lvt, vector))
			add_source(out, &sep, "its LVT %s", lvt.name);
	for (unsigned int i = 0; i < m->vcpus; i++)
		if (why_ipi_has(m, i, vector))
			add_source(out, &sep, "an IPI of vCPU %u", i);
	if (*sep == ',')
		buf_byte(out, ')');
}

/* ---- what waits in a processor or its local APIC ---- */

static void say_requested(struct why *w, unsigned int vcpu, unsigned int vector)
{
	buf_printf(w->out, "vCPU %u: vector 0x%x waits in the local APIC (IRR)",
		   vcpu, vector);
	print_sources(w->m, vcpu, vector, w->out);
	buf_str(w->out, "\n");
	why_requested(w, vcpu, vector);
}

static void say_cpu_events(struct why *w, unsigned int vcpu)
{
	const struct x86_events *e = &w->m->cpu[vcpu].event;

	if (e->interrupt_injected)
		buf_printf(w->out, "vCPU %u: interrupt 0x%x is on its way in\n",
			   vcpu, e->interrupt_nr);
	if (e->nmi_pending) {
		buf_printf(w->out, "vCPU %u: an NMI waits\n", vcpu);
		why_cpu_nmi(w, vcpu);
	}
	if (e->smm_pending)
		buf_printf(w->out, "vCPU %u: an SMI waits\n", vcpu);
}

static void say_cpu(struct why *w, unsigned int vcpu)
{
	say_cpu_events(w, vcpu);
	for (int v = 255; w->m->lapic && v >= 0; v--)
		if (lapic_bit(&w->m->lapic[vcpu], LAPIC_IRR, (unsigned int)v))
			say_requested(w, vcpu, (unsigned int)v);
}

/* ---- what waits in the chips ---- */

static void say_pic(struct why *w, unsigned int line, bool wants)
{
	unsigned int before = w->reasons;
	int vector = (int)why_pic_vector(w->m, line), cpu;

	buf_printf(w->out, " by the 8259s, as vector 0x%x:\n",
		   (unsigned int)vector);
	cpu = why_pic(w, line);
	if (cpu >= 0 && wants)
		why_cpu(w, (unsigned int)cpu, vector);
	if (w->reasons == before)
		why_say(w, "Nothing is in its way.");
}

static void say_pin(struct why *w, unsigned int pin)
{
	uint64_t entry = w->m->chips->ioapic.redir[pin];

	buf_printf(w->out, " by the IOAPIC, pin %u, as vector 0x%x (%s):\n",
		   pin, (unsigned int)(entry & LVT_VECTOR),
		   entry & LVT_LEVEL ? "level" : "edge");
	if (why_pin(w, pin))
		why_say(w, "Nothing is in its way.");
}

/* Do the 8259s let a line through? */
static bool pic_passes(const struct irq_machine *m, unsigned int line)
{
	struct buf nowhere = {.failed = true};
	struct why w = {.m = m, .out = &nowhere};

	return has_pic(m, line) && why_pic(&w, line) >= 0;
}

static bool pin_open(const struct irq_machine *m, unsigned int line)
{
	return has_pin(m, line) &&
	       !(m->chips->ioapic.redir[why_pin_of(line)] & LVT_MASKED);
}

static bool is_level(const struct irq_machine *m, unsigned int line)
{
	return m->chips->ioapic.redir[why_pin_of(line)] & LVT_LEVEL;
}

/*
 * A line leads to the 8259s and to the IOAPIC, and a guest opens one of them:
 * that is the one that counts, for the other remembers edges for ever.
 */
static bool pic_counts(const struct irq_machine *m, unsigned int line)
{
	return has_pic(m, line) && why_pic_wants(m, line) &&
	       (!pin_open(m, line) || pic_passes(m, line));
}

/* First the way that the guest has programmed. */
static void say_ways(struct why *w, unsigned int line, bool pic, bool pin,
		     bool pic_wants)
{
	unsigned int n = why_pin_of(line);
	bool pin_first = pin && w->m->chips->ioapic.redir[n] != LVT_MASKED;

	if (pin_first)
		say_pin(w, n);
	if (pic)
		say_pic(w, line, pic_wants);
	if (pin && !pin_first)
		say_pin(w, n);
}

static void say_line(struct why *w, unsigned int line)
{
	const struct irq_machine *m = w->m;
	bool by_pin = has_pin(m, line) && why_pin_wants(m, why_pin_of(line));
	bool by_pic = pic_counts(m, line);
	bool pic_open = pic_passes(m, line);

	if (!by_pin && !by_pic)
		return;
	buf_printf(w->out, "IRQ %u: %s\n", line,
		   why_line_up(m, line) || (by_pin && is_level(m, line))
			   ? "the line is up"
			   : "an edge of it waits");
	say_ways(w, line, by_pic || (!pin_open(m, line) && has_pic(m, line)),
		 pin_open(m, line) ? by_pin : has_pin(m, line) && !pic_open,
		 by_pic);
}

static void say_stuck(struct why *w, unsigned int line)
{
	struct buf text = BUF_INIT;
	struct why inner = {.m = w->m, .out = &text};

	if (why_edge_gone(&inner, line))
		buf_printf(w->out, "IRQ %u: the line is up\n%s", line,
			   buf_cstr(&text));
	buf_deinit(&text);
}

/* ---- what can never come ---- */

static void say_timer(struct why *w, unsigned int vcpu)
{
	const struct x86_lapic *l = &w->m->lapic[vcpu];
	uint32_t lvt = lapic_reg(l, LAPIC_LVT_TIMER);

	if (!lapic_reg(l, LAPIC_CURRENT_COUNT) || !(lvt & LVT_MASKED))
		return;
	buf_printf(w->out, "vCPU %u: its local APIC's timer runs\n", vcpu);
	why_lvt(w, vcpu, &(struct why_lvt){"timer", LAPIC_LVT_TIMER});
}

static void say_ipi(struct why *w, unsigned int vcpu)
{
	struct buf reasons = BUF_INIT;
	struct why inner = {.m = w->m, .out = &reasons};

	if (why_lost_ipi(&inner, vcpu)) {
		buf_printf(w->out, "vCPU %u: its last IPI was lost\n", vcpu);
		buf_append(w->out, reasons.data, reasons.len);
		w->reasons += inner.reasons;
	}
	buf_deinit(&reasons);
}

void irq_why_all(const struct irq_machine *m, struct buf *out)
{
	struct why w = {.m = m, .out = out};
	size_t before = out->len;

	for (unsigned int line = 0; line < IRQ_LINES; line++) {
		say_line(&w, line);
		say_stuck(&w, line);
	}
	for (unsigned int i = 0; i < m->vcpus; i++) {
		say_cpu(&w, i);
		if (!m->lapic)
			continue;
		say_timer(&w, i);
		say_ipi(&w, i);
	}
	if (out->len == before)
		buf_str(out, "no interrupt waits: no line is up, no "
			     "local APIC has a request, no NMI is pending\n"
			     "(`irq why irq N` and `irq why VECTOR` tell what "
			     "would happen to one)\n");
}

/* ---- one line ---- */

void irq_why_line(const struct irq_machine *m, unsigned int line,
		  struct buf *out)
{
	struct why w = {.m = m, .out = out};
	bool by_pin = has_pin(m, line) && why_pin_wants(m, why_pin_of(line));
	bool by_pic = pic_counts(m, line);
	bool up = why_line_up(m, line) || (by_pin && is_level(m, line));

	buf_printf(out, "IRQ %u: the line is %s", line,
		   up		      ? "up"
		   : by_pin || by_pic ? "not up, an edge of it waits"
				      : "down");
	if (m->chips)
		buf_printf(out, "; devices raised it %" PRIu64 " times",
			   m->chips->raised[line]);
	buf_byte(out, '\n');
	if (line == 2)
		why_say(&w, "The slave 8259 drives it: no device can.");
	else if (!up && !by_pin && !by_pic)
		why_say(&w, "Its device does not ask: look at the device's own "
			    "interrupt enable and status.");
	why_edge_gone(&w, line);
	say_ways(&w, line, has_pic(m, line), has_pin(m, line), by_pic);
	if (line != 2 && !has_pic(m, line) && !has_pin(m, line))
		why_say(&w, "This machine has no controller for it.");
}

/* ---- one vector ---- */

static bool say_in_lapics(struct why *w, unsigned int vector)
{
	bool any = false;

	for (unsigned int i = 0; w->m->lapic && i < w->m->vcpus; i++) {
		const struct x86_lapic *l = &w->m->lapic[i];

		if (lapic_bit(l, LAPIC_ISR, vector)) {
			buf_printf(w->out,
				   "vCPU %u: vector 0x%x is in service: its "
				   "handler runs still, or it has not written "
				   "EOI (register 0xb0, MSR 0x80b)\n",
				   i, vector);
			any = true;
		}
		if (lapic_bit(l, LAPIC_IRR, vector)) {
			say_requested(w, i, vector);
			any = true;
		}
	}
	return any;
}

static bool say_from_chips(struct why *w, unsigned int vector)
{
	const struct x86_chips *c = w->m->chips;
	bool any = false;

	for (unsigned int p = 0; c && c->has_ioapic && p < IOAPIC_PINS; p++) {
		if (c->ioapic.redir[p] == LVT_MASKED ||
		    (c->ioapic.redir[p] & LVT_VECTOR) != vector)
			continue;
		buf_printf(w->out, "IOAPIC pin %u sends it; %s there\n", p,
			   why_pin_wants(w->m, p) ? "an interrupt waits"
						  : "nothing waits");
		if (why_pin(w, p))
			why_say(w, "Nothing is in its way.");
		any = true;
	}
	for (unsigned int n = 0; c && c->has_pic && n < 16; n++) {
		if (n == 2 || why_pic_vector(w->m, n) != vector ||
		    !c->pic[n / 8].irq_base)
			continue;
		buf_printf(w->out, "line %u of the 8259s sends it; %s there\n",
			   n,
			   why_pic_wants(w->m, n) ? "an interrupt waits"
						  : "nothing waits");
		if (why_pic(w, n) >= 0)
			why_say(w, "Nothing is in its way.");
		any = true;
	}
	return any;
}

static bool say_from_lapics(struct why *w, unsigned int vector)
{
	struct why_lvt lvt;
	bool any = false;

	for (unsigned int i = 0; w->m->lapic && i < w->m->vcpus; i++) {
		for (unsigned int k = 0; why_lvt_at(k, &lvt); k++) {
			unsigned int before = w->reasons;

			if (!lvt_sends(&w->m->lapic[i], &lvt, vector))
				continue;
			buf_printf(w->out, "vCPU %u: its LVT %s sends it\n", i,
				   lvt.name);
			why_lvt(w, i, &lvt);
			if (w->reasons == before)
				why_say(w, "Nothing is in its way.");
			any = true;
		}
		if (!why_ipi_has(w->m, i, vector))
			continue;
		buf_printf(w->out, "vCPU %u: its last IPI had this vector\n",
			   i);
		if (!why_lost_ipi(w, i))
			why_say(w, "Its destination could take it.");
		any = true;
	}
	return any;
}

/* Are the processors ready that it would go to? */
static void say_targets(struct why *w, unsigned int vector)
{
	for (unsigned int i = 0; i < w->m->vcpus; i++) {
		struct buf reasons = BUF_INIT;
		struct why inner = {.m = w->m, .out = &reasons};

		if (w->target[i / 64 & 3] >> i % 64 & 1)
			why_cpu(&inner, i, (int)vector);
		if (inner.reasons)
			buf_printf(w->out, "when it comes to vCPU %u:\n%s", i,
				   buf_cstr(&reasons));
		buf_deinit(&reasons);
	}
}

void irq_why_vector(const struct irq_machine *m, unsigned int vector,
		    struct buf *out)
{
	struct why w = {.m = m, .out = out};
	bool pending = say_in_lapics(&w, vector), sent;

	if (!pending)
		buf_printf(out,
			   "vector 0x%x is neither requested nor in "
			   "service on any vCPU\n",
			   vector);
	sent = say_from_chips(&w, vector);
	sent |= say_from_lapics(&w, vector);
	if (!sent && !pending)
		buf_str(out, "nothing in this machine sends it: no IOAPIC pin, "
			     "8259 line, local vector table or last IPI has "
			     "this vector\n");
	if (!pending)
		say_targets(&w, vector);
}
