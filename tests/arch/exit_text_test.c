#include "arch/exit/text.h"

#include <errno.h>

#include "arch/exit/names.h"
#include "tests/test.h"

/* Linux 5.19 on Intel, QEMU 7.0: invalid guest state, emulator meets lfence. */
static const struct exit_info lfence = {
	.reason = EXIT_INTERNAL_ERROR,
	.vendor = EXIT_VENDOR_VMX,
	.suberror = SUBERROR_EMULATION,
	.ndata = 8,
	.data = {1, 0x62058b65e8ae0f0f, 0xa30f48c08961f2e5, 0x80000021},
	.has_regs = true,
	.rip = 0xffffffff9e0e0bd4,
	.insn = {0x0f, 0xae, 0xe8, 0x65, 0x8b, 0x05, 0x62, 0xe5, 0xf2, 0x61,
		 0x89, 0xc0, 0x48, 0x0f, 0xa3},
	.insn_len = 15,
};

/* Linux 6.18, a KVM that runs CPL 0 in its emulator: int3. */
static const struct exit_info int3 = {
	.reason = EXIT_INTERNAL_ERROR,
	.suberror = SUBERROR_EMULATION,
	.ndata = 8,
	.data = {1, 0x000000909090cc0f, 0, 0x1000},
	.has_regs = true,
	.rip = 0x7024,
	.insn = {0xcc, 0x90, 0x90, 0x90},
	.insn_len = 4,
};

/* The same host: a jump into a hole. */
static const struct exit_info hole = {
	.reason = EXIT_INTERNAL_ERROR,
	.suberror = SUBERROR_EMULATION,
	.ndata = 6,
	.data = {0, 0x1000},
	.has_regs = true,
	.rip = 0xc0001000,
};

static struct buf out;

static const char *verdict(const struct exit_info *e)
{
	buf_clear(&out);
	exit_verdict(&out, e);
	CHECK(!strchr(buf_cstr(&out), '\n'));
	return buf_cstr(&out);
}

static const char *opening(const struct exit_info *e)
{
	buf_clear(&out);
	exit_opening(&out, e);
	return buf_cstr(&out);
}

static const char *details(const struct exit_info *e)
{
	buf_clear(&out);
	exit_details(&out, e);
	return buf_cstr(&out);
}

static struct exit_info internal(uint32_t suberror, enum exit_vendor vendor,
				 uint32_t ndata)
{
	return (struct exit_info){.reason = EXIT_INTERNAL_ERROR,
				  .suberror = suberror,
				  .vendor = vendor,
				  .ndata = ndata};
}

TEST(reason_names)
{
	CHECK_STR(exit_reason_name(0), "KVM_EXIT_UNKNOWN");
	CHECK_STR(exit_reason_name(17), "KVM_EXIT_INTERNAL_ERROR");
	CHECK_STR(exit_reason_name(39), "KVM_EXIT_MEMORY_FAULT");
	CHECK_STR(exit_reason_name(43), "KVM_EXIT_SNP_REQ_CERTS");
	CHECK(!exit_reason_name(44));
	CHECK(!exit_reason_name(UINT32_MAX));
	buf_clear(&out);
	exit_reason_print(&out, 57);
	CHECK_STR(buf_cstr(&out), "KVM_EXIT_UNKNOWN(57)");
}

TEST(opening_is_qemus)
{
	CHECK_STR(opening(&lfence), "KVM internal error. Suberror: 1\n"
				    "extra data[0]: 0x0000000000000001\n"
				    "extra data[1]: 0x62058b65e8ae0f0f\n"
				    "extra data[2]: 0xa30f48c08961f2e5\n"
				    "extra data[3]: 0x0000000080000021\n"
				    "extra data[4]: 0x0000000000000000\n"
				    "extra data[5]: 0x0000000000000000\n"
				    "extra data[6]: 0x0000000000000000\n"
				    "extra data[7]: 0x0000000000000000\n"
				    "emulation failure\n");
}

TEST(opening_of_the_others)
{
	struct exit_info e = {.reason = EXIT_FAIL_ENTRY,
			      .hw_reason = 0x80000021};

	CHECK_STR(opening(&e), "KVM: entry failed, hardware error "
			       "0x80000021\n");
	e = (struct exit_info){.run_errno = EPERM};
	CHECK_STR(opening(&e), "error: kvm run failed Operation not "
			       "permitted\n");
	e = (struct exit_info){.reason = EXIT_UNKNOWN, .hw_reason = 0x31};
	CHECK_STR(opening(&e), "KVM: unknown exit, hardware reason 31\n");
	e = (struct exit_info){.reason = EXIT_EXCEPTION, .exception = 17};
	CHECK_STR(opening(&e), "KVM: exception 17 exit (error code 0x0)\n");
	e = (struct exit_info){.reason = 57};
	CHECK_STR(opening(&e), "KVM: unknown exit reason 57\n");
	e = (struct exit_info){.reason = EXIT_SHUTDOWN};
	CHECK_STR(opening(&e), "");
}

TEST(emulation_failure_on_vmx)
{
	CHECK_HAS(verdict(&lfence), "KVM internal error 1 (emulation failure): "
				    "the guest state is not valid");
	CHECK_HAS(verdict(&lfence), "instruction at rip 0xffffffff9e0e0bd4, "
				    "bytes "
				    "0f ae e8 65 8b 05 62 e5 ...");
	CHECK_HAS(details(&lfence), "look-ahead): 0f ae e8 65 8b 05 62 e5 f2 "
				    "61 89 c0 48 0f a3\n");
	CHECK_HAS(details(&lfence), "reason 0x80000021: VMX exit 33 "
				    "INVALID_STATE, failed VM entry\n");
	CHECK_HAS(details(&lfence), "IDT-vectoring info 0x0: none\n");
	CHECK(!strstr(details(&lfence), "differ"));
	CHECK_EQ(exit_signal(&lfence), 4);
	CHECK_STR(exit_status_word(&lfence), "internal-error");
}

TEST(emulation_failure_on_a_private_module)
{
	CHECK_HAS(verdict(&int3), "cannot emulate the instruction at "
				  "rip 0x7024, bytes cc 90 90 90");
	CHECK_HAS(details(&int3), "exit 0x1000, a number private to this");
	CHECK_HAS(details(&int3), "  info1 0x0\n");
}

TEST(failed_fetch)
{
	CHECK_HAS(verdict(&hole), "KVM could not fetch the instruction at rip "
				  "0xc0001000");
	CHECK_HAS(details(&hole), "guest memory at rip cannot be read\n");
	CHECK_HAS(details(&hole), "reason 0x1000");
	CHECK_EQ(exit_signal(&hole), 4);
}

TEST(changed_code_is_pointed_out)
{
	struct exit_info e = int3;

	e.insn[0] = 0x90;
	CHECK_HAS(details(&e), "guest memory at rip now: 90 90 90 90\n");
	CHECK_HAS(details(&e), "the two differ");
}

TEST(emulation_failure_with_less_data)
{
	struct exit_info e = lfence;

	e.ndata = 3;
	CHECK_HAS(verdict(&e), "bytes 0f ae");
	CHECK(!strstr(details(&e), "hardware exit"));
	e.ndata = 0;
	CHECK_HAS(verdict(&e), "bytes 0f ae");
	CHECK_HAS(details(&e), "KVM gave no data");
	e.ndata = 2;
	CHECK_HAS(details(&e), "data[1] 0x62058b65e8ae0f0f (layout not known)");
}

TEST(emulation_failure_with_debug_words)
{
	struct exit_info e = lfence;

	e.ndata = 10;
	e.data[8] = 0x1234;
	CHECK_HAS(details(&e), "debug word 0 0x1234\n");
	CHECK_HAS(details(&e), "debug word 1 0x0\n");
}

TEST(hostile_sizes_stay_inside)
{
	struct exit_info e = lfence;

	e.data[1] |= 0xff;
	CHECK_HAS(details(&e), "48 0f a3\n");
	for (uint32_t sub = 0; sub < 6; sub++) {
		e.suberror = sub;
		e.ndata = UINT32_MAX;
		details(&e);
		verdict(&e);
		opening(&e);
		CHECK_HAS(opening(&e), "data[15]");
		CHECK(!strstr(opening(&e), "data[16]"));
	}
}

TEST(simultaneous_exceptions)
{
	struct exit_info e = internal(2, EXIT_VENDOR_VMX, 4);

	e.data[0] = 0x80000b08; /* the vectoring of a double fault */
	e.data[1] = 0x80000b0e;
	e.data[2] = 9;
	e.data[3] = 5;
	CHECK_HAS(verdict(&e), "(simultaneous exceptions)");
	CHECK_HAS(details(&e), "0x80000b08: hardware exception #DF (vector 8) "
			       "with error code\n");
	CHECK_HAS(details(&e), "#PF (vector 14)");
	CHECK_HAS(details(&e), "error code 0x9\n");
	CHECK_HAS(details(&e), "host CPU 5\n");
	e.ndata = 3;
	CHECK(!strstr(details(&e), "host CPU"));
	e.ndata = 2;
	CHECK(!strstr(details(&e), "error code 0x"));
	CHECK_EQ(exit_signal(&e), 6);
}

TEST(event_delivery_layouts)
{
	struct exit_info e = internal(3, EXIT_VENDOR_VMX, 4);

	e.data[0] = 0x80000b0e;
	e.data[1] = 48;
	e.data[2] = 0x181;
	e.data[3] = 7;
	CHECK_HAS(verdict(&e), "VMX exit 48 EPT_VIOLATION while delivering "
			       "hardware exception #PF (vector 14)");
	CHECK_HAS(details(&e), "0x181: guest read, page allows ---\n");
	CHECK_HAS(details(&e), "host CPU 7\n");
	e.data[1] = 49; /* before Linux 5.9: the GPA, and no CPU */
	CHECK_HAS(details(&e), "guest-physical address 0x7\n");
	CHECK(!strstr(details(&e), "host CPU"));
	e.ndata = 5;
	e.data[4] = 3;
	CHECK_HAS(details(&e), "guest-physical address 0x7\n");
	CHECK_HAS(details(&e), "host CPU 3\n");
	e.data[3] = UINT64_MAX;
	CHECK_HAS(details(&e), "guest-physical address not known\n");
	e.ndata = 3;
	CHECK(!strstr(details(&e), "host CPU"));
}

TEST(event_delivery_on_svm)
{
	struct exit_info e = internal(3, EXIT_VENDOR_SVM, 5);

	e.data[0] = 0xfee00000;
	e.data[1] = 0x400;
	e.data[2] = BIT(32) | 2;
	e.data[3] = 0xfee00000;
	CHECK_HAS(verdict(&e), "SVM exit 0x400 NPF while delivering an event");
	CHECK_HAS(details(&e), "EXITINFO1 0x100000002: guest write, page not "
			       "mapped\n");
	CHECK_HAS(details(&e), "EXITINFO2 0xfee00000\n");
}

TEST(unexpected_exit)
{
	struct exit_info e = internal(4, EXIT_VENDOR_SVM, 2);

	e.data[0] = 0x4e;
	e.data[1] = 1;
	CHECK_HAS(verdict(&e), "SVM exit 0x4e EXCEPTION #PF");
	CHECK_HAS(details(&e), "host CPU 1\n");
	e.vendor = EXIT_VENDOR_VMX;
	e.data[0] = 0x4e;
	CHECK_HAS(verdict(&e), "VMX exit 78 (no such reason known)");
}

TEST(io_qualification)
{
	struct exit_info e = lfence;

	e.data[3] = 30;
	e.data[4] = 0x1770008;
	CHECK_HAS(details(&e), "exit qualification 0x1770008: in of 1 bytes, "
			       "port 0x177\n");
}

TEST(failed_entries)
{
	struct exit_info e = {.reason = EXIT_FAIL_ENTRY, .cpu = 2};

	e.hw_reason = 0x80000021;
	CHECK_HAS(verdict(&e), "VM entry failed, hardware reason 0x80000021 "
			       "(VMX: invalid guest state)");
	CHECK_HAS(details(&e), "host CPU 2\n");
	e.hw_reason = 7;
	CHECK_HAS(verdict(&e), "VMX instruction error 7: invalid VM-entry "
			       "control field");
	e.hw_reason = 0;
	CHECK_HAS(verdict(&e), "no error number was latched");
	e.hw_reason = 0xffffffff;
	CHECK_HAS(verdict(&e), "SVM: the CPU refused the guest state");
	e.hw_reason = UINT64_MAX;
	CHECK_HAS(verdict(&e), "SVM: the CPU refused the guest state");
	e.hw_reason = 0xdead0000;
	CHECK_HAS(verdict(&e), "0xdead0000");
	CHECK_EQ(exit_signal(&e), 6);
	CHECK_STR(exit_status_word(&e), "internal-error");
}

TEST(triple_fault)
{
	struct exit_info e = {
		.reason = EXIT_SHUTDOWN, .has_regs = true, .rip = 0x133025};

	CHECK_HAS(verdict(&e), "triple fault: ");
	CHECK_HAS(verdict(&e), "; rip 0x133025");
	CHECK_EQ(exit_signal(&e), 11);
	CHECK_STR(exit_status_word(&e), "shutdown");
	e.state_reset = true;
	CHECK_HAS(verdict(&e), "not those of the fault");
	CHECK(!strstr(verdict(&e), "0x133025"));
}

TEST(eperm)
{
	struct exit_info e = {.run_errno = EPERM,
			      .has_regs = true,
			      .rip = 0xffffffff8106b6a4};

	CHECK_HAS(verdict(&e), "KVM_RUN failed with EPERM at rip "
			       "0xffffffff8106b6a4: ");
	CHECK_HAS(details(&e), "errno 1: a handler in the host's KVM");
	CHECK_EQ(exit_signal(&e), 6);
}

TEST(memory_faults)
{
	struct exit_info e = {.run_errno = EFAULT};

	CHECK_HAS(verdict(&e), "KVM_RUN failed with EFAULT: ");
	CHECK_EQ(exit_signal(&e), 10);
	e.reason = EXIT_MEMORY_FAULT;
	e.fault_gpa = 0xabc000;
	e.fault_size = 0x1000;
	CHECK_HAS(verdict(&e), "guest-physical address 0xabc000");
	CHECK_HAS(details(&e), "0xabc000, 0x1000 bytes, shared memory\n");
	e.run_errno = EHWPOISON;
	CHECK_HAS(verdict(&e), "EHWPOISON");
	CHECK_EQ(exit_signal(&e), 10);
	e.run_errno = 999;
	CHECK_HAS(verdict(&e), "errno 999");
	CHECK_EQ(exit_signal(&e), 6);
}

TEST(unknown_exits)
{
	struct exit_info e = {.reason = 57};

	CHECK_HAS(verdict(&e), "KVM_EXIT_UNKNOWN(57) (57)");
	CHECK_EQ(exit_signal(&e), 6);
	for (e.reason = 0; e.reason < 100; e.reason++) {
		CHECK(*verdict(&e));
		details(&e);
	}
}

TEST(flags_are_told)
{
	struct exit_info e = {.reason = EXIT_SHUTDOWN, .flags = 5};

	CHECK_HAS(details(&e), "in system-management mode\n");
	CHECK_HAS(details(&e), "in a nested guest\n");
	CHECK(!strstr(details(&e), "bus lock"));
}

TEST(which_exits_end_the_guest)
{
	static const uint32_t served[] = {2, 3, 4, 5, 6, 10, 26, 29, 30};
	static const uint32_t errors[] = {0, 1, 8, 9, 16, 17, 37, 39, 57, 99};
	struct exit_info e = {0};

	for (size_t i = 0; i < ARRAY_SIZE(served); i++) {
		e.reason = served[i];
		CHECK(!exit_is_error(&e));
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		e.reason = errors[i];
		CHECK(exit_is_error(&e));
	}
	e = (struct exit_info){.reason = EXIT_SYSTEM_EVENT, .event_type = 1};
	CHECK(!exit_is_error(&e));
	e.event_type = 3;
	CHECK(exit_is_error(&e));
	CHECK_STR(exit_status_word(&e), "guest-panicked");
	e = (struct exit_info){.run_errno = EINTR, .reason = EXIT_SHUTDOWN};
	CHECK(!exit_is_error(&e));
}

TEST(hardware_names)
{
	CHECK_STR(vmx_reason_name(49), "EPT_MISCONFIG");
	CHECK(!vmx_reason_name(35));
	CHECK(!vmx_reason_name(0xffff));
	CHECK_STR(svm_reason_name(0x7f), "SHUTDOWN");
	CHECK_STR(svm_reason_name(UINT64_MAX), "INVALID");
	CHECK(!svm_reason_name(0x1000));
	CHECK_STR(exception_name(14), "#PF");
	CHECK(!exception_name(200));
	CHECK_EQ(exit_vendor_of_module("kvm_amd"), EXIT_VENDOR_SVM);
	CHECK_EQ(exit_vendor_of_module("kvm_pvm"), EXIT_VENDOR_OTHER);
}

TEST(a_planted_byte_is_told_from_changed_code)
{
	struct exit_info e = lfence;

	CHECK_EQ(exit_planted_byte(&e), -1);
	e.insn[2] = 0xcc; /* what memory has, not what was fetched */
	CHECK_EQ(exit_planted_byte(&e), -1);
	e = int3;
	e.insn[0] = 0xc3;
	CHECK_EQ(exit_planted_byte(&e), 0);
	e.insn[1] = 0x91; /* a second difference: the code has changed */
	CHECK_EQ(exit_planted_byte(&e), -1);
}
