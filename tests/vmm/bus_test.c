#include "vmm/dev/bus.h"

#include "tests/test.h"
#include "tests/vmm/device_rig.h"

struct memory_device {
	struct device dev;
	const struct region_ops *ops;
	uint8_t bytes[8];
	unsigned int last_size, resets;
};

static struct memory_device *to_memory(struct device *dev)
{
	return (struct memory_device *)dev;
}

static uint64_t memory_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	uint64_t value = 0;

	to_memory(dev)->last_size = size;
	memcpy(&value, to_memory(dev)->bytes + offset, size);
	return value;
}

static void memory_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	to_memory(dev)->last_size = size;
	memcpy(to_memory(dev)->bytes + offset, &value, size);
}

static void memory_reset(struct device *dev)
{
	to_memory(dev)->resets++;
}

static const struct device_class memory_class = {
	.name = "memory",
	.reset = memory_reset,
};

static const struct region_ops memory_ops = {
	.name = "memory",
	.read = memory_read,
	.write = memory_write,
};

static const struct region_ops narrow_ops = {
	.name = "narrow",
	.width = 1,
	.read = memory_read,
	.write = memory_write,
};

static struct bus bus;
static struct err err;

static void add(struct memory_device *m, enum bus_kind kind, uint64_t base,
		uint64_t len)
{
	char name[DEVICE_NAME];

	snprintf(name, sizeof(name), "memory%u", bus.devices);
	if (!m->dev.class)
		device_init(&m->dev, &memory_class, name);
	CHECK_OK(bus_add(&bus, kind, base, len, m->ops ? m->ops : &memory_ops,
			 &m->dev, &err),
		 &err);
}

TEST(claimed_access_reaches_the_device)
{
	struct memory_device m = {0};
	uint64_t value = 0xffffffff12345678;

	bus_init(&bus);
	add(&m, BUS_MMIO, 0xfed00000, 8);
	CHECK(bus_access(&bus, BUS_MMIO, 0xfed00004, 4, true, &value)->dev ==
	      &m.dev);
	value = 0;
	bus_access(&bus, BUS_MMIO, 0xfed00004, 4, false, &value);
	CHECK_EQ(value, 0x12345678);
	CHECK_EQ(bus.unclaimed, 0);
}

TEST(unclaimed_access_reads_all_ones)
{
	uint64_t value = 7;

	bus_init(&bus);
	CHECK(!bus_access(&bus, BUS_PIO, 0x300, 2, false, &value));
	CHECK_EQ(value, 0xffff);
	CHECK(!bus_access(&bus, BUS_MMIO, UINT64_MAX - 7, 8, false, &value));
	CHECK_EQ(value, UINT64_MAX);
	CHECK(!bus_access(&bus, BUS_PIO, 0x300, 1, true, &value));
	CHECK_EQ(bus.unclaimed, 3);
}

TEST(ports_and_memory_are_apart)
{
	struct memory_device m = {0};

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	CHECK(!bus_find(&bus, BUS_MMIO, 0x300));
	CHECK(bus_find(&bus, BUS_PIO, 0x307));
	CHECK(!bus_find(&bus, BUS_PIO, 0x308));
}

TEST(access_over_the_end_is_split)
{
	struct memory_device m = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8}};
	uint64_t value = 0;

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	CHECK(bus_access(&bus, BUS_PIO, 0x306, 4, false, &value)->dev ==
	      &m.dev);
	CHECK_EQ(value, 0xffff0807);
	CHECK_EQ(m.last_size, 1);
}

TEST(narrow_device_sees_bytes)
{
	struct memory_device m = {.ops = &narrow_ops};
	uint64_t value = 0x44332211;

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	bus_access(&bus, BUS_PIO, 0x302, 4, true, &value);
	CHECK_EQ(m.last_size, 1);
	CHECK_EQ(m.bytes[2], 0x11);
	CHECK_EQ(m.bytes[5], 0x44);
}

TEST(accesses_of_the_guest_are_counted)
{
	struct memory_device m = {0};
	uint64_t v = 0;

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	bus_access(&bus, BUS_PIO, 0x304, 8, false, &v); /* leaves the range */
	bus_access(&bus, BUS_PIO, 0x300, 1, true, &v);
	bus_access(&bus, BUS_PIO, 0x301, 1, true, &v);
	bus_access(&bus, BUS_PIO, 0x308, 1, true, &v);
	CHECK(bus_debug_access(&bus, BUS_PIO, 0x300, 1, true, &v));
	CHECK_EQ(bus.range[0].reads, 1);
	CHECK_EQ(bus.range[0].writes, 2);
	CHECK_EQ(bus.unclaimed, 1);
	CHECK(!bus_debug_access(&bus, BUS_PIO, 0x308, 1, false, &v));
	CHECK_EQ(v, 0xff);
	CHECK_EQ(bus.unclaimed, 1);
	bus_deinit(&bus);
}

TEST(overlap_is_refused_by_name)
{
	struct memory_device m = {0}, n = {.ops = &narrow_ops};

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	CHECK(!bus_add(&bus, BUS_PIO, 0x307, 1, n.ops, &n.dev, &err));
	CHECK_HAS(err.msg, "narrow");
	CHECK_HAS(err.msg, "memory at 0x300");
	add(&n, BUS_PIO, 0x308, 1);
	add(&n, BUS_MMIO, 0x300, 8);
}

TEST(range_outside_the_space_is_refused)
{
	struct memory_device m = {.ops = &memory_ops};

	bus_init(&bus);
	CHECK(!bus_add(&bus, BUS_PIO, 0xffff, 2, m.ops, &m.dev, &err));
	CHECK(!bus_add(&bus, BUS_PIO, 0x300, 0, m.ops, &m.dev, &err));
	CHECK(!bus_add(&bus, BUS_MMIO, UINT64_MAX, 2, m.ops, &m.dev, &err));
	CHECK_EQ(err.code, ERR_RANGE);
}

TEST(table_full_is_an_error)
{
	struct memory_device m = {.ops = &memory_ops};

	bus_init(&bus);
	for (unsigned int i = 0; i < ARRAY_SIZE(bus.range); i++)
		add(&m, BUS_PIO, 0x1000 + 8 * i, 8);
	CHECK(!bus_add(&bus, BUS_PIO, 0x300, 8, m.ops, &m.dev, &err));
	CHECK_EQ(err.code, ERR_LIMIT);
}

TEST(reset_reaches_each_device_once)
{
	struct memory_device m = {0}, n = {.ops = &narrow_ops};

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	add(&n, BUS_PIO, 0x308, 8);
	add(&m, BUS_PIO, 0x310, 8);
	bus_reset(&bus);
	CHECK_EQ(m.resets, 1);
	bus_deinit(&bus);
}

TEST(machine_has_its_devices)
{
	struct rig rig;

	rig_init(&rig);
	CHECK_STR(bus_find(&rig.bus, BUS_PIO, 0x3ff)->ops->name, "16550");
	CHECK_EQ(rig_in(&rig, 0xe9, 1), 0xe9);
	CHECK_EQ(rig_in(&rig, 0x402, 1), 0xe9);
	CHECK_EQ(rig_in(&rig, 0xf4, 1), 0);
	CHECK_EQ(rig_in(&rig, 0xcfc, 4), 0xffffffff);
	rig_deinit(&rig);
}

TEST(exit_port_has_qemus_status)
{
	struct rig rig;

	rig_init(&rig);
	rig_out(&rig, 0xf4, 4, 0);
	CHECK_EQ(rig.exits, 1);
	CHECK_EQ(rig.exit_status, 1);
	CHECK_STR(rig.by, "isa-debug-exit");
	rig_out(&rig, 0xf4, 1, 0x10);
	CHECK_EQ(rig.exit_status, 0x21);
	rig_out(&rig, 0xf4, 2, 0x1ff);
	CHECK_EQ(rig.exit_status, 0xff);
	CHECK_EQ(rig.exits, 3);
	rig_deinit(&rig);
}

TEST(register_names)
{
	struct memory_device m = {0};
	struct rig rig;

	bus_init(&bus);
	add(&m, BUS_PIO, 0x300, 8);
	CHECK(!bus_reg_name(&bus, BUS_PIO, 0x300, true));
	CHECK(!bus_reg_name(&bus, BUS_PIO, 0x308, true));
	rig_init(&rig);
	CHECK_STR(bus_reg_name(&rig.bus, BUS_PIO, 0x3f8, true), "THR");
	CHECK_STR(bus_reg_name(&rig.bus, BUS_PIO, 0x3f8, false), "RBR");
	CHECK_STR(bus_reg_name(&rig.bus, BUS_PIO, 0x604, true), "PM1_CNT");
	rig_deinit(&rig);
}
