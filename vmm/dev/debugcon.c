#include "vmm/dev/debugcon.h"

#define ID 0xe9

static uint64_t debugcon_read(struct device *dev, uint64_t offset,
			      unsigned int size)
{
	return ID;
}

static void debugcon_write(struct device *dev, uint64_t offset,
			   unsigned int size, uint64_t value)
{
	struct debugcon *d = (struct debugcon *)dev;
	uint8_t byte = (uint8_t)value;

	d->s.last = byte;
	d->s.bytes++;
	if (d->out.write)
		d->out.write(d->out.ctx, &byte, 1);
}

static void debugcon_reset(struct device *dev)
{
	((struct debugcon *)dev)->s = (struct debugcon_state){.bytes = 0};
}

static const char *debugcon_reg_name(struct device *dev, uint64_t offset,
				     bool write)
{
	return write ? "DATA" : "ID";
}

#define S struct debugcon_state
static const struct wire_layout debugcon_layout = {
	.name = "debugcon",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_U64(S, bytes), WIRE_U8(S, last), {.kind = WIRE_END}}};

static const struct device_reg debugcon_regs[] = {
	DEVICE_REG_AS(S, last, "DATA"),
	DEVICE_REG_AS(S, bytes, "bytes written"),
	{.name = NULL},
};
#undef S

static const struct device_class debugcon_class = {
	.name = "debugcon",
	.about = "debug console",
	.state_offset = offsetof(struct debugcon, s),
	.state = &debugcon_layout,
	.regs = debugcon_regs,
	.reset = debugcon_reset,
};

const struct region_ops debugcon_region = {
	.name = "debugcon",
	.width = 1,
	.read = debugcon_read,
	.write = debugcon_write,
	.reg_name = debugcon_reg_name,
};

void debugcon_init(struct debugcon *d, const char *name, struct byte_sink out)
{
	*d = (struct debugcon){.out = out};
	device_init(&d->dev, &debugcon_class, name);
}
