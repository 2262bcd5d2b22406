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

static void setup(uint64_t memory)
{
	cmos_init(&cmos, memory);
	cmos.now = fake_now;
}

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
	CHECK_EQ(in(0x0c), 0x10);
	CHECK_EQ(in(0x0c), 0);
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
