#include "tests/vmm/device_rig.h"

#include "tests/test.h"

static void rig_exit(void *ctx, int status, const char *by)
{
	struct rig *rig = ctx;

	rig->exits++;
	rig->exit_status = status;
	rig->by = by;
}

static void rig_reset(void *ctx, const char *by)
{
	struct rig *rig = ctx;

	rig->resets++;
	rig->by = by;
}

static void rig_irq(void *ctx, unsigned int gsi, int level)
{
	struct rig *rig = ctx;

	if (level && !rig->irq_level[gsi])
		rig->irq_rises[gsi]++;
	rig->irq_level[gsi] = level;
}

void rig_init(struct rig *rig)
{
	struct devices_config config = {
		.machine = {rig_exit, rig_reset, rig},
		.irq = rig_irq,
		.irq_ctx = rig,
		.memory = UINT64_C(5) << 30,
	};
	struct err err;

	memset(rig, 0, sizeof(*rig));
	bus_init(&rig->bus);
	CHECK_OK(devices_init(&rig->devices, &rig->bus, &config, &err), &err);
}

uint64_t rig_in(struct rig *rig, uint16_t port, unsigned int size)
{
	uint64_t value = 0;

	bus_access(&rig->bus, BUS_PIO, port, size, false, &value);
	return value;
}

void rig_out(struct rig *rig, uint16_t port, unsigned int size, uint32_t value)
{
	uint64_t v = value;

	bus_access(&rig->bus, BUS_PIO, port, size, true, &v);
}
