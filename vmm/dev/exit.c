#include "vmm/dev/exit.h"

static uint64_t exit_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	return 0;
}

static void exit_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value)
{
	struct debug_exit *d = (struct debug_exit *)(void *)dev;
	unsigned int status = ((unsigned int)value << 1 | 1) & 0xff;

	d->machine->exit(d->machine->ctx, (int)status, "isa-debug-exit");
}

static const char *exit_reg_name(struct bus_device *dev, uint64_t offset,
				 bool write)
{
	return "EXIT";
}

static const struct bus_device_ops exit_ops = {
	.name = "isa-debug-exit",
	.read = exit_read,
	.write = exit_write,
	.reg_name = exit_reg_name,
};

void debug_exit_init(struct debug_exit *d, const struct machine_ops *machine)
{
	d->dev.ops = &exit_ops;
	d->machine = machine;
}
