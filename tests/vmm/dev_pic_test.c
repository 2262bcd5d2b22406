/* The two 8259s on a bus of their own. */
#include "vmm/dev/pic.h"

#include "tests/test.h"

static struct bus bus;
static struct pic pic;
static int intr;

static void on_intr(void *ctx, int level)
{
	intr = level;
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

static void initialize(uint16_t port, uint8_t base, uint8_t icw4)
{
	out(port, 0x11);
	out(port + 1, base);
	out(port + 1, port == 0x20 ? 4 : 2);
	out(port + 1, icw4);
	out(port + 1, 0);
}

/* As a PC's BIOS leaves them but for the bases, nothing masked. */
static void setup_as(uint8_t icw4)
{
	static const struct pic_ops ops = {on_intr, NULL};
	struct err err;

	intr = 0;
	bus_init(&bus);
	pic_init(&pic, &ops);
	CHECK_OK(bus_add(&bus, BUS_PIO, 0x20, 2, &pic_master_region, &pic.dev,
			 &err),
		 &err);
	CHECK_OK(bus_add(&bus, BUS_PIO, 0xa0, 2, &pic_slave_region, &pic.dev,
			 &err),
		 &err);
	CHECK_OK(bus_add(&bus, BUS_PIO, 0x4d0, 2, &elcr_region, &pic.dev, &err),
		 &err);
	initialize(0x20, 0x20, icw4);
	initialize(0xa0, 0x28, icw4);
}

static void setup(void)
{
	setup_as(1);
}

static void pulse(unsigned int line)
{
	pic_set_line(&pic, line, 1);
	pic_set_line(&pic, line, 0);
}

TEST(edge_is_kept_until_taken)
{
	setup();
	pulse(4);
	CHECK_EQ(intr, 1);
	CHECK_EQ(in(0x20), 0x10); /* IRR */
	CHECK_EQ(pic_ack(&pic), 0x24);
	CHECK_EQ(intr, 0);
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 0x10); /* ISR */
	out(0x20, 0x20);
	CHECK_EQ(in(0x20), 0);
}

TEST(held_line_is_one_edge)
{
	setup();
	pic_set_line(&pic, 4, 1);
	pic_ack(&pic);
	out(0x20, 0x20);
	CHECK_EQ(intr, 0);
}

TEST(mask_holds_back)
{
	setup();
	out(0x21, 0x10);
	pulse(4);
	CHECK_EQ(intr, 0);
	CHECK_EQ(in(0x21), 0x10);
	out(0x21, 0);
	CHECK_EQ(intr, 1);
}

TEST(lower_line_wins_and_nests)
{
	setup();
	pulse(4);
	pulse(1);
	CHECK_EQ(pic_ack(&pic), 0x21);
	CHECK_EQ(intr, 0);
	pulse(0);
	CHECK_EQ(pic_ack(&pic), 0x20);
	out(0x20, 0x60); /* specific EOI of 0 */
	CHECK_EQ(intr, 0);
	out(0x20, 0x20);
	CHECK_EQ(pic_ack(&pic), 0x24);
}

TEST(slave_comes_through_the_cascade)
{
	setup();
	pulse(12);
	pulse(9);
	CHECK_EQ(pic_ack(&pic), 0x29);
	CHECK_EQ(intr, 0);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	CHECK_EQ(intr, 1);
	CHECK_EQ(pic_ack(&pic), 0x2c);
}

TEST(level_comes_again_while_it_is_up)
{
	setup();
	out(0x4d1, 0xff);
	CHECK_EQ(in(0x4d1), 0xde);
	pic_set_line(&pic, 10, 1);
	CHECK_EQ(pic_ack(&pic), 0x2a);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	CHECK_EQ(pic_ack(&pic), 0x2a);
	pic_set_line(&pic, 10, 0);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	CHECK_EQ(intr, 0);
}

TEST(request_that_went_away_is_spurious)
{
	setup();
	CHECK_EQ(pic_ack(&pic), 0x27);
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 0); /* not in service */
}

TEST(auto_eoi_and_rotation)
{
	setup_as(3);
	pulse(4);
	CHECK_EQ(pic_ack(&pic), 0x24);
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 0);
	setup();
	pulse(4);
	pic_ack(&pic);
	out(0x20, 0xa0); /* EOI, and 4 becomes the last */
	pulse(4);
	pulse(5);
	CHECK_EQ(pic_ack(&pic), 0x25);
	CHECK_EQ(pic.s.chip[0].priority_add, 5);
}

TEST(special_mask_lets_lower_lines_in)
{
	setup();
	pulse(1);
	pic_ack(&pic);
	pulse(4);
	CHECK_EQ(intr, 0);
	out(0x21, 2);
	out(0x20, 0x68);
	CHECK_EQ(intr, 1);
}

TEST(poll_takes_the_interrupt)
{
	setup();
	pulse(3);
	out(0x20, 0x0c);
	CHECK_EQ(in(0x20), 0x83);
	CHECK_EQ(intr, 0);
	out(0x20, 0x0c);
	CHECK_EQ(in(0x20), 0);
}

TEST(reset_masks_nothing_and_forgets_requests)
{
	setup();
	pulse(3);
	bus_reset(&bus);
	CHECK_EQ(intr, 0);
	CHECK_EQ(pic.s.chip[0].irq_base, 0);
}

TEST(registers_have_names)
{
	setup();
	CHECK(bus_reg_name(&bus, BUS_PIO, 0x20, true) != NULL);
	CHECK(bus_reg_name(&bus, BUS_PIO, 0xa1, true) != NULL);
	CHECK_STR(bus_reg_name(&bus, BUS_PIO, 0x4d1, true), "ELCR slave");
}

TEST(a_line_that_is_up_requests_as_it_becomes_level)
{
	setup();
	out(0x21, 0);
	pic_set_line(&pic, 5, 1);
	CHECK_EQ(pic_ack(&pic), 0x25);
	out(0x20, 0x20);
	CHECK(!pic.s.intr);
	out(0x4d0, 0x20);
	CHECK(pic.s.intr);
	pic_set_line(&pic, 5, 0);
	CHECK(!pic.s.intr);
}

TEST(an_eoi_in_special_mask_mode_leaves_what_is_masked)
{
	setup();
	out(0x21, 0);
	pic_set_line(&pic, 3, 1);
	pic_ack(&pic);
	out(0x20, 0x68);
	out(0x21, 0x08);
	pic_set_line(&pic, 6, 1);
	CHECK_EQ(pic_ack(&pic), 0x26);
	out(0x20, 0x20);
	out(0x20, 0x0b);
	CHECK_EQ(in(0x20), 0x08);
}
