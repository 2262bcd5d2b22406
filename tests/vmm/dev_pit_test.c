/* The 8254 on a bus of its own; time is a variable. */
#include "vmm/dev/pit.h"

#include "tests/test.h"

static struct bus bus;
static struct pit pit;
static uint64_t now_ns, step_ns; /* and how far each look moves it on */
static unsigned int edges;
static int line;

static uint64_t on_now(void *ctx)
{
	return now_ns += step_ns;
}

static void on_rearm(void *ctx)
{
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	edges += level && !line;
	line = level;
}

static void out(uint16_t port, uint8_t value)
{
	uint64_t v = value;

	bus_access(&bus, BUS_PIO, port, 1, true, &v);
}

static uint8_t in(uint16_t port)
{
	uint64_t v = 0;

	bus_access(&bus, BUS_PIO, port, 1, false, &v);
	return (uint8_t)v;
}

static uint16_t in16(uint16_t port)
{
	uint8_t low = in(port);

	return (uint16_t)(in(port) << 8 | low);
}

static void setup(void)
{
	static const struct device_clock clock = {on_now, on_rearm, NULL};
	const struct irq_line irq = {on_irq, NULL, 0};
	struct err err;

	now_ns = 5000000000;
	bus_init(&bus);
	pit_init(&pit, &clock, irq);
	edges = 0;
	line = 0;
	CHECK_OK(bus_add(&bus, BUS_PIO, 0x40, 4, &pit_region, &pit.dev, &err),
		 &err);
	CHECK_OK(bus_add(&bus, BUS_PIO, 0x61, 1, &pit_speaker_region, &pit.dev,
			 &err),
		 &err);
}

static void load(unsigned int channel, uint8_t control, uint16_t count)
{
	out(0x43, control);
	out((uint16_t)(0x40 + channel), (uint8_t)count);
	out((uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

/* 119318.2 ticks in 100 ms */
#define TENTH_S UINT64_C(100000000)

TEST(rate_generator_ticks)
{
	setup();
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
	load(0, 0x34, 11932); /* 100 Hz */
	CHECK_EQ(edges, 1);   /* the control word raises the output */
	for (int i = 0; i < 10; i++) {
		CHECK(bus_next_timer(&bus) > now_ns);
		now_ns = bus_next_timer(&bus);
		bus_run_timers(&bus);
	}
	CHECK_EQ(edges, 11);
	CHECK(now_ns - 5000000000 > TENTH_S &&
	      now_ns - 5000000000 < TENTH_S + 100000);
	bus_run_timers(&bus); /* too early */
	CHECK_EQ(edges, 11);
}

TEST(missed_ticks_are_lost)
{
	setup();
	load(0, 0x36, 11932);
	now_ns += 10 * TENTH_S;
	edges = 0;
	bus_run_timers(&bus);
	CHECK_EQ(edges, 1);
	CHECK(bus_next_timer(&bus) > now_ns);
}

TEST(terminal_count_comes_once)
{
	setup();
	load(0, 0x30, 1193);
	CHECK_EQ(line, 0);
	now_ns = bus_next_timer(&bus);
	bus_run_timers(&bus);
	CHECK_EQ(edges, 1);
	CHECK_EQ(line, 1);
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
	load(0, 0x30, 1193);
	CHECK_EQ(line, 0);
}

TEST(count_is_latched)
{
	setup();
	load(0, 0x34, 60000);
	now_ns += 1000000; /* 1193 ticks */
	out(0x43, 0x00);
	now_ns += 1000000;
	CHECK_EQ(in16(0x40), 60000 - 1193);
	CHECK_EQ(in16(0x40), 60000 - 2386);
}

TEST(read_back_gives_status_then_count)
{
	setup();
	load(2, 0xb0, 1000);
	out(0x43, 0xc8); /* both, of channel 2: the gate is low */
	CHECK_EQ(in(0x42), 0x30);
	CHECK_EQ(in16(0x42), 1000);
}

/* How a kernel measures its clock: the gate starts it, port 0x61 tells. */
TEST(gate_and_output_of_channel_2)
{
	setup();
	load(2, 0xb0, 1193);
	now_ns += 5000000;
	CHECK_EQ(in(0x61) & 0x21, 0);
	out(0x61, 1);
	now_ns += 500000;
	CHECK_EQ(in(0x61) & 0x21, 0x01);
	now_ns += 600000;
	CHECK_EQ(in(0x61) & 0x21, 0x21);
}

TEST(bcd_counts_in_decimal)
{
	setup();
	load(0, 0x35, 0x1000);
	CHECK_EQ(pit.s.channel[0].count, 1000);
	CHECK_EQ(in16(0x40), 0x1000);
	load(0, 0x35, 0);
	CHECK_EQ(pit.s.channel[0].count, 10000);
}

TEST(single_byte_loads)
{
	setup();
	out(0x43, 0x14);
	out(0x40, 0x80);
	CHECK_EQ(pit.s.channel[0].count, 0x80);
	out(0x43, 0x24);
	out(0x40, 0x80);
	CHECK_EQ(pit.s.channel[0].count, 0x8000);
}

TEST(very_fast_is_slowed_down)
{
	setup();
	load(0, 0x34, 2);
	CHECK_EQ(bus_next_timer(&bus), now_ns + PIT_MIN_PERIOD_NS);
}

TEST(show_and_names)
{
	struct x86_pit p;

	setup();
	load(0, 0x34, 0);
	pit_show(&pit, &p);
	CHECK_EQ(p.channel[0].count, 65536);
	CHECK_EQ(p.channel[0].mode, 2);
	CHECK(bus_reg_name(&bus, BUS_PIO, 0x43, true) != NULL);
}

TEST(one_shot_shorter_than_a_look_at_the_clock)
{
	setup();
	step_ns = 2000;
	load(0, 0x38, 1); /* mode 4: 838 ns */
	step_ns = edges = 0;
	now_ns += 1000;
	bus_run_timers(&bus);
	CHECK_EQ(edges, 1);
}
