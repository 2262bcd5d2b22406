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

static struct pit *of(struct device *dev)
{
	return (struct pit *)dev;
}

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
	return device_now(p->clock);
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
	irq_line_set(&p->irq, level);
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

/* t: the guest's write; a later look at the clock would lose short counts. */
static void rearm(struct pit *p, uint64_t t)
{
	p->s.next = edge_after(&p->s.channel[0], t);
	device_rearm(p->clock);
}

static uint64_t pit_next(const struct device *dev)
{
	const struct pit *p = (const struct pit *)dev;

	return p->s.next ? p->s.next : DEVICE_IDLE;
}

static void pit_run(struct device *dev)
{
	struct pit *p = of(dev);
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
	rearm(p, c->start);
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
	rearm(p, now(p));
}

static void pit_write(struct device *dev, uint64_t offset, unsigned int size,
		      uint64_t value)
{
	struct pit *p = of(dev);
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

static uint64_t pit_read(struct device *dev, uint64_t offset, unsigned int size)
{
	struct pit *p = of(dev);
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

static uint64_t port61_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	const struct pit *p = of(dev);
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

static void port61_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	struct pit *p = of(dev);

	set_gate(p, &p->s.channel[2], value & P61_GATE);
	p->s.speaker = value & P61_SPEAKER;
}

static void pit_reset(struct device *dev)
{
	struct pit *p = of(dev);

	memset(&p->s, 0, sizeof(p->s));
	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		p->s.channel[i] = (struct pit_channel){
			.rw = RW_BOTH, .mode = 3, .gate = i < 2};
	set_irq(p, 0);
	device_rearm(p->clock);
}

static const char *pit_name(struct device *dev, uint64_t offset, bool write)
{
	return port_register(SPACE_PIO, PIT_PORT + offset, write);
}

static const char *port61_name(struct device *dev, uint64_t offset, bool write)
{
	return "control B";
}

static uint64_t get_count(const struct device *dev, unsigned int i)
{
	const struct pit *p = (const struct pit *)dev;

	return count_now(p, &p->s.channel[i]);
}

#define S	 struct pit_state
#define CH(i, f) DEVICE_REG_AS(S, channel[i].f, "channel " #i " " #f)
static const struct device_reg pit_regs[] = {
	{.name = "count", .size = 2, .count = PIT_CHANNELS, .get = get_count},
	CH(0, count),
	CH(0, mode),
	CH(0, rw),
	CH(0, bcd),
	CH(0, gate),
	CH(0, start),
	CH(0, latch),
	CH(0, latched),
	CH(0, status_latched),
	CH(1, count),
	CH(1, mode),
	CH(1, rw),
	CH(1, bcd),
	CH(1, gate),
	CH(1, start),
	CH(1, latch),
	CH(1, latched),
	CH(1, status_latched),
	CH(2, count),
	CH(2, mode),
	CH(2, rw),
	CH(2, bcd),
	CH(2, gate),
	CH(2, start),
	CH(2, latch),
	CH(2, latched),
	CH(2, status_latched),
	DEVICE_REG_AS(S, next, "next interrupt"),
	DEVICE_REG_AS(S, speaker, "speaker"),
	{.name = NULL},
};
#undef CH

#define C struct pit_channel
static const struct wire_layout channel_layout = {
	.name = "channel",
	.size = sizeof(C),
	.field = (const struct wire_field[]){WIRE_U32(C, count, .max = 0x10000),
					     WIRE_U64(C, start),
					     WIRE_U64(C, gone),
					     WIRE_U16(C, latch),
					     WIRE_U8(C, latched, .max = 2),
					     WIRE_U8(C, status),
					     WIRE_FLAG(C, status_latched),
					     WIRE_U8(C, mode, .max = 5),
					     WIRE_U8(C, rw, .max = RW_BOTH),
					     WIRE_FLAG(C, bcd),
					     WIRE_FLAG(C, gate),
					     WIRE_FLAG(C, read_high),
					     WIRE_FLAG(C, write_high),
					     WIRE_U8(C, write_low),
					     {.kind = WIRE_END}}};
#undef C

static const struct wire_layout pit_layout = {
	.name = "pit",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_SUB(S, channel, PIT_CHANNELS,
						      &channel_layout),
					     WIRE_U64(S, next),
					     WIRE_FLAG(S, speaker),
					     {.kind = WIRE_END}}};
#undef S

static bool pit_check(const struct device *dev, const void *state,
		      struct err *err)
{
	const struct pit_state *s = state;

	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		if (!s->channel[i].rw)
			return err_set(err, ERR_MALFORMED,
				       "channel[%u].rw cannot be 0", i);
		if (i < 2 && !s->channel[i].gate) /* wired high */
			return err_set(err, ERR_MALFORMED,
				       "channel[%u].gate cannot be low", i);
	}
	return true;
}

static void pit_shift(void *state, uint64_t ns)
{
	struct pit_state *s = state;

	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		s->channel[i].start += ns;
	if (s->next)
		s->next += ns;
}

static const struct device_class pit_class = {
	.name = "pit",
	.about = "8254 timer and the speaker's port",
	.state_offset = offsetof(struct pit, s),
	.state = &pit_layout,
	.regs = pit_regs,
	.reset = pit_reset,
	.check = pit_check,
	.shift = pit_shift,
	.next = pit_next,
	.run = pit_run,
};

const struct region_ops pit_region = {
	.name = "pit",
	.width = 1,
	.read = pit_read,
	.write = pit_write,
	.reg_name = pit_name,
};

const struct region_ops pit_speaker_region = {
	.name = "speaker",
	.width = 1,
	.read = port61_read,
	.write = port61_write,
	.reg_name = port61_name,
};

void pit_init(struct pit *p, const struct device_clock *clock,
	      struct irq_line irq)
{
	*p = (struct pit){.clock = clock};
	device_init(&p->dev, &pit_class, NULL);
	device_drives(&p->dev, &irq);
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
