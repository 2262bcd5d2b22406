/* Several vCPUs: start-up by INIT/SIPI, all-stop, nothing lost. */
#include "tests/kvm/machine.h"

/*
 * The boot processor copies a real-mode trampoline to 0x8000, starts the
 * second processor there and counts in rax; the second one counts in eax.
 * Interrupts are on while they spin: Bochs' VMX never leaves a guest that runs
 * with them off, and its only host processor is then lost.
 */
#define START_AP(id)                                            \
	"mov $ap_" #id " - guest_" #id " + 0x100000, %esi\n"    \
	"mov $0x8000, %edi\n"                                   \
	"mov $64, %ecx\n"                                       \
	"rep movsb\n"                                           \
	"mov $0xfee00000, %esi\n"                               \
	"movl $0x1ff, 0xf0(%rsi)\n" /* SVR: APIC on */          \
	"movl $0x01000000, 0x310(%rsi)\n"                       \
	"movl $0x00004500, 0x300(%rsi)\n" /* INIT */            \
	"mov $1000, %ecx\n1: loop 1b\n"                         \
	"movl $0x01000000, 0x310(%rsi)\n"                       \
	"movl $0x00004608, 0x300(%rsi)\n" /* SIPI, vector 08 */ \
	"xor %eax, %eax\n"                                      \
	"sti\n"

GUEST(smp, START_AP(smp) "2: inc %eax\n"
			 "nop\n"
			 "jmp 2b\n"
			 "ap_smp: .code16\n"
			 "sti\nnop\n"	/* 0x8000 */
			 "3: inc %ax\n" /* 0x8002 */
			 "nop\n"	/* 0x8003 */
			 "jmp 3b\n"	/* 0x8004 */
			 ".code64\n"
			 ".fill 64, 1, 0x90\n");

#define AP_INC 0x8002
#define AP_NOP 0x8003

static const struct machine_options two = {.vcpus = 2};

static gva_t bsp_nop(struct machine *m)
{
	uint8_t code[4];

	for (gva_t at = GUEST_BASE;; at++) {
		CHECK(at < GUEST_BASE + 0x100);
		machine_read(m, at, code, 4);
		if (code[0] == 0xff && code[1] == 0xc0 && code[2] == 0x90)
			return at + 2;
	}
}

TEST(second_cpu_stops_at_a_breakpoint_and_is_named)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, smp, 64, &two);
	machine_insert(&m, BP_HW, AP_NOP, 1);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_HWBREAK);
	CHECK_EQ(stop.vcpu, 1);
	CHECK_EQ(machine_pc(&m, 1), AP_NOP);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_HWBREAK);
	CHECK_EQ(stop.vcpu, 1);
	machine_end(&m);
}

TEST(second_cpu_starts_with_a_split_irqchip)
{
	static const struct machine_options o = {.vcpus = 2,
						 .irqchip = IRQCHIP_SPLIT};
	struct machine m;

	machine_start(&m, smp, 64, &o);
	machine_insert(&m, BP_HW, AP_NOP, 1);
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	CHECK_EQ(machine_pc(&m, 1), AP_NOP);
	machine_end(&m);
}

TEST(stepping_one_cpu_holds_the_other)
{
	struct machine m;
	gva_t before;

	machine_start(&m, smp, 64, &two);
	machine_insert(&m, BP_HW, AP_NOP, 1);
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	before = machine_pc(&m, 0);
	CHECK_STOP(machine_step_vcpu(&m, 1), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 1), AP_NOP + 1);
	CHECK_EQ(machine_pc(&m, 0), before);
	machine_end(&m);
}

/* Both keep stopping; a busy host may favour one, but never for ever. */
TEST(two_cpus_at_breakpoints_lose_nothing)
{
	unsigned int hits[2] = {0};
	struct machine m;
	gva_t mine;

	machine_start(&m, smp, 64, &two);
	mine = bsp_nop(&m);
	machine_insert(&m, BP_SW, AP_NOP, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	machine_insert(&m, BP_SW, mine, 1);
	for (int i = 0; i < 3000 && (hits[0] < 6 || hits[1] < 6); i++) {
		struct target_stop stop = machine_continue(&m);

		CHECK_STOP(stop, STOP_SWBREAK);
		CHECK_EQ(machine_pc(&m, stop.vcpu), stop.vcpu ? AP_NOP : mine);
		hits[stop.vcpu]++;
	}
	CHECK(hits[0] > 5 && hits[1] > 5);
	machine_end(&m);
}

/* A counter that a stop or a step-over would make skip a beat. */
TEST(counts_match_stops_on_both_cpus)
{
	struct machine m;
	uint64_t count = 0;

	machine_start(&m, smp, 64, &two);
	machine_insert(&m, BP_SW, AP_NOP, 1);
	for (unsigned int i = 1; i <= 50; i++) {
		const struct x86_state *s;
		struct err err;

		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
		s = target_state(m.target, 1, X86_GROUP_GPR, &err);
		CHECK(s != NULL);
		count = s->gpr[X86_RAX] & 0xffff;
		CHECK_EQ(count, i);
	}
	machine_end(&m);
}

TEST(a_pending_stop_goes_with_its_breakpoint)
{
	struct machine m;
	gva_t mine;

	machine_start(&m, smp, 64, &two);
	mine = bsp_nop(&m);
	machine_insert(&m, BP_SW, AP_NOP, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	machine_insert(&m, BP_SW, mine, 1);
	for (int i = 0; i < 10; i++)
		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	machine_remove(&m, BP_SW, AP_NOP, 1);
	machine_remove(&m, BP_SW, mine, 1);
	CHECK_STOP(machine_run_for(&m, 20), STOP_INTERRUPT);
	machine_end(&m);
}

TEST(interrupt_while_a_cpu_waits_for_sipi)
{
	struct machine_options o = {.vcpus = 2};
	struct machine m;

	machine_start(&m, smp, 64, &o);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 1), 0xfffffff0); /* never started */
	machine_end(&m);
}

TEST(reset_puts_the_second_cpu_back_to_sleep)
{
	struct machine m;
	struct err err;

	machine_start(&m, smp, 64, &two);
	machine_insert(&m, BP_HW, AP_NOP, 1);
	for (int i = 0; i < 3; i++) {
		CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
		CHECK_OK(target_reset(m.target, &err), &err);
		CHECK_EQ(machine_pc(&m, 1), 0xfffffff0);
		CHECK_EQ(machine_pc(&m, 0), GUEST_BASE);
	}
	machine_end(&m);
}
