/* exits, pio, mmio, msr on records of a fake machine. */
#include "arch/exit/text.h"
#include "stub/mon/monitor.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target *t;
static struct buf out;

#define MS UINT64_C(1000000)

/* clang-format off */
static const struct exit_record vcpu0[] = {
	{.time_ns = 1 * MS, .reason = EXIT_IO, .where = 0x3fd, .value = 0x60,
	 .rip = 0x1000, .size = 1, .count = 1, .device = "16550", .reg = "LSR"},
	{.time_ns = 2 * MS, .reason = EXIT_IO, .where = 0x3f8, .value = 0x41,
	 .rip = 0x1008, .size = 1, .count = 1, .is_write = true,
	 .device = "16550", .reg = "THR"},
	{.time_ns = 4 * MS, .reason = EXIT_IO, .where = 0xcf8,
	 .value = 0x80001000, .rip = 0x1010, .size = 4, .count = 1,
	 .is_write = true},
	{.time_ns = 6 * MS, .reason = EXIT_X86_WRMSR, .where = 0xc0000080,
	 .value = 0x500, .rip = 0x1018, .size = 8, .count = 1,
	 .is_write = true},
};
static const struct exit_record vcpu1[] = {
	{.time_ns = 3 * MS, .reason = EXIT_MMIO, .where = 0xfec00000,
	 .value = 0x10, .rip = 0x2000, .size = 4, .count = 1, .is_write = true,
	 .device = "ioapic", .reg = "IOREGSEL"},
	{.time_ns = 5 * MS, .reason = EXIT_IO, .where = 0xcfc, .rip = 0x2008,
	 .size = 4, .count = 1},
	{.time_ns = 7 * MS, .reason = EXIT_HLT, .rip = 0x2010, .count = 1},
};
/* clang-format on */

static const struct target_symbol symbols[] = {{"uart_putc", 0x1000, 16},
					       {"other_cpu", 0x2000, 0}};

static void setup(unsigned int nvcpus)
{
	f = fake_create(nvcpus);
	t = &f->target;
	f->inspect.record = vcpu0;
	f->inspect.records = ARRAY_SIZE(vcpu0);
	f->inspect.record_of[1] = vcpu1;
	f->inspect.records_of[1] = ARRAY_SIZE(vcpu1);
}

static void teardown(void)
{
	buf_deinit(&out);
	fake_destroy(f);
}

static const char *run(const char *line)
{
	buf_clear(&out);
	CHECK(monitor_run(t, 0, line, &out));
	return buf_cstr(&out);
}

static const char *run_fails(const char *line)
{
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, line, &out));
	CHECK_HAS(buf_cstr(&out), "usage: ");
	return buf_cstr(&out);
}

/* Lines of exits in what is printed. */
static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; (text = strstr(text, " | rip ")); text++)
		n++;
	return n;
}

TEST(vcpus_are_merged_by_time)
{
	const char *text, *at;

	setup(2);
	text = run("exits");
	CHECK_EQ(lines(text), 7);
	CHECK_HAS(text, "vcpu0       0.002000: kvm_pio: pio_write at 0x3f8 "
			"size 1 count 1 val 0x41 | rip 0x1008 cr3 0x0 16550 "
			"THR\n");
	at = strstr(text, "THR");
	CHECK(at && (at = strstr(at, "vcpu1       0.003000: kvm_mmio:")));
	CHECK(at && (at = strstr(at, "vcpu0       0.004000:")));
	CHECK(at && (at = strstr(at, "vcpu1       0.005000:")));
	/* the address came from another processor */
	CHECK_HAS(at, "unclaimed: pci CONFIG_DATA[00:02.0 0x00 vendor and "
		      "device]\n");
	CHECK_HAS(at, "reason KVM_EXIT_HLT (5) | rip 0x2010 cr3 0x0\n");
	teardown();
}

TEST(one_vcpu_by_c)
{
	setup(2);
	CHECK_EQ(lines(run("exits -c 1")), 3);
	CHECK_EQ(lines(run("-c 0 exits")), 4);
	teardown();
	setup(1);
	CHECK(!strstr(run("exits"), "vcpu0"));
	teardown();
}

TEST(the_last_n_of_those_that_match)
{
	setup(2);
	CHECK_EQ(lines(run("exits 2")), 2);
	CHECK_HAS(buf_cstr(&out), "KVM_EXIT_HLT");
	CHECK_HAS(buf_cstr(&out), "the last 2 of 7;");
	CHECK_EQ(lines(run("exits 1 w 16550 pci")), 1);
	CHECK_HAS(buf_cstr(&out), "CONFIG_ADDRESS");
	CHECK_EQ(lines(run("exits all")), 7);
	CHECK(!strstr(buf_cstr(&out), "the last"));
	teardown();
}

TEST(filters)
{
	setup(2);
	CHECK_EQ(lines(run("exits hlt")), 1);
	CHECK_EQ(lines(run("exits pio")), 4);
	CHECK_EQ(lines(run("exits mmio KVM_EXIT_HLT")), 2);
	CHECK_EQ(lines(run("exits r")), 2);
	CHECK_EQ(lines(run("exits 16550")), 2); /* a device, not a number */
	CHECK_EQ(lines(run("exits dev=16550 w")), 1);
	CHECK_EQ(lines(run("exits unclaimed")), 2);
	CHECK_EQ(lines(run("exits 0x3f8-0x3ff")), 2);
	CHECK_EQ(lines(run("exits at=0x3f8+5")), 1);
	CHECK_EQ(lines(run("exits val=0x41")), 1);
	CHECK_EQ(lines(run("exits val=0x40/0xf0")), 1);
	CHECK_EQ(lines(run("exits rip=0x2000-0x2fff")), 3);
	CHECK_EQ(lines(run("exits reg=lsr")), 1);
	CHECK_EQ(lines(run("exits mmio val=0x11")), 0);
	CHECK_HAS(buf_cstr(&out), "none of 7 recorded exits matches");
	teardown();
}

TEST(commands_of_one_kind)
{
	setup(2);
	CHECK_EQ(lines(run("pio")), 4);
	CHECK_EQ(lines(run("pio 1")), 1);
	CHECK_EQ(lines(run("pio 0xcf8-0xcff")), 2);
	CHECK_EQ(lines(run("pio 9 1016")), 1); /* N, then a RANGE */
	CHECK_EQ(lines(run("mmio 0xfec00000+0x20 w")), 1);
	CHECK_EQ(lines(run("msr")), 1);
	CHECK_HAS(buf_cstr(&out), "catch msr");
	CHECK_EQ(lines(run("msr 0xc0000081")), 0);
	teardown();
}

TEST(bad_words_are_named)
{
	setup(2);
	CHECK_HAS(run_fails("exits htl"), "'htl' is no kind of exit");
	CHECK_HAS(buf_cstr(&out), "did you mean hlt?");
	CHECK_HAS(run_fails("exits 5 cnos"), "did you mean cmos?");
	CHECK_HAS(run_fails("exits 0"), "'0' is no number of lines");
	CHECK_HAS(run_fails("exits 99999999999999999999"), "'999999999999999999"
							   "99'");
	CHECK_HAS(run_fails("pio 0x3f8 0x3f9"), "'0x3f9' is a second RANGE");
	CHECK_HAS(run_fails("pio 0x3f8-"), "0x3f8-");
	CHECK_HAS(run_fails("exits val=zz"), "'zz'");
	CHECK_HAS(run_fails("exits val=1/"), "''");
	CHECK_HAS(run_fails("exits dev=zz"), "'zz'");
	CHECK_HAS(run_fails("exits rip=9-1"), "ends before it begins");
	CHECK_HAS(run_fails("exits reg="), "'reg='");
	CHECK_HAS(run_fails("exits 5 6 7"), "'7' is a second RANGE");
	CHECK_HAS(run_fails("exits \033"), "'?' is no kind");
	teardown();
}

TEST(symbols_say_who)
{
	setup(2);
	f->inspect.symbol = symbols;
	f->inspect.symbols = 2;
	CHECK_HAS(run("exits 16550"), "16550 THR in uart_putc+0x8\n");
	CHECK_HAS(run("exits hlt"), "cr3 0x0 in other_cpu+0x10\n");
	teardown();
}

TEST(losses_and_limits_are_told)
{
	setup(1);
	f->inspect.records_total = 1004;
	CHECK_HAS(run("exits"), "1000 older exits are overwritten");
	CHECK_HAS(buf_cstr(&out), "more than 4 a vCPU");
	CHECK_HAS(buf_cstr(&out), "not in here: what KVM serves");
	teardown();
}

TEST(nothing_recorded_is_no_error)
{
	setup(2);
	f->inspect.records = f->inspect.records_of[1] = 0;
	CHECK_HAS(run("exits"), "no exit has reached user space yet\n");
	f->ops.inspect = NULL;
	CHECK_HAS(run("pio"), "no exit has reached user space yet\n");
	teardown();
}
