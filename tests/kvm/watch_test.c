/* Data watchpoints on a live guest, by whatever means this host has. */
#include "tests/kvm/machine.h"

GUEST(store, "mov $0x200000, %esi\n"  /* +0, 5 bytes */
	     "mov $0x11, %eax\n"      /* +5, 5 bytes */
	     "mov %eax, 0x10(%rsi)\n" /* +a, 3 bytes: next door */
	     "mov %eax, (%rsi)\n"     /* +d, 2 bytes */
	     "nop\n"		      /* +f */
	     "mov (%rsi), %ebx\n"     /* +10, 2 bytes */
	     "nop\n"		      /* +12 */
	     "mov %eax, (%rsi)\n"     /* +13: the same value again */
	     "nop\n"		      /* +15 */
	     "1: jmp 1b\n");

TEST(write_watch_stops_after_each_write_only)
{
	struct target_stop stop;
	struct machine m;
	uint32_t value;

	machine_start(&m, store, 64, NULL);
	machine_insert(&m, BP_WRITE, 0x200000, 4);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_WATCH);
	CHECK_EQ(stop.addr, 0x200000);
	CHECK_EQ(stop.bp_type, BP_WRITE);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xf);
	machine_read(&m, 0x200000, &value, 4);
	CHECK_EQ(value, 0x11);
	CHECK_STOP(machine_continue(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x15);
	machine_remove(&m, BP_WRITE, 0x200000, 4);
	CHECK_STOP(machine_run_for(&m, 5), STOP_INTERRUPT);
	machine_end(&m);
}

TEST(access_watch_stops_at_reads_too)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, store, 64, NULL);
	machine_insert(&m, BP_ACCESS, 0x200000, 4);
	CHECK_STOP(machine_continue(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xf);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_WATCH);
	CHECK_EQ(stop.bp_type, BP_ACCESS);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x12);
	CHECK_EQ(machine_reg(&m, "rbx"), 0x11);
	machine_end(&m);
}

TEST(read_watch_ignores_the_write_that_changes_the_value)
{
	struct machine m;

	machine_start(&m, store, 64, NULL);
	machine_insert(&m, BP_READ, 0x200000, 4);
	CHECK_STOP(machine_continue(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x12);
	machine_end(&m);
}

TEST(watch_while_stepping_is_not_lost)
{
	struct machine m;

	machine_start(&m, store, 64, NULL);
	machine_insert(&m, BP_WRITE, 0x200000, 4);
	for (int i = 0; i < 3; i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xf);
	machine_end(&m);
}

TEST(watch_of_an_odd_length_and_alignment)
{
	struct machine m;

	machine_start(&m, store, 64, NULL);
	machine_insert(&m, BP_WRITE, 0x200003, 11);
	CHECK_STOP(machine_continue(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xf);
	machine_end(&m);
}

TEST(more_watchpoints_than_debug_registers)
{
	struct machine m;

	machine_start(&m, store, 64, NULL);
	if (m.caps.readonly_slot != CAP_YES)
		test_skip("read-only memory slots do not work on this host");
	for (unsigned int i = 0; i < 8; i++)
		machine_insert(&m, BP_WRITE, 0x300000 + 0x1000 * i, 8);
	machine_insert(&m, BP_WRITE, 0x200000, 4);
	CHECK_STOP(machine_continue(&m), STOP_WATCH);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xf);
	machine_end(&m);
}

TEST(watch_that_cannot_be_honoured_is_an_error)
{
	struct target_bp bp = {.type = BP_WRITE, .addr = 0xfed40000, .len = 64};
	struct machine m;
	struct err err;

	machine_start(&m, store, 64, NULL);
	CHECK(!target_insert_bp(m.target, 0, &bp, &err));
	CHECK_HAS(err.msg, "0xfed40000");
	machine_end(&m);
}

/* Maps 0x8000000000 to what is at 0, then writes to 0x8000200000 for ever. */
GUEST(late, "mov %cr3, %rax\n"
	    "mov (%rax), %rbx\n"
	    "mov %rbx, 8(%rax)\n"
	    "mov %rax, %cr3\n"
	    "movabs $0x8000200000, %rsi\n"
	    "1: inc %ebx\n"
	    "mov %ebx, (%rsi)\n"
	    "jmp 1b\n");

/* Too long for debug registers, so that every host needs the page. */
TEST(watch_of_what_is_not_mapped_yet)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, late, 64, NULL);
	if (m.caps.readonly_slot != CAP_YES)
		test_skip("read-only memory slots do not work on this host");
	machine_insert(&m, BP_WRITE, 0x8000200000, 64);
	machine_insert(&m, BP_WRITE, 0x400000000000, 64);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_WATCH);
	CHECK_EQ(stop.addr, 0x8000200000);
	machine_remove(&m, BP_WRITE, 0x8000200000, 64);
	machine_remove(&m, BP_WRITE, 0x400000000000, 64);
	CHECK_STOP(machine_run_for(&m, 5), STOP_INTERRUPT);
	machine_end(&m);
}
