/* KVM_RUN failed: on MSRs, and for want of memory. */
#include <errno.h>

#include "arch/decode.h"
#include "stub/why.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target_evidence ev;
static struct x86_host host;

/* Code at rip, 64-bit, CPL 0. */
static void setup(const char *code, size_t len)
{
	struct err err;

	if (!decode_available())
		test_skip("built without an instruction decoder");
	if (f)
		fake_destroy(f);
	f = fake_create(1);
	memset(&ev, 0, sizeof(ev));
	ev.has_state = true;
	ev.state = *target_state(&f->target, 0, X86_GROUP_ALL, &err);
	f->inspect.evidence = &ev;
	host = (struct x86_host){.vendor = EXIT_VENDOR_VMX, .dump_invalid = 0};
	f->inspect.host = &host;
	memcpy(fake_ram(f, ev.state.rip, len), code, len);
}

static const char *die(int number)
{
	ev.exit.run_errno = number;
	fake_push_error(f, 0, GDB_SIGNAL_ABRT, "internal-error", NULL);
	return fake_run(f).text;
}

static void set_msr(uint32_t index, uint64_t value)
{
	f->inspect.msr[f->inspect.msrs].index = index;
	f->inspect.msr[f->inspect.msrs++].value = value;
}

static const char *wrmsr(uint32_t index, uint64_t value)
{
	setup("\x0f\x30", 2);
	ev.state.gpr[X86_RCX] = index;
	ev.state.gpr[X86_RAX] = (uint32_t)value;
	ev.state.gpr[X86_RDX] = value >> 32;
	set_msr(0x179, 0x9000a);      /* MCG_CAP: 10 banks */
	set_msr(0xc0010015, 1 << 24); /* HWCR without McStatusWrEn */
	return die(EPERM);
}

TEST(a_bad_value_for_a_bank_s_control)
{
	const char *text = wrmsr(0x404, 0x123);

	CHECK_HAS(text, "KVM_RUN failed with EPERM: the host's kernel gave up "
			"on wrmsr of MSR 0x404 (IA32_MC1_CTL), value 0x123 at "
			"rip 0x1000; a bug of the host, not of the guest\n");
	CHECK_HAS(text, "the access is wrong (MCG_CAP counts 10 banks, this is "
			"bank 1; MCi_CTL takes only 0 or all ones), a correct "
			"host injects #GP(0) into the guest for it\n");
	CHECK_HAS(text, "to do: Linux 5.19 and later answer a bad write to a "
			"machine-check bank with #GP");
	CHECK_HAS(text, "error: kvm run failed Operation not permitted\n");
}

TEST(a_bad_value_for_a_bank_s_status)
{
	CHECK_HAS(wrmsr(0x401, 0x123), "MCi_STATUS takes only 0 while HWCR[18] "
				       "(McStatusWrEn) is 0, and it is 0), a "
				       "correct host injects #GP(0)");
	CHECK_HAS(wrmsr(0x401, 0), "nothing is known to be wrong with the "
				   "access (MCG_CAP counts 10 banks");
	CHECK_HAS(wrmsr(0x400 + 4 * 10, 0), "MCG_CAP counts 10 banks, this is "
					    "bank 10), a correct host");
}

TEST(status_writes_that_hwcr_allows)
{
	setup("\x0f\x30", 2);
	ev.state.gpr[X86_RCX] = 0x401;
	ev.state.gpr[X86_RAX] = 5;
	ev.state.gpr[X86_RDX] = 0;
	set_msr(0x179, 10);
	set_msr(0xc0010015, 1 << 18);
	CHECK_HAS(die(EPERM), "nothing is known to be wrong with the access");
}

TEST(eperm_without_an_msr)
{
	setup("\x90", 1);
	CHECK_HAS(die(EPERM), "to do: KVM gave a raw -1 to user space: a bug "
			      "of the host's kernel");
}

TEST(memory_the_host_cannot_give)
{
	setup("\x48\x89\x00", 3);
	ev.state.gpr[X86_RAX] = 0x2000;
	CHECK_HAS(die(EFAULT), "KVM_RUN failed with EFAULT at rip 0x1000: the "
			       "host cannot give the memory that backs the "
			       "guest's physical 0x2000\n");
	CHECK_HAS(f->target.last.text, "KVM does not tell the address");
	CHECK_HAS(f->target.last.text, "to do: the guest is not at fault");
	setup("\x90", 1);
	ev.exit.reason = EXIT_MEMORY_FAULT;
	ev.exit.fault_gpa = 0xabc000;
	CHECK_HAS(die(EHWPOISON), "poisoned host memory that backs the "
				  "guest's physical 0xabc000\n");
}

TEST(a_gp_that_the_guest_deserves)
{
	wrmsr(0x404, 0x123); /* the same access where the host is right */
	memset(&ev.exit, 0, sizeof(ev.exit));
	ev.exit.reason = EXIT_SHUTDOWN;
	ev.state.idt.limit = 0;
	CHECK_OK(target_reset(&f->target, &(struct err){0}),
		 &(struct err){.msg = "reset"});
	fake_push_error(f, 0, GDB_SIGNAL_SEGV, "shutdown", NULL);
	fake_run(f);
	CHECK_HAS(f->target.last.text, "triple fault: #GP(0x0) at rip 0x1000: "
				       "wrmsr of 0x123 to MSR 0x404");
	CHECK_HAS(f->target.last.text, "MCG_CAP counts 10 banks, this is bank "
				       "1; MCi_CTL takes only 0 or all ones), "
				       "a "
				       "correct host injects #GP(0)");
}
