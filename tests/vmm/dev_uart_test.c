#include "vmm/dev/uart.h"

#include "tests/test.h"

static struct {
	struct uart uart;
	char out[256];
	size_t out_len;
	int level;
	unsigned int rises;
} t;

static void sink(void *ctx, const void *data, size_t len)
{
	memcpy(t.out + t.out_len, data, len);
	t.out_len += len;
}

static void irq(void *ctx, unsigned int gsi, int level)
{
	CHECK_EQ(gsi, 4);
	CHECK(level != t.level);
	t.level = level;
	t.rises += level;
}

static uint8_t in(unsigned int reg)
{
	return (uint8_t)uart_region.read(&t.uart.dev, reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	uart_region.write(&t.uart.dev, reg, 1, value);
}

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	uart_init(&t.uart, "com1", (struct byte_sink){sink, NULL},
		  (struct irq_line){irq, NULL, 4});
}

/* As a driver does: FIFO on with trigger level 8, OUT2 lets interrupts out. */
static void setup_driver(uint8_t ier)
{
	setup();
	out(2, 0x81);
	out(4, 0x0b);
	out(1, ier);
}

static void setup_driver_again(void)
{
	out(2, 0x87);
	out(4, 0x0b);
	out(1, 0x01);
}

TEST(power_on_state)
{
	setup();
	CHECK_EQ(in(1), 0);
	CHECK_EQ(in(2), 0x01);
	CHECK_EQ(in(3), 0);
	CHECK_EQ(in(4), 0);
	CHECK_EQ(in(5), 0x60);
	CHECK_EQ(in(6), 0xb0);
}

TEST(written_bytes_go_out)
{
	setup();
	out(0, 'h');
	out(0, 'i');
	CHECK_EQ(t.out_len, 2);
	CHECK(!memcmp(t.out, "hi", 2));
}

TEST(divisor_latch_hides_data_and_ier)
{
	setup();
	out(1, 0x05);
	out(3, 0x83);
	CHECK_EQ(in(0), 12);
	out(0, 1);
	out(1, 2);
	CHECK_EQ(in(0), 1);
	CHECK_EQ(in(1), 2);
	CHECK_STR(uart_region.reg_name(&t.uart.dev, 0, true), "DLL");
	out(3, 0x03);
	CHECK_EQ(in(1), 0x05);
	CHECK_EQ(t.out_len, 0);
	CHECK_STR(uart_region.reg_name(&t.uart.dev, 0, true), "THR");
}

TEST(scratch_keeps_its_value)
{
	setup();
	out(7, 0xa5);
	CHECK_EQ(in(7), 0xa5);
}

TEST(reserved_bits_read_zero)
{
	setup();
	out(1, 0xff);
	CHECK_EQ(in(1), 0x0f);
	out(4, 0xff);
	CHECK_EQ(in(4), 0x1f);
}

TEST(iir_tells_a_16550a)
{
	setup();
	out(2, 0x01);
	CHECK_EQ(in(2), 0xc1);
	out(2, 0x00);
	CHECK_EQ(in(2), 0x01);
}

TEST(input_without_fifo_arrives_one_by_one)
{
	setup();
	uart_input(&t.uart, "abc", 3);
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(in(0), 'a');
	CHECK_EQ(in(0), 'b');
	CHECK_EQ(in(0), 'c');
	CHECK_EQ(in(5), 0x60);
	CHECK_EQ(in(0), 0);
}

TEST(receive_interrupt_at_the_trigger_level)
{
	setup_driver(0x01);
	uart_input(&t.uart, "1234567", 7);
	CHECK_EQ(in(2), 0xcc);
	uart_input(&t.uart, "8", 1);
	CHECK_EQ(in(2), 0xc4);
	CHECK_EQ(t.level, 1);
	for (int i = 0; i < 8; i++)
		in(0);
	CHECK_EQ(in(2), 0xc1);
	CHECK_EQ(t.level, 0);
}

TEST(each_refill_is_a_new_edge)
{
	setup();
	out(4, 0x08);
	out(1, 0x01);
	uart_input(&t.uart, "ab", 2);
	CHECK_EQ(t.rises, 1);
	CHECK_EQ(in(0), 'a');
	CHECK_EQ(t.rises, 2);
	CHECK_EQ(in(0), 'b');
	CHECK_EQ(t.level, 0);
}

TEST(backlog_is_lossless_until_full)
{
	static char data[UART_BACKLOG + 100];

	setup_driver(0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)i;
	uart_input(&t.uart, data, UART_BACKLOG);
	CHECK_EQ(t.uart.s.lost, 0);
	CHECK_EQ(uart_input_room(&t.uart), 0);
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(uart_input_room(&t.uart), UART_FIFO);
	for (size_t i = 0; i < UART_BACKLOG; i++)
		CHECK_EQ(in(0), (uint8_t)i);
	uart_input(&t.uart, data, sizeof(data));
	CHECK_EQ(t.uart.s.lost, 100);
	CHECK_EQ(in(5) & 0x02, 0x02);
	CHECK_EQ(in(5) & 0x02, 0);
}

TEST(thre_interrupt)
{
	setup_driver(0x02);
	CHECK_EQ(t.level, 1);
	CHECK_EQ(in(2), 0xc2);
	CHECK_EQ(t.level, 0);
	CHECK_EQ(in(2), 0xc1);
	out(0, 'x');
	CHECK_EQ(t.rises, 2);
	out(0, 'y');
	CHECK_EQ(t.rises, 3);
	out(1, 0x00);
	CHECK_EQ(t.level, 0);
	out(1, 0x02);
	CHECK_EQ(in(2), 0xc2);
}

TEST(reading_iir_for_another_source_keeps_thre)
{
	setup_driver(0x03);
	uart_input(&t.uart, "12345678", 8);
	CHECK_EQ(in(2), 0xc4);
	for (int i = 0; i < 8; i++)
		in(0);
	CHECK_EQ(in(2), 0xc2);
}

TEST(priority_line_then_data_then_thre_then_modem)
{
	setup();
	out(4, 0x10); /* loopback moves the modem lines: deltas */
	out(1, 0x0f);
	out(0, 'a');
	out(0, 'b'); /* overrun */
	CHECK_EQ(in(2), 0x06);
	CHECK_EQ(in(5), 0x63);
	CHECK_EQ(in(2), 0x04);
	CHECK_EQ(in(0), 'b');
	CHECK_EQ(in(2), 0x02);
	CHECK_EQ(in(2), 0x00);
	CHECK_EQ(in(6), 0x0b);
	CHECK_EQ(in(2), 0x01);
}

TEST(out2_gates_the_line)
{
	setup();
	out(1, 0x02);
	CHECK_EQ(t.level, 0);
	CHECK_EQ(t.uart.s.thre_pending, 1);
	out(4, 0x08);
	CHECK_EQ(t.level, 1);
	out(4, 0x18);
	CHECK_EQ(t.level, 0);
}

TEST(loopback_returns_bytes_and_lines)
{
	setup();
	out(4, 0x1f);
	CHECK_EQ(in(6) & 0xf0, 0xf0);
	out(0, 0xae);
	CHECK_EQ(t.out_len, 0);
	CHECK_EQ(in(0), 0xae);
	out(4, 0x1a);
	CHECK_EQ(in(6), 0x96); /* RTS and OUT2; DSR fell, RI's trailing edge */
	uart_input(&t.uart, "q", 1);
	CHECK_EQ(in(5) & 1, 0);
	out(4, 0x0b);
	CHECK_EQ(in(0), 'q');
}

TEST(fifo_overrun_keeps_the_old_bytes)
{
	setup();
	out(2, 0x01);
	out(4, 0x10);
	for (int i = 0; i < 17; i++)
		out(0, (uint8_t)i);
	CHECK_EQ(in(5), 0x63);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(in(0), i);
	CHECK_EQ(in(5), 0x60);
}

TEST(clearing_the_fifo)
{
	setup();
	out(2, 0x01);
	out(4, 0x10);
	out(0, 'x');
	out(2, 0x03);
	CHECK_EQ(in(5), 0x60);
	CHECK_EQ(in(2), 0xc1);
}

TEST(reset_is_power_on)
{
	setup_driver(0x0f);
	t.uart.dev.class->reset(&t.uart.dev);
	CHECK_EQ(t.level, 0);
	CHECK_EQ(in(1), 0);
	CHECK_EQ(in(2), 0x01);
	CHECK_EQ(in(4), 0);
}

TEST(input_before_the_setup_is_kept)
{
	setup();
	uart_input(&t.uart, "early", 5);
	setup_driver_again();
	CHECK_EQ(in(0), 'e');
	CHECK_EQ(in(2), 0xcc);
}

TEST(break_comes_in_its_place)
{
	setup();
	out(2, 0x01);
	out(1, 0x05);
	out(4, 0x08);
	uart_input(&t.uart, "ab", 2);
	CHECK(uart_break(&t.uart));
	CHECK(!uart_break(&t.uart)); /* one at a time */
	uart_input(&t.uart, "t", 1);
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(in(0), 'a');
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(in(0), 'b');
	CHECK_EQ(in(2), 0xc6);
	CHECK_EQ(in(5), 0xf1);
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(in(0), 0);
	CHECK_EQ(in(0), 't');
	CHECK_EQ(in(5), 0x60);
	CHECK(uart_break(&t.uart));
}

TEST(break_without_fifo)
{
	setup();
	CHECK(uart_break(&t.uart));
	uart_input(&t.uart, "t", 1);
	CHECK_EQ(in(5), 0x71);
	CHECK_EQ(in(0), 0);
	CHECK_EQ(in(5), 0x61);
	CHECK_EQ(in(0), 't');
}
