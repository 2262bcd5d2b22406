/*
 * A guest that accesses the HPET in any way while time goes by.  Input: records
 * of a header byte, an offset byte, and eight bytes of value for a write or one
 * for time.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/dev/hpet.h"

enum {
	OP_SIZE = 0x03, /* 1, 2, 4, 8 bytes */
	OP_WRITE = 0x04,
	OP_TIME = 0x08,
	OP_HIGH = 0x10, /* offsets from 0x100 on */
	OP_UNALIGNED = 0x20,
};

static uint64_t now_ns;

static uint64_t on_now(void *ctx)
{
	return now_ns;
}

static void on_rearm(void *ctx)
{
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	if (gsi < HPET_FIRST_LINE || gsi >= HPET_FIRST_LINE + HPET_LINES)
		abort();
	if (level != 0 && level != 1)
		abort();
}

static uint8_t take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

static void pass_time(struct hpet *h, uint8_t how)
{
	const struct device_class *c = h->dev.class;

	now_ns += (uint64_t)how << (how & 31);
	c->run(&h->dev);
	if (c->next(&h->dev) <= now_ns)
		abort();
}

static void access_it(struct bus *bus, uint8_t op, uint8_t where,
		      uint64_t value)
{
	const unsigned int size = 1u << (op & OP_SIZE);
	uint64_t at = HPET_BASE + where + (op & OP_HIGH ? 0x100 : 0);

	if (!(op & OP_UNALIGNED))
		at &= ~(uint64_t)(size - 1);
	bus_access_named(bus, 0, BUS_MMIO, at, size, op & OP_WRITE, &value,
			 NULL);
	if (!(op & OP_WRITE) && size < 8 && value >> (8 * size))
		abort();
	bus_reg_name(bus, BUS_MMIO, at, op & OP_WRITE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct device_clock clock = {on_now, on_rearm, NULL};
	const struct irq_line irq = {on_irq, NULL, 0};
	struct device_value v;
	struct hpet hpet;
	struct bus bus;
	struct err err;

	now_ns = 1;
	bus_init(&bus);
	hpet_init(&hpet, &clock, irq);
	if (!bus_add(&bus, BUS_MMIO, HPET_BASE, HPET_LEN, &hpet_region,
		     &hpet.dev, &err))
		abort();
	while (size) {
		uint8_t op = take(&data, &size), where = take(&data, &size);
		uint64_t value = 0;

		for (int i = 0; i < 8 && op & OP_WRITE; i++)
			value |= (uint64_t)take(&data, &size) << (8 * i);
		if (op & OP_TIME)
			pass_time(&hpet, where);
		else
			access_it(&bus, op, where, value);
	}
	for (unsigned int i = 0; device_value(&hpet.dev, i, &v); i++)
		continue;
	bus_deinit(&bus);
	return 0;
}
