/*
 * Messages between the local APICs, and from the IOAPIC: whom they mean, and
 * what they do there.
 */
#include "vmm/dev/lapic_impl.h"

enum {
	DFR_FLAT = 0xf,
	BROADCAST = 0xff,

	SHORTHAND_SHIFT = 18,
	TO_SELF = 1,
	TO_ALL = 2,
	TO_OTHERS = 3,
};

/* Where a message goes, and what it is. */
struct message {
	uint8_t dest;
	bool logical, level;
	unsigned int shorthand, from;
	enum irq_mode mode;
	uint8_t vector;
};

/* "Logical Destination Mode" */
static bool matches_logical(const struct lapic_state *s, uint8_t dest)
{
	uint8_t mine = (uint8_t)(lapic_get(s, LAPIC_LDR) >> LAPIC_DEST_SHIFT);

	if (dest == BROADCAST)
		return true;
	if (lapic_get(s, LAPIC_DFR) >> 28 == DFR_FLAT)
		return mine & dest;
	return (dest >> 4 == mine >> 4 || dest >> 4 == 0xf) &&
	       (mine & dest & 0xf);
}

static bool is_meant(const struct lapics *l, const struct message *m,
		     unsigned int cpu)
{
	const struct lapic_state *s = &l->cpu[cpu].s;

	if (!s->on)
		return false;
	switch (m->shorthand) {
	case TO_SELF:
		return cpu == m->from;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return cpu != m->from;
	default:
		return m->logical ? matches_logical(s, m->dest)
				  : m->dest == BROADCAST || m->dest == cpu;
	}
}

static bool deliver_to(struct lapics *l, const struct message *m,
		       unsigned int cpu)
{
	switch (m->mode) {
	case IRQ_FIXED:
	case IRQ_LOWEST:
		return lapic_accept(l, cpu, m->vector, m->level);
	case IRQ_NMI:
		l->ops.nmi(l->ops.ctx, cpu);
		return true;
	case IRQ_INIT:
		l->ops.init(l->ops.ctx, cpu);
		return true;
	case IRQ_SIPI:
		l->ops.sipi(l->ops.ctx, cpu, m->vector);
		return true;
	default: /* SMI: there is no SMM; ExtINT: see lapic.h */
		return false;
	}
}

/* The one with the lowest priority of those that it is meant for. */
static bool deliver_lowest(struct lapics *l, const struct message *m)
{
	unsigned int best = l->cpus;

	for (unsigned int i = 0; i < l->cpus; i++)
		if (is_meant(l, m, i) && lapic_is_usable(&l->cpu[i].s) &&
		    (best == l->cpus || lapic_ppr_now(&l->cpu[i].s) <
						lapic_ppr_now(&l->cpu[best].s)))
			best = i;
	return best < l->cpus && deliver_to(l, m, best);
}

static bool deliver(struct lapics *l, const struct message *m)
{
	bool taken = false;

	if (m->mode == IRQ_LOWEST)
		return deliver_lowest(l, m);
	for (unsigned int i = 0; i < l->cpus; i++)
		if (is_meant(l, m, i))
			taken |= deliver_to(l, m, i);
	return taken;
}

/* "Message Signalled Interrupts" */
bool lapics_message(struct lapics *l, const struct msi_msg *msg)
{
	const struct message m = {
		.dest = (uint8_t)(msg->address >> 12),
		.logical = msg->address & 4,
		.mode = (enum irq_mode)((msg->data & LVT_MODE) >> 8),
		.vector = msg->data & LVT_VECTOR,
		.level = msg->data & LVT_LEVEL,
	};

	return deliver(l, &m);
}

/* "Issuing Interprocessor Interrupts" */
void lapic_send_ipi(struct lapics *l, unsigned int cpu, uint32_t icr)
{
	const struct lapic_state *s = &l->cpu[cpu].s;
	const struct message m = {
		.dest = (uint8_t)(lapic_get(s, LAPIC_ICR2) >> LAPIC_DEST_SHIFT),
		.logical = icr & LVT_LOGICAL,
		.shorthand = icr >> SHORTHAND_SHIFT & 3,
		.from = cpu,
		.mode = (enum irq_mode)((icr & LVT_MODE) >> 8),
		.vector = icr & LVT_VECTOR,
	};

	/* INIT level de-assert: only old APICs' arbitration IDs heed it */
	if (m.mode == IRQ_INIT && (icr & LVT_LEVEL) && !(icr & ICR_ASSERT))
		return;
	if (m.mode <= IRQ_LOWEST && m.vector < FIRST_VECTOR)
		lapic_error(l, cpu, ESR_SEND_ILLEGAL);
	else
		deliver(l, &m);
}
