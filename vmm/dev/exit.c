#include "vmm/dev/exit.h"

static uint64_t exit_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	return 0;
}

static void exit_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct debug_exit *d = (struct debug_exit *)dev;
	unsigned int status = ((unsigned int)value << 1 | 1) & 0xff;

	d->s.value = (uint32_t)value;
	d->machine->exit(d->machine->ctx, (int)status, "isa-debug-exit");
}

static void exit_reset(struct device *dev)
{
	((struct debug_exit *)dev)->s.value = 0;
}

static const char *exit_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	return "EXIT";
}

#define S struct debug_exit_state
static const struct wire_layout exit_layout = {
	.name = "isa-debug-exit",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U32(S, value),
					     {.kind = WIRE_END}}};

static const struct device_reg exit_regs[] = {
	DEVICE_REG_AS(S, value, "EXIT"),
	{.name = NULL},
};
#undef S

static const struct device_class exit_class = {
	.name = "isa-debug-exit",
	.about = "ends the guest with a status",
	.state_offset = offsetof(struct debug_exit, s),
	.state = &exit_layout,
	.regs = exit_regs,
	.reset = exit_reset,
};

const struct region_ops debug_exit_region = {
	.name = "isa-debug-exit",
	.read = exit_read,
	.write = exit_write,
	.reg_name = exit_reg_name,
};

void debug_exit_init(struct debug_exit *d, const struct machine_ops *machine)
{
	*d = (struct debug_exit){.machine = machine};
	device_init(&d->dev, &exit_class, NULL);
}
