/*
 * A guest that accesses every device in any way.  Input: records of a header
 * byte, a port byte or two, and a value of the size of the access.  When the
 * first header has OP_IOAPIC, the machine has an IOAPIC in user space, and with
 * bit 1 of the second byte all interrupt controllers; when the second byte is
 * odd, it has what firmware needs.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/devices.h"

static const uint16_t bases[] = {0x3f8, 0x60,  0x64,  0x70,  0x80,  0x92,
				 0xe9,	0x402, 0xf4,  0x600, 0x608, 0xcf9,
				 0x510, 0x514, 0xcf8, 0xcfc};
/* ... and those of the interrupt controllers and the timer */
static const uint16_t chip_bases[] = {0x20, 0x21, 0xa0, 0xa1, 0x40,
				      0x41, 0x42, 0x43, 0x61, 0x4d0};

enum {
	OP_SIZE = 0x03, /* 1, 2, 4, or 4 */
	OP_WRITE = 0x04,
	OP_ANY_PORT = 0x08, /* two port bytes instead of one */
	OP_INPUT = 0x10,    /* serial input instead of an access */
	OP_RESET = 0x60,    /* both bits: reset */
	OP_IOAPIC = 0x80,   /* an IOAPIC access, or an EOI with OP_ANY_PORT */
};

static void on_exit_request(void *ctx, int status, const char *by)
{
	if (status < 0 || status > 255 || !by)
		abort();
}

static void on_sleep(void *ctx)
{
}

static void on_reset_request(void *ctx, const char *by)
{
	if (!by)
		abort();
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	if (gsi > 23 || (level != 0 && level != 1))
		abort();
}

static bool on_message(void *ctx, const struct msi_msg *msg)
{
	if ((msg->address & 0xfff00ffb) != 0xfee00000 || msg->data & ~0xc7ffu)
		abort();
	return msg->data & 1;
}

static void on_route(void *ctx, const struct msi_msg msg[IOAPIC_PINS])
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		on_message(ctx, &msg[pin]);
}

/* Guest memory for what fw_cfg does by itself. */
static uint8_t ram[0x1000];

static bool ram_read(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	if (!range_ok(0, sizeof(ram), gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(buf, ram + gpa, len);
	return true;
}

static bool ram_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
		      struct err *err)
{
	if (!range_ok(0, sizeof(ram), gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(ram + gpa, buf, len);
	return true;
}

static uint8_t take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

/* ---- the local APICs ---- */

#define CPUS 3

static uint64_t clock_ns;

static void on_cpu(void *ctx, unsigned int cpu)
{
	if (cpu >= CPUS)
		abort();
}

static void on_sipi(void *ctx, unsigned int cpu, uint8_t vector)
{
	on_cpu(ctx, cpu);
}

static uint64_t on_now(void *ctx)
{
	return clock_ns;
}

static void on_rearm(void *ctx)
{
}

static const struct lapic_ops chips = {
	.wake = on_cpu, .nmi = on_cpu, .init = on_cpu, .sipi = on_sipi};

/* What the processors do meanwhile; and time goes by. */
static void run_chips(struct devices *d, uint8_t how)
{
	clock_ns += (uint64_t)how << (how & 31);
	bus_run_timers(d->bus);
	if (bus_next_timer(d->bus) <= clock_ns)
		abort();
	if (how & 1 && d->pic.s.intr)
		pic_ack(&d->pic);
	for (unsigned int i = 0; i < CPUS; i++) {
		int vector = lapics_ack(&d->lapics, i);

		if (vector != LAPIC_NONE && (vector < 16 || vector > 255))
			abort();
	}
	devices_set_line(d, how & 31, how >> 5 & 1);
}

static void access_lapic(struct devices *d, uint8_t op, uint8_t where,
			 uint64_t value)
{
	static const unsigned int sizes[] = {4, 2, 4, 8};
	struct x86_lapic show;

	bus_access_named(d->bus, where & 3, BUS_MMIO,
			 LAPIC_BASE + (uint64_t)(where >> 2) * 16,
			 sizes[op & OP_SIZE], op & OP_WRITE, &value, NULL);
	lapics_show(&d->lapics, where % CPUS, &show);
}

/* The header has OP_IOAPIC and OP_INPUT. */
static void access_chips(struct devices *d, uint8_t op, uint8_t where,
			 uint64_t value)
{
	static const unsigned int sizes[] = {1, 2, 4, 4};

	if (op & 0x20)
		run_chips(d, where);
	else if (op & OP_ANY_PORT)
		bus_access(d->bus, BUS_PIO,
			   chip_bases[where % ARRAY_SIZE(chip_bases)],
			   sizes[op & OP_SIZE], op & OP_WRITE, &value);
	else
		access_lapic(d, op, where, value);
}

static void access_ioapic(struct devices *d, uint8_t op, uint8_t where,
			  uint64_t value)
{
	static const unsigned int sizes[] = {1, 2, 4, 8};
	const uint64_t at = IOAPIC_BASE + where;

	if (op & OP_ANY_PORT) {
		ioapic_eoi(&d->ioapic, where);
		return;
	}
	bus_access(d->bus, BUS_MMIO, at, sizes[op & OP_SIZE], op & OP_WRITE,
		   &value);
	bus_reg_name(d->bus, BUS_MMIO, at, op & OP_WRITE);
}

static void access_port(struct bus *bus, uint8_t op, uint16_t port,
			uint64_t value)
{
	static const unsigned int sizes[] = {1, 2, 4, 4};
	unsigned int size = sizes[op & OP_SIZE];
	const struct bus_range *r;
	uint64_t v = value;

	r = bus_access(bus, BUS_PIO, port, size, op & OP_WRITE, &v);
	if (!(op & OP_WRITE) && v >> (8 * size))
		abort();
	if (!r && !(op & OP_WRITE) && v != BITS(8 * size - 1, 0))
		abort();
	if (r && r->ops->reg_name)
		r->ops->reg_name(r->dev, port - r->base, op & OP_WRITE);
}

static void one_step(struct devices *d, const uint8_t **data, size_t *size)
{
	uint8_t op = take(data, size);
	uint8_t where = take(data, size);
	uint16_t port = bases[where % ARRAY_SIZE(bases)] +
			where / ARRAY_SIZE(bases) % 12;
	uint64_t value = 0;

	if (op & OP_INPUT && !(op & OP_IOAPIC)) {
		size_t n = min_u64(where, *size);

		devices_serial_input(d, *data, n);
		*data += n;
		*size -= n;
		return;
	}
	if ((op & OP_RESET) == OP_RESET) {
		bus_reset(d->bus);
		return;
	}
	if (op & OP_ANY_PORT && !(op & OP_IOAPIC))
		port = (uint16_t)(where << 8 | take(data, size));
	for (unsigned int i = 0; i < 4 && (op & OP_WRITE); i++)
		value |= (uint64_t)take(data, size) << (8 * i);
	if (op & OP_INPUT) {
		if (d->lapics.cpus)
			access_chips(d, op, where, value);
	} else if (op & OP_IOAPIC)
		access_ioapic(d, op, where, value);
	else
		access_port(d->bus, op, port, value);
}

/* Of somebody who knocks at the backdoor. */
static void get_regs(void *ctx, unsigned int cpu, struct vmport_regs *regs)
{
	*regs = (struct vmport_regs){0x564d5868, 0, cpu};
}

static void set_regs(void *ctx, unsigned int cpu,
		     const struct vmport_regs *regs)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct devices devices;
	struct devices_config config = {
		.machine = {.exit = on_exit_request,
			    .reset = on_reset_request,
			    .sleep = on_sleep,
			    .wake = on_sleep},
		.clock = {on_now, on_rearm, NULL},
		.irq = on_irq,
		.memory = 1 << 30,
		.regs = {get_regs, set_regs, NULL},
		.testdev = true,
	};
	static const struct ioapic_ops ioapic = {on_message, on_route, NULL};
	struct bus bus;
	struct err err;

	if (size && data[0] & OP_IOAPIC)
		config.ioapic = &ioapic;
	if (config.ioapic && size > 1 && data[1] & 2) {
		config.ioapic = NULL;
		config.chips = &chips;
		config.vcpus = CPUS;
	}
	clock_ns = 1;
	config.firmware = size > 1 && data[1] & 1;
	config.virtio.dma = (struct dma){ram_read, ram_write, NULL};
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data, min_u64(size, sizeof(ram)));
	bus_init(&bus);
	if (!devices_init(&devices, &bus, &config, &err))
		abort();
	while (size)
		one_step(&devices, &data, &size);
	if (devices.com1.s.fifo_len > UART_FIFO ||
	    devices.com1.s.backlog_len > UART_BACKLOG)
		abort();
	devices_deinit(&devices);
	bus_deinit(&bus);
	return 0;
}
