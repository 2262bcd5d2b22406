#include "arch/exit/kernel_event.h"

#include "arch/exit/text.h"
#include "tests/test.h"

static struct kernel_event e;
static struct exit_record r;

static bool parse(const char *line)
{
	return kernel_event_parse(line, strlen(line), &e);
}

TEST(a_line_of_the_trace)
{
	CHECK(parse("           <...>-1234    [001] d..1.  1234.567890: "
		    "kvm_exit: vcpu 0 reason HLT rip 0x1000"));
	CHECK_EQ(e.tid, 1234);
	CHECK_EQ(e.time_ns, 1234567890000);
	CHECK_STR(e.text, "kvm_exit: vcpu 0 reason HLT rip 0x1000");
	CHECK_EQ(e.len, strlen(e.text));
}

TEST(flags_are_an_option)
{
	CHECK(parse("           <...>-7    [000]  1.000001: kvm_entry: x"));
	CHECK_EQ(e.tid, 7);
	CHECK_EQ(e.time_ns, 1000001000);
}

TEST(a_threads_name_may_hold_anything)
{
	CHECK(parse("  vm-1 [002] x-9-55 [010] .....    12.000000: kvm_pio: "
		    "pio_read"));
	CHECK_EQ(e.tid, 55);
	CHECK_EQ(e.time_ns, 12000000000);
}

TEST(what_is_no_event_is_refused)
{
	static const char *const lines[] = {
		"",
		"# tracer: nop",
		"#           TASK-PID     CPU#  TIMESTAMP  FUNCTION",
		"CPU:1 [LOST 123 EVENTS]",
		"  x-1 [000] ..... 12.0: short fraction",
		"  x-1 [000] ..... 12.000000:",
		"  x-1 [000] ..... 12.000000: ",
		"  x-1 [000 ..... 12.000000: t",
		"  x-99999999999 [000] ..... 12.000000: t",
		"  x-1 [000] ..... 99999999999999999.000000: t",
		"-----",
		"-",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		CHECK(!parse(lines[i]));
}

TEST(lost_events_are_counted)
{
	static const char line[] = "CPU:1 [LOST 123 EVENTS]";

	CHECK_EQ(kernel_event_lost(line, strlen(line)), 123);
	CHECK_EQ(kernel_event_lost("CPU:1 [LOST", 11), 0);
	CHECK_EQ(kernel_event_lost("  x-1 [000]", 11), 0);
}

TEST(the_vcpu_of_an_event)
{
	unsigned int vcpu = 99;

	CHECK(kernel_event_vcpu("kvm_entry: vcpu 3, rip 0x0", 26, &vcpu));
	CHECK_EQ(vcpu, 3);
	CHECK(!kernel_event_vcpu("kvm_entry: vcpu 3, rip 0x0", 16, &vcpu));
	CHECK(!kernel_event_vcpu("kvm_pio: pio_read", 17, &vcpu));
	CHECK(!kernel_event_vcpu("vcpu ", 5, &vcpu));
	CHECK_EQ(vcpu, 3);
}

TEST(accesses_become_records)
{
	CHECK(kernel_event_access("kvm_pio: pio_write at 0x43 size 1 count 1 "
				  "val 0x34 ",
				  &r));
	CHECK(r.reason == EXIT_IO && r.is_write && r.where == 0x43 &&
	      r.size == 1 && r.value == 0x34);
	CHECK(kernel_event_access("kvm_mmio: mmio read len 4 gpa 0xfee00030 "
				  "val 0x50014",
				  &r));
	CHECK(r.reason == EXIT_MMIO && !r.is_write && r.where == 0xfee00030 &&
	      r.size == 4 && r.value == 0x50014);
	CHECK(kernel_event_access("kvm_msr: msr_write c0000080 = 0xd01 (#GP)",
				  &r));
	CHECK(r.reason == EXIT_X86_WRMSR && r.where == 0xc0000080 &&
	      r.value == 0xd01 && r.denied);
}

TEST(others_do_not)
{
	static const char *const texts[] = {
		"kvm_exit: vcpu 0",
		"kvm_pio: pio_write at 0x43",
		"kvm_pio: pio_swap at 0x43 size 1 count 1 val 0x34",
		"kvm_mmio: mmio unsatisfied-read len 4 gpa 0x0 val 0x0",
		"kvm_msr: msr_read = 0x0",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(!kernel_event_access(texts[i], &r));
}
