#include "vmm/dev/cmos.h"

#include "tests/test.h"

static struct cmos cmos;
/* Saturday, 2026-11-21 17:08:09.5 UTC */
static struct timespec host = {1795280889, 500000000};

static void fake_now(struct timespec *ts)
{
	*ts = host;
}

static uint8_t in(uint8_t reg)
{
	cmos_region.write(&cmos.dev, 0, 1, reg);
	return (uint8_t)cmos_region.read(&cmos.dev, 1, 1);
}

static void out(uint8_t reg, uint8_t value)
{
	cmos_region.write(&cmos.dev, 0, 1, reg);
	cmos_region.write(&cmos.dev, 1, 1, value);
}

static uint64_t ns; /* the machine's clock */
static unsigned int rises;
static int line;

static uint64_t on_now(void *ctx)
{
	return ns;
}

static void on_rearm(void *ctx)
{
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	CHECK_EQ(gsi, 8);
	CHECK(level != line);
	line = level;
	rises += level;
}

static void setup(uint64_t memory)
{
	static const struct device_clock clock = {on_now, on_rearm, NULL};

	ns = 1;
	line = 0;
	rises = 0;
	cmos_init(&cmos, memory, &clock, (struct irq_line){on_irq, NULL, 8});
	cmos.now = fake_now;
	cmos.dev.class->reset(&cmos.dev);
}

/* Both clocks go on, and the timer is run whenever it is due. */
static void pass(uint64_t time)
{
	uint64_t end = ns + time;

	while (ns < end) {
		uint64_t next = cmos.dev.class->next(&cmos.dev);
		uint64_t step = (next < end ? next : end) - ns;

		ns += step;
		host.tv_nsec += (long)(step % 1000000000);
		host.tv_sec += (time_t)(step / 1000000000);
		host.tv_sec += host.tv_nsec / 1000000000;
		host.tv_nsec %= 1000000000;
		cmos.dev.class->run(&cmos.dev);
		if (next == end)
			break;
	}
}

#define MS UINT64_C(1000000)

TEST(time_in_bcd)
{
	setup(0);
	CHECK_EQ(in(0x00), 0x09);
	CHECK_EQ(in(0x02), 0x08);
	CHECK_EQ(in(0x04), 0x17);
	CHECK_EQ(in(0x06), 7);
	CHECK_EQ(in(0x07), 0x21);
	CHECK_EQ(in(0x08), 0x11);
	CHECK_EQ(in(0x09), 0x26);
	CHECK_EQ(in(0x32), 0x20);
	CHECK_EQ(in(0x0b), 0x02);
	CHECK_EQ(in(0x0d), 0x80);
}

TEST(time_in_binary_and_12_hours)
{
	setup(0);
	out(0x0b, 0x06);
	CHECK_EQ(in(0x04), 17);
	CHECK_EQ(in(0x09), 26);
	out(0x0b, 0x04);
	CHECK_EQ(in(0x04), 0x80 | 5);
	out(0x0b, 0x00);
	host.tv_sec -= 17 * 3600;
	CHECK_EQ(in(0x04), 0x12);
	host.tv_sec += 12 * 3600;
	CHECK_EQ(in(0x04), 0x92);
}

TEST(setting_the_clock)
{
	setup(0);
	out(0x0b, 0x82);
	CHECK_EQ(in(0x04), 0x17);
	out(0x00, 0x59);
	out(0x02, 0x59);
	out(0x04, 0x23);
	out(0x07, 0x31);
	out(0x08, 0x12);
	out(0x09, 0x99);
	out(0x32, 0x19);
	host.tv_sec += 100; /* stands still meanwhile */
	CHECK_EQ(in(0x00), 0x59);
	out(0x0b, 0x02);
	CHECK_EQ(in(0x09), 0x99);
	host.tv_sec += 1;
	CHECK_EQ(in(0x00), 0x00);
	CHECK_EQ(in(0x04), 0x00);
	CHECK_EQ(in(0x07), 0x01);
	CHECK_EQ(in(0x08), 0x01);
	CHECK_EQ(in(0x09), 0x00);
	CHECK_EQ(in(0x32), 0x20);
	CHECK_EQ(in(0x06), 7); /* 2000-01-01 was a Saturday */
}

TEST(setting_one_register_on_the_run)
{
	setup(0);
	out(0x02, 0x30);
	CHECK_EQ(in(0x02), 0x30);
	CHECK_EQ(in(0x04), 0x17);
	CHECK_EQ(in(0x00), 0x09);
}

TEST(clock_survives_reset)
{
	setup(0);
	out(0x09, 0x30);
	cmos.dev.class->reset(&cmos.dev);
	CHECK_EQ(in(0x09), 0x30);
}

TEST(update_in_progress_just_before_the_second)
{
	setup(0);
	CHECK_EQ(in(0x0a), 0x26);
	host.tv_nsec = 999755858;
	CHECK_EQ(in(0x0a), 0x26);
	host.tv_nsec = 999755859;
	CHECK_EQ(in(0x0a), 0xa6);
	out(0x0b, 0x82);
	CHECK_EQ(in(0x0a), 0x26);
}

TEST(update_flag)
{
	setup(0);
	in(0x0c);
	CHECK_EQ(in(0x0c), 0);
	host.tv_sec++;
	CHECK_EQ(in(0x0c), 0x50); /* at the rate of A, PF comes as well */
	CHECK_EQ(in(0x0c), 0);
}

TEST(no_interrupt_unless_asked_for)
{
	setup(0);
	CHECK_EQ(cmos.dev.class->next(&cmos.dev), DEVICE_IDLE);
	pass(3000 * MS);
	CHECK_EQ(rises, 0);
	CHECK_EQ(in(0x0c) & 0xd0, 0x50); /* PF and UF, no IRQF */
}

TEST(update_interrupt)
{
	setup(0);
	out(0x0b, 0x12);
	pass(400 * MS);
	CHECK_EQ(rises, 0);
	pass(101 * MS);
	CHECK_EQ(rises, 1);
	pass(5000 * MS); /* the line stays up until C is read */
	CHECK_EQ(rises, 1);
	CHECK_EQ(in(0x0c) & 0xb0, 0x90);
	CHECK_EQ(line, 0);
	CHECK_EQ(in(0x0c), 0);
	pass(1000 * MS);
	CHECK_EQ(rises, 2);
	/* SET stops updates and clears the enable bit */
	out(0x0b, 0x92);
	CHECK_EQ(in(0x0b), 0x82);
}

TEST(periodic_interrupt)
{
	setup(0);
	out(0x0a, 0x2f); /* 2 Hz */
	out(0x0b, 0x42);
	pass(MS);
	for (unsigned int i = 1; i <= 10; i++) {
		pass(500 * MS);
		CHECK_EQ(rises, i);
		CHECK_EQ(in(0x0c) & 0xc0, 0xc0);
	}
	out(0x0a, 0x20); /* rate 0: none */
	in(0x0c);
	CHECK_EQ(cmos.dev.class->next(&cmos.dev), DEVICE_IDLE);
	out(0x0a, 0x21); /* 256 Hz, as rate 8 */
	pass(4 * MS);
	CHECK_EQ(rises, 11);
}

TEST(alarm_at_a_time_of_day)
{
	setup(0);
	out(0x05, 0x17);
	out(0x03, 0x10);
	out(0x01, 0x00);
	in(0x0c);
	out(0x0b, 0x22);
	pass((86400 - 60) * 1000 * MS);
	CHECK_EQ(rises, in(0x02) >= 0x10 ? 0 : 1);
	pass(200 * 1000 * MS);
	CHECK_EQ(rises, 1);
	CHECK_EQ(in(0x0c) & 0xa0, 0xa0);
	pass(86400 * 1000 * MS);
	CHECK_EQ(rises, 2);
}

TEST(alarm_with_any)
{
	setup(0);
	out(0x05, 0xff);
	out(0x03, 0xc0);
	out(0x01, 0x30);
	out(0x0b, 0x22);
	for (unsigned int i = 1; i <= 3; i++) {
		pass(60 * 1000 * MS);
		CHECK_EQ(rises, i);
		CHECK_EQ(in(0x0c) & 0xa0, 0xa0);
	}
	out(0x01, 0x61); /* no such second */
	CHECK_EQ(cmos.dev.class->next(&cmos.dev), DEVICE_IDLE);
}

TEST(setting_the_clock_skips_what_lies_between)
{
	setup(0);
	out(0x05, 0x20);
	out(0x03, 0x00);
	out(0x01, 0x00);
	out(0x0b, 0x22);
	out(0x04, 0x22);
	pass(1 * MS);
	CHECK_EQ(in(0x0c) & 0x20, 0);
}

TEST(reset_keeps_time_and_memory_and_drops_the_line)
{
	setup(0);
	out(0x50, 0x77);
	out(0x0b, 0x12);
	pass(1000 * MS);
	CHECK_EQ(line, 1);
	cmos.dev.class->reset(&cmos.dev);
	CHECK_EQ(line, 0);
	CHECK_EQ(in(0x0b), 0x02);
	CHECK_EQ(in(0x0c), 0);
	CHECK_EQ(in(0x50), 0x77);
}

TEST(memory_size_small)
{
	setup(UINT64_C(128) << 20);
	CHECK_EQ(in(0x15) | in(0x16) << 8, 640);
	CHECK_EQ(in(0x17) | in(0x18) << 8, 65535);
	CHECK_EQ(in(0x34) | in(0x35) << 8, 112 << 4);
	CHECK_EQ(in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16, 0);
	setup(UINT64_C(8) << 20);
	CHECK_EQ(in(0x30) | in(0x31) << 8, 7 << 10);
	CHECK_EQ(in(0x34) | in(0x35) << 8, 0);
}

TEST(memory_size_above_the_hole)
{
	setup(UINT64_C(5) << 30);
	CHECK_EQ(in(0x34) | in(0x35) << 8, (3072 - 16) << 4);
	CHECK_EQ(in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16, 2 << 14);
}

TEST(nmi_mask_and_index)
{
	setup(0);
	CHECK(!cmos.s.nmi_masked);
	out(0x80 | 0x0f, 0x5a);
	CHECK(cmos.s.nmi_masked);
	CHECK_EQ(in(0x0f), 0x5a);
	CHECK(!cmos.s.nmi_masked);
	CHECK_EQ(cmos_region.read(&cmos.dev, 0, 1), 0xff);
	out(0x0d, 0);
	CHECK_EQ(in(0x0d), 0x80);
}

TEST(every_value_of_every_register)
{
	setup(0);
	for (unsigned int reg = 0; reg < 256; reg++)
		for (unsigned int value = 0; value < 256; value++) {
			out((uint8_t)reg, (uint8_t)value);
			in((uint8_t)reg);
		}
}
