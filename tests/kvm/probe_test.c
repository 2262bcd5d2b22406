/*
 * What the self-probe finds on this host: verdicts that agree with each other,
 * and, on a back end we know, the ones we know.
 */
#include "vmm/host/host_caps.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "tests/test.h"

static struct host_caps caps;
static struct err err;

static void probe(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		test_skip("/dev/kvm cannot be opened");
	test_timeout(120); /* an emulated machine is slow */
	CHECK_OK(host_probe(fd, &caps, &err), &err);
	close(fd);
}

/* Expected table; a 0 (unknown) means that nothing is expected. */
struct expected {
	const char *backend;
	struct debug_caps real, cpl0, cpl3;
	enum cap_verdict rf_resume, step_fault, hypercall, cpuid, syscall;
	enum cap_verdict sse_cpl0, paging32;
	enum shutdown_state shutdown;
};

static const struct expected expected[] = {
	{
		.backend = "kvm_pvm",
		.real = {INT3_TO_GUEST, INT3_INTERNAL_ERROR, CAP_YES, CAP_NO,
			 CAP_YES, CAP_NO},
		.cpl0 = {INT3_INTERNAL_ERROR, INT3_INTERNAL_ERROR, CAP_YES,
			 CAP_NO, CAP_YES, CAP_NO},
		.cpl3 = {INT3_TO_GUEST, INT3_TO_GUEST, CAP_NO, CAP_NO, CAP_NO,
			 CAP_UNKNOWN},
		.rf_resume = CAP_NO,
		.step_fault = CAP_YES,
		.hypercall = CAP_NO,
		.cpuid = CAP_NO,
		.syscall = CAP_NO,
		.sse_cpl0 = CAP_NO,
		.paging32 = CAP_NO,
		.shutdown = SHUTDOWN_KEEPS,
	},
	{
		.backend = "kvm_intel",
		.real = {INT3_DEBUG_EXIT, INT3_TO_GUEST, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.cpl0 = {INT3_DEBUG_EXIT, INT3_TO_GUEST, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.cpl3 = {INT3_DEBUG_EXIT, INT3_TO_GUEST, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.rf_resume = CAP_YES,
		.step_fault = CAP_NO,
		.hypercall = CAP_YES,
		.cpuid = CAP_YES,
		.syscall = CAP_YES,
		.sse_cpl0 = CAP_YES,
		.paging32 = CAP_YES,
		.shutdown = SHUTDOWN_KEEPS,
	},
	{
		.backend = "kvm_amd",
		.real = {INT3_DEBUG_EXIT, INT3_UNKNOWN, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.cpl0 = {INT3_DEBUG_EXIT, INT3_UNKNOWN, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.cpl3 = {INT3_DEBUG_EXIT, INT3_UNKNOWN, CAP_YES, CAP_YES,
			 CAP_YES, CAP_YES},
		.rf_resume = CAP_YES,
		.step_fault = CAP_NO,
		.hypercall = CAP_YES,
		.cpuid = CAP_YES,
		.syscall = CAP_YES,
		.sse_cpl0 = CAP_YES,
		.paging32 = CAP_YES,
		.shutdown = SHUTDOWN_RESETS,
	},
};

/*
 * QEMU without KVM emulates SVM but neither intercepts #BP nor loads the
 * guest's DR7; KVM_TEST_BACKEND (set by scripts/nested) is svm-tcg there.
 */
static bool on_tcg(void)
{
	const char *emulator = getenv("KVM_TEST_BACKEND");

	return emulator && !strcmp(emulator, "svm-tcg");
}

static void check_one(const char *what, unsigned int got, unsigned int want)
{
	if (want && got != want)
		test_fail(__FILE__, __LINE__, "%s on %s is %u, expected %u",
			  what, caps.backend, got, want);
}

static void check_mode(const char *mode, const struct debug_caps *got,
		       const struct debug_caps *want)
{
	bool tcg = on_tcg();

	check_one(mode, got->int3, tcg ? INT3_TO_GUEST : want->int3);
	check_one(mode, got->int1, tcg ? 0 : want->int1);
	check_one(mode, got->hw_exec, tcg ? CAP_NO : want->hw_exec);
	check_one(mode, got->hw_data, tcg ? CAP_NO : want->hw_data);
	check_one(mode, got->step, want->step);
	check_one(mode, got->step_tf_leaks, want->step_tf_leaks);
}

TEST(verdicts_are_those_of_the_back_end)
{
	const char *skipped = getenv("KVM_GDBSERVER_PROBE_SKIP");
	const struct expected *e = NULL;

	probe();
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (!strcmp(expected[i].backend, caps.backend))
			e = &expected[i];
	if (!e)
		test_skip("no table for %s", caps.backend);
	check_mode("real mode", &caps.real, &e->real);
	check_mode("CPL0", &caps.cpl0, &e->cpl0);
	check_mode("CPL3", &caps.cpl3, &e->cpl3);
	check_one("RF", caps.rf_resume, on_tcg() ? 0 : e->rf_resume);
	check_one("step into a fault", caps.step_fault, e->step_fault);
	check_one("hypercall", caps.hypercall, e->hypercall);
	check_one("CPUID", caps.cpuid, e->cpuid);
	check_one("SYSCALL", caps.syscall, e->syscall);
	check_one("SSE", caps.sse_cpl0, e->sse_cpl0);
	if (skipped)
		test_skip("the rest was left out: %s", skipped);
	check_one("32-bit paging", caps.paging32, e->paging32);
	check_one("shutdown", caps.shutdown, e->shutdown);
}

TEST(nothing_went_wrong)
{
	probe();
	if (getenv("KVM_GDBSERVER_PROBE_SKIP"))
		CHECK_HAS(caps.trouble, "left out");
	else
		CHECK_STR(caps.trouble, "");
	CHECK(caps.kick == CAP_YES);
	CHECK(caps.max_vcpus >= 1);
	CHECK(strlen(caps.vendor) == 12);
	CHECK(caps.kernel[0]);
}

TEST(verdicts_agree_with_each_other)
{
	probe();
	CHECK(caps.cpl0.step == CAP_YES);
	/* an emulating host is one in all its answers */
	if (caps.cpl0.int3 == INT3_INTERNAL_ERROR)
		CHECK(caps.exit_on_emulation_failure);
	if (caps.cpl0.hw_exec == CAP_NO)
		CHECK(caps.rf_resume == CAP_UNKNOWN);
	if (caps.sse_cpl0 == CAP_YES)
		CHECK(caps.insn[CAP_INSN_POPCNT] == CAP_YES);
	if (caps.guest_debug2 & 0x100000)
		CHECK(caps.block_irq);
	for (unsigned int i = 0; i < CAP_INSN_COUNT; i++)
		CHECK(caps.insn[i] != CAP_UNKNOWN);
}

TEST(the_same_answer_every_time)
{
	struct host_caps first;

	probe();
	first = caps;
	probe();
	CHECK(!memcmp(&first, &caps, sizeof(caps)));
}

TEST(left_out_measurements_are_unknown_and_said)
{
	setenv("KVM_GDBSERVER_PROBE_SKIP", "shutdown,cpl3", 1);
	probe();
	CHECK(caps.shutdown == SHUTDOWN_UNKNOWN);
	CHECK(caps.cpl3.int3 == INT3_UNKNOWN);
	CHECK(caps.cpl0.step == CAP_YES);
	CHECK_HAS(caps.trouble, "left out");
}

TEST(no_vm_is_an_error)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	memset(&caps, 0x55, sizeof(caps));
	CHECK(!host_probe(fd, &caps, &err));
	CHECK(err.code == ERR_KVM);
	CHECK_HAS(err.msg, "KVM_CREATE_VM");
	CHECK_EQ(caps.max_vcpus, 0x55555555);
	close(fd);
}

/* For the reader of a test log. */
TEST(prints_the_table)
{
	struct buf out = BUF_INIT;

	probe();
	host_caps_print(&caps, &out);
	CHECK_HAS(buf_cstr(&out), "software breakpoints: ");
	CHECK_HAS(buf_cstr(&out), caps.backend);
	if (getenv("KVM_TEST_BACKEND"))
		fputs(buf_cstr(&out), stdout);
	buf_deinit(&out);
}
