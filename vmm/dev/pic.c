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
	case OCW2_EOI: /* "Special Mask Mode": not what is masked */
		first = urgency(c, c->special_mask ? c->isr & ~c->imr : c->isr);
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

static struct pic *of(struct device *dev)
{
	return (struct pic *)dev;
}

static uint64_t master_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	return chip_read(of(dev), MASTER, offset);
}

static void master_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	chip_write(of(dev), MASTER, offset, (uint8_t)value);
}

static uint64_t slave_read(struct device *dev, uint64_t offset,
			   unsigned int size)
{
	return chip_read(of(dev), SLAVE, offset);
}

static void slave_write(struct device *dev, uint64_t offset, unsigned int size,
			uint64_t value)
{
	chip_write(of(dev), SLAVE, offset, (uint8_t)value);
}

static uint64_t elcr_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	return of(dev)->s.chip[offset & 1].elcr;
}

static void elcr_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct pic *p = of(dev);
	struct x86_pic *c = &p->s.chip[offset & 1];

	c->elcr = value & elcr_writable[offset & 1];
	/* a level line requests while it is up, and no longer */
	c->irr = (c->irr & ~c->elcr) | (c->last_irr & c->elcr);
	update(p);
}

/* The lines are others' and stay as they are driven. */
static void pic_reset(struct device *dev)
{
	struct pic *p = of(dev);

	for (unsigned int i = 0; i < 2; i++)
		p->s.chip[i] =
			(struct x86_pic){.last_irr = p->s.chip[i].last_irr};
	update(p);
}

static const char *master_name(struct device *dev, uint64_t offset, bool write)
{
	return port_register(SPACE_PIO, PIC_MASTER_PORT + offset, write);
}

static const char *slave_name(struct device *dev, uint64_t offset, bool write)
{
	return port_register(SPACE_PIO, PIC_SLAVE_PORT + offset, write);
}

static const char *elcr_name(struct device *dev, uint64_t offset, bool write)
{
	return offset ? "ELCR slave" : "ELCR master";
}

#define S	   struct pic_state
#define CHIP(i, f) DEVICE_REG_AS(S, chip[i].f, i ? "slave " #f : "master " #f)
static const struct device_reg pic_regs[] = {
	CHIP(0, irr),
	CHIP(0, imr),
	CHIP(0, isr),
	CHIP(0, irq_base),
	CHIP(0, elcr),
	CHIP(0, last_irr),
	CHIP(0, priority_add),
	CHIP(0, init_state),
	CHIP(0, auto_eoi),
	CHIP(0, special_mask),
	CHIP(0, read_isr),
	CHIP(0, poll),
	CHIP(0, special_fully_nested),
	CHIP(1, irr),
	CHIP(1, imr),
	CHIP(1, isr),
	CHIP(1, irq_base),
	CHIP(1, elcr),
	CHIP(1, last_irr),
	CHIP(1, priority_add),
	CHIP(1, init_state),
	CHIP(1, auto_eoi),
	CHIP(1, special_mask),
	CHIP(1, read_isr),
	CHIP(1, poll),
	CHIP(1, special_fully_nested),
	DEVICE_REG_AS(S, intr, "INTR"),
	{.name = NULL},
};
#undef CHIP

#define C struct x86_pic
static const struct wire_layout chip_layout = {
	.name = "8259",
	.size = sizeof(C),
	.field = (const struct wire_field[]){WIRE_U8(C, irr),
					     WIRE_U8(C, imr),
					     WIRE_U8(C, isr),
					     WIRE_U8(C, irq_base),
					     WIRE_U8(C, elcr),
					     WIRE_U8(C, last_irr),
					     WIRE_U8(C, priority_add, .max = 7),
					     WIRE_U8(C, init_state,
						     .max = WAIT_ICW4),
					     WIRE_FLAG(C, auto_eoi),
					     WIRE_FLAG(C, special_mask),
					     WIRE_FLAG(C, read_isr),
					     WIRE_FLAG(C, poll),
					     WIRE_FLAG(C, special_fully_nested),
					     {.kind = WIRE_END}}};
#undef C

static const struct wire_layout pic_layout = {
	.name = "pic",
	.size = sizeof(S),
	.field =
		(const struct wire_field[]){WIRE_SUB(S, chip, 2, &chip_layout),
					    WIRE_FLAG(S, fourth_word[0]),
					    WIRE_FLAG(S, fourth_word[1]),
					    WIRE_FLAG(S, rotate_on_auto_eoi[0]),
					    WIRE_FLAG(S, rotate_on_auto_eoi[1]),
					    WIRE_FLAG(S, intr),
					    {.kind = WIRE_END}}};
#undef S

static bool pic_check(const struct device *dev, const void *state,
		      struct err *err)
{
	const struct pic_state *s = state;

	for (unsigned int i = 0; i < 2; i++) {
		if (s->chip[i].elcr & ~elcr_writable[i])
			return err_set(err, ERR_MALFORMED,
				       "chip[%u].elcr cannot be 0x%x", i,
				       s->chip[i].elcr);
		if (s->chip[i].irq_base & 7)
			return err_set(err, ERR_MALFORMED,
				       "chip[%u].irq_base cannot be 0x%x", i,
				       s->chip[i].irq_base);
	}
	return true;
}

static const struct device_class pic_class = {
	.name = "pic",
	.about = "two 8259 interrupt controllers",
	.state_offset = offsetof(struct pic, s),
	.state = &pic_layout,
	.regs = pic_regs,
	.reset = pic_reset,
	.check = pic_check,
};

const struct region_ops pic_master_region = {
	.name = "pic",
	.width = 1,
	.read = master_read,
	.write = master_write,
	.reg_name = master_name,
};

const struct region_ops pic_slave_region = {
	.name = "pic",
	.width = 1,
	.read = slave_read,
	.write = slave_write,
	.reg_name = slave_name,
};

const struct region_ops elcr_region = {
	.name = "elcr",
	.width = 1,
	.read = elcr_read,
	.write = elcr_write,
	.reg_name = elcr_name,
};

void pic_init(struct pic *p, const struct pic_ops *ops)
{
	*p = (struct pic){.ops = *ops};
	device_init(&p->dev, &pic_class, NULL);
}
