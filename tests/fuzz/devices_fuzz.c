/*
 * A guest that accesses every device in any way.  Input: records of a header
 * byte, a port byte or two, and a value of the size of the access.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/devices.h"

static const uint16_t bases[] = {0x3f8, 0x60,  0x64, 0x70,  0x80,  0x92,
				 0xe9,	0x402, 0xf4, 0x600, 0x608, 0xcf9};

enum {
	OP_SIZE = 0x03, /* 1, 2, 4, or 4 */
	OP_WRITE = 0x04,
	OP_ANY_PORT = 0x08, /* two port bytes instead of one */
	OP_INPUT = 0x10,    /* serial input instead of an access */
	OP_RESET = 0x60,    /* both bits: reset */
};

static void on_exit_request(void *ctx, int status, const char *by)
{
	if (status < 0 || status > 255 || !by)
		abort();
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

static uint8_t take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

static void access_port(struct bus *bus, uint8_t op, uint16_t port,
			uint64_t value)
{
	static const unsigned int sizes[] = {1, 2, 4, 4};
	unsigned int size = sizes[op & OP_SIZE];
	const struct bus_device *dev;
	uint64_t v = value;

	dev = bus_access(bus, BUS_PIO, port, size, op & OP_WRITE, &v);
	if (!(op & OP_WRITE) && v >> (8 * size))
		abort();
	if (!dev && !(op & OP_WRITE) && v != BITS(8 * size - 1, 0))
		abort();
	if (dev && dev->ops->reg_name) {
		const struct bus_range *r = bus_find(bus, BUS_PIO, port);

		dev->ops->reg_name(r->dev, port - r->base, op & OP_WRITE);
	}
}

static void one_step(struct devices *d, const uint8_t **data, size_t *size)
{
	uint8_t op = take(data, size);
	uint8_t where = take(data, size);
	uint16_t port = bases[where % ARRAY_SIZE(bases)] +
			where / ARRAY_SIZE(bases) % 12;
	uint64_t value = 0;

	if (op & OP_INPUT) {
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
	if (op & OP_ANY_PORT)
		port = (uint16_t)(where << 8 | take(data, size));
	for (unsigned int i = 0; i < 4 && (op & OP_WRITE); i++)
		value |= (uint64_t)take(data, size) << (8 * i);
	access_port(d->bus, op, port, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct devices devices;
	struct devices_config config = {
		.machine = {on_exit_request, on_reset_request, NULL},
		.irq = on_irq,
		.memory = 1 << 30,
	};
	struct bus bus;
	struct err err;

	bus_init(&bus);
	if (!devices_init(&devices, &bus, &config, &err))
		abort();
	while (size)
		one_step(&devices, &data, &size);
	if (devices.com1.fifo_len > UART_FIFO ||
	    devices.com1.backlog_len > UART_BACKLOG)
		abort();
	bus_deinit(&bus);
	return 0;
}
