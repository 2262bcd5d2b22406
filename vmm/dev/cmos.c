#include "vmm/dev/cmos.h"

#include <string.h>

#include "arch/exit/ports.h"

enum cmos_reg {
	REG_SECONDS = 0x00,
	REG_SECONDS_ALARM = 0x01,
	REG_MINUTES = 0x02,
	REG_HOURS = 0x04,
	REG_WEEKDAY = 0x06,
	REG_DAY = 0x07,
	REG_MONTH = 0x08,
	REG_YEAR = 0x09,
	REG_A = 0x0a,
	REG_B = 0x0b,
	REG_C = 0x0c,
	REG_D = 0x0d,
	REG_EQUIPMENT = 0x14,
	REG_BASE_KB = 0x15, /* 16 bits */
	REG_EXT_KB = 0x17,  /* 16 bits, above 1 MiB, at most 64 MiB */
	REG_EXT_KB2 = 0x30, /* the same */
	REG_CENTURY = 0x32,
	REG_ABOVE_16M = 0x34, /* 16 bits, 64 KiB units, below 4 GiB */
	REG_ABOVE_4G = 0x5b,  /* 24 bits, 64 KiB units */

	A_UIP = 0x80,
	A_DEFAULT = 0x26, /* 32768 Hz, periodic rate 1024 Hz */
	B_24H = 0x02,
	B_BINARY = 0x04,
	B_SET = 0x80,
	C_UPDATE = 0x10,
	D_VALID = 0x80,
	HOUR_PM = 0x80,
};

#define SECOND_NS 1000000000
/* UIP rises 244 us before an update, to give readers time to finish. */
#define UIP_NS	  244141

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

/* ---- the forms numbers have in registers ---- */

static uint8_t encode(const struct cmos *c, unsigned int n)
{
	if (c->s.ram[REG_B] & B_BINARY)
		return (uint8_t)n;
	return (uint8_t)(n / 10 % 10 << 4 | n % 10);
}

static int decode(const struct cmos *c, uint8_t byte)
{
	if (c->s.ram[REG_B] & B_BINARY)
		return byte;
	return (byte >> 4) * 10 + (byte & 15);
}

static uint8_t encode_hour(const struct cmos *c, int hour)
{
	uint8_t byte;

	if (c->s.ram[REG_B] & B_24H)
		return encode(c, (unsigned int)hour);
	byte = encode(c, hour % 12 ? (unsigned int)hour % 12 : 12);
	return hour >= 12 ? byte | HOUR_PM : byte;
}

static int decode_hour(const struct cmos *c, uint8_t byte)
{
	if (c->s.ram[REG_B] & B_24H)
		return decode(c, byte);
	return decode(c, byte & 0x7f) % 12 + (byte & HOUR_PM ? 12 : 0);
}

/* ---- time ---- */

static time_t guest_time(const struct cmos *c)
{
	struct timespec ts;

	c->now(&ts);
	return ts.tv_sec + (time_t)c->s.offset;
}

/* Write the current time into the registers. */
static void latch_time(struct cmos *c)
{
	time_t now = guest_time(c);
	struct tm tm;

	if (!gmtime_r(&now, &tm))
		return;
	c->s.ram[REG_SECONDS] = encode(c, (unsigned int)tm.tm_sec);
	c->s.ram[REG_MINUTES] = encode(c, (unsigned int)tm.tm_min);
	c->s.ram[REG_HOURS] = encode_hour(c, tm.tm_hour);
	c->s.ram[REG_WEEKDAY] = encode(c, (unsigned int)tm.tm_wday + 1);
	c->s.ram[REG_DAY] = encode(c, (unsigned int)tm.tm_mday);
	c->s.ram[REG_MONTH] = encode(c, (unsigned int)tm.tm_mon + 1);
	c->s.ram[REG_YEAR] = encode(c, (unsigned int)tm.tm_year % 100);
	c->s.ram[REG_CENTURY] = encode(c, (unsigned int)tm.tm_year / 100 + 19);
}

/* Make the registers the current time; odd values carry over as in mktime. */
static void set_time(struct cmos *c)
{
	struct tm tm = {
		.tm_sec = decode(c, c->s.ram[REG_SECONDS]),
		.tm_min = decode(c, c->s.ram[REG_MINUTES]),
		.tm_hour = decode_hour(c, c->s.ram[REG_HOURS]),
		.tm_mday = decode(c, c->s.ram[REG_DAY]),
		.tm_mon = decode(c, c->s.ram[REG_MONTH]) - 1,
	};
	struct timespec ts;

	tm.tm_year = (decode(c, c->s.ram[REG_CENTURY]) - 19) * 100 +
		     decode(c, c->s.ram[REG_YEAR]);
	c->now(&ts);
	c->s.offset = (int64_t)timegm(&tm) - ts.tv_sec;
}

static uint8_t read_a(struct cmos *c)
{
	struct timespec ts;

	if (c->s.ram[REG_B] & B_SET)
		return c->s.ram[REG_A];
	c->now(&ts);
	return c->s.ram[REG_A] | (ts.tv_nsec >= SECOND_NS - UIP_NS ? A_UIP : 0);
}

/* Flags that came up since the last read; reading clears them. */
static uint8_t read_c(struct cmos *c)
{
	time_t now = guest_time(c), before = c->s.flags_read;

	c->s.flags_read = now;
	return now != before && !(c->s.ram[REG_B] & B_SET) ? C_UPDATE : 0;
}

static uint8_t read_reg(struct cmos *c, unsigned int reg)
{
	if (is_time_reg(reg) && !(c->s.ram[REG_B] & B_SET))
		latch_time(c);
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

	if (!was_set && (value & B_SET))
		latch_time(c);
	/* the registers were written in the form the old B announced or, as
	 * drivers do it, in the one the new B brings along */
	c->s.ram[REG_B] = value;
	if (was_set && !(value & B_SET))
		set_time(c);
}

static void write_reg(struct cmos *c, unsigned int reg, uint8_t value)
{
	bool is_set = c->s.ram[REG_B] & B_SET;

	switch (reg) {
	case REG_A:
		c->s.ram[REG_A] = value & ~A_UIP;
		return;
	case REG_B:
		write_b(c, value);
		return;
	case REG_C:
	case REG_D:
		return; /* read-only */
	default:
		break;
	}
	if (!is_time_reg(reg)) {
		c->s.ram[reg] = value;
		return;
	}
	if (!is_set)
		latch_time(c);
	c->s.ram[reg] = value;
	if (!is_set)
		set_time(c);
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

/* The clock runs on over a reset, as with a battery. */
static void cmos_reset(struct device *dev)
{
	struct cmos *c = to_cmos(dev);

	memset(c->s.ram, 0, sizeof(c->s.ram));
	c->s.index = 0;
	c->s.nmi_masked = false;
	c->s.ram[REG_A] = A_DEFAULT;
	c->s.ram[REG_B] = B_24H;
	c->s.ram[REG_EQUIPMENT] = 0x02; /* an FPU, no floppy, no display */
	put_memory_size(c);
	c->s.flags_read = guest_time(c);
}

static const char *cmos_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	const char *name = cmos_register(to_cmos(dev)->s.index);

	if (!offset)
		return "index";
	return name ? name : "CMOS data";
}

#define S struct cmos_state
static const struct device_reg cmos_regs[] = {
	DEVICE_REG_AS(S, index, "index"),
	DEVICE_REGS_AS(S, ram, "ram"),
	{.name = NULL},
};

static const struct wire_layout cmos_layout = {
	.name = "cmos",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U64(S, offset),
					     WIRE_U64(S, flags_read),
					     WIRE_U8(S, index, .max = 0x7f),
					     WIRE_FLAG(S, nmi_masked),
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

void cmos_init(struct cmos *c, uint64_t memory)
{
	memset(c, 0, sizeof(*c));
	device_init(&c->dev, &cmos_class, NULL);
	c->now = host_now;
	c->memory = memory;
	cmos_reset(&c->dev);
}
