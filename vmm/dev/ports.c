#include "vmm/dev/ports.h"

enum {
	PORT92_RESET = 0x01,
	PORT92_A20 = 0x02,
	RESET_FULL = 0x02, /* else only the CPU; both end in the same reset */
	RESET_CPU = 0x04,  /* its rising edge resets */
	RESET_COLD = 0x08,
};

static const struct wire_layout port_layout = {
	.name = "port",
	.size = sizeof(struct port_state),
	.field = (const struct wire_field[]){WIRE_U8(struct port_state, value),
					     {.kind = WIRE_END}}};

static struct port *of(struct device *dev)
{
	return (struct port *)dev;
}

static uint64_t port_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	return of(dev)->s.value;
}

/* ---- 0x80 ---- */

static void post_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	of(dev)->s.value = (uint8_t)value;
}

static void post_reset(struct device *dev)
{
	of(dev)->s.value = 0;
}

static const char *post_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	return "POST";
}

static const struct device_class post_class = {
	.name = "post",
	.about = "POST code port",
	.state_offset = offsetof(struct port, s),
	.state = &port_layout,
	.regs = (const struct device_reg[]){DEVICE_REG_AS(struct port_state,
							  value, "POST"),
					    {.name = NULL}},
	.reset = post_reset,
};

const struct region_ops post_region = {
	.name = "post",
	.width = 1,
	.read = port_read,
	.write = post_write,
	.reg_name = post_reg_name,
};

void post_port_init(struct port *p)
{
	*p = (struct port){.machine = NULL};
	device_init(&p->dev, &post_class, NULL);
}

/* ---- 0x92 ---- */

static void port92_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	struct port *p = of(dev);
	bool rising = (value & PORT92_RESET) && !(p->s.value & PORT92_RESET);

	p->s.value = (uint8_t)value;
	if (rising)
		p->machine->reset(p->machine->ctx, "port 0x92");
}

static void port92_reset(struct device *dev)
{
	of(dev)->s.value = PORT92_A20;
}

static const char *port92_reg_name(struct device *dev, uint64_t offset,
				   bool write)
{
	return "control A";
}

static const struct bit_name port92_bits[] = {
	{"RESET", PORT92_RESET, "resets as it rises"},
	{"A20", PORT92_A20, "kept; A20 is always on"},
	{NULL, 0, NULL},
};

static const struct device_class port92_class = {
	.name = "port92",
	.about = "system control port A",
	.state_offset = offsetof(struct port, s),
	.state = &port_layout,
	.regs = (const struct device_reg[]){DEVICE_REG_AS(struct port_state,
							  value, "control A",
							  .bits = port92_bits),
					    {.name = NULL}},
	.reset = port92_reset,
};

const struct region_ops port92_region = {
	.name = "port92",
	.width = 1,
	.read = port_read,
	.write = port92_write,
	.reg_name = port92_reg_name,
};

void port92_init(struct port *p, const struct machine_ops *machine)
{
	*p = (struct port){.machine = machine};
	device_init(&p->dev, &port92_class, NULL);
	port92_reset(&p->dev);
}

/* ---- 0xcf9 ---- */

static void reset_port_write(struct device *dev, uint64_t offset,
			     unsigned int size, uint64_t value)
{
	struct port *p = of(dev);
	bool rising = (value & RESET_CPU) && !(p->s.value & RESET_CPU);

	p->s.value = value & (RESET_FULL | RESET_CPU | RESET_COLD);
	if (rising)
		p->machine->reset(p->machine->ctx, "port 0xcf9");
}

static void reset_port_reset(struct device *dev)
{
	of(dev)->s.value = 0;
}

static const char *reset_port_reg_name(struct device *dev, uint64_t offset,
				       bool write)
{
	return "reset control";
}

static bool reset_port_check(const struct device *dev, const void *state,
			     struct err *err)
{
	const struct port_state *s = state;

	if (s->value & ~(RESET_FULL | RESET_CPU | RESET_COLD))
		return err_set(err, ERR_MALFORMED,
			       "value is 0x%x, with bits it does not have",
			       s->value);
	return true;
}

static const struct bit_name reset_port_bits[] = {
	{"SYS_RST", RESET_FULL, "hard reset"},
	{"RST_CPU", RESET_CPU, "resets as it rises"},
	{"FULL_RST", RESET_COLD, "power cycle"},
	{NULL, 0, NULL},
};

static const struct device_class reset_port_class = {
	.name = "reset",
	.about = "reset control register",
	.state_offset = offsetof(struct port, s),
	.state = &port_layout,
	.regs =
		(const struct device_reg[]){
			DEVICE_REG_AS(struct port_state, value, "reset control",
				      .bits = reset_port_bits),
			{.name = NULL}},
	.reset = reset_port_reset,
	.check = reset_port_check,
};

const struct region_ops reset_port_region = {
	.name = "reset",
	.width = 1,
	.read = port_read,
	.write = reset_port_write,
	.reg_name = reset_port_reg_name,
};

void reset_port_init(struct port *p, const struct machine_ops *machine)
{
	*p = (struct port){.machine = machine};
	device_init(&p->dev, &reset_port_class, NULL);
}
