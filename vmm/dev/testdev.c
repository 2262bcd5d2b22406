#include "vmm/dev/testdev.h"

#include <string.h>

static struct testdev *of(struct device *dev)
{
	return (struct testdev *)dev;
}

/* ---- ports ---- */

static uint64_t io_read(struct device *dev, uint64_t offset, unsigned int size)
{
	return of(dev)->s.io >> (8 * offset) & BITS(8 * size - 1, 0);
}

static void io_write(struct device *dev, uint64_t offset, unsigned int size,
		     uint64_t value)
{
	struct testdev *t = of(dev);
	uint32_t mask = (uint32_t)(BITS(8 * size - 1, 0) << (8 * offset));

	t->s.io = (t->s.io & ~mask) | ((uint32_t)value << (8 * offset) & mask);
}

static const char *io_name(struct device *dev, uint64_t offset, bool write)
{
	return "data";
}

static uint64_t flush_read(struct device *dev, uint64_t offset,
			   unsigned int size)
{
	return 0;
}

static void flush_write(struct device *dev, uint64_t offset, unsigned int size,
			uint64_t value)
{
}

static const char *flush_name(struct device *dev, uint64_t offset, bool write)
{
	return "flush page";
}

static uint64_t irq_read(struct device *dev, uint64_t offset, unsigned int size)
{
	return of(dev)->s.lines >> offset & 1;
}

static void irq_write(struct device *dev, uint64_t offset, unsigned int size,
		      uint64_t value)
{
	struct testdev *t = of(dev);
	struct irq_line line = t->irq;

	line.gsi = (unsigned int)offset;
	t->s.lines &= ~(UINT32_C(1) << offset);
	t->s.lines |= (uint32_t) !!value << offset;
	irq_line_set(&line, !!value);
}

static const char *irq_name(struct device *dev, uint64_t offset, bool write)
{
	return "IRQ line";
}

/* ---- memory ---- */

static uint64_t mem_read(struct device *dev, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, of(dev)->s.mem + offset, size);
	return value;
}

static void mem_write(struct device *dev, uint64_t offset, unsigned int size,
		      uint64_t value)
{
	memcpy(of(dev)->s.mem + offset, &value, size);
}

static const char *mem_name(struct device *dev, uint64_t offset, bool write)
{
	return "memory";
}

static void testdev_reset(struct device *dev)
{
	memset(&of(dev)->s, 0, sizeof(of(dev)->s));
}

#define S struct testdev_state
static const struct device_reg testdev_regs[] = {
	DEVICE_REG_AS(S, io, "data"),
	DEVICE_REG_AS(S, lines, "IRQ lines"),
	{.name = NULL},
};

static const struct wire_layout testdev_layout = {
	.name = "testdev",
	.size = sizeof(S),
	.field =
		(const struct wire_field[]){WIRE_U32(S, io),
					    WIRE_U32(S, lines, .max = 0xffffff),
					    WIRE_RAW(S, mem),
					    {.kind = WIRE_END}}};
#undef S

static const struct device_class testdev_class = {
	.name = "testdev",
	.about = "QEMU's pc-testdev, for kvm-unit-tests",
	.state_offset = offsetof(struct testdev, s),
	.state = &testdev_layout,
	.regs = testdev_regs,
	.reset = testdev_reset,
};

static const struct region_ops io_region = {.name = "testdev",
					    .read = io_read,
					    .write = io_write,
					    .reg_name = io_name};
static const struct region_ops byte_region = {.name = "testdev",
					      .width = 1,
					      .read = io_read,
					      .write = io_write,
					      .reg_name = io_name};
static const struct region_ops flush_region = {.name = "testdev",
					       .read = flush_read,
					       .write = flush_write,
					       .reg_name = flush_name};
static const struct region_ops irq_region = {.name = "testdev",
					     .width = 1,
					     .read = irq_read,
					     .write = irq_write,
					     .reg_name = irq_name};
static const struct region_ops mem_region = {.name = "testdev",
					     .read = mem_read,
					     .write = mem_write,
					     .reg_name = mem_name};

void testdev_init(struct testdev *t, struct irq_line irq)
{
	memset(t, 0, sizeof(*t));
	device_init(&t->dev, &testdev_class, NULL);
	t->irq = irq;
}

bool testdev_add(struct testdev *t, struct bus *b, struct err *err)
{
	struct device *dev = &t->dev;

	return bus_add(b, BUS_PIO, TESTDEV_PORT, TESTDEV_PORTS, &io_region, dev,
		       err) &&
	       bus_add(b, BUS_PIO, TESTDEV_FLUSH_PORT, TESTDEV_PORTS,
		       &flush_region, dev, err) &&
	       bus_add(b, BUS_PIO, TESTDEV_BYTE_PORT, 1, &byte_region, dev,
		       err) &&
	       bus_add(b, BUS_PIO, TESTDEV_IRQ_PORT, TESTDEV_IRQS, &irq_region,
		       dev, err) &&
	       bus_add(b, BUS_MMIO, TESTDEV_MEM_BASE, TESTDEV_MEM_LEN,
		       &mem_region, dev, err);
}
