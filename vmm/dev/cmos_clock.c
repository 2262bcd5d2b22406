/*
 * The clock: what time it is in the guest, the alarm, and the three interrupts
 * (MC146818 data sheet, "Interrupts").
 */
#include "vmm/dev/cmos_impl.h"

#include "base/bits.h"

enum {
	TICK_SHIFT = 15,      /* 32768 of them a second */
	MIN_WAIT_NS = 100000, /* one host thread serves all timers */
};

#define TICKS	  (INT64_C(1) << TICK_SHIFT)
#define SECOND_NS INT64_C(1000000000)
/* UIP rises 244 us before an update, to give readers time to finish. */
#define UIP_NS	  244141
#define DAY	  86400

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

int64_t cmos_ticks(const struct cmos *c)
{
	struct timespec ts;

	c->now(&ts);
	return (ts.tv_sec + c->s.offset) * TICKS +
	       ts.tv_nsec * TICKS / SECOND_NS;
}

bool cmos_update_is_near(const struct cmos *c)
{
	struct timespec ts;

	c->now(&ts);
	return ts.tv_nsec >= SECOND_NS - UIP_NS;
}

/* Write the current time into the registers. */
void cmos_latch_time(struct cmos *c)
{
	time_t now = (time_t)(cmos_ticks(c) >> TICK_SHIFT);
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
void cmos_set_time(struct cmos *c)
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
	cmos_jumped(c);
}

/* ---- alarm ---- */

/* An alarm register's value, -1 for any, -2 for one that never comes. */
static int alarm_field(const struct cmos *c, enum cmos_reg reg, int limit)
{
	uint8_t byte = c->s.ram[reg];
	int value;

	if (byte >= ALARM_ANY)
		return -1;
	value = reg == REG_HOURS_ALARM ? decode_hour(c, byte) : decode(c, byte);
	return value < limit ? value : -2;
}

static bool fits(int field, int value)
{
	return field == -1 || field == value;
}

/* Seconds from this one, of a day, to the next alarm, 1 to DAY; 0: never. */
static int64_t alarm_in(const struct cmos *c, int from)
{
	const int h = alarm_field(c, REG_HOURS_ALARM, 24);
	const int m = alarm_field(c, REG_MINUTES_ALARM, 60);
	const int s = alarm_field(c, REG_SECONDS_ALARM, 60);

	if (h == -2 || m == -2 || s == -2)
		return 0;
	for (int in = 1; in <= DAY; in++) {
		int at = (from + in) % DAY;

		if (!fits(h, at / 3600))
			in += 3599 - at % 3600;
		else if (!fits(m, at / 60 % 60))
			in += 59 - at % 60;
		else if (fits(s, at % 60))
			return in;
	}
	return 0;
}

/* Ticks from t to the second of the next alarm; 0: never. */
static int64_t ticks_to_alarm(const struct cmos *c, int64_t t)
{
	int64_t second = t >> TICK_SHIFT;
	int64_t in = alarm_in(c, (int)(((second % DAY) + DAY) % DAY));

	return in ? (second + in) * TICKS - t : 0;
}

/* ---- flags and the interrupt ---- */

/* The periodic interrupt's period is 1 << this ticks; -1: it is off. */
static int period_shift(const struct cmos *c)
{
	int rate = c->s.ram[REG_A] & A_RATE;

	/* the fastest two are the same as rates 8 and 9 */
	return !rate ? -1 : rate < 3 ? rate + 6 : rate - 1;
}

/* Ticks from t to the next event of one kind; 0: never. */
static int64_t ticks_to(const struct cmos *c, uint8_t flag, int64_t t)
{
	int shift = flag == C_PERIODIC ? period_shift(c) : TICK_SHIFT;

	if (flag != C_PERIODIC && c->s.ram[REG_B] & B_SET)
		return 0; /* updates are inhibited */
	if (flag == C_ALARM)
		return ticks_to_alarm(c, t);
	return shift < 0 ? 0 : ((t >> shift) + 1) * (INT64_C(1) << shift) - t;
}

static const uint8_t flags[] = {C_UPDATE, C_ALARM, C_PERIODIC};

static void drive(struct cmos *c)
{
	bool level = c->s.flags & c->s.ram[REG_B] & C_FLAGS;

	if (level == c->s.irq_level)
		return;
	c->s.irq_level = level;
	irq_line_set(&c->irq, level);
}

/* While the line is up nothing more can be said. */
static void rearm(struct cmos *c)
{
	int64_t next = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags) && !c->s.irq_level; i++) {
		int64_t in = c->s.ram[REG_B] & flags[i]
				     ? ticks_to(c, flags[i], c->s.seen)
				     : 0;

		if (in && (!next || in < next))
			next = in;
	}
	c->s.next = 0;
	if (next)
		c->s.next = device_now(c->clock) + MIN_WAIT_NS +
			    (uint64_t)(next * SECOND_NS >> TICK_SHIFT);
	device_rearm(c->clock);
}

void cmos_update(struct cmos *c)
{
	int64_t t = cmos_ticks(c);

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int64_t in = ticks_to(c, flags[i], c->s.seen);

		if (in && t - c->s.seen >= in)
			c->s.flags |= flags[i];
	}
	c->s.seen = t;
	drive(c);
	rearm(c);
}

void cmos_jumped(struct cmos *c)
{
	c->s.seen = cmos_ticks(c);
	rearm(c);
}
