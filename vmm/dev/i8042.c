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

static struct i8042 *from_data(struct bus_device *dev)
{
	return (struct i8042 *)(void *)((char *)dev -
					offsetof(struct i8042, data));
}

static struct i8042 *from_control(struct bus_device *dev)
{
	return (struct i8042 *)(void *)((char *)dev -
					offsetof(struct i8042, control));
}

static void update_irq(struct i8042 *k)
{
	int level = (k->status & STATUS_OUTPUT_FULL) &&
		    (k->ram[0] & MODE_KBD_INT);

	if (level == k->irq_level)
		return;
	k->irq_level = level;
	if (k->irq.set)
		k->irq.set(k->irq.ctx, k->irq.gsi, level);
}

static void reply(struct i8042 *k, uint8_t byte)
{
	k->out = byte;
	k->status &= (uint8_t)~STATUS_TIMEOUT;
	k->status |= STATUS_OUTPUT_FULL;
}

static void write_output_port(struct i8042 *k, uint8_t value)
{
	k->output_port = value;
	if (!(value & OUTPUT_NOT_RESET))
		k->machine->reset(k->machine->ctx, "i8042 output port");
}

static void run_command(struct i8042 *k, uint8_t cmd)
{
	switch (cmd) {
	case CMD_AUX_OFF:
		k->ram[0] |= MODE_AUX_OFF;
		break;
	case CMD_AUX_ON:
		k->ram[0] &= (uint8_t)~MODE_AUX_OFF;
		break;
	case CMD_AUX_TEST:
		reply(k, REPLY_CLOCK_STUCK);
		break;
	case CMD_SELF_TEST:
		k->status |= STATUS_SYSTEM;
		reply(k, REPLY_SELF_TEST_OK);
		break;
	case CMD_KBD_TEST:
		reply(k, REPLY_TEST_OK);
		break;
	case CMD_KBD_OFF:
		k->ram[0] |= MODE_KBD_OFF;
		break;
	case CMD_KBD_ON:
		k->ram[0] &= (uint8_t)~MODE_KBD_OFF;
		break;
	case CMD_READ_INPUT_PORT:
		reply(k, 0x80); /* keyboard not locked */
		break;
	case CMD_READ_OUTPUT_PORT:
		reply(k, k->output_port);
		break;
	case CMD_A20_OFF:
		k->output_port &= (uint8_t)~OUTPUT_A20;
		break;
	case CMD_A20_ON:
		k->output_port |= OUTPUT_A20;
		break;
	case CMD_WRITE_OUTPUT_PORT:
	case CMD_LOOP_KBD:
	case CMD_LOOP_AUX:
	case CMD_WRITE_AUX:
		k->command = cmd;
		break;
	default:
		break; /* the controller ignores what it does not know */
	}
}

static void write_command(struct i8042 *k, uint8_t cmd)
{
	k->status |= STATUS_COMMAND;
	k->command = 0;
	if (cmd >= CMD_PULSE) {
		if (!(cmd & OUTPUT_NOT_RESET))
			k->machine->reset(k->machine->ctx, "i8042 reset pulse");
	} else if ((cmd & 0xe0) == CMD_READ_RAM) {
		reply(k, k->ram[cmd & 0x1f]);
	} else if ((cmd & 0xe0) == CMD_WRITE_RAM) {
		k->command = cmd;
	} else {
		run_command(k, cmd);
	}
}

static void write_ram(struct i8042 *k, unsigned int at, uint8_t value)
{
	k->ram[at] = value;
	if (at)
		return;
	if (value & MODE_SYSTEM)
		k->status |= STATUS_SYSTEM;
	else
		k->status &= (uint8_t)~STATUS_SYSTEM;
}

static void write_data(struct i8042 *k, uint8_t value)
{
	uint8_t cmd = k->command;

	k->status &= (uint8_t)~STATUS_COMMAND;
	k->command = 0;
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
		k->status |= STATUS_TIMEOUT;
		break;
	default:
		write_ram(k, cmd & 0x1f, value);
		break;
	}
}

static uint64_t data_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	struct i8042 *k = from_data(dev);

	k->status &= (uint8_t) ~(STATUS_OUTPUT_FULL | STATUS_TIMEOUT);
	update_irq(k);
	return k->out;
}

static void data_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value)
{
	write_data(from_data(dev), (uint8_t)value);
	update_irq(from_data(dev));
}

static uint64_t control_read(struct bus_device *dev, uint64_t offset,
			     unsigned int size)
{
	return from_control(dev)->status;
}

static void control_write(struct bus_device *dev, uint64_t offset,
			  unsigned int size, uint64_t value)
{
	write_command(from_control(dev), (uint8_t)value);
	update_irq(from_control(dev));
}

static void i8042_reset(struct bus_device *dev)
{
	struct i8042 *k = from_data(dev);

	memset(k->ram, 0, sizeof(k->ram));
	k->ram[0] = MODE_SYSTEM | MODE_AUX_OFF;
	k->status = STATUS_SYSTEM | STATUS_UNLOCKED;
	k->out = 0;
	k->command = 0;
	k->output_port = 0xcc | OUTPUT_NOT_RESET | OUTPUT_A20;
	update_irq(k);
}

static const char *data_reg_name(struct bus_device *dev, uint64_t offset,
				 bool write)
{
	return "data";
}

static const char *control_reg_name(struct bus_device *dev, uint64_t offset,
				    bool write)
{
	return write ? "command" : "status";
}

static const struct bus_device_ops data_ops = {
	.name = "i8042",
	.width = 1,
	.read = data_read,
	.write = data_write,
	.reset = i8042_reset,
	.reg_name = data_reg_name,
};

/* Reset comes through the data port. */
static const struct bus_device_ops control_ops = {
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
	k->data.ops = &data_ops;
	k->control.ops = &control_ops;
	k->machine = machine;
	k->irq = irq;
	i8042_reset(&k->data);
}
