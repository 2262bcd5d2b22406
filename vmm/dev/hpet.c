#include "vmm/dev/hpet.h"

#include <string.h>

#include "arch/exit/ports.h"

enum {
	REG_CAPS = 0x000,
	REG_CONFIG = 0x010,
	REG_STATUS = 0x020,
	REG_COUNTER = 0x0f0,
	REG_TIMERS = 0x100,
	TIMER_STEP = 0x20,
	TIMER_CONFIG = 0x00,
	TIMER_COMPARATOR = 0x08,

	CONFIG_ENABLE = BIT(0),

	CAP_REVISION = 1,
	CAP_64BIT = 0x2000,
	CAP_TIMERS_SHIFT = 8,
};

#define VENDOR	  UINT64_C(0x8086)
#define PERIOD_FS (HPET_TICK_NS * 1000000)

#define T_LEVEL	    BIT(1)
#define T_ENABLE    BIT(2)
#define T_PERIODIC  BIT(3)
#define T_CAPS	    (BIT(4) | BIT(5)) /* periodic, 64 bits */
#define T_SET_VALUE BIT(6)
#define T_32BIT	    BIT(8)
#define T_ROUTE	    BITS(13, 9)
#define T_WRITABLE  (T_LEVEL | T_ENABLE | T_PERIODIC | T_32BIT | T_ROUTE)
#define T_ROUTES    (BITS(HPET_LINES - 1, 0) << (32 + HPET_FIRST_LINE))

static struct hpet *of(struct device *dev)
{
	return (struct hpet *)dev;
}

static uint64_t caps(void)
{
	return PERIOD_FS << 32 | hpet_block_id();
}

uint32_t hpet_block_id(void)
{
	return (uint32_t)(VENDOR << 16 | CAP_64BIT |
			  (HPET_TIMERS - 1) << CAP_TIMERS_SHIFT | CAP_REVISION);
}

/* ---- counting ---- */

static bool runs(const struct hpet *h)
{
	return h->s.config & CONFIG_ENABLE;
}

static uint64_t counter_now(const struct hpet *h)
{
	if (!runs(h))
		return h->s.counter;
	return h->s.counter +
	       (device_now(h->clock) - h->s.start) / HPET_TICK_NS;
}

static uint64_t width_mask(const struct hpet_timer *t)
{
	return t->config & T_32BIT ? UINT32_MAX : UINT64_MAX;
}

/* When the counter will be equal to the comparator, ns; 0 = never. */
static uint64_t match_time(const struct hpet *h, const struct hpet_timer *t)
{
	uint64_t ticks = (t->comparator - counter_now(h)) & width_mask(t);
	uint64_t now = device_now(h->clock);

	/* what is only reached after years is not waited for */
	if (!runs(h) || ticks > (UINT64_MAX >> 2) / HPET_TICK_NS)
		return 0;
	return now + max_u64(ticks * HPET_TICK_NS, 1);
}

static void rearm(struct hpet *h, struct hpet_timer *t)
{
	t->next = match_time(h, t);
	device_rearm(h->clock);
}

static void rearm_all(struct hpet *h)
{
	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		rearm(h, &h->s.timer[i]);
}

/* ---- interrupts ---- */

/* Its line, or nothing that is wired. */
static struct irq_line line_of(const struct hpet *h, const struct hpet_timer *t)
{
	struct irq_line line = h->irq;

	line.gsi = (unsigned int)(t->config >> 9 & 31);
	if (line.gsi < HPET_FIRST_LINE ||
	    line.gsi >= HPET_FIRST_LINE + HPET_LINES)
		line.set = NULL;
	return line;
}

static void raise_line(struct hpet *h, unsigned int i)
{
	const struct hpet_timer *t = &h->s.timer[i];
	const struct irq_line line = line_of(h, t);

	if (t->config & T_LEVEL)
		h->s.status |= BIT(i);
	if (!(t->config & T_ENABLE))
		return;
	irq_line_set(&line, 1);
	if (!(t->config & T_LEVEL))
		irq_line_set(&line, 0);
}

static void write_status(struct hpet *h, uint64_t value)
{
	for (unsigned int i = 0; i < HPET_TIMERS; i++) {
		const struct irq_line line = line_of(h, &h->s.timer[i]);

		if (!(value & h->s.status & BIT(i)))
			continue;
		h->s.status &= ~BIT(i);
		irq_line_set(&line, 0);
	}
}

static uint64_t hpet_next(const struct device *dev)
{
	const struct hpet *h = (const struct hpet *)dev;
	uint64_t next = DEVICE_IDLE;

	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		if (h->s.timer[i].next)
			next = min_u64(next, h->s.timer[i].next);
	return next;
}

/* Periods that were missed are lost. */
static void fire(struct hpet *h, unsigned int i, uint64_t now)
{
	struct hpet_timer *t = &h->s.timer[i];
	uint64_t behind;

	if (!(t->config & T_PERIODIC) || !t->period) {
		t->next = 0;
	} else {
		behind = (counter_now(h) - t->comparator) & width_mask(t);
		t->comparator += (behind / t->period + 1) * t->period;
		t->comparator &= width_mask(t);
		t->next = match_time(h, t);
		if (t->next)
			t->next = max_u64(t->next, now + HPET_MIN_PERIOD_NS);
	}
	raise_line(h, i);
}

static void hpet_run(struct device *dev)
{
	struct hpet *h = of(dev);
	uint64_t now = device_now(h->clock);

	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		if (h->s.timer[i].next && h->s.timer[i].next <= now)
			fire(h, i, now);
}

/* ---- registers ---- */

static void write_config(struct hpet *h, uint64_t value)
{
	uint64_t count = counter_now(h);

	h->s.config = value & CONFIG_ENABLE;
	h->s.counter = count;
	h->s.start = device_now(h->clock);
	rearm_all(h);
}

static void write_timer_config(struct hpet *h, unsigned int i, uint64_t value)
{
	struct hpet_timer *t = &h->s.timer[i];
	const struct irq_line before = line_of(h, t);

	if (h->s.status & BIT(i) && !(value & T_ENABLE && value & T_LEVEL))
		irq_line_set(&before, 0);
	t->config = value & (T_WRITABLE | T_SET_VALUE);
	t->comparator &= width_mask(t);
	t->period &= width_mask(t);
	rearm(h, t);
}

/*
 * Of a periodic timer a write is the period, and the comparator too unless it
 * has been set already; "Timer N Value Set" lets the next write be both.
 */
static void write_comparator(struct hpet *h, unsigned int i, uint64_t value)
{
	struct hpet_timer *t = &h->s.timer[i];

	value &= width_mask(t);
	if (!(t->config & T_PERIODIC) || t->config & T_SET_VALUE)
		t->comparator = value;
	if (t->config & T_PERIODIC)
		t->period = value;
	t->config &= ~T_SET_VALUE;
	rearm(h, t);
}

static uint64_t read_timer(const struct hpet *h, uint64_t reg)
{
	const struct hpet_timer *t = &h->s.timer[reg / TIMER_STEP];

	switch (reg % TIMER_STEP) {
	case TIMER_CONFIG:
		return (t->config & ~T_SET_VALUE) | T_CAPS | T_ROUTES;
	case TIMER_COMPARATOR:
		return t->comparator;
	default:
		return 0; /* no messages */
	}
}

/* A whole register; reg is a multiple of 8. */
static uint64_t read_reg(const struct hpet *h, uint64_t reg)
{
	switch (reg) {
	case REG_CAPS:
		return caps();
	case REG_CONFIG:
		return h->s.config;
	case REG_STATUS:
		return h->s.status;
	case REG_COUNTER:
		return counter_now(h);
	default:
		break;
	}
	if (reg < REG_TIMERS || reg >= REG_TIMERS + HPET_TIMERS * TIMER_STEP)
		return 0;
	return read_timer(h, reg - REG_TIMERS);
}

static void write_reg(struct hpet *h, uint64_t reg, uint64_t value)
{
	unsigned int timer = (unsigned int)(reg - REG_TIMERS) / TIMER_STEP;

	if (reg == REG_CONFIG) {
		write_config(h, value);
	} else if (reg == REG_STATUS) {
		write_status(h, value);
	} else if (reg == REG_COUNTER) {
		h->s.counter = value;
		h->s.start = device_now(h->clock);
		rearm_all(h);
	} else if (reg >= REG_TIMERS && timer < HPET_TIMERS) {
		if (reg % TIMER_STEP == TIMER_CONFIG)
			write_timer_config(h, timer, value);
		else if (reg % TIMER_STEP == TIMER_COMPARATOR)
			write_comparator(h, timer, value);
	}
}

/* "Register accesses": aligned, of 32 or 64 bits; others do nothing. */
static uint64_t hpet_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	uint64_t value;

	if (size < 4 || offset % size)
		return BITS(8 * size - 1, 0);
	value = read_reg(of(dev), offset & ~UINT64_C(7));
	return size == 8 ? value : value >> (8 * (offset & 4)) & UINT32_MAX;
}

/* Of a register that is written by halves: what the other one stays. */
static uint64_t other_half(const struct hpet *h, uint64_t reg)
{
	const unsigned int timer =
		(unsigned int)(reg - REG_TIMERS) / TIMER_STEP;

	if (reg == REG_STATUS) /* zeroes change nothing */
		return 0;
	if (reg >= REG_TIMERS && timer < HPET_TIMERS &&
	    reg % TIMER_STEP == TIMER_COMPARATOR &&
	    h->s.timer[timer].config & T_PERIODIC)
		return h->s.timer[timer].period;
	return read_reg(h, reg);
}

static void hpet_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	const uint64_t reg = offset & ~UINT64_C(7);
	struct hpet *h = of(dev);
	uint64_t other;

	if (size < 4 || offset % size)
		return;
	if (size == 4) {
		other = other_half(h, reg);
		if (offset & 4)
			value = (other & UINT32_MAX) | value << 32;
		else
			value = (other & ~(uint64_t)UINT32_MAX) |
				(value & UINT32_MAX);
	}
	write_reg(h, reg, value);
}

static void hpet_reset(struct device *dev)
{
	struct hpet *h = of(dev);

	memset(&h->s, 0, sizeof(h->s));
	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		h->s.timer[i].comparator = UINT64_MAX;
	device_rearm(h->clock);
}

static const char *hpet_name(struct device *dev, uint64_t offset, bool write)
{
	return port_register(SPACE_MMIO, HPET_BASE + offset, write);
}

/* ---- the class ---- */

static uint64_t get_counter(const struct device *dev, unsigned int i)
{
	return counter_now((const struct hpet *)dev);
}

static const struct bit_name config_bits[] = {
	{"ENABLE", CONFIG_ENABLE, "the counter runs"},
	{NULL, 0, NULL},
};

static const struct bit_name timer_bits[] = {
	{"LEVEL", T_LEVEL, "level-triggered"},
	{"INT_ENB", T_ENABLE, "interrupts"},
	{"PERIODIC", T_PERIODIC, "periodic"},
	{"VAL_SET", T_SET_VALUE, "the next write sets the comparator"},
	{"32MODE", T_32BIT, "counts 32 bits"},
	{"ROUTE", T_ROUTE, "IOAPIC pin"},
	{NULL, 0, NULL},
};

#define S struct hpet_state
#define T(i)                                                                 \
	DEVICE_REG_AS(S, timer[i].config, "T" #i " config",                  \
		      .bits = timer_bits),                                   \
		DEVICE_REG_AS(S, timer[i].comparator, "T" #i " comparator"), \
		DEVICE_REG_AS(S, timer[i].period, "T" #i " period"),         \
		DEVICE_REG_AS(S, timer[i].next, "T" #i " due")
static const struct device_reg hpet_regs[] = {
	DEVICE_REG(S, config, .bits = config_bits),
	DEVICE_REG(S, status),
	{.name = "counter", .size = 8, .get = get_counter},
	T(0),
	T(1),
	T(2),
	{.name = NULL},
};
#undef T

#define T struct hpet_timer
static const struct wire_layout timer_layout = {
	.name = "timer",
	.size = sizeof(T),
	.field = (const struct wire_field[]){WIRE_U64(T, config),
					     WIRE_U64(T, comparator),
					     WIRE_U64(T, period),
					     WIRE_U64(T, next),
					     {.kind = WIRE_END}}};
#undef T

static const struct wire_layout hpet_layout = {
	.name = "hpet",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_U64(S, config, .max = CONFIG_ENABLE),
		WIRE_U64(S, status, .max = BIT(HPET_TIMERS) - 1),
		WIRE_U64(S, counter),
		WIRE_U64(S, start),
		WIRE_SUB(S, timer, HPET_TIMERS, &timer_layout),
		{.kind = WIRE_END}}};
#undef S

static bool hpet_check(const struct device *dev, const void *state,
		       struct err *err)
{
	const struct hpet_state *s = state;

	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		if (s->timer[i].config & ~(T_WRITABLE | T_SET_VALUE))
			return err_set(err, ERR_MALFORMED,
				       "timer[%u].config cannot be 0x%llx", i,
				       (unsigned long long)s->timer[i].config);
	return true;
}

static void hpet_shift(void *state, uint64_t ns)
{
	struct hpet_state *s = state;

	s->start += ns;
	for (unsigned int i = 0; i < HPET_TIMERS; i++)
		if (s->timer[i].next)
			s->timer[i].next += ns;
}

static const struct device_class hpet_class = {
	.name = "hpet",
	.about = "high precision event timer",
	.state_offset = offsetof(struct hpet, s),
	.state = &hpet_layout,
	.regs = hpet_regs,
	.reset = hpet_reset,
	.check = hpet_check,
	.shift = hpet_shift,
	.next = hpet_next,
	.run = hpet_run,
};

const struct region_ops hpet_region = {
	.name = "hpet",
	.read = hpet_read,
	.write = hpet_write,
	.reg_name = hpet_name,
};

void hpet_init(struct hpet *h, const struct device_clock *clock,
	       struct irq_line irq)
{
	*h = (struct hpet){.clock = clock, .irq = irq};
	device_init(&h->dev, &hpet_class, NULL);
	for (unsigned int i = 0; i < HPET_LINES; i++) {
		irq.gsi = HPET_FIRST_LINE + i;
		device_drives(&h->dev, &irq);
	}
	hpet_reset(&h->dev);
}
