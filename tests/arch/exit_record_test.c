#include "arch/exit/record.h"

#include "arch/exit/text.h"
#include "tests/test.h"

static struct exit_record pio(uint64_t port, uint64_t value)
{
	return (struct exit_record){
		.time_ns = 12345678901,
		.rip = 0x10002f,
		.cr3 = 0x1000,
		.where = port,
		.value = value,
		.reason = EXIT_IO,
		.count = 1,
		.size = 1,
		.is_write = true,
	};
}

static const char *line(const struct exit_record *e)
{
	static struct buf out;

	buf_clear(&out);
	exit_record_print(&out, e);
	return buf_cstr(&out);
}

TEST(pio_prints_as_in_the_kernel)
{
	struct exit_record e = pio(0x3f8, 0x41);

	CHECK_STR(line(&e), "   12.345678: kvm_pio: pio_write at 0x3f8 size 1 "
			    "count 1 val 0x41 | rip 0x10002f cr3 0x1000");
	e.count = 3;
	CHECK_HAS(line(&e), "count 3 val 0x41 (...) |");
	e.is_write = false;
	CHECK_HAS(line(&e), "pio_read at");
}

TEST(mmio_and_msr_print_as_in_the_kernel)
{
	struct exit_record e = pio(0xfee000f0, 0x1ff);

	e.reason = EXIT_MMIO;
	e.size = 4;
	CHECK_HAS(line(&e), "kvm_mmio: mmio write len 4 gpa 0xfee000f0 val "
			    "0x1ff | ");
	e.reason = EXIT_X86_WRMSR;
	e.where = 0xc0000080;
	e.denied = true;
	CHECK_HAS(line(&e), "kvm_msr: msr_write c0000080 = 0x1ff (#GP) | ");
}

TEST(other_exits_print_with_their_numbers)
{
	struct exit_record e = {.reason = EXIT_SHUTDOWN, .count = 1};

	CHECK_HAS(line(&e), "kvm_userspace_exit: reason KVM_EXIT_SHUTDOWN (8)");
	e.reason = 57;
	CHECK_HAS(line(&e), "reason KVM_EXIT_UNKNOWN(57) (57)");
	e.reason = EXIT_DEBUG;
	e.where = 1;
	e.value = 0xffff4ff0;
	e.count = 57;
	CHECK_HAS(line(&e), "KVM_EXIT_DEBUG (4) | rip 0x0 cr3 0x0 vector 0x1 "
			    "dr6 0xffff4ff0 (57 times)");
	e = (struct exit_record){.reason = EXIT_IOAPIC_EOI, .where = 0x31};
	CHECK_HAS(line(&e), "cr3 0x0 vector 0x31");
}

TEST(failed_runs_print_their_errno)
{
	struct exit_record e = pio(0, 0);

	e.run_errno = 4;
	CHECK_HAS(line(&e), "kvm_userspace_exit: reason restart (4)");
	e.run_errno = 14;
	CHECK_HAS(line(&e), "reason error (14)");
	CHECK(!exit_record_is_access(&e));
}

TEST(counters_are_by_reason_and_in_bounds)
{
	struct exit_record e = pio(0, 0);

	CHECK_EQ(exit_counter(&e), EXIT_IO);
	e.reason = 61;
	CHECK_EQ(exit_counter(&e), 61);
	e.reason = UINT32_MAX;
	CHECK_EQ(exit_counter(&e), EXIT_COUNT_OTHER);
	e.run_errno = 14;
	CHECK_EQ(exit_counter(&e), EXIT_COUNT_ERRNO);
}
