#include "vmm/dev/ports.h"

enum {
	PORT92_RESET = 0x01,
	PORT92_A20 = 0x02,
	RESET_FULL = 0x02, /* else only the CPU; both end in the same reset */
	RESET_CPU = 0x04,  /* its rising edge resets */
	RESET_COLD = 0x08,
};

/* ---- 0x80 ---- */

static uint64_t post_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	return ((struct post_port *)(void *)dev)->code;
}

static void post_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value)
{
	((struct post_port *)(void *)dev)->code = (uint8_t)value;
}

static void post_reset(struct bus_device *dev)
{
	((struct post_port *)(void *)dev)->code = 0;
}

static const char *post_reg_name(struct bus_device *dev, uint64_t offset,
				 bool write)
{
	return "POST";
}

static const struct bus_device_ops post_ops = {
	.name = "post",
	.width = 1,
	.read = post_read,
	.write = post_write,
	.reset = post_reset,
	.reg_name = post_reg_name,
};

void post_port_init(struct post_port *p)
{
	*p = (struct post_port){.dev = {&post_ops}};
}

/* ---- 0x92 ---- */

static uint64_t port92_read(struct bus_device *dev, uint64_t offset,
			    unsigned int size)
{
	return ((struct port92 *)(void *)dev)->value;
}

static void port92_write(struct bus_device *dev, uint64_t offset,
			 unsigned int size, uint64_t value)
{
	struct port92 *p = (struct port92 *)(void *)dev;
	bool rising = (value & PORT92_RESET) && !(p->value & PORT92_RESET);

	p->value = (uint8_t)value;
	if (rising)
		p->machine->reset(p->machine->ctx, "port 0x92");
}

static void port92_reset(struct bus_device *dev)
{
	((struct port92 *)(void *)dev)->value = PORT92_A20;
}

static const char *port92_reg_name(struct bus_device *dev, uint64_t offset,
				   bool write)
{
	return "control A";
}

static const struct bus_device_ops port92_ops = {
	.name = "port92",
	.width = 1,
	.read = port92_read,
	.write = port92_write,
	.reset = port92_reset,
	.reg_name = port92_reg_name,
};

void port92_init(struct port92 *p, const struct machine_ops *machine)
{
	*p = (struct port92){{&port92_ops}, machine, PORT92_A20};
}

/* ---- 0xcf9 ---- */

static uint64_t reset_port_read(struct bus_device *dev, uint64_t offset,
				unsigned int size)
{
	return ((struct reset_port *)(void *)dev)->value;
}

static void reset_port_write(struct bus_device *dev, uint64_t offset,
			     unsigned int size, uint64_t value)
{
	struct reset_port *p = (struct reset_port *)(void *)dev;
	bool rising = (value & RESET_CPU) && !(p->value & RESET_CPU);

	p->value = value & (RESET_FULL | RESET_CPU | RESET_COLD);
	if (rising)
		p->machine->reset(p->machine->ctx, "port 0xcf9");
}

static void reset_port_reset(struct bus_device *dev)
{
	((struct reset_port *)(void *)dev)->value = 0;
}

static const char *reset_port_reg_name(struct bus_device *dev, uint64_t offset,
				       bool write)
{
	return "reset control";
}

static const struct bus_device_ops reset_port_ops = {
	.name = "reset",
	.width = 1,
	.read = reset_port_read,
	.write = reset_port_write,
	.reset = reset_port_reset,
	.reg_name = reset_port_reg_name,
};

void reset_port_init(struct reset_port *p, const struct machine_ops *machine)
{
	*p = (struct reset_port){{&reset_port_ops}, machine, 0};
}
