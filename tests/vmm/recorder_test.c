#include "vmm/recorder.h"

#include "arch/exit/text.h"
#include "tests/test.h"

static struct recorder r;
static struct err err;

static struct exit_record pio(uint64_t port, uint64_t value)
{
	return (struct exit_record){
		.time_ns = 12345678901,
		.rip = 0x10002f,
		.cr3 = 0x1000,
		.where = port,
		.value = value,
		.device = "16550",
		.reg = "THR",
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

TEST(capacity_is_a_power_of_two)
{
	CHECK(!recorder_init(&r, 3, &err));
	CHECK_HAS(err.msg, "power of two");
	CHECK(!recorder_init(&r, 0, &err));
	CHECK_OK(recorder_init(&r, 1, &err), &err);
	recorder_deinit(&r);
	CHECK_EQ(recorder_count(&r), 0);
}

TEST(keeps_the_last_ones_in_order)
{
	CHECK_OK(recorder_init(&r, 4, &err), &err);
	for (uint64_t i = 0; i < 6; i++) {
		struct exit_record e = pio(i, 0);

		recorder_add(&r, &e);
	}
	CHECK_EQ(recorder_count(&r), 4);
	CHECK_EQ(r.total, 6);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(recorder_get(&r, i)->where, i + 2);
	CHECK(!recorder_get(&r, 4));
	recorder_clear(&r);
	CHECK_EQ(recorder_count(&r), 0);
	recorder_deinit(&r);
}

TEST(prints_pio_as_the_kernel_does)
{
	struct exit_record e = pio(0x3f8, 0x41);

	CHECK_STR(line(&e), "   12.345678: kvm_pio: pio_write at 0x3f8 size 1 "
			    "count 1 val 0x41 | rip 0x10002f cr3 0x1000 16550 "
			    "THR\n");
	e.count = 3;
	CHECK_HAS(line(&e), "count 3 val 0x41 (...)");
	e.is_write = false;
	e.device = e.reg = NULL;
	CHECK_HAS(line(&e), "pio_read at");
	CHECK_HAS(line(&e), "cr3 0x1000 unclaimed\n");
}

TEST(prints_mmio_msr_and_other_exits)
{
	struct exit_record e = pio(0xfee000f0, 0x1ff);

	e.device = e.reg = NULL;
	e.reason = EXIT_MMIO;
	e.size = 4;
	CHECK_HAS(line(&e), "kvm_mmio: mmio write len 4 gpa 0xfee000f0 val "
			    "0x1ff | ");
	e.reason = EXIT_X86_WRMSR;
	e.where = 0xc0000080;
	e.denied = true;
	CHECK_HAS(line(&e), "kvm_msr: msr_write c0000080 = 0x1ff (#GP) | ");
	CHECK(!strstr(line(&e), "unclaimed"));
	e.reason = EXIT_SHUTDOWN;
	CHECK_HAS(line(&e), "kvm_userspace_exit: reason KVM_EXIT_SHUTDOWN (8)");
	e.reason = 57;
	CHECK_HAS(line(&e), "reason KVM_EXIT_UNKNOWN(57) (57)");
	e.run_errno = 4;
	CHECK_HAS(line(&e), "reason restart (4)");
	e.reason = EXIT_IO;
	e.run_errno = 14;
	CHECK_HAS(line(&e), "reason error (14)");
}

TEST(prints_only_the_last_max)
{
	struct buf out = BUF_INIT;

	CHECK_OK(recorder_init(&r, 8, &err), &err);
	for (uint64_t i = 0; i < 8; i++) {
		struct exit_record e = pio(0x10 + i, 0);

		recorder_add(&r, &e);
	}
	recorder_print(&out, &r, 2);
	CHECK_HAS(buf_cstr(&out), "at 0x16 ");
	CHECK_HAS(buf_cstr(&out), "at 0x17 ");
	CHECK(!strstr(buf_cstr(&out), "at 0x15 "));
	buf_deinit(&out);
	recorder_deinit(&r);
}
