/* Two or three local APICs on a bus of their own; time is a variable. */
#include "vmm/dev/lapic.h"

#include "tests/test.h"

static struct bus bus;
static struct lapics lapics;
static uint64_t now_ns, step_ns; /* and how far each look moves it on */
static struct {
	unsigned int woken[3], nmis[3], inits[3], sipis[3], eois;
	uint8_t sipi_vector, eoi_vector;
} seen;

static void on_wake(void *ctx, unsigned int cpu)
{
	seen.woken[cpu]++;
}

static void on_nmi(void *ctx, unsigned int cpu)
{
	seen.nmis[cpu]++;
}

static void on_init(void *ctx, unsigned int cpu)
{
	seen.inits[cpu]++;
}

static void on_sipi(void *ctx, unsigned int cpu, uint8_t vector)
{
	seen.sipis[cpu]++;
	seen.sipi_vector = vector;
}

static void on_eoi(void *ctx, uint8_t vector)
{
	seen.eois++;
	seen.eoi_vector = vector;
}

static uint64_t on_now(void *ctx)
{
	return now_ns += step_ns;
}

static void on_rearm(void *ctx)
{
}

static void put(unsigned int cpu, uint64_t reg, uint32_t value)
{
	uint64_t v = value;

	bus_access_named(&bus, cpu, BUS_MMIO, LAPIC_BASE + reg, 4, true, &v,
			 NULL);
}

static uint32_t get(unsigned int cpu, uint64_t reg)
{
	uint64_t v = 0;

	bus_access_named(&bus, cpu, BUS_MMIO, LAPIC_BASE + reg, 4, false, &v,
			 NULL);
	return (uint32_t)v;
}

/* Three of them, on. */
static void setup(void)
{
	static const struct lapic_ops ops = {.wake = on_wake,
					     .nmi = on_nmi,
					     .init = on_init,
					     .sipi = on_sipi};
	static const struct device_clock clock = {on_now, on_rearm, NULL};
	struct err err;

	memset(&seen, 0, sizeof(seen));
	now_ns = 1000;
	bus_init(&bus);
	lapics_init(&lapics, 3, &ops, &clock);
	lapics.eoi = on_eoi;
	CHECK_OK(lapics_add(&lapics, &bus, &err), &err);
	for (unsigned int i = 0; i < 3; i++)
		put(i, LAPIC_SVR, SVR_ENABLED | 0xff);
}

static bool message(uint32_t address, uint32_t data)
{
	const struct msi_msg msg = {LAPIC_BASE | address, data};

	return lapics_message(&lapics, &msg);
}

TEST(power_on_state)
{

	setup();
	CHECK_EQ(get(0, LAPIC_ID), 0);
	CHECK_EQ(get(2, LAPIC_ID), 2u << 24);
	CHECK_EQ(get(1, LAPIC_VERSION), 0x50014);
	CHECK_EQ(get(1, LAPIC_DFR), UINT32_MAX);
	CHECK_EQ(get(1, LAPIC_LVT_LINT0), LVT_MASKED);
	CHECK_EQ(get(0, LAPIC_LVT_LINT0), IRQ_EXTINT << 8);
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
}

TEST(switched_off_takes_nothing)
{
	setup();
	put(0, LAPIC_SVR, 0xff);
	CHECK(!message(0, 0x40));
	put(0, LAPIC_SVR, 0x1ff);
	CHECK(message(0, 0x40));
	lapics_set_on(&lapics, 1, false);
	CHECK(!message(1 << 12, 0x40));
	CHECK_EQ(get(1, LAPIC_ID), UINT32_MAX);
}

TEST(higher_class_comes_first_and_nests)
{
	setup();
	message(0, 0x41);
	message(0, 0x52);
	CHECK_EQ(lapics_ack(&lapics, 0), 0x52);
	CHECK_EQ(get(0, LAPIC_PPR), 0x50);
	CHECK_EQ(lapics_pending(&lapics, 0), LAPIC_NONE);
	message(0, 0x5f); /* the same class has to wait */
	CHECK_EQ(lapics_pending(&lapics, 0), LAPIC_NONE);
	message(0, 0x60);
	CHECK_EQ(lapics_ack(&lapics, 0), 0x60);
	put(0, LAPIC_EOI, 0);
	CHECK_EQ(get(0, LAPIC_PPR), 0x50);
	put(0, LAPIC_EOI, 0);
	CHECK_EQ(lapics_ack(&lapics, 0), 0x5f);
}

TEST(task_priority_holds_back)
{
	setup();
	message(0, 0x41);
	put(0, LAPIC_TPR, 0x40);
	CHECK_EQ(lapics_pending(&lapics, 0), LAPIC_NONE);
	CHECK_EQ(get(0, LAPIC_PPR), 0x40);
	lapics_set_tpr(&lapics, 0, 0x30);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x41);
	CHECK_EQ(get(0, LAPIC_APR), 0x40);
}

TEST(end_of_a_level_interrupt_is_broadcast)
{
	setup();
	message(0, 0x41);
	message(0, 0x52 | LVT_LEVEL | ICR_ASSERT);
	CHECK_EQ(get(0, LAPIC_TMR + 0x20), 1u << 18);
	lapics_ack(&lapics, 0);
	put(0, LAPIC_EOI, 0);
	CHECK_EQ(seen.eois, 1);
	CHECK_EQ(seen.eoi_vector, 0x52);
	lapics_ack(&lapics, 0);
	put(0, LAPIC_EOI, 0);
	put(0, LAPIC_EOI, 0); /* nothing in service */
	CHECK_EQ(seen.eois, 1);
}

TEST(ipi_by_id_and_by_shorthand)
{
	setup();
	put(0, LAPIC_ICR2, 2u << 24);
	put(0, LAPIC_ICR, 0x44);
	CHECK_EQ(lapics_pending(&lapics, 2), 0x44);
	CHECK_EQ(seen.woken[2], 1);
	CHECK_EQ(seen.woken[0] + seen.woken[1], 0);
	put(1, LAPIC_ICR, 0xc0055); /* all but itself */
	CHECK_EQ(lapics_pending(&lapics, 0), 0x55);
	CHECK_EQ(lapics_pending(&lapics, 1), LAPIC_NONE);
	put(1, LAPIC_ICR, 0x40066); /* itself */
	CHECK_EQ(lapics_pending(&lapics, 1), 0x66);
	put(1, LAPIC_ICR, 0x80477); /* NMI to all */
	CHECK(seen.nmis[0] == 1 && seen.nmis[1] == 1 && seen.nmis[2] == 1);
}

TEST(logical_destinations)
{
	setup();
	put(0, LAPIC_LDR, 1u << 24);
	put(1, LAPIC_LDR, 2u << 24);
	put(2, LAPIC_LDR, 4u << 24);
	CHECK(message(6 << 12 | 4, 0x44));
	CHECK_EQ(lapics_pending(&lapics, 0), LAPIC_NONE);
	CHECK_EQ(lapics_pending(&lapics, 1), 0x44);
	CHECK_EQ(lapics_pending(&lapics, 2), 0x44);
	for (unsigned int i = 0; i < 3; i++)
		put(i, LAPIC_DFR, 0x0fffffff);
	put(0, LAPIC_LDR, 0x11u << 24);
	put(1, LAPIC_LDR, 0x12u << 24);
	put(2, LAPIC_LDR, 0x21u << 24);
	CHECK(message(0x13 << 12 | 4, 0x55));
	CHECK_EQ(lapics_pending(&lapics, 0), 0x55);
	CHECK_EQ(lapics_pending(&lapics, 1), 0x55);
	CHECK_EQ(lapics_pending(&lapics, 2), 0x44);
	CHECK(!message(0x34 << 12 | 4, 0x66));
}

TEST(lowest_priority_goes_to_one)
{
	setup();
	put(0, LAPIC_TPR, 0x30);
	put(2, LAPIC_TPR, 0x20);
	put(1, LAPIC_TPR, 0x10);
	CHECK(message(0xff << 12, 0x44 | IRQ_LOWEST << 8));
	CHECK_EQ(seen.woken[1], 1);
	CHECK_EQ(seen.woken[0] + seen.woken[2], 0);
}

TEST(init_and_sipi)
{
	setup();
	put(0, LAPIC_ICR2, 1u << 24);
	put(0, LAPIC_ICR, 0x4500);
	put(0, LAPIC_ICR, 0x8500); /* de-assert: nothing */
	CHECK_EQ(seen.inits[1], 1);
	put(0, LAPIC_ICR, 0x4608);
	CHECK_EQ(seen.sipis[1], 1);
	CHECK_EQ(seen.sipi_vector, 8);
}

TEST(errors_gather_until_they_are_asked_for)
{
	setup();
	put(0, LAPIC_LVT_ERROR, 0x70);
	put(0, LAPIC_ICR, 0x4000f);
	put(0, 0x40, 1);
	CHECK_EQ(get(0, LAPIC_ESR), 0);
	put(0, LAPIC_ESR, 0);
	CHECK_EQ(get(0, LAPIC_ESR), 0xa0);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x70);
	put(0, LAPIC_ESR, 0);
	CHECK_EQ(get(0, LAPIC_ESR), 0);
	message(0, 5);
	put(0, LAPIC_ESR, 0);
	CHECK_EQ(get(0, LAPIC_ESR), 0x40);
}

TEST(timer_once)
{
	setup();
	put(0, LAPIC_DIVIDE, 3); /* by 16 */
	put(0, LAPIC_LVT_TIMER, 0x80);
	put(0, LAPIC_INITIAL_COUNT, 1000);
	CHECK_EQ(bus_next_timer(&bus), 17000);
	now_ns += 4000;
	CHECK_EQ(get(0, LAPIC_CURRENT_COUNT), 750);
	bus_run_timers(&bus);
	CHECK_EQ(seen.woken[0], 0);
	now_ns = 17000;
	bus_run_timers(&bus);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x80);
	CHECK_EQ(get(0, LAPIC_CURRENT_COUNT), 0);
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
}

TEST(timer_shorter_than_a_look_at_the_clock)
{
	setup();
	put(0, LAPIC_LVT_TIMER, 0x80);
	step_ns = 2000;
	put(0, LAPIC_INITIAL_COUNT, 10);
	step_ns = 0;
	now_ns += 1000;
	bus_run_timers(&bus);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x80);
}

TEST(timer_due_outlives_its_vector)
{
	setup();
	put(0, LAPIC_LVT_TIMER, 0x80);
	put(0, LAPIC_INITIAL_COUNT, 10);
	now_ns += 1000;
	put(0, LAPIC_LVT_TIMER, 0x90);
	bus_run_timers(&bus);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x90);
	put(0, LAPIC_LVT_TIMER, 0x91); /* once is once */
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
}

TEST(timer_periodic_loses_what_is_missed)
{
	setup();
	put(0, LAPIC_DIVIDE, 0xb); /* by 1 */
	put(0, LAPIC_LVT_TIMER, LVT_TIMER_PERIODIC | 0x80);
	put(0, LAPIC_INITIAL_COUNT, 1000000);
	now_ns += 3500000;
	bus_run_timers(&bus);
	CHECK_EQ(seen.woken[0], 1);
	CHECK_EQ(bus_next_timer(&bus), 4001000);
	put(0, LAPIC_LVT_TIMER, LVT_TIMER_PERIODIC | LVT_MASKED | 0x80);
	CHECK_EQ(bus_next_timer(&bus), UINT64_MAX);
	put(0, LAPIC_INITIAL_COUNT, 1); /* too fast for the host */
	put(0, LAPIC_LVT_TIMER, LVT_TIMER_PERIODIC | 0x80);
	CHECK_EQ(bus_next_timer(&bus), now_ns + LAPIC_MIN_PERIOD_NS);
}

TEST(pic_is_on_lint0)
{
	setup();
	CHECK(!lapics_takes_pic(&lapics, 1));
	put(0, LAPIC_LVT_LINT0, IRQ_EXTINT << 8);
	CHECK(lapics_takes_pic(&lapics, 0));
	lapics_set_lint0(&lapics, 1);
	CHECK_EQ(seen.woken[0], 1);
	lapics_set_lint0(&lapics, 0);
	put(0, LAPIC_LVT_LINT0, IRQ_NMI << 8);
	lapics_set_lint0(&lapics, 1);
	CHECK_EQ(seen.nmis[0], 1);
	lapics_set_lint0(&lapics, 0);
	put(0, LAPIC_LVT_LINT0, 0x44);
	lapics_set_lint0(&lapics, 1);
	CHECK_EQ(lapics_pending(&lapics, 0), 0x44);
}

TEST(registers_have_names)
{
	setup();
	CHECK_STR(bus_reg_name(&bus, BUS_MMIO, LAPIC_BASE + 0xb0, true), "APIC_"
									 "EOI");
}

TEST(show_is_what_a_guest_reads)
{
	struct x86_lapic l;

	setup();
	put(1, LAPIC_TPR, 0x20);
	lapics_show(&lapics, 1, &l);
	CHECK_EQ(lapic_reg(&l, LAPIC_TPR), 0x20);
	CHECK_EQ(lapic_reg(&l, LAPIC_PPR), 0x20);
	CHECK_EQ(lapic_reg(&l, LAPIC_ID), 1u << 24);
}
