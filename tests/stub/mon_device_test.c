#include "stub/inspect.h"

#include "tests/stub/mon_rig.h"
#include "tests/test.h"

static const struct target_io_range ranges[] = {
	{false, 0x3f8, 8, "16550", false, 3, 4, "com1"},
	{false, 0xcf8, 8, "pci-host", false, 0, 0, "pci"},
	{true, 0xfec00000, 256, "ioapic", true, 0, 0, "ioapic"},
};

static const struct target_device devices[] = {
	{"com1", "16550A serial port", 1 << 4, false},
	{"pci", "PCI host bridge", 0, false},
	{"ioapic", "I/O APIC", 0, true},
	{"timers", "has no place", 1 << 0 | 3 << 8, false},
};

static const struct target_device_reg com1[] = {
	{"IER", 0, 0, 1, 5, "RDA LINE"},
	{"lost", 0, 0, 8, 0, NULL},
	{"MCR", 0, 0, 1, 0, ""},
	{.name = NULL},
};

static const struct target_device_reg pci[] = {
	{"redir", 0, 2, 8, 0x10000, "MASKED"},
	{"redir", 1, 2, 8, 0x31, "VECTOR=0x31"},
	{"config", 0, 17, 1, 0x86, NULL},
	{"config", 15, 17, 1, 0x80, NULL},
	{"config", 16, 17, 1, 0xff, NULL},
	{.name = NULL},
};

static const struct target_device_reg none[] = {{.name = NULL}};
static const struct target_device_reg *const regs[] = {com1, pci, none, none};

static void setup(void)
{
	rig_begin(1);
	f->inspect.io_range = ranges;
	f->inspect.io_ranges = ARRAY_SIZE(ranges);
	f->inspect.device = devices;
	f->inspect.devices = ARRAY_SIZE(devices);
	f->inspect.device_reg = regs;
}

TEST(list)
{
	setup();
	CHECK_STR(run("device"),
		  "device           irq   what it is                          "
		  "at\n"
		  "com1             4     16550A serial port                  "
		  "port 0x03f8-0x03ff\n"
		  "pci              -     PCI host bridge                     "
		  "port 0x0cf8-0x0cff\n"
		  "ioapic           -     I/O APIC                            "
		  "mmio 0xfec00000-0xfec000ff, inside KVM\n"
		  "timers           0,8-9 has no place                        "
		  "-\n");
	f->inspect.devices = 0;
	CHECK_HAS(run_fails("device"), "does not tell its devices");
	rig_end();
}

TEST(registers)
{
	setup();
	CHECK_STR(run("device com1"), "com1: 16550A serial port\n"
				      "  port 0x03f8-0x03ff, 3 reads, 4 "
				      "writes\n"
				      "  interrupt line 4\n"
				      "  IER                      0x05  RDA "
				      "LINE\n"
				      "  lost                     "
				      "0x0000000000000000\n"
				      "  MCR                      0x00\n");
	CHECK_HAS(run("device ioapic"), "inside KVM\n  its registers: `info");
	CHECK_HAS(run_fails("device com"), "no device 'com'");
	rig_end();
}

TEST(arrays)
{
	setup();
	CHECK_STR(run("device pci"), "pci: PCI host bridge\n"
				     "  port 0x0cf8-0x0cff, 0 reads, 0 writes\n"
				     "  redir[0]                 "
				     "0x0000000000010000  MASKED\n"
				     "  redir[1]                 "
				     "0x0000000000000031  VECTOR=0x31\n"
				     "  config[0x00]             86 80\n"
				     "  config[0x10]             ff\n");
	rig_end();
}

TEST(qtree)
{
	setup();
	CHECK_HAS(run("info qtree"), "bus: main-system-bus\n"
				     "  type System\n"
				     "  dev: com1, id \"\"\n"
				     "    irq = 4 (0x4)\n"
				     "    pio "
				     "00000000000003f8/0000000000000008\n");
	CHECK_HAS(run("info qtree"), "  dev: kvm-ioapic, id \"\"\n"
				     "    mmio 00000000fec00000/");
	rig_end();
}

TEST(input_for_the_guest)
{
	setup();
	CHECK_HAS(run("sysrq t"), "a break and 't' are at COM1");
	CHECK_STR(fake_log(f), "type break 74\n");
	CHECK_HAS(run_fails("sysrq help"), "'help' is not one key");
	CHECK_HAS(run_fails("sysrq"), "usage: sysrq KEY");
	buf_clear(&f->log);
	CHECK_HAS(run("type ls /\\n"), "5 bytes");
	CHECK_HAS(run("type '\\x03\\e\\\\'"), "3 bytes");
	CHECK_STR(fake_log(f), "type 6c73202f0a\ntype 031b5c\n");
	CHECK_HAS(run_fails("type \\q"), "followed by n, r");
	CHECK_HAS(run_fails("type \\x1"), "followed by n, r");
	CHECK_HAS(run_fails("type a\\"), "followed by n, r");
	rig_end();
}

TEST(power_button)
{
	setup();
	CHECK_HAS(run("system_powerdown"), "has not enabled its event");
	f->inspect.hears_button = true;
	CHECK_HAS(run("system_powerdown"), "the guest is told when it runs");
	CHECK_STR(fake_log(f), "power button\npower button\n");
	rig_end();
}
