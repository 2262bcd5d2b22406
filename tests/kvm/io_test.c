/* The machine's ranges and accesses by hand, on a live guest. */
#include "stub/inspect.h"
#include "tests/kvm/machine.h"

static struct machine m;
static struct err err;

GUEST(port_user, "in $0x70, %al\n"
		 "mov $0x0b, %al\n"
		 "out %al, $0x70\n"
		 "in $0x71, %al\n"
		 "out %al, $0x80\n"
		 "mov $0x10, %eax\n"
		 "out %al, $0xf4\n"
		 "1: jmp 1b\n");

static struct target_io_range find(bool mmio, uint64_t addr)
{
	struct target_io_range r;

	for (unsigned int i = 0; target_io_range(m.target, i, &r); i++)
		if (r.mmio == mmio && range_ok(r.base, r.len, addr, 1))
			return r;
	return (struct target_io_range){.name = NULL};
}

TEST(ranges_are_sorted_and_counted)
{
	struct target_io_range r, last = {0};

	machine_start(&m, port_user, 64, NULL);
	for (unsigned int i = 0; target_io_range(m.target, i, &r); i++) {
		if (i && r.mmio == last.mmio)
			CHECK(last.base + last.len <= r.base);
		CHECK(!last.mmio || r.mmio);
		last = r;
	}
	CHECK_STR(find(false, 0x71).name, "cmos");
	CHECK_EQ(find(false, 0x71).writes, 0);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(find(false, 0x71).reads, 2);
	CHECK_EQ(find(false, 0x71).writes, 1);
	CHECK_EQ(find(false, 0x80).writes, 1);
	machine_end(&m);
}

static void check_chips(enum vm_irqchip irqchip, bool pic, bool ioapic,
			bool lapic)
{
	const struct machine_options o = {.irqchip = irqchip};

	machine_start(&m, port_user, 64, &o);
	CHECK_EQ(find(false, 0x20).in_kernel, pic);
	CHECK_EQ(find(false, 0x43).in_kernel, pic);
	CHECK_EQ(find(true, 0xfec00010).in_kernel, ioapic);
	CHECK_EQ(find(true, 0xfee00020).in_kernel, lapic);
	machine_end(&m);
}

TEST(kvms_own_chips_are_listed)
{
	check_chips(IRQCHIP_KERNEL, true, true, true);
	check_chips(IRQCHIP_NONE, false, false, false);
}

TEST(kvms_own_chips_when_split)
{
	check_chips(IRQCHIP_SPLIT, false, false, true);
}

TEST(accesses_by_hand)
{
	uint64_t v = 0x0b;

	machine_start(&m, port_user, 64, NULL);
	CHECK_OK(target_io(m.target, false, 0x70, 1, true, &v, &err), &err);
	CHECK_OK(target_io(m.target, false, 0x71, 1, false, &v, &err), &err);
	CHECK_EQ(v, 0x02);		      /* status B: 24 hours, BCD */
	CHECK_EQ(find(false, 0x71).reads, 0); /* the guest's are counted */
	CHECK(!target_io(m.target, false, 0x21, 1, false, &v, &err));
	CHECK_HAS(err.msg, "port 0x21 belongs to KVM's own pic");
	CHECK(!target_io(m.target, true, 0xfee00020, 4, false, &v, &err));
	CHECK_HAS(err.msg, "KVM's own lapic");
	CHECK(!target_io(m.target, true, 0x1000, 4, false, &v, &err));
	CHECK_HAS(err.msg, "0x1000 is RAM");
	CHECK(!target_io(m.target, false, 0x2f8, 1, false, &v, &err));
	CHECK_HAS(err.msg, "no device answers port 0x2f8");
	CHECK(!target_io(m.target, false, 0xffff, 2, false, &v, &err));
	CHECK_HAS(err.msg, "ports end at 0xffff");
	machine_end(&m);
}

TEST(a_reset_by_hand_does_not_wait_for_the_guest)
{
	uint64_t v = 0xfe;

	machine_start(&m, port_user, 64, NULL);
	CHECK(!target_io(m.target, false, 0x64, 1, true, &v, &err));
	CHECK_HAS(err.msg, "asks for reset (");
	v = 0;
	CHECK(!target_io(m.target, false, 0xf4, 1, true, &v, &err));
	CHECK_HAS(err.msg, "asks for power-off (");
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	machine_end(&m);
}
