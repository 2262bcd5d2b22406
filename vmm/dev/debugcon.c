#include "vmm/dev/debugcon.h"

static uint64_t debugcon_read(struct bus_device *dev, uint64_t offset,
			      unsigned int size)
{
	return 0xe9;
}

static void debugcon_write(struct bus_device *dev, uint64_t offset,
			   unsigned int size, uint64_t value)
{
	struct debugcon *d = (struct debugcon *)(void *)dev;
	uint8_t byte = (uint8_t)value;

	if (d->out.write)
		d->out.write(d->out.ctx, &byte, 1);
}

static const char *debugcon_reg_name(struct bus_device *dev, uint64_t offset,
				     bool write)
{
	return write ? "DATA" : "ID";
}

static const struct bus_device_ops debugcon_ops = {
	.name = "debugcon",
	.width = 1,
	.read = debugcon_read,
	.write = debugcon_write,
	.reg_name = debugcon_reg_name,
};

void debugcon_init(struct debugcon *d, struct byte_sink out)
{
	d->dev.ops = &debugcon_ops;
	d->out = out;
}
