/* KVM's internal errors and refused entries: the sentence that says why. */
#include "arch/decode.h"
#include "stub/why.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target_evidence ev;
static struct x86_host host;
static const struct target_io_range lapic = {.mmio = true,
					     .base = 0xfee00000,
					     .len = 0x1000,
					     .name = "LAPIC",
					     .in_kernel = true};

static void setup(enum exit_vendor vendor, const char *code, size_t len)
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
	ev.exit.vendor = vendor;
	f->inspect.evidence = &ev;
	f->inspect.io_range = &lapic;
	f->inspect.io_ranges = 1;
	host = (struct x86_host){.vendor = vendor,
				 .module = "kvm_test",
				 .unrestricted_guest = -1,
				 .ept = -1,
				 .runs_cpl0_natively = 1,
				 .dump_invalid = 0};
	f->inspect.host = &host;
	memcpy(fake_ram(f, ev.state.rip, len), code, len);
}

static const char *die(void)
{
	/* the machine itself is as the evidence says */
	f->cpu[0] = ev.state;
	fake_push_error(f, 0, GDB_SIGNAL_ABRT, "internal-error", NULL);
	return fake_run(f).text;
}

/* Suberror 1 with these bytes and hardware reason, as Linux 5.16 has it. */
static const char *fail(const char *code, uint64_t reason)
{
	uint8_t bytes[16] = {15};
	size_t n = strlen(code);

	memset(bytes + 1, 0x90, 15);
	memcpy(bytes + 1, code, n);
	bytes[0] = (uint8_t)n;
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = SUBERROR_EMULATION;
	ev.exit.ndata = 8;
	ev.exit.data[0] = 1;
	memcpy(&ev.exit.data[1], bytes, 16);
	ev.exit.data[3] = reason;
	return die();
}

#define SETUP(vendor, code) setup(vendor, code, sizeof(code) - 1)

TEST(sse_to_a_device)
{
	SETUP(EXIT_VENDOR_VMX, "\x0f\x11\x07"); /* movups %xmm0,(%rdi) */
	fake_map(f, 0x200000, 0xfee00000, FAKE_PTE_P | FAKE_PTE_RW);
	ev.state.gpr[X86_RDI] = 0x2000f0;
	CHECK_HAS(fail("\x0f\x11\x07", 48), "emulation failure): movups (SSE) "
					    "at rip 0x1000 writes "
					    "0x2000f0, where no RAM is (device "
					    "LAPIC, inside KVM), and "
					    "KVM's emulator does not know this "
					    "instruction\n");
	CHECK_HAS(f->target.last.text, "  operand 0x2000f0 (write, 16 bytes): "
				       "physical 0xfee000f0, "
				       "device LAPIC, inside KVM\n");
	CHECK_HAS(f->target.last.text, "to do: use plain mov");
}

TEST(a_jump_to_where_nothing_is)
{
	SETUP(EXIT_VENDOR_SVM, "\x90");
	fake_map(f, 0x200000, 0x80000000, FAKE_PTE_P | FAKE_PTE_RW);
	memcpy(fake_ram(f, 0x2000, 2), "\xff\xd0", 2); /* call *%rax */
	memcpy(fake_ram(f, ev.state.gpr[X86_RSP], 2), "\x02\x20", 2);
	ev.state.rip = 0x200000;
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = SUBERROR_EMULATION;
	CHECK_HAS(die(), "the guest jumped to 0x200000, physical 0x80000000, "
			 "where no RAM is (nothing: no memory and no device)");
	CHECK_HAS(f->target.last.text, "  top of the stack: 0x2002, behind the "
				       "call at 0x2000: call "
				       "  *%rax\n");
}

TEST(a_jump_to_where_nothing_is_mapped)
{
	SETUP(EXIT_VENDOR_SVM, "\x90");
	ev.state.rip = 0x7fff0000;
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = SUBERROR_EMULATION;
	CHECK_HAS(die(), "the instruction at rip 0x7fff0000 cannot be fetched: "
			 "linear 0x7fff0000: ");
	CHECK_HAS(f->target.last.text, "kvm_mmu_walker_error: ");
}

TEST(bytes_that_have_changed)
{
	SETUP(EXIT_VENDOR_VMX, "\xeb\xfe");
	CHECK_HAS(fail("\xec", 0x80000000 | 30), "KVM emulated other bytes "
						 "than memory holds at rip "
						 "0x1000: "
						 "the code has changed since, "
						 "or KVM translates rip "
						 "otherwise\n");
	CHECK_HAS(f->target.last.text, "rip now: eb fe");
}

TEST(data_that_is_executed)
{
	SETUP(EXIT_VENDOR_VMX, "\x06\x07");
	CHECK_HAS(fail("\x06\x07", 48), "the bytes at rip 0x1000 are no "
					"instruction: the guest runs into "
					"data");
}

TEST(a_breakpoint_inside_an_instruction)
{
	SETUP(EXIT_VENDOR_OTHER, "\x48\x89\xd8");
	CHECK_HAS(fail("\x48\x89\xcc", 0x1000), "a software breakpoint is "
						"planted at 0x1002, inside the "
						"instruction at rip 0x1000, "
						"and broke it\n");
}

TEST(a_host_that_emulates_the_kernel)
{
	SETUP(EXIT_VENDOR_OTHER, "\x66\x0f\xfe\xc8");
	host.runs_cpl0_natively = 0;
	CHECK_HAS(fail("\x66\x0f\xfe\xc8", 0x1000), "paddd (SSE2) at rip "
						    "0x1000: this host's KVM "
						    "(kvm_test) runs "
						    "CPL-0 code in its "
						    "emulator, which does not "
						    "know this "
						    "instruction\n");
	SETUP(EXIT_VENDOR_OTHER, "\xcc");
	host.runs_cpl0_natively = 0;
	CHECK_HAS(fail("\xcc", 0x1000), "int3 at rip 0x1000: this host's KVM "
					"(kvm_test) cannot deliver a guest's "
					"own int3 at CPL 0\n");
}

TEST(an_instruction_the_guest_s_cpuid_lacks)
{
	static const struct x86_cpuid none;

	SETUP(EXIT_VENDOR_OTHER, "\xc4\x42\x69\xf7\xc1");
	f->inspect.cpuid[CPUID_GUEST] = &none;
	CHECK_HAS(fail("\xc4\x42\x69\xf7\xc1", 0x1000), "  shlx needs the "
							"CPUID flag bmi2, "
							"which this guest does "
							"not "
							"have\n");
}

TEST(a_state_that_is_really_invalid)
{
	SETUP(EXIT_VENDOR_VMX, "\x0f\xae\xe8");
	ev.state.seg[X86_CS].attr |= X86_AR_DB; /* with L: not allowed */
	host.unrestricted_guest = 0;
	CHECK_HAS(fail("\x0f\xae\xe8", 0x80000021), "the guest's state is not "
						    "valid for VM entry "
						    "(CS.attr = ");
	CHECK_HAS(f->target.last.text, "to do: this host's CPU or KVM has no "
				       "unrestricted guest");
}

TEST(a_task_switch)
{
	static const char jump[] = "\xea\x08\x09\x0a\x0b\x28\x07";

	SETUP(EXIT_VENDOR_VMX, jump);
	ev.state.efer = 0;
	ev.state.cr4 = 0;
	ev.state.cr0 = X86_CR0_PE;
	ev.state.seg[X86_CS].attr = 0xc09b;
	CHECK_HAS(fail(jump, 9), "a hardware task switch at rip 0x1000 failed");
}

/* ---- suberrors 2 to 4 ---- */

static const char *internal(uint32_t suberror, uint32_t ndata,
			    const uint64_t *data)
{
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = suberror;
	ev.exit.ndata = ndata;
	memcpy(ev.exit.data, data, ndata * sizeof(*data));
	return die();
}

TEST(an_idt_in_device_memory)
{
	static const uint64_t data[] = {0x80000b0e, 48, 0x181, 0xfee000e0, 2};

	SETUP(EXIT_VENDOR_VMX, "\x90");
	fake_map(f, 0x200000, 0xfee00000, FAKE_PTE_P | FAKE_PTE_RW);
	ev.state.idt = (struct x86_dtable){0x200000, 0xfff};
	CHECK_HAS(internal(SUBERROR_DELIVERY_EV, 5, data),
		  "VMX exit 48 EPT_VIOLATION while delivering hardware "
		  "exception #PF (vector 14) with error code at rip 0x1000: "
		  "the IDT entry at "
		  "0x2000e0 lies at physical 0xfee000e0, where no RAM is\n");
	CHECK_HAS(f->target.last.text, "to do: put the IDT, GDT, TSS and "
				       "stacks into RAM\n");
}

TEST(the_other_suberrors)
{
	static const uint64_t simul[] = {0x80000b0e, 0x80000b0d, 0};
	static const uint64_t unexpected[] = {0x4e, 1};

	SETUP(EXIT_VENDOR_VMX, "\x90");
	CHECK_HAS(internal(SUBERROR_SIMUL_EX, 3, simul),
		  "(simultaneous exceptions): an exception came while another "
		  "one was being delivered at rip 0x1000\n");
	SETUP(EXIT_VENDOR_VMX, "\x90");
	CHECK_HAS(internal(SUBERROR_UNEXPECTED_EXIT, 2, unexpected),
		  "to do: the guest cannot cause this: the host's kernel");
}

/* ---- refused entries ---- */

static const char *refuse(uint64_t reason)
{
	memset(&ev.exit, 0, sizeof(ev.exit));
	ev.exit.vendor = host.vendor;
	ev.exit.reason = EXIT_FAIL_ENTRY;
	ev.exit.hw_reason = reason;
	ev.exit.cpu = 5;
	return die();
}

TEST(entry_with_a_bad_segment)
{
	const char *text;

	SETUP(EXIT_VENDOR_VMX, "\x90");
	ev.state.seg[X86_CS].attr |= X86_AR_DB;
	text = refuse(0x80000021);
	CHECK_HAS(text, "VM entry failed, hardware reason 0x80000021 (VMX: "
			"invalid guest state) at rip 0x1000 on host CPU 5: "
			"CS.attr = ");
	CHECK_HAS(text, "violated: CS.attr");
	CHECK_HAS(text, "to do: correct that register");
	CHECK_HAS(text, "KVM: entry failed, hardware error 0x80000021\n");
}

TEST(an_entry_that_kvm_was_told_not_to_avoid)
{
	SETUP(EXIT_VENDOR_VMX, "\x90");
	host.unrestricted_guest = 0;
	CHECK_HAS(refuse(0x80000021), "to do: kvm_intel has been loaded with "
				      "emulate_invalid_guest_state=0");
	SETUP(EXIT_VENDOR_VMX, "\x90");
	host.unrestricted_guest = 0;
	host.emulate_invalid = 1;
	CHECK(!strstr(refuse(0x80000021), "emulate_invalid_guest_state"));
}

TEST(entry_with_a_state_that_looks_good)
{
	SETUP(EXIT_VENDOR_VMX, "\x90");
	ev.state.seg[X86_LDTR].attr = X86_AR_UNUSABLE;
	ev.state.seg[X86_TR].attr = 0x8b;
	CHECK_HAS(refuse(0x80000021), " checks fails, so the cause is in "
				      "fields user space cannot see\n");
	CHECK_HAS(f->target.last.text, "to do: echo 1 > "
				       "/sys/module/kvm_intel/parameters/"
				       "dump_invalid_vmcs prints the whole "
				       "VMCS");
}

TEST(entry_that_is_the_host_s_fault)
{
	SETUP(EXIT_VENDOR_VMX, "\x90");
	CHECK_HAS(refuse(7), "VMX instruction error 7: invalid VM-entry "
			     "control field");
	CHECK_HAS(f->target.last.text, "to do: the guest cannot cause this");
	SETUP(EXIT_VENDOR_VMX, "\x90");
	CHECK_HAS(refuse(0x80000029), "machine check during VM entry");
	SETUP(EXIT_VENDOR_SVM, "\x90");
	CHECK_HAS(refuse(0xffffffff), "SVM: the CPU refused the guest state");
	CHECK_HAS(f->target.last.text, "kvm_amd/parameters/dump_invalid_vmcb");
}
