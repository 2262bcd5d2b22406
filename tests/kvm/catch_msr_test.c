/* Catchpoints on MSRs: the access passes as if nobody had looked. */
#include "arch/exit/text.h"
#include "stub/inspect.h"
#include "tests/kvm/catch_rig.h"

#define AT(offset) (GUEST_BASE + (offset))

static struct machine m;

static void start(const uint8_t *image, const uint8_t *end,
		  const struct machine_options *o)
{
	machine_start_bytes(&m, image, (size_t)(end - image), 64, o);
	if (!m.caps.user_space_msr)
		test_skip("no KVM_CAP_X86_USER_SPACE_MSR");
	if (m.caps.cpl0.step != CAP_YES)
		test_skip("this KVM does not single-step at CPL0");
	rig_install_handlers(&m);
}

static struct target_stop next_stop(enum target_stop_kind kind)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, kind);
	return stop;
}

/* The last MSR access in the flight recorder. */
static struct exit_record last_record(void)
{
	struct exit_record e;

	for (size_t i = target_records(m.target, 0, NULL); i-- > 0;)
		if (target_record(m.target, 0, i, &e) &&
		    (e.reason == EXIT_X86_RDMSR || e.reason == EXIT_X86_WRMSR))
			return e;
	test_fail(__FILE__, __LINE__, "no MSR access was recorded");
}

/* IA32_LSTAR: written, read back. */
GUEST(lstar, "mov $0xc0000082, %ecx\n" /* +0, 5 bytes */
	     "mov $0x1234, %eax\n"     /* +5, 5 bytes */
	     "mov $0x5678, %edx\n"     /* +a, 5 bytes */
	     "wrmsr\n"		       /* +f, 2 bytes */
	     "xor %eax, %eax\n"	       /* +11, 2 bytes */
	     "xor %edx, %edx\n"	       /* +13, 2 bytes */
	     "rdmsr\n"		       /* +15, 2 bytes */
	     "nop\n"		       /* +17 */
	     "mov %eax, %ebx\n"	       /* +18, 2 bytes */
	     "out %al, $0xf4\n");      /* +1a */
#define LSTAR guest_lstar, guest_lstar_end

TEST(before_rip_is_on_the_instruction)
{
	struct target_stop stop;

	start(LSTAR, NULL);
	CHECK_STR(rig_monitor(&m, "catch msr lstar before"), "catchpoint 1: "
							     "msr 0xc0000082 "
							     "(IA32_LSTAR) rw "
							     "before, "
							     "stop\n");
	stop = next_stop(STOP_CATCH);
	CHECK_STR(stop.text, "catchpoint 1: wrmsr 0xc0000082 (IA32_LSTAR) val "
			     "0x567800001234, before the access, rip "
			     "0x10000f\n");
	CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	CHECK_EQ(machine_reg(&m, "lstar"), 0);
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "rdmsr 0xc0000082 (IA32_LSTAR), before");
	CHECK_EQ(machine_pc(&m, 0), AT(0x15));
	CHECK_EQ(machine_reg(&m, "lstar"), 0x567800001234);
	CHECK_EQ(machine_reg(&m, "rax"), 0);
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx"), 0x1234);
	CHECK_EQ(machine_reg(&m, "rdx"), 0x5678);
	CHECK_EQ(rig_hits(&m, 1), 2);
	machine_end(&m);
}

TEST(after_the_value_is_there_and_recorded)
{
	struct target_stop stop;
	struct exit_record e;

	start(LSTAR, NULL);
	rig_monitor(&m, "catch msr 0xc0000082 r after");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "rdmsr 0xc0000082 (IA32_LSTAR) val "
			     "0x567800001234, after the access, rip 0x100017");
	CHECK_EQ(machine_pc(&m, 0), AT(0x17));
	CHECK_EQ(machine_reg(&m, "rax"), 0x1234);
	e = last_record();
	CHECK_EQ(e.where, 0xc0000082);
	CHECK_EQ(e.value, 0x567800001234);
	CHECK(!e.is_write && !e.denied);
	next_stop(STOP_EXITED);
	machine_end(&m);
}

TEST(steps_and_breakpoints_at_the_instruction)
{
	start(LSTAR, NULL);
	rig_monitor(&m, "catch msr lstar before");
	if (m.caps.cpl0.int3 != INT3_TO_GUEST) {
		machine_insert(&m, BP_SW, AT(0xf), 1);
		next_stop(STOP_SWBREAK);
		CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	}
	next_stop(STOP_CATCH);
	CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), AT(0x11));
	CHECK_EQ(machine_reg(&m, "lstar"), 0x567800001234);
	rig_monitor(&m, "catch action 1 notify");
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_STEP); /* the RDMSR */
	CHECK_EQ(machine_pc(&m, 0), AT(0x17));
	CHECK_EQ(machine_reg(&m, "rax"), 0x1234);
	CHECK_HAS(rig_notes(&m), "catchpoint 1: rdmsr");
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 1), 2);
	machine_end(&m);
}

TEST(registers_changed_before_count)
{
	start(LSTAR, NULL);
	rig_monitor(&m, "catch msr lstar w before");
	next_stop(STOP_CATCH);
	machine_set_reg(&m, "rax", 0x4321);
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx"), 0x4321);
	CHECK_EQ(last_record().value, 0x567800004321);
	machine_end(&m);
}

TEST(deleting_the_last_one_takes_the_filter_away)
{
	start(LSTAR, NULL);
	rig_monitor(&m, "catch msr lstar before");
	next_stop(STOP_CATCH);
	rig_monitor(&m, "catch delete all");
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx"), 0x1234);
	machine_end(&m);
}

TEST(x2apic_and_too_many_are_refused)
{
	start(LSTAR, NULL);
	CHECK_HAS(rig_refused(&m, "catch msr 0x830"), "x2APIC");
	CHECK_HAS(rig_monitor(&m, "catch msr 0x700-0x8ff notify"), "note: KVM "
								   "never "
								   "filters "
								   "0x800-"
								   "0x8ff");
	CHECK_HAS(rig_monitor(&m, "catch msr tsc_deadline w"), "note: many "
							       "versions of "
							       "KVM");
	CHECK_HAS(rig_refused(&m, "catch msr 0-0xffffffff"), "16 ranges");
	next_stop(STOP_EXITED);
	machine_end(&m);
}

GUEST(gp, "mov $0x2ffffff0, %ecx\n"
	  "lea 6f(%rip), %rbp\n"
	  "6: wrmsr\n"
	  "out %al, $0xf4\n");

TEST(an_access_that_must_fault_does)
{
	struct target_stop stop;

	start(guest_gp, guest_gp_end, NULL);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("steps run through handlers on this host");
	rig_monitor(&m, "catch msr 0x2ffffff0 w after");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "which raised #GP(0), after");
	CHECK(last_record().denied);
	CHECK_EQ(next_stop(STOP_EXITED).status, 0xef);
	CHECK_EQ(machine_reg(&m, "r12"), 0);
	CHECK_EQ(machine_reg(&m, "r13"), machine_reg(&m, "rbp"));
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0); /* TF */
	machine_end(&m);
}

/* A reserved bit of EFER; then SCE set, which has to take effect. */
GUEST(efer, "mov $0xc0000080, %ecx\n"
	    "rdmsr\n"
	    "or $1, %eax\n"
	    "wrmsr\n"
	    "rdmsr\n"
	    "mov %eax, %ebx\n"
	    "lea 6f(%rip), %rbp\n"
	    "mov $0x80000000, %edx\n"
	    "6: wrmsr\n"
	    "out %al, $0xf4\n");

TEST(efer_keeps_its_checks_and_effects)
{
	struct target_stop stop;

	start(guest_efer, guest_efer_end, NULL);
	rig_monitor(&m, "catch msr efer notify");
	stop = next_stop(STOP_EXITED);
	CHECK_EQ(stop.status, 0xef);
	CHECK_EQ(machine_reg(&m, "rbx") & 0x501, 0x501);
	CHECK_EQ(machine_reg(&m, "r13"), machine_reg(&m, "rbp"));
	CHECK_EQ(machine_reg(&m, "efer") & 0x501, 0x501);
	CHECK_EQ(rig_hits(&m, 1), 4);
	machine_end(&m);
}

/* The local APIC switched off through its MSR, as CPUID and MSR tell. */
GUEST(apic, "mov $0x1b, %ecx\n"
	    "rdmsr\n"
	    "and $~0x800, %eax\n"
	    "wrmsr\n"
	    "xor %eax, %eax\n"
	    "rdmsr\n"
	    "mov %eax, %esi\n"
	    "mov $1, %eax\n"
	    "cpuid\n"
	    "mov %edx, %edi\n"
	    "mov $0x10, %ecx\n" /* TSC */
	    "xor %eax, %eax\n"
	    "mov $0x1000000, %edx\n"
	    "wrmsr\n"
	    "rdtsc\n"
	    "mov %edx, %ebp\n"
	    "out %al, $0xf4\n");

TEST(apic_base_and_tsc_have_their_effect)
{
	bool tsc_moves;
	struct err err;

	start(guest_apic, guest_apic_end, NULL);
	next_stop(STOP_EXITED);
	tsc_moves = machine_reg(&m, "rbp") == 0x1000000;
	CHECK_OK(target_reset(m.target, &err), &err);
	rig_install_handlers(&m);
	rig_monitor(&m, "catch msr 0x1b notify");
	rig_monitor(&m, "catch msr 0x10 w notify");
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rsi") & 0x800, 0);
	CHECK_EQ(machine_reg(&m, "rdi") & (1 << 9), 0); /* CPUID.APIC */
	CHECK_EQ(machine_reg(&m, "rbp") == 0x1000000, tsc_moves);
	CHECK_EQ(rig_hits(&m, 1), 3);
	CHECK_EQ(rig_hits(&m, 2), 1);
	machine_end(&m);
}

/*
 * Two processors write the same MSR: the second is started by INIT and SIPI
 * to 0x8000, where the first has put the same loop in 16-bit code.
 */
GUEST(both, "mov $0x8000, %edi\n"
	    "lea 5f(%rip), %rsi\n"
	    "mov $6f-5f, %ecx\n"
	    "rep movsb\n"
	    "mov $0xfee00000, %ebx\n"
	    "movl $0x1ff, 0xf0(%rbx)\n"
	    "movl $0x01000000, 0x310(%rbx)\n"
	    "movl $0x4500, 0x300(%rbx)\n"
	    "movl $0x4608, 0x300(%rbx)\n"
	    "mov $0xc0000082, %ecx\n"
	    "mov $200, %ebp\n"
	    "1: mov %ebp, %eax\n"
	    "xor %edx, %edx\n"
	    "wrmsr\n"
	    "rdmsr\n"
	    "cmp %ebp, %eax\n"
	    "jne 9f\n"
	    "dec %ebp\n"
	    "jnz 1b\n"
	    "2: cmpb $1, 0x9000\n"
	    "jne 2b\n"
	    "mov $0x10, %al\n"
	    "9: out %al, $0xf4\n"
	    ".code16\n"
	    "5: mov $0xc0000082, %ecx\n"
	    "mov $200, %ebp\n"
	    "1: mov %ebp, %eax\n"
	    "xor %edx, %edx\n"
	    "wrmsr\n"
	    "dec %ebp\n"
	    "jnz 1b\n"
	    "xor %ax, %ax\n"
	    "mov %ax, %ds\n"
	    "movb $1, 0x9000\n"
	    "3: hlt\n"
	    "jmp 3b\n"
	    "6: .code64\n");

TEST(no_processor_slips_through)
{
	struct machine_options two = {.vcpus = 2};

	test_timeout(60);
	start(guest_both, guest_both_end, &two);
	rig_monitor(&m, "catch msr lstar w ignore");
	CHECK_EQ(next_stop(STOP_EXITED).status, 0x21);
	CHECK_EQ(rig_hits(&m, 1), 400);
	machine_end(&m);
}
