#include "vmm/dev/pic.h"

#include <string.h>

#include "arch/exit/ports.h"
#include "base/bits.h"

enum {
	MASTER,
	SLAVE,

	NONE = 8, /* no line */
	SPURIOUS = 7,

	/* the words, "Programming the 8259A" */
	ICW1 = 0x10,
	ICW1_NEEDS_ICW4 = 0x01,
	ICW4_AUTO_EOI = 0x02,
	ICW4_FULLY_NESTED = 0x10,
	OCW3 = 0x08,
	OCW3_READ = 0x02, /* select which register to read, by bit 0 */
	OCW3_POLL = 0x04,
	OCW3_SPECIAL_MASK = 0x40, /* set it to bit 5 */
	OCW2_EOI = 1,
	OCW2_SPECIFIC_EOI = 3,
	OCW2_ROTATE = 4, /* with the others */
	OCW2_SET_PRIORITY = 6,

	WAIT_ICW2 = 1,
	WAIT_ICW3 = 2,
	WAIT_ICW4 = 3,
};

/* Timer, keyboard and cascade; clock and FPU: always edges. */
static const uint8_t elcr_writable[2] = {0xf8, 0xde};

/* ---- priorities ---- */

/* How far behind the first one is the most urgent of these lines? */
static unsigned int urgency(const struct x86_pic *c, uint8_t lines)
{
	unsigned int i = 0;

	while (i < 8 && !(lines >> (i + c->priority_add) % 8 & 1))
		i++;
	return i;
}

/* The line that this chip announces. */
static unsigned int announced(const struct pic *p, unsigned int chip)
{
	const struct x86_pic *c = &p->s.chip[chip];
	unsigned int wanted = urgency(c, c->irr & ~c->imr);
	uint8_t busy = c->isr;

	if (c->special_mask)
		busy &= ~c->imr;
	/* the slave may interrupt again while one of its own is served */
	if (c->special_fully_nested && chip == MASTER)
		busy &= ~BIT(PIC_CASCADE);
	if (wanted == NONE || wanted >= urgency(c, busy))
		return NONE;
	return (wanted + c->priority_add) % 8;
}

static void drive(struct x86_pic *c, unsigned int line, bool level)
{
	uint8_t bit = (uint8_t)BIT(line);

	if (c->elcr & bit)
		c->irr = level ? c->irr | bit : c->irr & ~bit;
	else if (level && !(c->last_irr & bit))
		c->irr |= bit;
	c->last_irr = level ? c->last_irr | bit : c->last_irr & ~bit;
}

static void update(struct pic *p)
{
	bool slave = announced(p, SLAVE) != NONE, intr;

	/* the slave's output is an edge each time it is looked at */
	drive(&p->s.chip[MASTER], PIC_CASCADE, false);
	if (slave)
		drive(&p->s.chip[MASTER], PIC_CASCADE, true);
	else
		p->s.chip[MASTER].irr &= ~BIT(PIC_CASCADE);
	intr = announced(p, MASTER) != NONE;
	if (intr == p->s.intr)
		return;
	p->s.intr = intr;
	if (p->ops.intr)
		p->ops.intr(p->ops.ctx, intr);
}

void pic_set_line(struct pic *p, unsigned int line, int level)
{
	if (line >= PIC_LINES || line == PIC_CASCADE)
		return;
	drive(&p->s.chip[line / 8], line % 8, level);
	update(p);
}

/* ---- the processor's side ---- */

static void take(struct pic *p, unsigned int chip, unsigned int line)
{
	struct x86_pic *c = &p->s.chip[chip];
	uint8_t bit = (uint8_t)BIT(line);

	if (!c->auto_eoi)
		c->isr |= bit;
	else if (p->s.rotate_on_auto_eoi[chip])
		c->priority_add = (line + 1) % 8;
	if (!(c->elcr & bit))
		c->irr &= ~bit;
}

/* Without a request the chip says 7. */
static uint8_t ack_chip(struct pic *p, unsigned int chip)
{
	unsigned int line = announced(p, chip);

	if (line == NONE)
		return SPURIOUS;
	take(p, chip, line);
	return (uint8_t)line;
}

uint8_t pic_ack(struct pic *p)
{
	uint8_t line = ack_chip(p, MASTER), vector;

	vector = p->s.chip[MASTER].irq_base + line;
	if (line == PIC_CASCADE)
		vector = p->s.chip[SLAVE].irq_base + ack_chip(p, SLAVE);
	update(p);
	return vector;
}

/* ---- registers ---- */

static void initialize(struct pic *p, unsigned int chip, uint8_t word)
{
	struct x86_pic *c = &p->s.chip[chip];

	/* lines stay as they are driven, and an edge must come anew */
	*c = (struct x86_pic){.elcr = c->elcr,
			      .last_irr = c->last_irr,
			      .irr = c->last_irr & c->elcr,
			      .init_state = WAIT_ICW2};
	p->s.rotate_on_auto_eoi[chip] = false;
	p->s.fourth_word[chip] = word & ICW1_NEEDS_ICW4;
}

static void end_of_interrupt(struct x86_pic *c, unsigned int line, bool rotate)
{
	if (line == NONE)
		return;
	c->isr &= ~BIT(line);
	if (rotate)
		c->priority_add = (line + 1) % 8;
}

static void command(struct pic *p, unsigned int chip, uint8_t value)
{
	struct x86_pic *c = &p->s.chip[chip];
	unsigned int op = value >> 5, line = value & 7, first;
	bool rotate = op & OCW2_ROTATE;

	if (value & OCW3) {
		c->poll = value & OCW3_POLL;
		if (value & OCW3_READ)
			c->read_isr = value & 1;
		if (value & OCW3_SPECIAL_MASK)
			c->special_mask = value >> 5 & 1;
		return;
	}
	switch (op & 3) {
	case 0:
		p->s.rotate_on_auto_eoi[chip] = rotate;
		break;
	case OCW2_EOI:
		first = urgency(c, c->isr);
		if (first != NONE)
			first = (first + c->priority_add) % 8;
		end_of_interrupt(c, first, rotate);
		break;
	case OCW2_SPECIFIC_EOI:
		end_of_interrupt(c, line, rotate);
		break;
	default:
		if (op == OCW2_SET_PRIORITY)
			c->priority_add = (line + 1) % 8;
	}
}

static void data(struct pic *p, unsigned int chip, uint8_t value)
{
	struct x86_pic *c = &p->s.chip[chip];

	switch (c->init_state) {
	case WAIT_ICW2:
		c->irq_base = value & 0xf8;
		c->init_state = WAIT_ICW3;
		break;
	case WAIT_ICW3:
		c->init_state = p->s.fourth_word[chip] ? WAIT_ICW4 : 0;
		break;
	case WAIT_ICW4:
		c->auto_eoi = value & ICW4_AUTO_EOI;
		c->special_fully_nested = value & ICW4_FULLY_NESTED;
		c->init_state = 0;
		break;
	default:
		c->imr = value;
	}
}

static void chip_write(struct pic *p, unsigned int chip, uint64_t offset,
		       uint8_t value)
{
	if (offset)
		data(p, chip, value);
	else if (value & ICW1)
		initialize(p, chip, value);
	else
		command(p, chip, value);
	update(p);
}

/* "Poll Command": the read takes the interrupt. */
static uint8_t poll(struct pic *p, unsigned int chip)
{
	unsigned int line = announced(p, chip);

	p->s.chip[chip].poll = false;
	if (line == NONE)
		return 0;
	take(p, chip, line);
	update(p);
	return 0x80 | line;
}

static uint8_t chip_read(struct pic *p, unsigned int chip, uint64_t offset)
{
	const struct x86_pic *c = &p->s.chip[chip];

	if (c->poll)
		return poll(p, chip);
	if (offset)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static struct pic *of_master(struct bus_device *dev)
{
	return (struct pic *)(void *)((char *)dev -
				      offsetof(struct pic, master));
}

static struct pic *of_slave(struct bus_device *dev)
{
	return (struct pic *)(void *)((char *)dev -
				      offsetof(struct pic, slave));
}

static struct pic *of_elcr(struct bus_device *dev)
{
	return (struct pic *)(void *)((char *)dev - offsetof(struct pic, elcr));
}

static uint64_t master_read(struct bus_device *dev, uint64_t offset,
			    unsigned int size)
{
	return chip_read(of_master(dev), MASTER, offset);
}

static void master_write(struct bus_device *dev, uint64_t offset,
			 unsigned int size, uint64_t value)
{
	chip_write(of_master(dev), MASTER, offset, (uint8_t)value);
}

static uint64_t slave_read(struct bus_device *dev, uint64_t offset,
			   unsigned int size)
{
	return chip_read(of_slave(dev), SLAVE, offset);
}

static void slave_write(struct bus_device *dev, uint64_t offset,
			unsigned int size, uint64_t value)
{
	chip_write(of_slave(dev), SLAVE, offset, (uint8_t)value);
}

static uint64_t elcr_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	return of_elcr(dev)->s.chip[offset & 1].elcr;
}

static void elcr_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value)
{
	struct pic *p = of_elcr(dev);

	p->s.chip[offset & 1].elcr = value & elcr_writable[offset & 1];
	update(p);
}

/* The lines are others' and stay as they are driven. */
static void master_reset(struct bus_device *dev)
{
	struct pic *p = of_master(dev);

	for (unsigned int i = 0; i < 2; i++)
		p->s.chip[i] =
			(struct x86_pic){.last_irr = p->s.chip[i].last_irr};
	update(p);
}

static const char *master_name(struct bus_device *dev, uint64_t offset,
			       bool write)
{
	return port_register(SPACE_PIO, PIC_MASTER_PORT + offset, write);
}

static const char *slave_name(struct bus_device *dev, uint64_t offset,
			      bool write)
{
	return port_register(SPACE_PIO, PIC_SLAVE_PORT + offset, write);
}

static const char *elcr_name(struct bus_device *dev, uint64_t offset,
			     bool write)
{
	return offset ? "ELCR slave" : "ELCR master";
}

static const struct bus_device_ops master_ops = {
	.name = "pic",
	.width = 1,
	.read = master_read,
	.write = master_write,
	.reset = master_reset,
	.reg_name = master_name,
};

static const struct bus_device_ops slave_ops = {
	.name = "pic",
	.width = 1,
	.read = slave_read,
	.write = slave_write,
	.reg_name = slave_name,
};

static const struct bus_device_ops elcr_ops = {
	.name = "elcr",
	.width = 1,
	.read = elcr_read,
	.write = elcr_write,
	.reg_name = elcr_name,
};

void pic_init(struct pic *p, const struct pic_ops *ops)
{
	*p = (struct pic){.master = {&master_ops},
			  .slave = {&slave_ops},
			  .elcr = {&elcr_ops},
			  .ops = *ops};
}
