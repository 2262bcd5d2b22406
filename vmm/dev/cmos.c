#include "vmm/dev/cmos.h"

#include <string.h>

#include "arch/exit/ports.h"
#include "vmm/dev/cmos_impl.h"

static struct cmos *to_cmos(struct device *dev)
{
	return (struct cmos *)dev;
}

static bool is_time_reg(unsigned int reg)
{
	return reg <= REG_YEAR
		       ? reg == REG_WEEKDAY || reg >= REG_DAY || !(reg & 1)
		       : reg == REG_CENTURY;
}

static uint8_t read_a(const struct cmos *c)
{
	bool busy = !(c->s.ram[REG_B] & B_SET) && cmos_update_is_near(c);

	return c->s.ram[REG_A] | (busy ? A_UIP : 0);
}

/* Flags that came up since the last read; reading clears them. */
static uint8_t read_c(struct cmos *c)
{
	uint8_t value;

	cmos_update(c);
	value = c->s.flags | (c->s.irq_level ? C_IRQF : 0);
	c->s.flags = 0;
	cmos_update(c);
	return value;
}

static uint8_t read_reg(struct cmos *c, unsigned int reg)
{
	if (is_time_reg(reg) && !(c->s.ram[REG_B] & B_SET))
		cmos_latch_time(c);
	switch (reg) {
	case REG_A:
		return read_a(c);
	case REG_C:
		return read_c(c);
	case REG_D:
		return D_VALID;
	default:
		return c->s.ram[reg];
	}
}

static void write_b(struct cmos *c, uint8_t value)
{
	bool was_set = c->s.ram[REG_B] & B_SET;

	cmos_update(c);
	if (!was_set && (value & B_SET))
		cmos_latch_time(c);
	if (value & B_SET)
		value &= (uint8_t)~C_UPDATE; /* its enable bit */
	/* the registers were written in the form the old B announced or, as
	 * drivers do it, in the one the new B brings along */
	c->s.ram[REG_B] = value;
	if (was_set && !(value & B_SET))
		cmos_set_time(c);
	cmos_update(c);
}

static bool is_alarm_reg(unsigned int reg)
{
	return reg == REG_SECONDS_ALARM || reg == REG_MINUTES_ALARM ||
	       reg == REG_HOURS_ALARM;
}

static void write_time(struct cmos *c, unsigned int reg, uint8_t value)
{
	bool is_set = c->s.ram[REG_B] & B_SET;

	if (!is_set)
		cmos_latch_time(c);
	c->s.ram[reg] = value;
	if (!is_set)
		cmos_set_time(c);
}

static void write_reg(struct cmos *c, unsigned int reg, uint8_t value)
{
	if (is_time_reg(reg)) {
		write_time(c, reg, value);
	} else if (reg == REG_B) {
		write_b(c, value);
	} else if (reg == REG_A || is_alarm_reg(reg)) {
		cmos_update(c); /* with the old ones, so far */
		c->s.ram[reg] = reg == REG_A ? value & (uint8_t)~A_UIP : value;
		cmos_update(c);
	} else if (reg != REG_C && reg != REG_D) { /* read-only */
		c->s.ram[reg] = value;
	}
}

static uint64_t cmos_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	struct cmos *c = to_cmos(dev);

	return offset ? read_reg(c, c->s.index) : 0xff; /* 0x70: write-only */
}

static void cmos_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct cmos *c = to_cmos(dev);

	if (offset) {
		write_reg(c, c->s.index, (uint8_t)value);
		return;
	}
	c->s.index = value & 0x7f;
	c->s.nmi_masked = value & 0x80;
}

static void put_le(uint8_t *at, unsigned int bytes, uint64_t value)
{
	uint64_t max = BITS(8 * bytes - 1, 0);

	value = min_u64(value, max);
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t over(uint64_t size, uint64_t start)
{
	return size > start ? size - start : 0;
}

static void put_memory_size(struct cmos *c)
{
	/* RAM from 3 GiB on lies above the PC hole, at 4 GiB */
	uint64_t low = min_u64(c->memory, UINT64_C(3) << 30);
	uint64_t high = over(c->memory, low);

	put_le(c->s.ram + REG_BASE_KB, 2, min_u64(low >> 10, 640));
	put_le(c->s.ram + REG_EXT_KB, 2, over(low, 1 << 20) >> 10);
	put_le(c->s.ram + REG_EXT_KB2, 2, over(low, 1 << 20) >> 10);
	put_le(c->s.ram + REG_ABOVE_16M, 2, over(low, 16 << 20) >> 16);
	put_le(c->s.ram + REG_ABOVE_4G, 3, high >> 16);
}

/* RESET# of the chip, and what a PC's firmware then does. */
static void cmos_reset(struct device *dev)
{
	struct cmos *c = to_cmos(dev);

	c->s.index = 0;
	c->s.nmi_masked = false;
	c->s.flags = 0;
	c->s.ram[REG_A] = A_DEFAULT;
	c->s.ram[REG_B] = B_24H;
	c->s.ram[REG_EQUIPMENT] = 0x02; /* an FPU, no floppy, no display */
	put_memory_size(c);
	cmos_jumped(c);
	cmos_update(c);
}

static const char *cmos_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	const char *name = cmos_register(to_cmos(dev)->s.index);

	if (!offset)
		return "index";
	return name ? name : "CMOS data";
}

static void cmos_run(struct device *dev)
{
	struct cmos *c = to_cmos(dev);

	if (c->s.next && c->s.next <= device_now(c->clock))
		cmos_update(c);
}

static uint64_t cmos_next(const struct device *dev)
{
	const struct cmos *c = (const struct cmos *)dev;

	return c->s.next ? c->s.next : DEVICE_IDLE;
}

static void cmos_shift(void *state, uint64_t ns)
{
	struct cmos_state *s = state;

	if (s->next)
		s->next += ns;
}

/* Years 0 to 25755 are all that registers can hold. */
static bool cmos_check(const struct device *dev, const void *state,
		       struct err *err)
{
	const int64_t limit = INT64_C(1) << 41;
	const struct cmos_state *s = state;

	if (s->offset < -limit || s->offset > limit)
		return err_set(err, ERR_MALFORMED, "offset cannot be %lld s",
			       (long long)s->offset);
	if (s->seen < -(limit << 16) || s->seen > limit << 16)
		return err_set(err, ERR_MALFORMED, "seen cannot be 0x%llx",
			       (unsigned long long)s->seen);
	if (s->flags & ~C_FLAGS)
		return err_set(err, ERR_MALFORMED, "flags cannot be 0x%x",
			       s->flags);
	return true;
}

static uint64_t get_time(const struct device *dev, unsigned int i)
{
	return (uint64_t)(cmos_ticks((const struct cmos *)dev) >> 15);
}

static uint64_t get_c(const struct device *dev, unsigned int i)
{
	const struct cmos *c = (const struct cmos *)dev;

	return c->s.flags | (c->s.irq_level ? C_IRQF : 0);
}

static const struct bit_name a_bits[] = {
	{"RS", A_RATE, "periodic rate"},
	{"DV", 0x70, "divider"},
	{"UIP", A_UIP, "update in progress"},
	{NULL, 0, NULL},
};

static const struct bit_name b_bits[] = {
	{"DSE", 0x01, "daylight saving"},
	{"24H", B_24H, "24-hour form"},
	{"DM", B_BINARY, "binary form"},
	{"SQWE", 0x08, "square wave"},
	{"UIE", C_UPDATE, "update-ended interrupt"},
	{"AIE", C_ALARM, "alarm interrupt"},
	{"PIE", C_PERIODIC, "periodic interrupt"},
	{"SET", B_SET, "updates are inhibited"},
	{NULL, 0, NULL},
};

static const struct bit_name c_bits[] = {
	{"UF", C_UPDATE, "update ended"},
	{"AF", C_ALARM, "alarm"},
	{"PF", C_PERIODIC, "periodic"},
	{"IRQF", C_IRQF, "the interrupt is up"},
	{NULL, 0, NULL},
};

#define S struct cmos_state
static const struct device_reg cmos_regs[] = {
	DEVICE_REG_AS(S, index, "index"),
	DEVICE_REG_AS(S, nmi_masked, "NMI masked"),
	{.name = "time (s since 1970)", .size = 8, .get = get_time},
	DEVICE_REG_AS(S, offset, "ahead of the host (s)"),
	DEVICE_REG_AS(S, ram[REG_A], "RTC_A", .bits = a_bits),
	DEVICE_REG_AS(S, ram[REG_B], "RTC_B", .bits = b_bits),
	{.name = "RTC_C", .size = 1, .get = get_c, .bits = c_bits},
	DEVICE_REG_AS(S, next, "next timer event"),
	DEVICE_REG_AS(S, irq_level, "interrupt line"),
	DEVICE_REGS_AS(S, ram, "ram"),
	{.name = NULL},
};

static const struct wire_layout cmos_layout = {
	.name = "cmos",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U64(S, offset),
					     WIRE_U64(S, seen),
					     WIRE_U64(S, next),
					     WIRE_U8(S, flags),
					     WIRE_U8(S, index, .max = 0x7f),
					     WIRE_FLAG(S, nmi_masked),
					     WIRE_FLAG(S, irq_level),
					     WIRE_RAW(S, ram),
					     {.kind = WIRE_END}}};
#undef S

static const struct device_class cmos_class = {
	.name = "cmos",
	.about = "MC146818 clock and CMOS memory",
	.state_offset = offsetof(struct cmos, s),
	.state = &cmos_layout,
	.regs = cmos_regs,
	.reset = cmos_reset,
	.standby = true,
	.check = cmos_check,
	.shift = cmos_shift,
	.next = cmos_next,
	.run = cmos_run,
};

const struct region_ops cmos_region = {
	.name = "cmos",
	.width = 1,
	.read = cmos_read,
	.write = cmos_write,
	.reg_name = cmos_reg_name,
};

static void host_now(struct timespec *ts)
{
	clock_gettime(CLOCK_REALTIME, ts);
}

void cmos_init(struct cmos *c, uint64_t memory,
	       const struct device_clock *clock, struct irq_line irq)
{
	memset(c, 0, sizeof(*c));
	device_init(&c->dev, &cmos_class, NULL);
	device_drives(&c->dev, &irq);
	c->now = host_now;
	c->clock = clock;
	c->irq = irq;
	c->memory = memory;
	cmos_reset(&c->dev);
}
