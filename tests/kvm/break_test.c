/* Breakpoints on a live guest: planted bytes, debug registers, step-over. */
#include "tests/kvm/machine.h"

/* Offsets are from GUEST_BASE; each nop is one byte. */
GUEST(count, "xor %eax, %eax\n" /* +0, 2 bytes */
	     "1: inc %eax\n"	/* +2, 2 bytes */
	     "nop\n"		/* +4 */
	     "jmp 1b\n");	/* +5 */

#define COUNT_INC (GUEST_BASE + 2)
#define COUNT_NOP (GUEST_BASE + 4)

TEST(swbreak_stops_at_its_address_each_time_round)
{
	struct machine m;

	machine_start(&m, count, 64, NULL);
	machine_insert(&m, BP_SW, COUNT_NOP, 1);
	for (unsigned int i = 1; i <= 5; i++) {
		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
		CHECK_EQ(machine_pc(&m, 0), COUNT_NOP);
		CHECK_EQ(machine_reg(&m, "rax"), i);
	}
	machine_end(&m);
}

TEST(hwbreak_resumes_without_stepping_and_stops_again)
{
	struct machine m;

	machine_start(&m, count, 64, NULL);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("exec debug registers do not fire on this host");
	machine_insert(&m, BP_HW, COUNT_NOP, 1);
	for (unsigned int i = 1; i <= 5; i++) {
		CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
		CHECK_EQ(machine_pc(&m, 0), COUNT_NOP);
		CHECK_EQ(machine_reg(&m, "rax"), i);
	}
	machine_end(&m);
}

TEST(reads_hide_the_planted_byte_and_writes_go_under_it)
{
	struct machine m;
	uint8_t byte;

	machine_start(&m, count, 64, NULL);
	machine_insert(&m, BP_SW, COUNT_NOP, 1);
	machine_read(&m, COUNT_NOP, &byte, 1);
	CHECK_EQ(byte, 0x90);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	machine_write(&m, COUNT_NOP, "\x91", 1); /* xchg %eax, %ecx */
	machine_read(&m, COUNT_NOP, &byte, 1);
	CHECK_EQ(byte, 0x91);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_reg(&m, "rcx"), 1); /* the write was executed */
	machine_remove(&m, BP_SW, COUNT_NOP, 1);
	machine_read(&m, COUNT_NOP, &byte, 1);
	CHECK_EQ(byte, 0x91);
	machine_end(&m);
}

TEST(removed_breakpoints_do_not_stop)
{
	struct machine m;

	machine_start(&m, count, 64, NULL);
	machine_insert(&m, BP_SW, COUNT_NOP, 1);
	machine_insert(&m, BP_HW, COUNT_INC, 1);
	machine_remove(&m, BP_SW, COUNT_NOP, 1);
	machine_remove(&m, BP_HW, COUNT_INC, 1);
	CHECK_STOP(machine_run_for(&m, 20), STOP_INTERRUPT);
	machine_end(&m);
}

TEST(step_from_a_planted_byte_executes_the_instruction)
{
	struct machine m;

	machine_start(&m, count, 64, NULL);
	machine_insert(&m, BP_SW, COUNT_INC, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), COUNT_NOP);
	CHECK_EQ(machine_reg(&m, "rax"), 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_reg(&m, "rax"), 1);
	machine_end(&m);
}

/* Nobody was told of it: gdb's `jump *$pc' then wants the hit. */
TEST(a_breakpoint_that_a_step_led_to_is_hit)
{
	static const enum bp_type types[] = {BP_SW, BP_HW};

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		struct machine m;

		machine_start(&m, count, 64, NULL);
		machine_insert(&m, BP_SW, COUNT_INC, 1);
		machine_insert(&m, types[i], COUNT_NOP, 1);
		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
		CHECK_STOP(machine_step(&m), STOP_STEP);
		CHECK_EQ(machine_pc(&m, 0), COUNT_NOP);
		CHECK_STOP(machine_continue(&m),
			   types[i] == BP_SW ? STOP_SWBREAK : STOP_HWBREAK);
		CHECK_EQ(machine_pc(&m, 0), COUNT_NOP);
		CHECK_EQ(machine_reg(&m, "rax"), 1);
		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
		CHECK_EQ(machine_pc(&m, 0), COUNT_INC);
		machine_end(&m);
	}
}

/* Copies the loop to 0x200000 over whatever lies there, then runs it. */
GUEST(loader, "mov $0x100020, %esi\n"
	      "mov $0x200000, %edi\n"
	      "mov $16, %ecx\n"
	      "rep movsb\n"
	      "xor %eax, %eax\n"
	      "mov $0x200000, %edx\n"
	      "jmp *%rdx\n"
	      ".org guest_loader + 0x20\n"
	      "1: inc %eax\n"
	      "nop\n"
	      "jmp 1b\n"
	      ".org guest_loader + 0x40\n");

TEST(swbreak_set_before_a_loader_overwrites_the_page)
{
	struct machine m;

	machine_start(&m, loader, 64, NULL);
	machine_insert(&m, BP_SW, 0x200002, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), 0x200002);
	CHECK_EQ(machine_reg(&m, "rax"), 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_reg(&m, "rax"), 2);
	machine_end(&m);
}

TEST(the_same_after_the_guest_has_run)
{
	struct machine m;

	machine_start(&m, loader, 64, NULL);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	machine_insert(&m, BP_SW, 0x200002, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), 0x200002);
	CHECK_EQ(machine_reg(&m, "rax"), 1);
	machine_end(&m);
}

TEST(four_hardware_breakpoints_and_a_clear_error_for_the_fifth)
{
	struct target_bp bp = {
		.type = BP_HW, .addr = GUEST_BASE + 64, .len = 1};
	struct machine m;
	struct err err;

	machine_start(&m, count, 64, NULL);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("exec debug registers do not fire on this host");
	for (unsigned int i = 0; i < 4; i++)
		machine_insert(&m, BP_HW, GUEST_BASE + 32 + i, 1);
	CHECK(!target_insert_bp(m.target, 0, &bp, &err));
	CHECK_HAS(err.msg, "4 debug registers");
	machine_end(&m);
}

TEST(interrupt_stops_a_guest_that_spins_with_interrupts_off)
{
	struct machine m;

	machine_start(&m, count, 64, NULL);
	CHECK_STOP(machine_run_for(&m, 10), STOP_INTERRUPT);
	CHECK(!(machine_reg(&m, "eflags") & 0x200));
	CHECK_STOP(machine_run_for(&m, 10), STOP_INTERRUPT);
	machine_end(&m);
}

/*
 * Maps the first 512 GiB a second time at 0x8000000000, then goes on there.
 * The loader's PML4 is where CR3 says.
 */
GUEST(alias, "mov %cr3, %rax\n"
	     "mov (%rax), %rbx\n"
	     "mov %rbx, 8(%rax)\n"
	     "mov %rax, %cr3\n"
	     "movabs $0x8000100040, %rdx\n"
	     "xor %eax, %eax\n"
	     "jmp *%rdx\n"
	     ".org guest_alias + 0x40\n"
	     "1: inc %eax\n" /* +40 */
	     "nop\n"	     /* +42 */
	     "jmp 1b\n");

#define ALIAS_NOP UINT64_C(0x8000100042)

TEST(breakpoint_at_an_address_that_is_not_mapped_yet)
{
	struct machine m;
	uint8_t byte;
	size_t done;
	struct err err;

	machine_start(&m, alias, 64, NULL);
	CHECK(!target_read_virt(m.target, 0, ALIAS_NOP, &byte, 1, &done, &err));
	machine_insert(&m, BP_SW, ALIAS_NOP, 1);
	for (unsigned int i = 1; i <= 3; i++) {
		CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
		CHECK_EQ(machine_pc(&m, 0), ALIAS_NOP);
		CHECK_EQ(machine_reg(&m, "rax"), i);
	}
	machine_end(&m);
}

/* No debug register is left: it waits, and is planted once it is mapped. */
TEST(unmapped_breakpoint_without_a_debug_register_waits)
{
	struct machine m;

	machine_start(&m, alias, 64, NULL);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("exec debug registers do not fire on this host");
	for (unsigned int i = 0; i < 4; i++)
		machine_insert(&m, BP_HW, GUEST_BASE + 0x800 + i, 1);
	machine_insert(&m, BP_SW, ALIAS_NOP, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), ALIAS_NOP);
	machine_end(&m);
}

/* The patched byte is the same one; nobody asked for this address. */
TEST(another_address_of_the_patched_byte_does_not_stop)
{
	struct machine m;

	machine_start(&m, alias, 64, NULL);
	machine_insert(&m, BP_SW, GUEST_BASE + 0x42, 1);
	CHECK_STOP(machine_run_for(&m, 20), STOP_INTERRUPT);
	CHECK(machine_reg(&m, "rax") > 1);
	CHECK_EQ(machine_pc(&m, 0) >> 39, 1);
	machine_end(&m);
}
