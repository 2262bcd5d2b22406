#include "arch/exit/namer.h"

#include "arch/exit/ports.h"
#include "arch/exit/text.h"
#include "tests/test.h"

static struct exit_namer n;

static const char *feed(const struct exit_record *e)
{
	static struct buf out;
	struct exit_name name;

	exit_namer_next(&n, e, &name);
	buf_clear(&out);
	exit_name_print(&out, e, &name);
	return buf_cstr(&out);
}

static const char *access(uint32_t reason, uint64_t where, bool write,
			  uint8_t size, uint64_t value)
{
	struct exit_record e = {
		.reason = reason,
		.where = where,
		.is_write = write,
		.size = size,
		.value = value,
		.count = 1,
	};

	return feed(&e);
}

static const char *outb(uint64_t port, uint8_t value)
{
	return access(EXIT_IO, port, true, 1, value);
}

static const char *inb(uint64_t port)
{
	return access(EXIT_IO, port, false, 1, 0xff);
}

TEST(a_device_of_ours_names_its_register)
{
	struct exit_record e = {
		.reason = EXIT_IO,
		.where = 0x3f8,
		.size = 1,
		.device = "16550",
		.reg = "DLL",
	};

	CHECK_STR(feed(&e), "16550 DLL");
	e.reg = NULL; /* the well-known name serves */
	CHECK_STR(feed(&e), "16550 RBR");
	e.device = "odd";
	e.where = 0x1234;
	CHECK_STR(feed(&e), "odd");
}

TEST(well_known_places_are_named_where_nobody_answers)
{
	exit_namer_init(&n);
	CHECK_STR(inb(0x2fd), "unclaimed: 16550 LSR");
	CHECK_STR(outb(0x2f8, 1), "unclaimed: 16550 THR");
	CHECK_STR(inb(0x1f7), "unclaimed: ide status");
	CHECK_STR(outb(0x1f7, 0xec), "unclaimed: ide command");
	CHECK_STR(outb(0x3f7, 0), "unclaimed: floppy configuration");
	CHECK_STR(outb(0xb2, 0), "unclaimed: smi APM command");
	CHECK_STR(inb(0x89), "unclaimed: dma channel 6 page");
	CHECK_STR(inb(0xd0), "unclaimed: dma status");
	CHECK_STR(inb(0x1234), "unclaimed");
	CHECK_STR(access(EXIT_MMIO, 0xb8000, true, 2, 0x741), "unclaimed: vga "
							      "text memory");
	CHECK_STR(access(EXIT_MMIO, 0xfed000f0, false, 8, 0), "unclaimed: hpet "
							      "MAIN_CNT");
	CHECK_STR(access(EXIT_MMIO, 0xfed40000, false, 1, 0), "unclaimed: tpm");
}

TEST(local_apic_registers_have_the_traces_names)
{
	static const struct {
		unsigned int offset;
		const char *name;
	} table[] = {
		{0x20, "APIC_ID"},     {0x80, "APIC_TASKPRI"},
		{0xb0, "APIC_EOI"},    {0xf0, "APIC_SPIV"},
		{0x170, "APIC_ISR"},   {0x180, "APIC_TMR"},
		{0x270, "APIC_IRR"},   {0x280, "APIC_ESR"},
		{0x310, "APIC_ICR2"},  {0x320, "APIC_LVTT"},
		{0x390, "APIC_TMCCT"}, {0x3e0, "APIC_TDCR"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		CHECK_STR(lapic_register(table[i].offset), table[i].name);
	CHECK(!lapic_register(0x10));
	CHECK(!lapic_register(0xff0));
	CHECK_STR(access(EXIT_MMIO, 0xfee000f0, true, 4, 0x1ff), "unclaimed: "
								 "lapic "
								 "APIC_SPIV");
}

TEST(an_index_names_the_data_behind_it)
{
	exit_namer_init(&n);
	CHECK_STR(inb(0x71), "unclaimed: cmos data");
	CHECK_STR(outb(0x70, 0x8f), "unclaimed: cmos index[shutdown code]");
	CHECK_STR(inb(0x71), "unclaimed: cmos data[shutdown code]");
	CHECK_STR(outb(0x70, 0x40), "unclaimed: cmos index[0x40]");
	CHECK_STR(inb(0x71), "unclaimed: cmos data[0x40]");
	/* index and data in one word */
	CHECK_STR(access(EXIT_IO, 0x3d4, true, 2, 0x120e), "unclaimed: vga "
							   "CRTC index[cursor "
							   "location high]");
	CHECK_STR(inb(0x3d5), "unclaimed: vga CRTC data[cursor location high]");
	access(EXIT_IO, 0x1ce, true, 2, 4);
	CHECK_STR(access(EXIT_IO, 0x1cf, true, 2, 0x41), "unclaimed: vga DISPI "
							 "data[enable]");
	access(EXIT_IO, 0x510, true, 2, 0x19);
	CHECK_STR(inb(0x511), "unclaimed: fw_cfg data[file directory]");
	access(EXIT_MMIO, 0xfec00000, true, 4, 0x19);
	CHECK_STR(access(EXIT_MMIO, 0xfec00010, true, 4, 0), "unclaimed: "
							     "ioapic "
							     "IOWIN["
							     "redirection 4 "
							     "high]");
}

TEST(pci_configuration_is_decoded)
{
	exit_namer_init(&n);
	CHECK_STR(inb(0xcfc), "unclaimed: pci CONFIG_DATA");
	CHECK_STR(access(EXIT_IO, 0xcf8, true, 4, 0x8000fa10), "unclaimed: pci "
							       "CONFIG_ADDRESS["
							       "00:1f.2 0x10 "
							       "BAR0]");
	CHECK_STR(access(EXIT_IO, 0xcfc, false, 4, 0), "unclaimed: pci "
						       "CONFIG_DATA[00:1f.2 "
						       "0x10 BAR0]");
	CHECK_STR(access(EXIT_IO, 0xcfe, false, 2, 0), "unclaimed: pci "
						       "CONFIG_DATA[00:1f.2 "
						       "0x12 BAR0]");
	access(EXIT_IO, 0xcf8, true, 4, 0x80010044);
	CHECK_STR(inb(0xcfc), "unclaimed: pci CONFIG_DATA[01:00.0 0x44]");
	/* bit 31 is clear: no configuration access */
	access(EXIT_IO, 0xcf8, true, 4, 0);
	CHECK_STR(inb(0xcfc), "unclaimed: pci CONFIG_DATA");
	/* a bridge of ours knows whether there is a device, we know which */
	access(EXIT_IO, 0xcf8, true, 4, 0x80001004);
	CHECK_STR(feed(&(struct exit_record){.reason = EXIT_IO,
					     .where = 0xcfc,
					     .size = 4,
					     .device = "pci-host",
					     .reg = "CONFIG_DATA (no device)"}),
		  "pci-host CONFIG_DATA (no device)[00:02.0 0x04 command and "
		  "status]");
	/* bytes there are other registers */
	CHECK_STR(outb(0xcf9, 6), "unclaimed: reset reset control");
}

TEST(pic_words_are_told_apart)
{
	exit_namer_init(&n);
	CHECK_STR(outb(0x20, 0x11), "unclaimed: pic master ICW1");
	CHECK_STR(outb(0x21, 0x20), "unclaimed: pic master ICW2 vector base");
	CHECK_STR(outb(0xa0, 0x11), "unclaimed: pic slave ICW1");
	CHECK_STR(outb(0x21, 0x04), "unclaimed: pic master ICW3 cascade");
	CHECK_STR(outb(0x21, 0x01), "unclaimed: pic master ICW4");
	CHECK_STR(outb(0x21, 0xfb), "unclaimed: pic master OCW1 mask");
	CHECK_STR(outb(0x20, 0x20), "unclaimed: pic master OCW2 EOI");
	CHECK_STR(inb(0x20), "unclaimed: pic master IRR");
	CHECK_STR(outb(0x20, 0x0b), "unclaimed: pic master OCW3");
	CHECK_STR(inb(0x20), "unclaimed: pic master ISR");
	CHECK_STR(inb(0xa1), "unclaimed: pic slave OCW1 mask");
	/* single, no ICW4 */
	outb(0x20, 0x12);
	CHECK_STR(outb(0x21, 8), "unclaimed: pic master ICW2 vector base");
	CHECK_STR(outb(0x21, 8), "unclaimed: pic master OCW1 mask");
}

TEST(pit_bytes_go_by_the_control_word)
{
	exit_namer_init(&n);
	CHECK_STR(outb(0x40, 0), "unclaimed: pit counter 0");
	CHECK_STR(outb(0x43, 0x34), "unclaimed: pit control[counter 0, low and "
				    "high byte, mode 2]");
	CHECK_STR(outb(0x40, 0), "unclaimed: pit counter 0[low byte]");
	CHECK_STR(outb(0x40, 0), "unclaimed: pit counter 0[high byte]");
	CHECK_STR(outb(0x40, 0), "unclaimed: pit counter 0[low byte]");
	CHECK_STR(outb(0x43, 0x00), "unclaimed: pit control[counter 0, latch]");
	CHECK_STR(outb(0x43, 0xe2), "unclaimed: pit control[read back]");
	CHECK_STR(outb(0x43, 0xa0), "unclaimed: pit control[counter 2, high "
				    "byte, mode 0]");
	CHECK_STR(outb(0x42, 1), "unclaimed: pit counter 2[high byte]");
}

TEST(msrs_have_their_names)
{
	CHECK_STR(access(EXIT_X86_WRMSR, 0xc0000080, true, 8, 0x500), "IA32_"
								      "EFER");
	CHECK_STR(access(EXIT_X86_RDMSR, 0x80f, false, 8, 0), "IA32_X2APIC_"
							      "SIVR");
	CHECK_STR(access(EXIT_X86_RDMSR, 0xdead, false, 8, 0), "");
}

TEST(exits_that_are_no_access_have_no_place)
{
	struct exit_record e = {.reason = EXIT_HLT, .where = 0x3f8};

	CHECK_STR(feed(&e), "");
	e.reason = EXIT_IO;
	e.run_errno = 4; /* reason is stale */
	CHECK_STR(feed(&e), "");
	e = (struct exit_record){.reason = EXIT_IOAPIC_EOI, .device = "ioapic"};
	CHECK_STR(feed(&e), "ioapic");
}

/* Whatever a hostile guest writes, a name fits and ends. */
TEST(every_port_and_value_has_a_bounded_name)
{
	for (uint32_t port = 0; port < 0x10000; port++)
		for (uint64_t value = 0; value < 0x100; value += 51) {
			uint64_t wide = value * 0x0101010101010101;

			CHECK(strlen(access(EXIT_IO, port, true, 4, wide)) <
			      120);
			inb(port);
		}
}

TEST(the_two_spaces_do_not_mix)
{
	CHECK(!port_device(SPACE_MMIO, 0x3f8));
	CHECK(!port_device(SPACE_PIO, 0xfee00000));
	CHECK(!port_register(SPACE_MMIO, 0x3f8, true));
}
