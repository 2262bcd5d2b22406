/* MSRs and CPUID by number, against the real KVM. */
#include "arch/msr_names.h"
#include "stub/inspect.h"
#include "stub/mon/monitor.h"
#include "tests/kvm/machine.h"

static struct machine m;
static struct buf out;

static const char *run(const char *line, bool ok)
{
	buf_clear(&out);
	if (monitor_run(m.target, 0, line, &out) != ok)
		test_fail(__FILE__, __LINE__, "%s: %s", line, buf_cstr(&out));
	return buf_cstr(&out);
}

/* LSTAR gets a value, rax becomes what was there before. */
GUEST(lstar, "mov $0xc0000082, %ecx\n"
	     "rdmsr\n"
	     "mov %eax, %ebx\n"
	     "mov $0x5678, %eax\n"
	     "xor %edx, %edx\n"
	     "wrmsr\n"
	     "mov %ebx, %eax\n"
	     "mov $0xf4, %dx\n"
	     "out %al, %dx\n"
	     "1: jmp 1b\n");

TEST(what_is_written_here_the_guest_reads_and_back)
{
	machine_start(&m, lstar, 64, NULL);
	CHECK_STR(run("wrmsr LSTAR 0x1234", true), "IA32_LSTAR (0xc0000082): "
						   "0x0 -> 0x1234\n");
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rax"), 0x1234);
	CHECK_HAS(run("rdmsr LSTAR", true), "= 0x5678");
	machine_end(&m);
}

TEST(an_msr_that_is_not_there_is_no_zero)
{
	machine_start(&m, lstar, 64, NULL);
	CHECK_HAS(run("rdmsr 0x2ffffffe", false), "MSR 0x2ffffffe");
	CHECK_HAS(run("rdmsr X2APIC_TPR", false), "not in x2APIC mode");
	CHECK_HAS(run("wrmsr 0x2ffffffe 0", false), "MSR 0x2ffffffe");
	machine_end(&m);
}

TEST(refused_values_leave_the_register_alone)
{
	machine_start(&m, lstar, 64, NULL);
	CHECK_HAS(run("wrmsr LSTAR 0x800000000000", false), "not canonical: "
							    "bits 63 to 47 "
							    "differ");
	CHECK_HAS(run("rdmsr LSTAR", true), "= 0x0");
	machine_end(&m);
}

TEST(the_list_has_kvms_own_and_others_in_order)
{
	uint32_t index, last = 0;
	bool star = false, mtrr = false;

	machine_start(&m, lstar, 64, NULL);
	for (unsigned int i = 0; target_msr_at(m.target, i, &index); i++) {
		CHECK(!i || index > last);
		last = index;
		star |= index == 0xc0000081;
		mtrr |= index == 0x2ff;
	}
	CHECK(star);
	CHECK(mtrr);
	CHECK_HAS(run("msrs", true), "IA32_EFER");
	machine_end(&m);
}

TEST(x2apic_registers_appear_with_the_mode)
{
	machine_start(&m, lstar, 64, NULL);
	CHECK_HAS(run("wrmsr APIC_BASE 0xfee00d00", true), "-> 0xfee00d00");
	CHECK_HAS(run("rdmsr X2APIC_APICID", true), "= 0x0");
	CHECK_HAS(run("msrs x2apic", true), "IA32_X2APIC_LVT_TIMER");
	machine_end(&m);
}

GUEST(cpuid, "mov $0x80000008, %eax\n"
	     "cpuid\n"
	     "mov $0xf4, %dx\n"
	     "mov %eax, %ebx\n"
	     "out %al, %dx\n"
	     "1: jmp 1b\n");

TEST(cpuid_is_what_the_instruction_answers)
{
	struct x86_cpuid table;
	const struct x86_cpuid_entry *e;
	struct err err;

	machine_start(&m, cpuid, 64, NULL);
	CHECK_OK(target_cpuid(m.target, 0, CPUID_GUEST, &table, &err), &err);
	e = x86_cpuid_find(&table, 0x80000008, 0);
	CHECK(e);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx"), e->reg[CPUID_EAX]);
	CHECK_HAS(run("cpuid", true), "hypervisor");
	machine_end(&m);
}

TEST(host_and_kvm_answer_too)
{
	struct x86_cpuid kvm, host;
	struct err err;

	machine_start(&m, cpuid, 64, NULL);
	CHECK_OK(target_cpuid(m.target, 0, CPUID_SUPPORTED, &kvm, &err), &err);
	CHECK_OK(target_cpuid(m.target, 0, CPUID_HOST, &host, &err), &err);
	CHECK(x86_cpuid_flag(&kvm, "lm"));
	CHECK(x86_cpuid_flag(&host, "lm"));
	run("cpuid diff", true);
	machine_end(&m);
}

TEST(an_x2apics_id_is_a_number_of_32_bits)
{
	static const struct machine_options two = {.vcpus = 2};

	machine_start(&m, lstar, 64, &two);
	run("-c 1 wrmsr APIC_BASE 0xfee00c00", true);
	CHECK_HAS(run("-c 1 info lapic", true), "x2APIC mode, ID 1\n");
	CHECK_HAS(run("info lapic 1", true), "state for CPU 1 ");
	CHECK_HAS(run("-c 1 rdmsr X2APIC_APICID", true), "= 0x1");
	machine_end(&m);
}
