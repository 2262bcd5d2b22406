/* The IOAPIC on a bus of its own; what it sends is noted. */
#include "vmm/dev/ioapic.h"

#include "tests/test.h"

static struct bus bus;
static struct ioapic ioapic;
static struct {
	unsigned int sent, routed;
	struct msi_msg last, route[IOAPIC_PINS];
	bool refuse;
} seen;

static bool on_deliver(void *ctx, const struct msi_msg *msg)
{
	seen.sent++;
	seen.last = *msg;
	return !seen.refuse;
}

static void on_route(void *ctx, const struct msi_msg msg[IOAPIC_PINS])
{
	seen.routed++;
	memcpy(seen.route, msg, sizeof(seen.route));
}

static void setup(void)
{
	static const struct ioapic_ops ops = {on_deliver, on_route, NULL};
	struct err err;

	bus_init(&bus);
	ioapic_init(&ioapic, &ops);
	CHECK_OK(bus_add(&bus, BUS_MMIO, IOAPIC_BASE, IOAPIC_LEN,
			 &ioapic_region, &ioapic.dev, &err),
		 &err);
}

static void put(uint64_t offset, unsigned int size, uint64_t value)
{
	bus_access(&bus, BUS_MMIO, IOAPIC_BASE + offset, size, true, &value);
}

static uint32_t get(uint64_t offset)
{
	uint64_t value = 0;

	bus_access(&bus, BUS_MMIO, IOAPIC_BASE + offset, 4, false, &value);
	return (uint32_t)value;
}

static uint32_t reg(uint8_t index)
{
	put(0, 4, index);
	return get(0x10);
}

static void set_reg(uint8_t index, uint32_t value)
{
	put(0, 4, index);
	put(0x10, 4, value);
}

static void program(unsigned int pin, uint32_t high, uint32_t low)
{
	set_reg((uint8_t)(0x11 + 2 * pin), high);
	set_reg((uint8_t)(0x10 + 2 * pin), low);
}

static uint32_t low_of(unsigned int pin)
{
	return reg((uint8_t)(0x10 + 2 * pin));
}

#define MASKED	   0x10000u
#define LEVEL	   0x8000u
#define REMOTE_IRR 0x4000u

TEST(power_on_state)
{
	setup();
	CHECK_EQ(get(0), 0);
	CHECK_EQ(reg(0), 0);
	CHECK_EQ(reg(1), 0x00170020);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		CHECK_EQ(low_of(pin), MASKED);
		CHECK_EQ(reg((uint8_t)(0x11 + 2 * pin)), 0);
	}
	CHECK_EQ(seen.sent + seen.routed, 0);
}

TEST(only_writable_bits_are_kept)
{
	setup();
	set_reg(0, 0xffffffff);
	CHECK_EQ(reg(0), 0x0f000000);
	CHECK_EQ(reg(2), 0x0f000000);
	set_reg(1, 0xffffffff);
	CHECK_EQ(reg(1), 0x00170020);
	program(23, 0xffffffff, 0xffffffff);
	CHECK_EQ(reg(0x3f), 0xff000000);
	CHECK_EQ(reg(0x3e), 0x1afff);
}

TEST(registers_that_do_not_exist)
{
	struct ioapic_state before;

	setup();
	before = ioapic.s;
	set_reg(0x40, 0x31);
	CHECK_EQ(get(0x10), 0);
	set_reg(0x0f, 0x31);
	CHECK_EQ(get(0x10), 0);
	set_reg(0xff, 0x31);
	CHECK_EQ(get(0x10), 0);
	put(0x20, 4, 1);
	CHECK_EQ(get(0x20), 0);
	CHECK_EQ(get(0x40), 0);
	ioapic_set_pin(&ioapic, IOAPIC_PINS, 1);
	ioapic_set_pin(&ioapic, UINT32_MAX, 1);
	before.index = 0xff;
	CHECK(!memcmp(&before, &ioapic.s, sizeof(before)));
}

TEST(narrow_and_wide_accesses)
{
	setup();
	put(0, 1, 0x10);
	put(0x10, 8, UINT64_C(0x1234567800000031));
	CHECK_EQ(low_of(0), 0x31);
	CHECK_EQ(reg(0x11), 0);
	put(0x11, 1, 0xff); /* not a register's first byte */
	CHECK_EQ(reg(0x11), 0);
}

TEST(edge_sends_once_per_rise)
{
	setup();
	program(4, 0x02000000, 0x34);
	ioapic_set_irq(&ioapic, 4, 1);
	CHECK_EQ(seen.sent, 1);
	CHECK_EQ(seen.last.address, 0xfee02000);
	CHECK_EQ(seen.last.data, 0x34);
	ioapic_set_irq(&ioapic, 4, 1);
	CHECK_EQ(seen.sent, 1);
	ioapic_set_irq(&ioapic, 4, 0);
	CHECK_EQ(seen.sent, 1);
	ioapic_set_irq(&ioapic, 4, 1);
	CHECK_EQ(seen.sent, 2);
	CHECK(!(low_of(4) & REMOTE_IRR));
}

TEST(edge_on_a_masked_pin_is_lost)
{
	setup();
	program(4, 0, MASKED | 0x34);
	ioapic_set_irq(&ioapic, 4, 1);
	program(4, 0, 0x34);
	CHECK_EQ(seen.sent, 0);
	ioapic_set_irq(&ioapic, 4, 0);
	ioapic_set_irq(&ioapic, 4, 1);
	CHECK_EQ(seen.sent, 1);
}

TEST(isa_timer_is_pin_2)
{
	setup();
	program(2, 0, 0x30);
	ioapic_set_irq(&ioapic, 0, 1);
	CHECK_EQ(seen.last.data, 0x30);
}

TEST(logical_destination_and_modes)
{
	setup();
	program(1, 0xff000000, 0x0941); /* lowest priority, logical */
	ioapic_set_pin(&ioapic, 1, 1);
	CHECK_EQ(seen.last.address, 0xfeeff004);
	CHECK_EQ(seen.last.data, 0x141);
	program(5, 0, LEVEL | 0x400); /* NMI: an edge whatever it says */
	ioapic_set_pin(&ioapic, 5, 1);
	CHECK_EQ(seen.last.data, 0x400);
	CHECK(!(low_of(5) & REMOTE_IRR));
}

TEST(level_waits_for_its_eoi)
{
	setup();
	program(10, 0, LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK_EQ(seen.sent, 1);
	CHECK_EQ(seen.last.data, 0xc050);
	CHECK(low_of(10) & REMOTE_IRR);
	ioapic_set_pin(&ioapic, 10, 0);
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK_EQ(seen.sent, 1);
	ioapic_eoi(&ioapic, 0x51); /* another's */
	CHECK(low_of(10) & REMOTE_IRR);
	ioapic_eoi(&ioapic, 0x50); /* still asserted */
	CHECK_EQ(seen.sent, 2);
	CHECK(low_of(10) & REMOTE_IRR);
	ioapic_set_pin(&ioapic, 10, 0);
	ioapic_eoi(&ioapic, 0x50);
	CHECK_EQ(seen.sent, 2);
	CHECK(!(low_of(10) & REMOTE_IRR));
}

TEST(eoi_register_does_the_same)
{
	setup();
	program(10, 0, LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	put(0x40, 4, 0x50);
	CHECK_EQ(seen.sent, 2);
}

TEST(pins_that_share_a_vector_share_the_eoi)
{
	setup();
	program(10, 0, LEVEL | 0x50);
	program(11, 0, LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	ioapic_set_pin(&ioapic, 11, 1);
	ioapic_eoi(&ioapic, 0x50);
	CHECK_EQ(seen.sent, 4);
}

TEST(level_on_a_masked_pin_comes_when_it_opens)
{
	setup();
	program(10, 0, MASKED | LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK_EQ(seen.sent, 0);
	program(10, 0, LEVEL | 0x50);
	CHECK_EQ(seen.sent, 1);
	program(10, 0, MASKED | LEVEL | 0x50); /* EOI while masked */
	ioapic_eoi(&ioapic, 0x50);
	CHECK_EQ(seen.sent, 1);
	CHECK(!(low_of(10) & REMOTE_IRR));
	program(10, 0, LEVEL | 0x50);
	CHECK_EQ(seen.sent, 2);
}

TEST(switching_to_edge_forgets_the_missing_eoi)
{
	setup();
	program(10, 0, LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	program(10, 0, MASKED | 0x50);
	CHECK(!(low_of(10) & REMOTE_IRR));
	program(10, 0, LEVEL | 0x50);
	CHECK_EQ(seen.sent, 2);
}

TEST(remote_irr_cannot_be_written)
{
	setup();
	program(10, 0, LEVEL | REMOTE_IRR | 0x50);
	CHECK(!(low_of(10) & REMOTE_IRR));
	ioapic_set_pin(&ioapic, 10, 1);
	program(10, 0, LEVEL | 0x50);
	CHECK(low_of(10) & REMOTE_IRR);
	CHECK_EQ(seen.sent, 1);
}

TEST(a_message_nobody_took_is_sent_again)
{
	setup();
	program(10, 0, LEVEL | 0x50);
	seen.refuse = true;
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK(!(low_of(10) & REMOTE_IRR));
	seen.refuse = false;
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK_EQ(seen.sent, 2);
	CHECK(low_of(10) & REMOTE_IRR);
}

TEST(polarity_is_kept_and_changes_nothing)
{
	setup();
	program(10, 0, LEVEL | 0x2050);
	CHECK_EQ(low_of(10), LEVEL | 0x2050);
	CHECK_EQ(seen.sent, 0);
	ioapic_set_pin(&ioapic, 10, 1);
	CHECK_EQ(seen.sent, 1);
}

TEST(routes_follow_the_table)
{
	setup();
	program(10, 0x01000000, MASKED | LEVEL | 0x50);
	CHECK_EQ(seen.routed, 2);
	CHECK_EQ(seen.route[10].address, 0xfee01000);
	CHECK_EQ(seen.route[10].data, 0xc050);
	CHECK_EQ(seen.route[4].data, 0);
	program(10, 0x01000000, LEVEL | 0x50); /* the message is the same */
	CHECK_EQ(seen.routed, 2);
}

TEST(reset_masks_and_leaves_the_lines)
{
	setup();
	set_reg(0, 0x01000000);
	program(10, 0, LEVEL | 0x50);
	ioapic_set_pin(&ioapic, 10, 1);
	bus_reset(&bus);
	CHECK_EQ(low_of(10), MASKED);
	CHECK_EQ(reg(0), 0);
	CHECK_EQ(seen.route[10].data, 0);
	program(10, 0, LEVEL | 0x50);
	CHECK_EQ(seen.sent, 2);
}

TEST(registers_have_names)
{
	static const struct {
		uint8_t index;
		const char *name;
	} names[] = {
		{0, "id"},
		{1, "version"},
		{2, "arbitration"},
		{3, "no such register"},
		{0x10, "redirection 0 low"},
		{0x19, "redirection 4 high"},
		{0x3f, "redirection 23 high"},
		{0x40, "no such register"},
		{0xff, "no such register"},
	};

	setup();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		put(0, 4, names[i].index);
		CHECK_STR(bus_reg_name(&bus, BUS_MMIO, IOAPIC_BASE + 0x10,
				       false),
			  names[i].name);
	}
	CHECK_STR(bus_reg_name(&bus, BUS_MMIO, IOAPIC_BASE, true), "IOREGSEL");
	CHECK_STR(bus_reg_name(&bus, BUS_MMIO, IOAPIC_BASE + 0x40, true), "EO"
									  "I");
	CHECK(!bus_reg_name(&bus, BUS_MMIO, IOAPIC_BASE + 0x20, true));
}

TEST(what_is_shown)
{
	uint64_t raised[IOAPIC_PINS];
	struct x86_ioapic shown;

	setup();
	program(4, 0, 0x34 | MASKED);
	program(5, 0, 0x35);
	program(6, 0, 0x36 | LEVEL);
	for (unsigned int pin = 4; pin <= 6; pin++)
		ioapic_set_pin(&ioapic, pin, 1);
	ioapic_set_irq(&ioapic, 0, 1);
	ioapic_show(&ioapic, &shown, raised);
	/* 4 was masked, 5 was sent, 6 is a level, 2 is line 0 and masked */
	CHECK_EQ(shown.irr, 1 << 4 | 1 << 6 | 1 << 2);
	CHECK_EQ(shown.lines, 1 << 4 | 1 << 5 | 1 << 6 | 1 << 2);
	CHECK_EQ(shown.redir[6], 0x36 | LEVEL | REMOTE_IRR);
	CHECK_EQ(raised[4] + raised[0], 2);
	CHECK_EQ(raised[2], 0);
	ioapic_set_pin(&ioapic, 4, 0);
	ioapic_show(&ioapic, &shown, raised);
	CHECK_EQ(shown.irr, 1 << 6 | 1 << 2);
}

TEST(an_edge_that_nobody_took_is_remembered_as_lost)
{
	uint64_t raised[IOAPIC_PINS];
	struct x86_ioapic shown;

	setup();
	program(5, 0, 0x35);
	seen.refuse = true;
	ioapic_set_pin(&ioapic, 5, 1);
	ioapic_show(&ioapic, &shown, raised);
	CHECK_EQ(shown.irr, 1 << 5);
}
