#include "vmm/dev/devices.h"

#include <string.h>
#include <unistd.h>

static void to_console(void *ctx, const void *data, size_t len)
{
	if (ctx)
		console_write(ctx, data, len);
}

static struct irq_line irq_line(struct devices *d,
				const struct devices_config *config,
				unsigned int gsi)
{
	if (config->ioapic)
		return (struct irq_line){ioapic_set_irq, &d->ioapic, gsi};
	return (struct irq_line){config->irq, config->irq_ctx, gsi};
}

static bool register_all(struct devices *d, struct err *err)
{
	const struct {
		uint16_t base, len;
		struct bus_device *dev;
	} map[] = {
		{0x060, 1, &d->i8042.data},
		{0x064, 1, &d->i8042.control},
		{0x070, 2, &d->cmos.dev},
		{0x080, 1, &d->post.dev},
		{0x092, 1, &d->port92.dev},
		{0x0e9, 1, &d->debugcon.dev},
		{0x0f4, 4, &d->exit.dev},
		{0x3f8, 8, &d->com1.dev},
		{0x402, 1, &d->bios_debugcon.dev},
		{ACPI_PM1A_EVT, ACPI_PM_LEN, &d->acpi_pm.dev},
		{0xcf9, 1, &d->reset.dev},
	};

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (!bus_add(d->bus, BUS_PIO, map[i].base, map[i].len,
			     map[i].dev, err))
			return false;
	return true;
}

static void on_serial_room(void *ctx)
{
	struct devices *d = ctx;
	uint64_t one = 1;

	/* can only fail when the counter is full, i.e. readable anyway */
	if (d->room_fd >= 0 && write(d->room_fd, &one, sizeof(one)) < 0)
		return;
}

bool devices_init(struct devices *d, struct bus *bus,
		  const struct devices_config *config, struct err *err)
{
	struct byte_sink console = {to_console, config->console};

	memset(d, 0, sizeof(*d));
	d->bus = bus;
	d->room_fd = -1;
	d->machine = config->machine;
	uart_init(&d->com1, console, irq_line(d, config, 4));
	d->com1.on_room = on_serial_room;
	d->com1.on_room_ctx = d;
	debugcon_init(&d->debugcon, console);
	debugcon_init(&d->bios_debugcon, console);
	debug_exit_init(&d->exit, &d->machine);
	cmos_init(&d->cmos, config->memory);
	i8042_init(&d->i8042, &d->machine, irq_line(d, config, 1));
	post_port_init(&d->post);
	port92_init(&d->port92, &d->machine);
	reset_port_init(&d->reset, &d->machine);
	acpi_pm_init(&d->acpi_pm, &d->machine);
	if (config->ioapic) {
		ioapic_init(&d->ioapic, config->ioapic);
		if (!bus_add(bus, BUS_MMIO, IOAPIC_BASE, IOAPIC_LEN,
			     &d->ioapic.dev, err))
			return false;
	}
	return register_all(d, err);
}

size_t devices_serial_room(struct devices *d)
{
	size_t room;

	pthread_mutex_lock(&d->bus->lock);
	room = uart_input_room(&d->com1);
	pthread_mutex_unlock(&d->bus->lock);
	return room;
}

void devices_serial_notify(struct devices *d, int eventfd)
{
	pthread_mutex_lock(&d->bus->lock);
	d->room_fd = eventfd;
	pthread_mutex_unlock(&d->bus->lock);
}

void devices_serial_input(struct devices *d, const void *data, size_t len)
{
	pthread_mutex_lock(&d->bus->lock);
	uart_input(&d->com1, data, len);
	pthread_mutex_unlock(&d->bus->lock);
}
