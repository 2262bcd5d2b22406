#include "vmm/dev/devices.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define RTC_IRQ 8

static void to_console(void *ctx, const void *data, size_t len)
{
	if (ctx)
		console_write(ctx, data, len);
}

static struct irq_line irq_line(struct devices *d,
				const struct devices_config *config,
				unsigned int gsi)
{
	if (config->chips)
		return (struct irq_line){devices_set_line, d, gsi};
	if (config->ioapic)
		return (struct irq_line){ioapic_set_irq, &d->ioapic, gsi};
	return (struct irq_line){config->irq, config->irq_ctx, gsi};
}

/* ---- interrupt controllers ---- */

void devices_set_line(void *ctx, unsigned int gsi, int level)
{
	struct devices *d = ctx;

	if (gsi >= IOAPIC_PINS)
		return;
	pic_set_line(&d->pic, gsi, level);
	ioapic_set_irq(&d->ioapic, gsi, level);
}

static bool to_lapics(void *ctx, const struct msi_msg *msg)
{
	struct devices *d = ctx;

	return lapics_message(&d->lapics, msg);
}

static void to_lint0(void *ctx, int level)
{
	struct devices *d = ctx;

	lapics_set_lint0(&d->lapics, level);
}

static void on_eoi(void *ctx, uint8_t vector)
{
	struct devices *d = ctx;

	ioapic_eoi(&d->ioapic, vector);
}

static bool add_chips(struct devices *d, const struct devices_config *config,
		      struct err *err)
{
	const struct ioapic_ops ioapic = {.deliver = to_lapics, .ctx = d};
	const struct pic_ops pic = {to_lint0, d};
	struct bus *b = d->bus;

	lapics_init(&d->lapics, config->vcpus, config->chips, &d->clock);
	d->lapics.eoi = on_eoi;
	d->lapics.eoi_ctx = d;
	ioapic_init(&d->ioapic, &ioapic);
	pic_init(&d->pic, &pic);
	pit_init(&d->pit, &d->clock, irq_line(d, config, 0));
	return lapics_add(&d->lapics, b, err) &&
	       bus_add(b, BUS_PIO, PIC_MASTER_PORT, PIC_PORTS,
		       &pic_master_region, &d->pic.dev, err) &&
	       bus_add(b, BUS_PIO, PIC_SLAVE_PORT, PIC_PORTS, &pic_slave_region,
		       &d->pic.dev, err) &&
	       bus_add(b, BUS_PIO, PIC_ELCR_PORT, PIC_PORTS, &elcr_region,
		       &d->pic.dev, err) &&
	       bus_add(b, BUS_PIO, PIT_PORT, PIT_PORTS, &pit_region,
		       &d->pit.dev, err) &&
	       bus_add(b, BUS_PIO, PIT_SPEAKER_PORT, 1, &pit_speaker_region,
		       &d->pit.dev, err);
}

static bool add_interrupt_chips(struct devices *d,
				const struct devices_config *config,
				struct err *err)
{
	if (!config->chips && !config->ioapic)
		return true;
	if (config->chips && !add_chips(d, config, err))
		return false;
	if (!config->chips)
		ioapic_init(&d->ioapic, config->ioapic);
	return bus_add(d->bus, BUS_MMIO, IOAPIC_BASE, IOAPIC_LEN,
		       &ioapic_region, &d->ioapic.dev, err);
}

static bool register_all(struct devices *d, struct err *err)
{
	const struct {
		uint16_t base, len;
		const struct region_ops *ops;
		struct device *dev;
	} map[] = {
		{0x060, 1, &i8042_data_region, &d->i8042.dev},
		{0x064, 1, &i8042_control_region, &d->i8042.dev},
		{0x070, 2, &cmos_region, &d->cmos.dev},
		{0x080, 1, &post_region, &d->post.dev},
		{0x092, 1, &port92_region, &d->port92.dev},
		{0x0e9, 1, &debugcon_region, &d->debugcon.dev},
		{0x0f4, 4, &debug_exit_region, &d->exit.dev},
		{0x3f8, 8, &uart_region, &d->com1.dev},
		{0x402, 1, &debugcon_region, &d->bios_debugcon.dev},
		{ACPI_PM1A_EVT, ACPI_PM_LEN, &acpi_pm_region, &d->acpi_pm.dev},
		{VMPORT_PORT, 4, &vmport_region, &d->vmport.dev},
	};

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (!bus_add(d->bus, BUS_PIO, map[i].base, map[i].len,
			     map[i].ops, map[i].dev, err))
			return false;
	return bus_add(d->bus, BUS_MMIO, HPET_BASE, HPET_LEN, &hpet_region,
		       &d->hpet.dev, err);
}

/* The reset port lies among those of the PCI bridge, when there is one. */
static bool add_firmware(struct devices *d, const struct devices_config *config,
			 struct err *err)
{
	fw_cfg_init(&d->fw_cfg, &config->virtio.dma);
	if (!bus_add(d->bus, BUS_PIO, FW_CFG_PORT, FW_CFG_PORTS, &fw_cfg_region,
		     &d->fw_cfg.dev, err))
		return false;
	if (!config->firmware)
		return bus_add(d->bus, BUS_PIO, 0xcf9, 1, &reset_port_region,
			       &d->reset.dev, err);
	pci_host_init(&d->pci_host, &d->reset);
	return bus_add_device(d->bus, &d->reset.dev, err) &&
	       bus_add(d->bus, BUS_PIO, PCI_HOST_PORT, PCI_HOST_PORTS,
		       &pci_host_region, &d->pci_host.dev, err);
}

void devices_deinit(struct devices *d)
{
	fw_cfg_deinit(&d->fw_cfg);
}

static void on_room(void *ctx)
{
	const int *fd = ctx;
	uint64_t one = 1;

	/* can only fail when the counter is full, i.e. readable anyway */
	if (*fd >= 0 && write(*fd, &one, sizeof(one)) < 0)
		return;
}

/* IRQs that nothing else of a PC without slots uses. */
static const uint8_t virtio_irqs[VIRTIOS_MAX] = {5, 10, 11, 7, 6, 15};

static struct irq_line virtio_line(struct devices *d,
				   const struct devices_config *config)
{
	return irq_line(d, config, virtio_irqs[d->virtios]);
}

/* The next place on the bus; its interrupt line was virtio_line()'s. */
static bool add_virtio(struct devices *d, struct virtio *v, struct err *err)
{
	struct virtio_place *place = &d->virtio[d->virtios];

	place->base = VIRTIO_MMIO_BASE + VIRTIO_MMIO_STEP * d->virtios;
	place->irq = virtio_irqs[d->virtios++];
	return bus_add(d->bus, BUS_MMIO, place->base, VIRTIO_MMIO_LEN,
		       virtio_region(v), &v->dev, err);
}

static bool add_virtios(struct devices *d, const struct devices_config *config,
			struct err *err)
{
	const struct virtio_config *c = &config->virtio;
	struct byte_sink hvc = {to_console, c->hvc};

	for (unsigned int i = 0; i < c->disks; i++) {
		virtio_blk_init(&d->disk[i], c->disk[i], i, &c->dma,
				virtio_line(d, config));
		if (!add_virtio(d, &d->disk[i].v, err))
			return false;
	}
	if (c->rng) {
		virtio_rng_init(&d->rng, &c->dma, virtio_line(d, config));
		if (!add_virtio(d, &d->rng.v, err))
			return false;
	}
	if (!c->hvc)
		return true;
	d->has_hvc = true;
	virtio_console_init(&d->hvc, hvc, &c->dma, virtio_line(d, config));
	d->hvc.on_room = on_room;
	d->hvc.on_room_ctx = &d->hvc_room_fd;
	return add_virtio(d, &d->hvc.v, err);
}

static uint64_t host_now(void *ctx)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) +
	       (uint64_t)ts.tv_nsec;
}

static void no_alarm(void *ctx)
{
}

static const struct device_clock host_clock = {host_now, no_alarm, NULL};

/* ... and the chip set sees it too. */
static void on_rtc(void *ctx, unsigned int gsi, int level)
{
	struct devices *d = ctx;

	irq_line_set(&d->rtc_irq, level);
	if (level)
		acpi_pm_rtc(&d->acpi_pm);
}

bool devices_init(struct devices *d, struct bus *bus,
		  const struct devices_config *config, struct err *err)
{
	struct byte_sink console = {to_console, config->console};
	struct byte_sink debug = {to_console, config->debugcon};

	memset(d, 0, sizeof(*d));
	d->bus = bus;
	d->room_fd = d->hvc_room_fd = -1;
	d->machine = config->machine;
	d->clock = config->clock.now ? config->clock : host_clock;
	uart_init(&d->com1, "com1", console, irq_line(d, config, 4));
	d->com1.on_room = on_room;
	d->com1.on_room_ctx = &d->room_fd;
	debugcon_init(&d->debugcon, "debugcon", debug);
	debugcon_init(&d->bios_debugcon, "bios-debugcon", debug);
	debug_exit_init(&d->exit, &d->machine);
	d->rtc_irq = irq_line(d, config, RTC_IRQ);
	cmos_init(&d->cmos, config->memory, &d->clock,
		  (struct irq_line){on_rtc, d, RTC_IRQ});
	i8042_init(&d->i8042, &d->machine, irq_line(d, config, 1));
	post_port_init(&d->post);
	port92_init(&d->port92, &d->machine);
	reset_port_init(&d->reset, &d->machine);
	acpi_pm_init(&d->acpi_pm, &d->machine, &d->clock,
		     irq_line(d, config, ACPI_SCI_IRQ));
	hpet_init(&d->hpet, &d->clock, irq_line(d, config, HPET_FIRST_LINE));
	vmport_init(&d->vmport, &config->regs, &bus->cpu, config->memory);
	testdev_init(&d->testdev, irq_line(d, config, 0));
	if (!add_interrupt_chips(d, config, err))
		return false;
	return register_all(d, err) && add_firmware(d, config, err) &&
	       add_virtios(d, config, err) &&
	       (!config->testdev || testdev_add(&d->testdev, bus, err));
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

bool devices_serial_type(struct devices *d, bool begin, const void *data,
			 size_t len, struct err *err)
{
	struct uart *u = &d->com1;
	bool ok;

	pthread_mutex_lock(&d->bus->lock);
	if (len > UART_BACKLOG - (size_t)u->s.backlog_len)
		ok = err_set(err, ERR_LIMIT,
			     "COM1 has %u bytes that the guest has not read",
			     u->s.backlog_len);
	else
		ok = !begin || uart_break(u) ||
		     err_set(err, ERR_STATE,
			     "the guest has not read the last break on COM1");
	if (ok)
		uart_input(u, data, len);
	pthread_mutex_unlock(&d->bus->lock);
	return ok;
}

bool devices_power_button(struct devices *d)
{
	bool heard;

	pthread_mutex_lock(&d->bus->lock);
	heard = acpi_pm_press(&d->acpi_pm);
	pthread_mutex_unlock(&d->bus->lock);
	return heard;
}

size_t devices_hvc_room(struct devices *d)
{
	size_t room;

	pthread_mutex_lock(&d->bus->lock);
	room = virtio_console_room(&d->hvc);
	pthread_mutex_unlock(&d->bus->lock);
	return room;
}

void devices_hvc_notify(struct devices *d, int eventfd)
{
	pthread_mutex_lock(&d->bus->lock);
	d->hvc_room_fd = eventfd;
	pthread_mutex_unlock(&d->bus->lock);
}

void devices_hvc_input(struct devices *d, const void *data, size_t len)
{
	pthread_mutex_lock(&d->bus->lock);
	virtio_console_input(&d->hvc, data, len);
	pthread_mutex_unlock(&d->bus->lock);
}
