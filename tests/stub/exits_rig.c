#include "tests/stub/exits_rig.h"

#include "arch/exit/text.h"

/* clang-format off */
static const struct exit_record vcpu0[] = {
	{.time_ns = 1 * MS, .reason = EXIT_IO, .where = 0x3fd, .value = 0x60,
	 .rip = 0x1000, .size = 1, .count = 1, .device = "16550", .reg = "LSR"},
	{.time_ns = 2 * MS, .reason = EXIT_IO, .where = 0x3f8, .value = 0x41,
	 .rip = 0x1008, .size = 1, .count = 1, .is_write = true,
	 .device = "16550", .reg = "THR"},
	{.time_ns = 4 * MS, .reason = EXIT_IO, .where = 0xcf8,
	 .value = 0x80001000, .rip = 0x1010, .size = 4, .count = 1,
	 .is_write = true},
	{.time_ns = 6 * MS, .reason = EXIT_X86_WRMSR, .where = 0xc0000080,
	 .value = 0x500, .rip = 0x1018, .size = 8, .count = 1,
	 .is_write = true},
};
static const struct exit_record vcpu1[] = {
	{.time_ns = 3 * MS, .reason = EXIT_MMIO, .where = 0xfec00000,
	 .value = 0x10, .rip = 0x2000, .size = 4, .count = 1, .is_write = true,
	 .device = "ioapic", .reg = "IOREGSEL"},
	{.time_ns = 5 * MS, .reason = EXIT_IO, .where = 0xcfc, .rip = 0x2008,
	 .size = 4, .count = 1},
	{.time_ns = 7 * MS, .reason = EXIT_HLT, .rip = 0x2010, .count = 1},
};
/* clang-format on */

static const struct target_symbol symbols[] = {{"uart_putc", 0x1000, 16},
					       {"other_cpu", 0x2000, 0}};

void setup(unsigned int nvcpus)
{
	rig_begin(nvcpus);
	f->inspect.record = vcpu0;
	f->inspect.records = ARRAY_SIZE(vcpu0);
	f->inspect.record_of[1] = vcpu1;
	f->inspect.records_of[1] = ARRAY_SIZE(vcpu1);
}

unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; (text = strstr(text, " | rip ")); text++)
		n++;
	return n;
}

void setup_symbols(void)
{
	f->inspect.symbol = symbols;
	f->inspect.symbols = ARRAY_SIZE(symbols);
}
