#include "vmm/dev/lapic.h"

#include <string.h>

#include "arch/exit/ports.h"
#include "vmm/dev/lapic_impl.h"

enum {
	SPURIOUS_RESET = 0xff,
};

static const struct {
	enum lapic_reg reg;
	uint32_t writable;
} lvts[] = {
	{LAPIC_LVT_TIMER, LVT_VECTOR | LVT_MASKED | LVT_TIMER_PERIODIC},
	{LAPIC_LVT_THERMAL, LVT_VECTOR | LVT_MODE | LVT_MASKED},
	{LAPIC_LVT_PERF, LVT_VECTOR | LVT_MODE | LVT_MASKED},
	{LAPIC_LVT_LINT0,
	 LVT_VECTOR | LVT_MODE | LVT_ACTIVE_LOW | LVT_LEVEL | LVT_MASKED},
	{LAPIC_LVT_LINT1,
	 LVT_VECTOR | LVT_MODE | LVT_ACTIVE_LOW | LVT_LEVEL | LVT_MASKED},
	{LAPIC_LVT_ERROR, LVT_VECTOR | LVT_MASKED},
};

/* ---- 256 bits in eight registers ---- */

static uint32_t *word(struct lapic_state *s, enum lapic_reg bits, uint8_t v)
{
	return &s->reg[bits / 16u + v / 32u];
}

static void set_bit(struct lapic_state *s, enum lapic_reg bits, uint8_t v,
		    bool on)
{
	uint32_t bit = UINT32_C(1) << v % 32;

	*word(s, bits, v) &= ~bit;
	if (on)
		*word(s, bits, v) |= bit;
}

static bool get_bit(const struct lapic_state *s, enum lapic_reg bits, uint8_t v)
{
	return s->reg[bits / 16u + v / 32u] >> v % 32 & 1;
}

static int highest(const struct lapic_state *s, enum lapic_reg bits)
{
	for (int i = 7; i >= 0; i--) {
		uint32_t w = s->reg[bits / 16 + i];

		if (w)
			return i * 32 + 31 - __builtin_clz(w);
	}
	return LAPIC_NONE;
}

/* "Task and Processor Priorities" */
uint32_t lapic_ppr_now(const struct lapic_state *s)
{
	uint32_t tpr = lapic_get(s, LAPIC_TPR);
	int isr = highest(s, LAPIC_ISR);

	if (isr >= 0 && (uint32_t)isr >> 4 > tpr >> 4)
		return (uint32_t)isr & 0xf0;
	return tpr;
}

/* "Arbitration Priority" */
uint32_t lapic_apr(const struct lapic_state *s)
{
	int irr = highest(s, LAPIC_IRR);
	uint32_t p = lapic_ppr_now(s);

	if (irr >= 0 && (uint32_t)irr >> 4 > p >> 4)
		return (uint32_t)irr & 0xf0;
	return p;
}

/* ---- interrupts arrive ---- */

bool lapic_is_usable(const struct lapic_state *s)
{
	return s->on && lapic_get(s, LAPIC_SVR) & SVR_ENABLED;
}

static void request(struct lapics *l, unsigned int cpu, uint8_t vector,
		    bool level)
{
	struct lapic_state *s = &l->cpu[cpu].s;

	set_bit(s, LAPIC_IRR, vector, true);
	set_bit(s, LAPIC_TMR, vector, level);
	l->ops.wake(l->ops.ctx, cpu);
}

void lapic_error(struct lapics *l, unsigned int cpu, uint32_t bit)
{
	struct lapic_state *s = &l->cpu[cpu].s;
	uint32_t lvt = lapic_get(s, LAPIC_LVT_ERROR);
	uint8_t vector = lvt & LVT_VECTOR;

	s->errors |= bit;
	if (!(lvt & LVT_MASKED) && vector >= FIRST_VECTOR && lapic_is_usable(s))
		request(l, cpu, vector, false);
}

bool lapic_accept(struct lapics *l, unsigned int cpu, uint8_t vector,
		  bool level)
{
	if (!lapic_is_usable(&l->cpu[cpu].s))
		return false;
	if (vector < FIRST_VECTOR)
		lapic_error(l, cpu, ESR_RECEIVED_ILLEGAL);
	else
		request(l, cpu, vector, level);
	return true;
}

/* ---- the 8259s ---- */

bool lapics_takes_pic(const struct lapics *l, unsigned int cpu)
{
	const struct lapic_state *s = &l->cpu[cpu].s;
	uint32_t lvt = lapic_get(s, LAPIC_LVT_LINT0);

	if (!s->on) /* then the pins are the processor's own */
		return cpu == 0;
	return !(lvt & LVT_MASKED) && (lvt & LVT_MODE) == IRQ_EXTINT << 8;
}

static void pin_rises(struct lapics *l, unsigned int cpu)
{
	uint32_t lvt = lapic_get(&l->cpu[cpu].s, LAPIC_LVT_LINT0);

	if (lapics_takes_pic(l, cpu))
		l->ops.wake(l->ops.ctx, cpu);
	else if (lvt & LVT_MASKED || !l->cpu[cpu].s.on)
		return;
	else if ((lvt & LVT_MODE) == IRQ_NMI << 8)
		l->ops.nmi(l->ops.ctx, cpu);
	else if ((lvt & LVT_MODE) == IRQ_FIXED << 8)
		lapic_accept(l, cpu, lvt & LVT_VECTOR, false);
}

void lapics_set_lint0(struct lapics *l, int level)
{
	bool was = l->s.lint0;

	l->s.lint0 = level;
	for (unsigned int i = 0; level && !was && i < l->cpus; i++)
		pin_rises(l, i);
}

/* ---- interrupts are taken ---- */

int lapics_pending(const struct lapics *l, unsigned int cpu)
{
	const struct lapic_state *s = &l->cpu[cpu].s;
	int irr = highest(s, LAPIC_IRR);

	if (irr < 0 || !lapic_is_usable(s) ||
	    (uint32_t)irr >> 4 <= lapic_ppr_now(s) >> 4)
		return LAPIC_NONE;
	return irr;
}

int lapics_ack(struct lapics *l, unsigned int cpu)
{
	int vector = lapics_pending(l, cpu);

	if (vector < 0)
		return LAPIC_NONE;
	set_bit(&l->cpu[cpu].s, LAPIC_IRR, (uint8_t)vector, false);
	set_bit(&l->cpu[cpu].s, LAPIC_ISR, (uint8_t)vector, true);
	return vector;
}

static void end_of_interrupt(struct lapics *l, unsigned int cpu)
{
	struct lapic_state *s = &l->cpu[cpu].s;
	int vector = highest(s, LAPIC_ISR);

	if (vector < 0)
		return;
	set_bit(s, LAPIC_ISR, (uint8_t)vector, false);
	if (get_bit(s, LAPIC_TMR, (uint8_t)vector) && l->eoi)
		l->eoi(l->eoi_ctx, (uint8_t)vector);
}

uint8_t lapics_tpr(const struct lapics *l, unsigned int cpu)
{
	return (uint8_t)lapic_get(&l->cpu[cpu].s, LAPIC_TPR);
}

void lapics_set_tpr(struct lapics *l, unsigned int cpu, uint8_t tpr)
{
	lapic_set(&l->cpu[cpu].s, LAPIC_TPR, tpr);
}

void lapics_set_on(struct lapics *l, unsigned int cpu, bool on)
{
	if (l->cpu[cpu].s.on && !on)
		lapics_cpu_init(l, cpu);
	l->cpu[cpu].s.on = on;
}

/* ---- registers ---- */

static uint32_t lapic_read_reg(struct lapics *l, unsigned int cpu,
			       unsigned int offset)
{
	struct lapic_state *s = &l->cpu[cpu].s;

	switch (offset) {
	case LAPIC_APR:
		return lapic_apr(s);
	case LAPIC_PPR:
		return lapic_ppr_now(s);
	case LAPIC_EOI: /* write-only */
		return 0;
	case LAPIC_CURRENT_COUNT:
		return lapic_timer_count(l, s);
	default:
		break;
	}
	if (offset >= LAPIC_REGS || !lapic_register(offset)) {
		lapic_error(l, cpu, ESR_ILLEGAL_REGISTER);
		return 0;
	}
	return s->reg[offset / 16];
}

/* A software-disabled APIC has every LVT entry masked. */
static void write_svr(struct lapics *l, struct lapic_state *s, uint32_t value)
{
	lapic_set(s, LAPIC_SVR, value & (LVT_VECTOR | SVR_ENABLED | SVR_FOCUS));
	if (value & SVR_ENABLED)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++)
		s->reg[lvts[i].reg / 16] |= LVT_MASKED;
	lapic_timer_rearm(l, s);
}

static bool write_lvt(struct lapics *l, struct lapic_state *s,
		      unsigned int offset, uint32_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++) {
		if (lvts[i].reg != offset)
			continue;
		value &= lvts[i].writable;
		if (!(lapic_get(s, LAPIC_SVR) & SVR_ENABLED))
			value |= LVT_MASKED;
		s->reg[offset / 16] = value;
		if (offset == LAPIC_LVT_TIMER)
			lapic_timer_rearm(l, s);
		return true;
	}
	return false;
}

static void lapic_write_reg(struct lapics *l, unsigned int cpu,
			    unsigned int offset, uint32_t value)
{
	struct lapic_state *s = &l->cpu[cpu].s;

	switch (offset) {
	case LAPIC_TPR:
		lapic_set(s, LAPIC_TPR, value & 0xff);
		return;
	case LAPIC_EOI:
		end_of_interrupt(l, cpu);
		return;
	case LAPIC_LDR:
		lapic_set(s, LAPIC_LDR, value & BITS(31, LAPIC_DEST_SHIFT));
		return;
	case LAPIC_DFR:
		lapic_set(s, LAPIC_DFR, value | BITS(27, 0));
		return;
	case LAPIC_SVR:
		write_svr(l, s, value);
		return;
	case LAPIC_ESR: /* shows what has gathered since the last write */
		lapic_set(s, LAPIC_ESR, s->errors);
		s->errors = 0;
		return;
	case LAPIC_ICR2:
		lapic_set(s, LAPIC_ICR2, value & BITS(31, LAPIC_DEST_SHIFT));
		return;
	case LAPIC_ICR:
		lapic_set(s, LAPIC_ICR, value & ICR_LOW_WRITABLE);
		lapic_send_ipi(l, cpu, value);
		return;
	case LAPIC_INITIAL_COUNT:
		lapic_timer_start(l, s, value);
		return;
	case LAPIC_DIVIDE:
		lapic_timer_divide(l, s, value);
		return;
	default:
		break;
	}
	if (!write_lvt(l, s, offset, value) &&
	    (offset >= LAPIC_REGS || !lapic_register(offset)))
		lapic_error(l, cpu, ESR_ILLEGAL_REGISTER);
}

/* Registers are 4 bytes in 16; part of one reads as that part. */
static uint64_t lapics_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	struct lapics *l = lapics_of(dev);
	unsigned int cpu = *l->accessing % l->cpus, in = offset & 15;

	if (!l->cpu[cpu].s.on)
		return UINT64_MAX;
	if (in >= 4)
		return 0;
	return (uint64_t)lapic_read_reg(l, cpu, offset & 0xff0) >> (8 * in);
}

static void lapics_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	struct lapics *l = lapics_of(dev);
	unsigned int cpu = *l->accessing % l->cpus;

	/* "Local APIC Register Address Map": whole and aligned, or undefined */
	if (l->cpu[cpu].s.on && !(offset & 15) && size >= 4)
		lapic_write_reg(l, cpu, (unsigned int)offset, (uint32_t)value);
}

void lapics_cpu_init(struct lapics *l, unsigned int cpu)
{
	struct lapic_state *s = &l->cpu[cpu].s;

	*s = (struct lapic_state){.on = s->on};
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++)
		lapic_set(s, lvts[i].reg, LVT_MASKED);
	lapic_set(s, LAPIC_ID, (uint32_t)cpu << LAPIC_DEST_SHIFT);
	lapic_set(s, LAPIC_VERSION, LAPIC_VERSION_VALUE);
	lapic_set(s, LAPIC_DFR, UINT32_MAX);
	lapic_set(s, LAPIC_SVR, SPURIOUS_RESET);
	if (cpu == 0)
		lapic_set(s, LAPIC_LVT_LINT0, IRQ_EXTINT << 8);
}

static const char *lapics_reg_name(struct device *dev, uint64_t offset,
				   bool write)
{
	return lapic_register((unsigned int)offset);
}

const struct region_ops lapics_region = {
	.name = "lapic",
	.read = lapics_read,
	.write = lapics_write,
	.reg_name = lapics_reg_name,
};

uint32_t lapic_lvt_writable(unsigned int offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++)
		if (lvts[i].reg == offset)
			return lvts[i].writable;
	return 0;
}

void lapics_show(const struct lapics *l, unsigned int cpu, struct x86_lapic *to)
{
	struct lapic_state s = l->cpu[cpu].s;

	lapic_set(&s, LAPIC_PPR, lapic_ppr_now(&s));
	lapic_set(&s, LAPIC_APR, lapic_apr(&s));
	lapic_set(&s, LAPIC_CURRENT_COUNT, lapic_timer_count(l, &s));
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < ARRAY_SIZE(s.reg); i++)
		memcpy(to->regs + 16 * i, &s.reg[i], sizeof(s.reg[i]));
}
