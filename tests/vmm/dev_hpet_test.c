/* The HPET on a bus of its own; time is a variable. */
#include "vmm/dev/hpet.h"

#include "tests/test.h"

static struct bus bus;
static struct hpet hpet;
static uint64_t now_ns;
static unsigned int edges[24];
static int line[24];

static uint64_t on_now(void *ctx)
{
	return now_ns;
}

static void on_rearm(void *ctx)
{
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	edges[gsi] += level && !line[gsi];
	line[gsi] = level;
}

static void put(uint64_t at, uint64_t value)
{
	bus_access(&bus, BUS_MMIO, HPET_BASE + at, 8, true, &value);
}

static void put32(uint64_t at, uint32_t value)
{
	uint64_t v = value;

	bus_access(&bus, BUS_MMIO, HPET_BASE + at, 4, true, &v);
}

static uint64_t get(uint64_t at, unsigned int size)
{
	uint64_t v = 0;

	bus_access(&bus, BUS_MMIO, HPET_BASE + at, size, false, &v);
	return v;
}

/* As the timers' thread does it. */
static void pass(uint64_t ns)
{
	const uint64_t end = now_ns + ns;

	while (hpet.dev.class->next(&hpet.dev) <= end) {
		now_ns = hpet.dev.class->next(&hpet.dev);
		hpet.dev.class->run(&hpet.dev);
	}
	now_ns = end;
}

static void setup(void)
{
	static const struct device_clock clock = {on_now, on_rearm, NULL};
	const struct irq_line irq = {on_irq, NULL, 0};
	struct err err;

	now_ns = 5000000000;
	memset(edges, 0, sizeof(edges));
	memset(line, 0, sizeof(line));
	bus_init(&bus);
	hpet_init(&hpet, &clock, irq);
	CHECK_OK(bus_add(&bus, BUS_MMIO, HPET_BASE, HPET_LEN, &hpet_region,
			 &hpet.dev, &err),
		 &err);
}

TEST(says_what_it_can)
{
	setup();
	CHECK_EQ(get(0, 4), 0x80862201); /* three comparators of 64 bits */
	CHECK_EQ(get(4, 4), 10000000);	 /* femtoseconds */
	CHECK_EQ(get(0x100, 8), 0x00f0000000000030);
	CHECK_EQ(get(0x108, 8), UINT64_MAX);
	CHECK_EQ(get(0x160, 8), 0); /* there is no fourth */
	CHECK_EQ(get(0, 2), 0xffff);
}

TEST(counts_while_it_is_enabled)
{
	setup();
	pass(1000);
	CHECK_EQ(get(0xf0, 8), 0);
	put32(0x10, 1);
	pass(1000);
	CHECK_EQ(get(0xf0, 8), 100);
	put32(0x10, 0);
	pass(1000);
	CHECK_EQ(get(0xf0, 8), 100);
	put(0xf0, 0x1fffffffe);
	put32(0x10, 1);
	pass(30);
	CHECK_EQ(get(0xf0, 4), 1);
	CHECK_EQ(get(0xf4, 4), 2);
}

TEST(one_shot_on_its_pin)
{
	setup();
	put(0x120, 21 << 9 | 1 << 2); /* comparator 1, edge */
	put(0x128, 100000);
	put32(0x10, 1);
	pass(999999);
	CHECK_EQ(edges[21], 0);
	pass(1);
	CHECK_EQ(edges[21], 1);
	CHECK_EQ(line[21], 0);
	CHECK_EQ(get(0x20, 8), 0);
	pass(5000000);
	CHECK_EQ(edges[21], 1);
}

/* The way Linux sets one up: value set, first match, period. */
TEST(periodic)
{
	setup();
	put32(0x10, 1);
	pass(1000);
	put32(0x100, 20 << 9 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 8);
	put32(0x108, 100 + 50000);
	put32(0x108, 100000);
	pass(500000);
	CHECK_EQ(edges[20], 1);
	CHECK_EQ(get(0x108, 4), 100 + 150000);
	pass(999999);
	CHECK_EQ(edges[20], 1);
	pass(1);
	CHECK_EQ(edges[20], 2);
	put32(0x100, 0);
	pass(10000000);
	CHECK_EQ(edges[20], 2);
}

TEST(level_stays_until_its_status_is_cleared)
{
	setup();
	put(0x140, 22 << 9 | 1 << 2 | 1 << 1);
	put(0x148, 10);
	put32(0x10, 1);
	pass(100);
	CHECK_EQ(line[22], 1);
	CHECK_EQ(get(0x20, 8), 4);
	put32(0x20, 3);
	CHECK_EQ(line[22], 1);
	put32(0x20, 4);
	CHECK_EQ(line[22], 0);
	CHECK_EQ(get(0x20, 8), 0);
}

/* Nothing is wired to other pins, and a period of one tick is slowed down. */
TEST(hostile_settings)
{
	setup();
	put(0x100, 1 << 9 | 1 << 2 | 1 << 3 | 1 << 6);
	put(0x108, 1);
	put32(0x10, 1);
	pass(10 * HPET_MIN_PERIOD_NS);
	put(0x100, 23 << 9 | 1 << 2 | 1 << 3 | 1 << 6);
	put(0x108, 1);
	pass(10 * HPET_MIN_PERIOD_NS);
	for (unsigned int i = 0; i < 24; i++)
		CHECK(edges[i] <= (i == 23 ? 11 : 0));
}
