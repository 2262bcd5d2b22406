#include "vmm/dev/devices.h"

#include <unistd.h>

#include "tests/test.h"
#include "tests/vmm/device_rig.h"

static struct rig rig;

static uint8_t in(uint16_t port)
{
	return (uint8_t)rig_in(&rig, port, 1);
}

static void out(uint16_t port, uint8_t value)
{
	rig_out(&rig, port, 1, value);
}

/* ---- i8042 ---- */

TEST(i8042_self_test)
{
	rig_init(&rig);
	CHECK_EQ(in(0x64), 0x14);
	out(0x64, 0xaa);
	CHECK_EQ(in(0x64), 0x1d);
	CHECK_EQ(in(0x60), 0x55);
	CHECK_EQ(in(0x64), 0x1c);
	out(0x64, 0xab);
	CHECK_EQ(in(0x60), 0x00);
}

TEST(i8042_command_byte)
{
	rig_init(&rig);
	out(0x64, 0x60);
	out(0x60, 0x41);
	out(0x64, 0x20);
	CHECK_EQ(rig.irq_level[1], 1);
	CHECK_EQ(in(0x60), 0x41);
	CHECK_EQ(rig.irq_level[1], 0);
	CHECK_EQ(in(0x64) & 0x04, 0);
}

TEST(i8042_has_no_keyboard)
{
	rig_init(&rig);
	out(0x60, 0xf2);
	CHECK_EQ(in(0x64), 0x55);
	CHECK_EQ(in(0x60), 0xfe);
	CHECK_EQ(in(0x64), 0x14);
	CHECK_EQ(rig.irq_rises[1], 0);
}

TEST(i8042_has_no_aux_port)
{
	rig_init(&rig);
	out(0x64, 0xd3);
	out(0x60, 0x5a);
	CHECK_EQ(in(0x64) & 0x21, 0x01); /* not marked as from aux */
	CHECK_EQ(in(0x60), 0x5a);
	out(0x64, 0xa9);
	CHECK_EQ(in(0x60), 0x01);
}

TEST(i8042_resets_the_machine)
{
	rig_init(&rig);
	out(0x64, 0xff);
	CHECK_EQ(rig.resets, 0);
	out(0x64, 0xfe);
	CHECK_EQ(rig.resets, 1);
	CHECK_STR(rig.by, "i8042 reset pulse");
	out(0x64, 0xd1);
	out(0x60, 0x03);
	CHECK_EQ(rig.resets, 1);
	out(0x64, 0xd1);
	out(0x60, 0x02);
	CHECK_EQ(rig.resets, 2);
	out(0x64, 0xd0);
	CHECK_EQ(in(0x60), 0x02);
}

TEST(i8042_leaves_port_61_alone)
{
	rig_init(&rig);
	CHECK(!bus_find(&rig.bus, BUS_PIO, 0x61));
	CHECK_EQ(rig_in(&rig, 0x60, 2) >> 8, 0xff);
}

/* ---- 0x80, 0x92, 0xcf9 ---- */

TEST(post_code_is_kept)
{
	rig_init(&rig);
	out(0x80, 0xa5);
	CHECK_EQ(in(0x80), 0xa5);
	CHECK_EQ(rig.devices.post.s.value, 0xa5);
}

TEST(port92_a20_and_reset)
{
	rig_init(&rig);
	CHECK_EQ(in(0x92), 0x02);
	out(0x92, 0x00);
	CHECK_EQ(in(0x92), 0x00);
	out(0x92, 0x03);
	CHECK_EQ(rig.resets, 1);
	CHECK_STR(rig.by, "port 0x92");
	out(0x92, 0x03);
	CHECK_EQ(rig.resets, 1);
}

TEST(reset_port_on_the_rising_edge)
{
	rig_init(&rig);
	out(0xcf9, 0x02);
	CHECK_EQ(rig.resets, 0);
	out(0xcf9, 0x06);
	CHECK_EQ(rig.resets, 1);
	CHECK_STR(rig.by, "port 0xcf9");
	out(0xcf9, 0x06);
	CHECK_EQ(rig.resets, 1);
	CHECK_EQ(in(0xcf9), 0x06);
}

TEST(pci_address_write_is_no_reset)
{
	rig_init(&rig);
	rig_out(&rig, 0xcf8, 4, 0x80000600);
	CHECK_EQ(rig.resets, 0);
	CHECK_EQ(rig_in(&rig, 0xcf8, 4), 0xffffffff);
}

/* ---- ACPI ---- */

static void setup_acpi(void)
{
	rig_init(&rig);
	rig.now = 1000;
	bus_reset(&rig.bus);
}

TEST(acpi_power_off)
{
	setup_acpi();
	CHECK_EQ(rig_in(&rig, 0x604, 2), 0x0001);
	rig_out(&rig, 0x604, 2, 5 << 10);
	CHECK_EQ(rig.exits, 0);
	CHECK_EQ(rig_in(&rig, 0x604, 2), 5 << 10 | 1);
	rig_out(&rig, 0x604, 2, 3 << 10 | 1 << 13);
	CHECK_EQ(rig.exits, 0);
	rig_out(&rig, 0x604, 2, 5 << 10 | 1 << 13);
	CHECK_EQ(rig.exits, 1);
	CHECK_EQ(rig.exit_status, 0);
	CHECK_STR(rig.by, "ACPI power-off");
}

TEST(acpi_power_off_as_the_dsdt_says)
{
	setup_acpi();
	rig_out(&rig, ACPI_PM1A_CNT, 2, ACPI_S5_TYPE << 10 | 1 << 13);
	CHECK_EQ(rig.exits, 1);
	CHECK_EQ(rig.exit_status, 0);
}

TEST(acpi_power_off_by_bytes)
{
	setup_acpi();
	out(0x605, 0x34);
	CHECK_EQ(rig.exits, 1);
}

TEST(acpi_timer)
{
	setup_acpi();
	CHECK_EQ(rig_in(&rig, 0x608, 4), 0);
	rig.now += 1000000000;
	CHECK_EQ(rig_in(&rig, 0x608, 4), 3579545);
	CHECK_EQ(rig_in(&rig, 0x60a, 1), 3579545 >> 16 & 0xff);
	rig.now += UINT64_C(86400) * 1000000000;
	CHECK_EQ(rig_in(&rig, 0x608, 4), UINT64_C(86401) * 3579545 & 0xffffff);
	rig_out(&rig, 0x608, 4, 7);
	CHECK_EQ(rig_in(&rig, 0x608, 4), UINT64_C(86401) * 3579545 & 0xffffff);
}

TEST(acpi_status)
{
	setup_acpi();
	CHECK_EQ(rig_in(&rig, 0x600, 2), 0);
	rig.now += UINT64_C(3) * 1000000000;
	CHECK_EQ(rig_in(&rig, 0x600, 2), 1);
	rig_out(&rig, 0x600, 2, 1);
	CHECK_EQ(rig_in(&rig, 0x600, 2), 0);
	rig_out(&rig, 0x602, 2, 0x0121);
	CHECK_EQ(rig_in(&rig, 0x600, 4), 0x01210000);
	CHECK_EQ(rig_in(&rig, 0x606, 2), 0xffff);
	CHECK_EQ(rig_in(&rig, 0x60a, 4) >> 16, 0xffff);
}

TEST(acpi_power_button)
{
	setup_acpi();
	CHECK(!devices_power_button(&rig.devices));
	CHECK_EQ(rig.irq_level[9], 0);
	CHECK_EQ(rig_in(&rig, 0x600, 2), 0x100);
	rig_out(&rig, 0x602, 2, 0x100);
	CHECK_EQ(rig.irq_level[9], 1);
	rig_out(&rig, 0x600, 2, 0x100);
	CHECK_EQ(rig.irq_level[9], 0);
	CHECK(devices_power_button(&rig.devices));
	CHECK_EQ(rig.irq_level[9], 1);
	bus_reset(&rig.bus);
	CHECK_EQ(rig.irq_level[9], 0);
	CHECK_EQ(rig_in(&rig, 0x600, 4), 0);
}

TEST(acpi_timer_interrupts)
{
	uint64_t next;

	setup_acpi();
	CHECK_EQ(bus_next_timer(&rig.bus), DEVICE_IDLE);
	rig_out(&rig, 0x602, 2, 1);
	next = bus_next_timer(&rig.bus);
	CHECK_EQ((next - 1000) / 1000000, 2343); /* 2^23 / 3.579545 MHz */
	rig.now = next - 1;
	bus_run_timers(&rig.bus);
	CHECK_EQ(rig.irq_level[9], 0);
	rig.now = next;
	bus_run_timers(&rig.bus);
	CHECK_EQ(rig.irq_level[9], 1);
	CHECK_EQ(bus_next_timer(&rig.bus), DEVICE_IDLE);
	rig_out(&rig, 0x600, 2, 1);
	CHECK_EQ(rig.irq_level[9], 0);
	CHECK((bus_next_timer(&rig.bus) - rig.now) / 1000000 == 2343);
}

/* ---- all of them ---- */

TEST(every_device_names_its_registers)
{
	rig_init(&rig);
	for (unsigned int i = 0; i < rig.bus.ranges; i++) {
		struct bus_range *r = &rig.bus.range[i];

		CHECK(r->ops->name && r->ops->reg_name);
		if (r->kind == BUS_MMIO) /* has gaps */
			CHECK(r->ops->reg_name(r->dev, 0, true));
		for (uint64_t off = 0; off < r->len && r->kind == BUS_PIO;
		     off++)
			if (r->base + off < 0x606 || r->base + off > 0x607)
				CHECK(r->ops->reg_name(r->dev, off, true));
	}
}

TEST(serial_input_reaches_com1)
{
	rig_init(&rig);
	CHECK_EQ(devices_serial_room(&rig.devices), UART_BACKLOG);
	devices_serial_input(&rig.devices, "hi", 2);
	CHECK_EQ(in(0x3f8), 'h');
	CHECK_EQ(in(0x3f8), 'i');
}

TEST(machine_without_interrupts)
{
	struct devices_config config = {.memory = 1 << 20};
	struct err err;

	bus_init(&rig.bus);
	CHECK_OK(devices_init(&rig.devices, &rig.bus, &config, &err), &err);
	out(0x3fc, 0x08);
	out(0x3f9, 0x0f);
	out(0x3f8, 'x');
	CHECK_EQ(in(0x3fa), 0x02);
}

TEST(serial_and_debug_ports_write_to_the_console)
{
	struct devices_config config = {.memory = 1 << 20};
	char dir[] = "/tmp/devices-test-XXXXXX", spec[64], got[8] = "";
	struct err err;
	FILE *f;

	CHECK(mkdtemp(dir));
	snprintf(spec, sizeof(spec), "file:%s/out", dir);
	CHECK_OK(console_open(spec, &config.console, &err), &err);
	config.debugcon = config.console;
	bus_init(&rig.bus);
	CHECK_OK(devices_init(&rig.devices, &rig.bus, &config, &err), &err);
	out(0x3f8, 'a');
	out(0xe9, 'b');
	out(0x402, 'c');
	rig_out(&rig, 0xe9, 2, 'd' | 'x' << 8);
	console_close(config.console);
	f = fopen(spec + 5, "r");
	CHECK(f && fgets(got, sizeof(got), f));
	fclose(f);
	CHECK_STR(got, "abcd");
	CHECK(!unlink(spec + 5) && !rmdir(dir));
}

/* ---- a machine with its own IOAPIC ---- */

static struct msi_msg last_message;

static bool on_message(void *ctx, const struct msi_msg *msg)
{
	last_message = *msg;
	return true;
}

static void mmio_write(struct bus *bus, uint64_t addr, uint64_t value)
{
	bus_access(bus, BUS_MMIO, addr, 4, true, &value);
}

TEST(lines_end_at_the_ioapic_when_there_is_one)
{
	static const struct ioapic_ops ops = {.deliver = on_message};
	static struct devices d;
	struct devices_config config = {.ioapic = &ops};
	uint64_t value;
	struct bus bus;
	struct err err;

	bus_init(&bus);
	CHECK_OK(devices_init(&d, &bus, &config, &err), &err);
	mmio_write(&bus, IOAPIC_BASE, 0x18);
	mmio_write(&bus, IOAPIC_BASE + 0x10, 0x34);
	value = 8;
	bus_access(&bus, BUS_PIO, 0x3fc, 1, true, &value);
	value = 2;
	bus_access(&bus, BUS_PIO, 0x3f9, 1, true, &value);
	CHECK_EQ(last_message.data, 0x34);
	bus_reset(&bus);
	CHECK_EQ(d.ioapic.s.lines, 0);
}

TEST(no_ioapic_without_being_asked_for)
{
	uint64_t value = 0;

	rig_init(&rig);
	CHECK(!bus_access(&rig.bus, BUS_MMIO, IOAPIC_BASE, 4, false, &value));
}
