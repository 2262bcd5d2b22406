/* pc-testdev and VMware's port. */
#include "tests/test.h"
#include "tests/vmm/device_rig.h"

static struct rig rig;

TEST(ports_keep_four_bytes)
{
	rig_init_full(&rig);
	rig_out(&rig, 0xe0, 4, 0x44332211);
	CHECK_EQ(rig_in(&rig, 0xe1, 2), 0x3322);
	rig_out(&rig, 0xe2, 1, 0xaa);
	CHECK_EQ(rig_in(&rig, 0xe0, 4), 0x44aa2211);
	CHECK_EQ(rig_in(&rig, 0xe8, 1), 0x11);
	rig_out(&rig, 0xe4, 4, 1);
	CHECK_EQ(rig_in(&rig, 0xe0, 4), 0x44aa2211);
}

TEST(device_memory)
{
	uint64_t v = 0x1122334455667788;

	rig_init_full(&rig);
	bus_access(&rig.bus, BUS_MMIO, 0xff000ff9, 8, true, &v);
	bus_access(&rig.bus, BUS_MMIO, 0xff000ffb, 4, false, &v);
	CHECK_EQ(v, 0x33445566);
}

static unsigned int level[24];

static void on_irq(void *ctx, unsigned int gsi, int to)
{
	level[gsi] = (unsigned int)to;
}

TEST(interrupt_lines)
{
	const struct irq_line irq = {on_irq, NULL, 0};
	static struct testdev t;
	struct bus bus;
	uint64_t v = 0x80;
	struct err err;

	bus_init(&bus);
	testdev_init(&t, irq);
	CHECK_OK(testdev_add(&t, &bus, &err), &err);
	bus_access(&bus, BUS_PIO, 0x2005, 1, true, &v);
	CHECK_EQ(level[5], 1);
	bus_access(&bus, BUS_PIO, 0x2005, 1, false, &v);
	CHECK_EQ(v, 1);
	v = 0;
	bus_access(&bus, BUS_PIO, 0x2005, 1, true, &v);
	CHECK_EQ(level[5], 0);
}

/* ---- the backdoor ---- */

static struct vmport_regs regs;

static void get(void *ctx, unsigned int cpu, struct vmport_regs *to)
{
	CHECK_EQ(cpu, 3);
	*to = regs;
}

static void set(void *ctx, unsigned int cpu, const struct vmport_regs *from)
{
	regs = *from;
}

static uint64_t backdoor(uint32_t magic, uint32_t command)
{
	const struct vmport_ops ops = {get, set, NULL};
	const unsigned int cpu = 3;
	struct vmport p;

	regs = (struct vmport_regs){magic, 5, command};
	vmport_init(&p, &ops, &cpu, 0x8000000);
	return vmport_region.read(&p.dev, 0, 4);
}

TEST(backdoor_answers_the_magic_number_only)
{
	CHECK_EQ(backdoor(0x564d5868, 10), 6);
	CHECK_EQ(regs.ebx, 0x564d5868);
	CHECK_EQ(backdoor(0x564d5868, 20), 0x8000000);
	CHECK_EQ(regs.ebx, 0x1177);
	CHECK_EQ(backdoor(0x564d5868, 0xfff), 0x564d5868);
	CHECK_EQ(regs.ebx, 5);
	CHECK_EQ(backdoor(0x564d5869, 10), 0x564d5869);
	CHECK_EQ(regs.ebx, 5);
}
