#include "vmm/dev/i8042.h"

#include <string.h>

enum {
	STATUS_OUTPUT_FULL = 0x01,
	STATUS_SYSTEM = 0x04,  /* self test passed */
	STATUS_COMMAND = 0x08, /* the last write was to 0x64 */
	STATUS_UNLOCKED = 0x10,
	STATUS_TIMEOUT = 0x40,

	MODE_KBD_INT = 0x01,
	MODE_SYSTEM = 0x04,
	MODE_KBD_OFF = 0x10,
	MODE_AUX_OFF = 0x20,

	OUTPUT_NOT_RESET = 0x01,
	OUTPUT_A20 = 0x02,

	CMD_READ_RAM = 0x20,  /* to 0x3f */
	CMD_WRITE_RAM = 0x60, /* to 0x7f */
	CMD_AUX_OFF = 0xa7,
	CMD_AUX_ON = 0xa8,
	CMD_AUX_TEST = 0xa9,
	CMD_SELF_TEST = 0xaa,
	CMD_KBD_TEST = 0xab,
	CMD_KBD_OFF = 0xad,
	CMD_KBD_ON = 0xae,
	CMD_READ_INPUT_PORT = 0xc0,
	CMD_READ_OUTPUT_PORT = 0xd0,
	CMD_WRITE_OUTPUT_PORT = 0xd1,
	CMD_LOOP_KBD = 0xd2,
	CMD_LOOP_AUX = 0xd3,
	CMD_WRITE_AUX = 0xd4,
	CMD_A20_OFF = 0xdd,
	CMD_A20_ON = 0xdf,
	CMD_PULSE = 0xf0, /* to 0xff: low for bits 3-0 that are 0 */

	REPLY_SELF_TEST_OK = 0x55,
	REPLY_TEST_OK = 0x00,
	REPLY_CLOCK_STUCK = 0x01, /* what a missing interface answers */
	REPLY_RESEND = 0xfe,
};

static struct i8042 *of(struct device *dev)
{
	return (struct i8042 *)dev;
}

static void update_irq(struct i8042 *k)
{
	bool level = (k->s.status & STATUS_OUTPUT_FULL) &&
		     (k->s.ram[0] & MODE_KBD_INT);

	if (level == k->s.irq_level)
		return;
	k->s.irq_level = level;
	irq_line_set(&k->irq, level);
}

static void reply(struct i8042 *k, uint8_t byte)
{
	k->s.out = byte;
	k->s.status &= (uint8_t)~STATUS_TIMEOUT;
	k->s.status |= STATUS_OUTPUT_FULL;
}

static void write_output_port(struct i8042 *k, uint8_t value)
{
	k->s.output_port = value;
	if (!(value & OUTPUT_NOT_RESET))
		k->machine->reset(k->machine->ctx, "i8042 output port");
}

static void run_command(struct i8042 *k, uint8_t cmd)
{
	switch (cmd) {
	case CMD_AUX_OFF:
		k->s.ram[0] |= MODE_AUX_OFF;
		break;
	case CMD_AUX_ON:
		k->s.ram[0] &= (uint8_t)~MODE_AUX_OFF;
		break;
	case CMD_AUX_TEST:
		reply(k, REPLY_CLOCK_STUCK);
		break;
	case CMD_SELF_TEST:
		k->s.status |= STATUS_SYSTEM;
		reply(k, REPLY_SELF_TEST_OK);
		break;
	case CMD_KBD_TEST:
		reply(k, REPLY_TEST_OK);
		break;
	case CMD_KBD_OFF:
		k->s.ram[0] |= MODE_KBD_OFF;
		break;
	case CMD_KBD_ON:
		k->s.ram[0] &= (uint8_t)~MODE_KBD_OFF;
		break;
	case CMD_READ_INPUT_PORT:
		reply(k, 0x80); /* keyboard not locked */
		break;
	case CMD_READ_OUTPUT_PORT:
		reply(k, k->s.output_port);
		break;
	case CMD_A20_OFF:
		k->s.output_port &= (uint8_t)~OUTPUT_A20;
		break;
	case CMD_A20_ON:
		k->s.output_port |= OUTPUT_A20;
		break;
	case CMD_WRITE_OUTPUT_PORT:
	case CMD_LOOP_KBD:
	case CMD_LOOP_AUX:
	case CMD_WRITE_AUX:
		k->s.command = cmd;
		break;
	default:
		break; /* the controller ignores what it does not know */
	}
}

static void write_command(struct i8042 *k, uint8_t cmd)
{
	k->s.status |= STATUS_COMMAND;
	k->s.command = 0;
	if (cmd >= CMD_PULSE) {
		if (!(cmd & OUTPUT_NOT_RESET))
			k->machine->reset(k->machine->ctx, "i8042 reset pulse");
	} else if ((cmd & 0xe0) == CMD_READ_RAM) {
		reply(k, k->s.ram[cmd & 0x1f]);
	} else if ((cmd & 0xe0) == CMD_WRITE_RAM) {
		k->s.command = cmd;
	} else {
		run_command(k, cmd);
	}
}

static void write_ram(struct i8042 *k, unsigned int at, uint8_t value)
{
	k->s.ram[at] = value;
	if (at)
		return;
	if (value & MODE_SYSTEM)
		k->s.status |= STATUS_SYSTEM;
	else
		k->s.status &= (uint8_t)~STATUS_SYSTEM;
}

static void write_data(struct i8042 *k, uint8_t value)
{
	uint8_t cmd = k->s.command;

	k->s.status &= (uint8_t)~STATUS_COMMAND;
	k->s.command = 0;
	switch (cmd) {
	case CMD_WRITE_OUTPUT_PORT:
		write_output_port(k, value);
		break;
	case CMD_LOOP_KBD:
	case CMD_LOOP_AUX: /* without aux interface it comes back as keyboard's */
		reply(k, value);
		break;
	case 0:
	case CMD_WRITE_AUX:
		reply(k, REPLY_RESEND);
		k->s.status |= STATUS_TIMEOUT;
		break;
	default:
		write_ram(k, cmd & 0x1f, value);
		break;
	}
}

static uint64_t data_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	struct i8042 *k = of(dev);

	k->s.status &= (uint8_t) ~(STATUS_OUTPUT_FULL | STATUS_TIMEOUT);
	update_irq(k);
	return k->s.out;
}

static void data_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	write_data(of(dev), (uint8_t)value);
	update_irq(of(dev));
}

static uint64_t control_read(struct device *dev, uint64_t offset,
			     unsigned int size)
{
	return of(dev)->s.status;
}

static void control_write(struct device *dev, uint64_t offset,
			  unsigned int size, uint64_t value)
{
	write_command(of(dev), (uint8_t)value);
	update_irq(of(dev));
}

static void i8042_reset(struct device *dev)
{
	struct i8042 *k = of(dev);

	memset(k->s.ram, 0, sizeof(k->s.ram));
	k->s.ram[0] = MODE_SYSTEM | MODE_AUX_OFF;
	k->s.status = STATUS_SYSTEM | STATUS_UNLOCKED;
	k->s.out = 0;
	k->s.command = 0;
	k->s.output_port = 0xcc | OUTPUT_NOT_RESET | OUTPUT_A20;
	update_irq(k);
}

static const char *data_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	return "data";
}

static const char *control_reg_name(struct device *dev, uint64_t offset,
				    bool write)
{
	return write ? "command" : "status";
}

static const struct bit_name status_bits[] = {
	{"OBF", STATUS_OUTPUT_FULL, "output buffer full"},
	{"IBF", 0x02, "input buffer full"},
	{"SYS", STATUS_SYSTEM, "self test passed"},
	{"CMD", STATUS_COMMAND, "the last write was a command"},
	{"UNLOCKED", STATUS_UNLOCKED, "keyboard not locked"},
	{"AUX", 0x20, "the output buffer is the aux port's"},
	{"TIMEOUT", STATUS_TIMEOUT, "nobody answered"},
	{"PARITY", 0x80, "parity error"},
	{NULL, 0, NULL},
};

static const struct bit_name mode_bits[] = {
	{"INT", MODE_KBD_INT, "keyboard interrupt"},
	{"INT2", 0x02, "aux interrupt"},
	{"SYS", MODE_SYSTEM, "self test passed"},
	{"KBD_OFF", MODE_KBD_OFF, "keyboard disabled"},
	{"AUX_OFF", MODE_AUX_OFF, "aux port disabled"},
	{"XLATE", 0x40, "scan codes translated"},
	{NULL, 0, NULL},
};

static const struct bit_name output_port_bits[] = {
	{"RUN", OUTPUT_NOT_RESET, "not in reset"},
	{"A20", OUTPUT_A20, "A20 gate"},
	{NULL, 0, NULL},
};

static uint64_t get_mode(const struct device *dev, unsigned int i)
{
	return ((const struct i8042 *)dev)->s.ram[0];
}

#define S struct i8042_state
static const struct device_reg i8042_regs[] = {
	DEVICE_REG_AS(S, status, "status", .bits = status_bits),
	DEVICE_REG_AS(S, out, "output buffer"),
	DEVICE_REG_AS(S, command, "command"),
	{.name = "command byte", .size = 1, .get = get_mode, .bits = mode_bits},
	DEVICE_REG_AS(S, output_port, "output port", .bits = output_port_bits),
	DEVICE_REG_AS(S, irq_level, "interrupt line"),
	{.name = NULL},
};

static const struct wire_layout i8042_layout = {
	.name = "i8042",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U8(S, status),
					     WIRE_U8(S, out),
					     WIRE_U8(S, command),
					     WIRE_RAW(S, ram),
					     WIRE_U8(S, output_port),
					     WIRE_FLAG(S, irq_level),
					     {.kind = WIRE_END}}};
#undef S

static bool takes_data(uint8_t command)
{
	return !command || (command & 0xe0) == CMD_WRITE_RAM ||
	       (command >= CMD_WRITE_OUTPUT_PORT && command <= CMD_WRITE_AUX);
}

static bool i8042_check(const struct device *dev, const void *state,
			struct err *err)
{
	const struct i8042_state *s = state;

	return takes_data(s->command) ||
	       err_set(err, ERR_MALFORMED,
		       "command is 0x%x, which waits for no data", s->command);
}

static const struct device_class i8042_class = {
	.name = "i8042",
	.about = "keyboard controller",
	.state_offset = offsetof(struct i8042, s),
	.state = &i8042_layout,
	.regs = i8042_regs,
	.reset = i8042_reset,
	.check = i8042_check,
};

const struct region_ops i8042_data_region = {
	.name = "i8042",
	.width = 1,
	.read = data_read,
	.write = data_write,
	.reg_name = data_reg_name,
};

const struct region_ops i8042_control_region = {
	.name = "i8042",
	.width = 1,
	.read = control_read,
	.write = control_write,
	.reg_name = control_reg_name,
};

void i8042_init(struct i8042 *k, const struct machine_ops *machine,
		struct irq_line irq)
{
	memset(k, 0, sizeof(*k));
	device_init(&k->dev, &i8042_class, NULL);
	device_drives(&k->dev, &irq);
	k->machine = machine;
	k->irq = irq;
	i8042_reset(&k->dev);
}
