#include "vmm/dev/pit.h"

#include <string.h>

#include "arch/exit/ports.h"
#include "base/bits.h"

#define NS	   UINT64_C(1000000000)
#define REFRESH_NS 15085

enum {
	CONTROL = 3, /* the fourth port */
	READ_BACK = 3,
	RB_NO_COUNT = 0x20,
	RB_NO_STATUS = 0x10,
	RW_LOW = 1,
	RW_HIGH = 2,
	RW_BOTH = 3,
	STATUS_OUT = 0x80,
	STATUS_NULL = 0x40,

	P61_GATE = 0x01,
	P61_SPEAKER = 0x02,
	P61_REFRESH = 0x10,
	P61_OUT = 0x20,
};

/* ---- counting ---- */

static uint64_t to_ticks(uint64_t ns)
{
	return ns / NS * PIT_HZ + ns % NS * PIT_HZ / NS;
}

/* The first nanosecond at which that many ticks have passed. */
static uint64_t to_ns(uint64_t ticks)
{
	return ticks / PIT_HZ * NS +
	       (ticks % PIT_HZ * NS + PIT_HZ - 1) / PIT_HZ;
}

static uint64_t now(const struct pit *p)
{
	return p->ops.now(p->ops.ctx);
}

static bool is_periodic(const struct pit_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static uint16_t to_bcd(uint32_t n)
{
	return (uint16_t)(n / 1000 % 10 << 12 | n / 100 % 10 << 8 |
			  n / 10 % 10 << 4 | n % 10);
}

static uint32_t from_bcd(uint16_t n)
{
	return (n >> 12 & 15) * 1000u + (n >> 8 & 15) * 100u +
	       (n >> 4 & 15) * 10u + (n & 15);
}

/* Ticks since it was loaded; a low gate holds it. */
static uint64_t elapsed(const struct pit *p, const struct pit_channel *c)
{
	return to_ticks(c->gate ? now(p) - c->start : c->gone);
}

static uint16_t count_now(const struct pit *p, const struct pit_channel *c)
{
	const uint32_t wrap = c->bcd ? 10000 : 0x10000;
	uint64_t gone, left;

	if (!c->count)
		return 0;
	gone = elapsed(p, c);
	if (c->mode == 3) /* counts by two, twice a period */
		left = (c->count - 2 * gone % c->count) & ~UINT64_C(1);
	else if (c->mode == 2)
		left = c->count - gone % c->count;
	else /* goes on through 0 */
		left = c->count + wrap - gone % wrap;
	return c->bcd ? to_bcd((uint32_t)(left % wrap)) : (uint16_t)left;
}

/* "Mode Definitions" */
static bool out_now(const struct pit *p, const struct pit_channel *c)
{
	uint64_t gone;

	if (!c->count)
		return c->mode != 0;
	gone = elapsed(p, c);
	switch (c->mode) {
	case 0:
		return gone >= c->count;
	case 1:
		return gone >= c->count;
	case 2:
		return gone % c->count != c->count - 1;
	case 3:
		return gone % c->count < (c->count + 1) / 2;
	default:
		return gone != c->count;
	}
}

/* ---- channel 0's interrupt ---- */

static void set_irq(struct pit *p, int level)
{
	if (p->irq.set)
		p->irq.set(p->irq.ctx, p->irq.gsi, level);
}

/* The first edge after this time; modes 1 and 5 wait for the gate's. */
static uint64_t edge_after(const struct pit_channel *c, uint64_t t)
{
	uint64_t first = c->start + to_ns(c->count);

	if (!c->count || c->mode == 1 || c->mode == 5)
		return 0;
	if (is_periodic(c))
		return max_u64(
			c->start +
				to_ns((to_ticks(t - c->start) / c->count + 1) *
				      c->count),
			t + PIT_MIN_PERIOD_NS);
	return first > t ? first : 0;
}

static void rearm(struct pit *p)
{
	p->s.next = edge_after(&p->s.channel[0], now(p));
	p->ops.rearm(p->ops.ctx);
}

uint64_t pit_next(const struct pit *p)
{
	return p->s.next ? p->s.next : UINT64_MAX;
}

void pit_run(struct pit *p)
{
	uint64_t t = now(p);

	if (!p->s.next || p->s.next > t)
		return;
	/* those that were missed are lost */
	p->s.next = is_periodic(&p->s.channel[0])
			    ? edge_after(&p->s.channel[0], t)
			    : 0;
	set_irq(p, 0);
	set_irq(p, 1);
}

/* ---- registers ---- */

static void load(struct pit *p, unsigned int i, uint16_t value)
{
	struct pit_channel *c = &p->s.channel[i];

	c->count = c->bcd ? from_bcd(value) : value;
	if (!c->count)
		c->count = c->bcd ? 10000 : 0x10000;
	c->start = now(p);
	c->gone = 0;
	if (i)
		return;
	if (c->mode == 0)
		set_irq(p, 0);
	rearm(p);
}

static void latch_count(const struct pit *p, struct pit_channel *c)
{
	if (c->latched)
		return;
	c->latch = count_now(p, c);
	c->latched = c->rw == RW_BOTH ? 2 : 1;
	if (c->rw == RW_BOTH)
		c->read_high = false;
}

static void latch_status(const struct pit *p, struct pit_channel *c)
{
	if (c->status_latched)
		return;
	c->status = (uint8_t)(c->rw << 4 | c->mode << 1 | c->bcd);
	if (out_now(p, c))
		c->status |= STATUS_OUT;
	if (!c->count)
		c->status |= STATUS_NULL;
	c->status_latched = true;
}

static void read_back(struct pit *p, uint8_t value)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		if (!(value & 2u << i))
			continue;
		if (!(value & RB_NO_COUNT))
			latch_count(p, &p->s.channel[i]);
		if (!(value & RB_NO_STATUS))
			latch_status(p, &p->s.channel[i]);
	}
}

static void control(struct pit *p, uint8_t value)
{
	unsigned int i = value >> 6, rw = value >> 4 & 3, mode = value >> 1 & 7;
	struct pit_channel *c;

	if (i == READ_BACK) {
		read_back(p, value);
		return;
	}
	c = &p->s.channel[i];
	if (!rw) {
		latch_count(p, c);
		return;
	}
	*c = (struct pit_channel){.rw = (uint8_t)rw,
				  .mode = (uint8_t)(mode > 5 ? mode - 4 : mode),
				  .bcd = value & 1,
				  .gate = c->gate};
	if (i)
		return;
	set_irq(p, c->mode != 0);
	rearm(p);
}

static void pit_write(struct bus_device *dev, uint64_t offset,
		      unsigned int size, uint64_t value)
{
	struct pit *p = (struct pit *)(void *)dev;
	struct pit_channel *c;
	uint8_t byte = (uint8_t)value;

	if (offset == CONTROL) {
		control(p, byte);
		return;
	}
	c = &p->s.channel[offset];
	if (c->rw == RW_BOTH && !c->write_high) {
		c->write_low = byte;
		c->write_high = true;
		return;
	}
	c->write_high = false;
	if (c->rw == RW_LOW)
		load(p, (unsigned int)offset, byte);
	else if (c->rw == RW_HIGH)
		load(p, (unsigned int)offset, (uint16_t)(byte << 8));
	else
		load(p, (unsigned int)offset,
		     (uint16_t)(byte << 8 | c->write_low));
}

static uint64_t pit_read(struct bus_device *dev, uint64_t offset,
			 unsigned int size)
{
	struct pit *p = (struct pit *)(void *)dev;
	struct pit_channel *c;
	uint16_t count;
	bool high;

	if (offset == CONTROL) /* write-only */
		return 0xff;
	c = &p->s.channel[offset];
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	count = c->latched ? c->latch : count_now(p, c);
	high = c->rw == RW_HIGH || (c->rw == RW_BOTH && c->read_high);
	if (c->rw == RW_BOTH)
		c->read_high = !c->read_high;
	if (c->latched)
		c->latched--;
	return high ? count >> 8 : count & 0xff;
}

static struct pit *of_port61(struct bus_device *dev)
{
	return (struct pit *)(void *)((char *)dev -
				      offsetof(struct pit, port61));
}

static uint64_t port61_read(struct bus_device *dev, uint64_t offset,
			    unsigned int size)
{
	const struct pit *p = of_port61(dev);
	const struct pit_channel *c = &p->s.channel[2];

	return (c->gate ? P61_GATE : 0) | (p->s.speaker ? P61_SPEAKER : 0) |
	       (now(p) / REFRESH_NS & 1 ? P61_REFRESH : 0) |
	       (out_now(p, c) ? P61_OUT : 0);
}

/* A rising edge starts the count again, but in modes 0 and 4. */
static void set_gate(const struct pit *p, struct pit_channel *c, bool gate)
{
	if (gate && !c->gate)
		c->start =
			now(p) - (c->mode == 0 || c->mode == 4 ? c->gone : 0);
	else if (!gate && c->gate)
		c->gone = now(p) - c->start;
	c->gate = gate;
}

static void port61_write(struct bus_device *dev, uint64_t offset,
			 unsigned int size, uint64_t value)
{
	struct pit *p = of_port61(dev);

	set_gate(p, &p->s.channel[2], value & P61_GATE);
	p->s.speaker = value & P61_SPEAKER;
}

static void pit_reset(struct bus_device *dev)
{
	struct pit *p = (struct pit *)(void *)dev;

	memset(&p->s, 0, sizeof(p->s));
	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		p->s.channel[i] = (struct pit_channel){
			.rw = RW_BOTH, .mode = 3, .gate = i < 2};
	set_irq(p, 0);
	p->ops.rearm(p->ops.ctx);
}

static const char *pit_name(struct bus_device *dev, uint64_t offset, bool write)
{
	return port_register(SPACE_PIO, PIT_PORT + offset, write);
}

static const char *port61_name(struct bus_device *dev, uint64_t offset,
			       bool write)
{
	return "control B";
}

static const struct bus_device_ops pit_bus_ops = {
	.name = "pit",
	.width = 1,
	.read = pit_read,
	.write = pit_write,
	.reset = pit_reset,
	.reg_name = pit_name,
};

static const struct bus_device_ops port61_ops = {
	.name = "speaker",
	.width = 1,
	.read = port61_read,
	.write = port61_write,
	.reg_name = port61_name,
};

void pit_init(struct pit *p, const struct pit_ops *ops, struct irq_line irq)
{
	*p = (struct pit){
		.dev = {&pit_bus_ops}, .port61 = {&port61_ops}, .ops = *ops};
	pit_reset(&p->dev);
	p->irq = irq;
}

void pit_show(const struct pit *p, struct x86_pit *to)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		const struct pit_channel *c = &p->s.channel[i];

		to->channel[i] = (struct x86_pit_channel){
			.count = c->count,
			.mode = c->mode,
			.rw_mode = c->rw,
			.bcd = c->bcd,
			.gate = c->gate,
			.load_time = (int64_t)c->start,
		};
	}
	to->speaker = p->s.speaker;
	to->now = (int64_t)now(p);
}
