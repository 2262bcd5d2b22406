/* Catchpoints on ports, memory, exits and resets. */
#include "tests/kvm/catch_rig.h"

#define AT(offset) (GUEST_BASE + (offset))

#define START(id) start(guest_##id, guest_##id##_end)

static struct machine m;

static void start(const uint8_t *image, const uint8_t *end)
{
	machine_start_bytes(&m, image, (size_t)(end - image), 64, NULL);
	rig_install_handlers(&m);
}

static struct target_stop next_stop(enum target_stop_kind kind)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, kind);
	return stop;
}

/* CMOS: an index, then its register; port 0xf4 ends the guest. */
GUEST(cmos, "mov $0x0d, %al\n" /* +0, 2 bytes */
	    "out %al, $0x70\n" /* +2, 2 bytes */
	    "xor %eax, %eax\n" /* +4, 2 bytes */
	    "in $0x71, %al\n"  /* +6, 2 bytes */
	    "nop\n"	       /* +8 */
	    "mov %al, %bl\n"   /* +9, 2 bytes */
	    "mov $0x21, %al\n" /* +b, 2 bytes */
	    "out %al, $0xf4\n" /* +d, 2 bytes */
	    "1: jmp 1b\n");    /* +f */

TEST(after_a_write_the_device_has_it)
{
	struct target_stop stop;

	START(cmos);
	CHECK_STR(rig_monitor(&m, "catch pio 0x70 w"), "catchpoint 1: pio 0x70 "
						       "w after, stop\n");
	stop = next_stop(STOP_CATCH);
	CHECK_EQ(stop.catchpoint, 1);
	CHECK_EQ(stop.signal, GDB_SIGNAL_TRAP);
	CHECK_EQ(machine_pc(&m, 0), AT(4));
	CHECK_STR(stop.text, "catchpoint 1: pio_write at 0x70 size 1 val 0xd "
			     "(cmos index), after the access, rip 0x100004\n");
	CHECK_STR(rig_monitor(&m, "why"), stop.text);
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0x80);
	CHECK_EQ(rig_hits(&m, 1), 1);
	machine_end(&m);
}

TEST(before_a_read_rip_is_on_it_and_the_device_is_not_asked)
{
	struct target_stop stop;

	START(cmos);
	rig_monitor(&m, "catch pio 0x71 r before");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "pio_read at 0x71 size 1 (cmos ");
	CHECK_HAS(stop.text, ", before the access, rip 0x100006");
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	CHECK_EQ(machine_reg(&m, "rax"), 0);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), AT(8));
	CHECK_EQ(machine_reg(&m, "rax"), 0x80);
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 1), 1);
	machine_end(&m);
}

TEST(after_a_read_its_value_is_there)
{
	struct target_stop stop;

	START(cmos);
	rig_monitor(&m, "catch pio 0x71 r 0x80");
	rig_monitor(&m, "catch pio 0x71 r 0x81");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "catchpoint 1: pio_read at 0x71 size 1 val 0x80");
	CHECK_EQ(machine_pc(&m, 0), AT(8));
	CHECK_EQ(machine_reg(&m, "rax"), 0x80);
	CHECK_EQ(rig_hits(&m, 2), 0);
	machine_end(&m);
}

/* Where the stop before an OUT leaves rip depends on the host. */
static bool on_the_out(gva_t out)
{
	gva_t pc = machine_pc(&m, 0);

	if (pc != out)
		CHECK_EQ(pc, out + 2);
	return pc == out;
}

TEST(before_a_write_the_device_has_not_seen_it)
{
	struct target_stop stop;

	START(cmos);
	rig_monitor(&m, "catch pio 0xf4 w before");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "pio_write at 0xf4 size 1 val 0x21");
	if (on_the_out(AT(0xd)))
		CHECK_HAS(stop.text, ", before the access, rip 0x10000d");
	else
		CHECK_HAS(stop.text, ", before the device sees it");
	stop = next_stop(STOP_EXITED);
	CHECK_EQ(stop.status, 0x43);
	CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	machine_end(&m);
}

TEST(before_and_after_one_access_both_stop)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0x70 before");
	rig_monitor(&m, "catch pio 0x70 after");
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 1);
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 2);
	CHECK_EQ(machine_pc(&m, 0), AT(4));
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0x80);
	machine_end(&m);
}

TEST(a_deleted_catchpoint_still_lets_its_access_go)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0x70-0x71 before");
	next_stop(STOP_CATCH);
	rig_monitor(&m, "catch delete all");
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0x80);
	machine_end(&m);
}

TEST(a_reset_drops_what_is_held)
{
	struct err err;

	START(cmos);
	rig_monitor(&m, "catch pio 0x71 before");
	next_stop(STOP_CATCH);
	CHECK_OK(target_reset(m.target, &err), &err);
	rig_install_handlers(&m);
	CHECK_EQ(machine_pc(&m, 0), AT(0));
	next_stop(STOP_CATCH);
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 1), 2);
	machine_end(&m);
}

TEST(going_elsewhere_cancels_a_read)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0x71 before");
	next_stop(STOP_CATCH);
	machine_set_reg(&m, "rax", 0x5a);
	machine_set_reg(&m, "rip", AT(8));
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0x5a);
	machine_end(&m);
}

TEST(a_register_changed_before_an_access_stays_changed)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0x71 before");
	next_stop(STOP_CATCH);
	machine_set_reg(&m, "rcx", 0x1234);
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rcx"), 0x1234);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0x80);
	machine_end(&m);
}

TEST(where_rip_is_on_an_out_its_registers_count)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0xf4 before");
	next_stop(STOP_CATCH);
	if (!on_the_out(AT(0xd)))
		test_skip("this KVM emulates OUT");
	machine_set_reg(&m, "rax", 1);
	CHECK_EQ(next_stop(STOP_EXITED).status, 3);
	CHECK_EQ(rig_hits(&m, 1), 1);
	machine_end(&m);
}

TEST(where_rip_is_on_an_out_it_can_be_left)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0xf4 before");
	next_stop(STOP_CATCH);
	if (!on_the_out(AT(0xd)))
		test_skip("this KVM emulates OUT");
	machine_set_reg(&m, "rip", AT(0xf));
	CHECK_STOP(machine_run_for(&m, 5), STOP_INTERRUPT);
	machine_end(&m);
}

TEST(steps_stop_at_catchpoints_too)
{
	START(cmos);
	rig_monitor(&m, "catch pio 0x70 after");
	rig_monitor(&m, "catch pio 0x71 before");
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_CATCH);
	CHECK_EQ(machine_pc(&m, 0), AT(4));
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	CHECK_STOP(machine_step(&m), STOP_CATCH);
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), AT(8));
	CHECK_EQ(machine_reg(&m, "rax"), 0x80);
	machine_end(&m);
}

TEST(a_breakpoint_on_the_access_stops_first)
{
	START(cmos);
	if (m.caps.cpl0.int3 == INT3_TO_GUEST)
		test_skip("no software breakpoints on this host");
	rig_monitor(&m, "catch pio 0x71 before");
	machine_insert(&m, BP_SW, AT(6), 1);
	machine_insert(&m, BP_SW, AT(8), 1);
	next_stop(STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	next_stop(STOP_CATCH);
	CHECK_EQ(machine_pc(&m, 0), AT(6));
	next_stop(STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), AT(8));
	CHECK_EQ(machine_reg(&m, "rax"), 0x80);
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 1), 1);
	machine_end(&m);
}

TEST(notify_tells_and_goes_on_ignore_counts)
{
	const char *notes;

	START(cmos);
	rig_monitor(&m, "catch pio 0x70-0x71 notify");
	rig_monitor(&m, "catch pio 0x71 ignore");
	next_stop(STOP_EXITED);
	notes = rig_notes(&m);
	CHECK_HAS(notes, "catchpoint 1: pio_write at 0x70 size 1 val 0xd");
	CHECK_HAS(notes, "\ncatchpoint 1: pio_read at 0x71 size 1 val 0x80");
	CHECK_EQ(rig_hits(&m, 1), 2);
	CHECK_EQ(rig_hits(&m, 2), 1);
	CHECK_STR(rig_notes(&m), "");
	machine_end(&m);
}

GUEST(flood, "mov $3000, %ecx\n"
	     "1: out %al, $0x80\n"
	     "loop 1b\n"
	     "out %al, $0xf4\n");

TEST(a_flood_of_lines_is_bounded_and_counted)
{
	const char *notes;

	START(flood);
	rig_monitor(&m, "catch pio 0x80 notify");
	next_stop(STOP_EXITED);
	notes = rig_notes(&m);
	CHECK(strlen(notes) < 70000);
	CHECK_HAS(notes, " more hits of catchpoints are not shown");
	CHECK_EQ(rig_hits(&m, 1), 3000);
	machine_end(&m);
}

/* One instruction, one exit for each byte. */
GUEST(string, "lea 2f(%rip), %rsi\n"
	      "mov $3, %ecx\n"
	      "mov $0x80, %dx\n"
	      "rep outsb\n"
	      "nop\n"
	      "out %al, $0xf4\n"
	      "2: .ascii \"abc\"\n");

TEST(a_string_stops_at_each_element)
{
	char expected[80];

	START(string);
	rig_monitor(&m, "catch pio 0x80 w before");
	for (int i = 0; i < 3; i++) {
		snprintf(expected, sizeof(expected), "size 1 val 0x%x",
			 'a' + i);
		CHECK_HAS(next_stop(STOP_CATCH).text, expected);
	}
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rcx"), 0);
	CHECK_EQ(rig_hits(&m, 1), 3);
	machine_end(&m);
}

/* ---- memory ---- */

GUEST(mmio, "mov $0xd0000000, %ebx\n" /* +0, 5 bytes */
	    "mov $0x1234, %eax\n"     /* +5, 5 bytes */
	    "mov %eax, 0x10(%rbx)\n"  /* +a, 3 bytes */
	    "mov 0x10(%rbx), %ecx\n"  /* +d, 3 bytes */
	    "nop\n"		      /* +10 */
	    "orl $1, 0x20(%rbx)\n"    /* +11, 4 bytes */
	    "nop\n"		      /* +15 */
	    "out %al, $0xf4\n");      /* +16 */

TEST(mmio_before_and_after)
{
	struct target_stop stop;

	START(mmio);
	rig_monitor(&m, "catch mmio 0xd0000010 before");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "mmio_write at 0xd0000010 size 4 val 0x1234");
	CHECK_HAS(stop.text, ", before the device sees it");
	CHECK_EQ(machine_pc(&m, 0), AT(0xd));
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "mmio_read at 0xd0000010 size 4 (unclaimed)");
	CHECK_EQ(machine_pc(&m, 0), AT(0xd));
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), AT(0x10));
	CHECK_EQ(machine_reg(&m, "rcx"), 0xffffffff);
	rig_monitor(&m, "catch mmio 0xd0000023 w after");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "mmio_write at 0xd0000020 size 4 val 0xffffffff");
	CHECK_EQ(machine_pc(&m, 0), AT(0x15));
	next_stop(STOP_EXITED);
	machine_end(&m);
}

/* One instruction, two pieces, and a page between them. */
GUEST(pieces, "mov $0xd0000ffc, %ebx\n" /* +0, 5 bytes */
	      "mov $-2, %rax\n"		/* +5, 7 bytes */
	      "mov %rax, (%rbx)\n"	/* +c, 3 bytes */
	      "mov (%rbx), %rcx\n"	/* +f, 3 bytes */
	      "out %al, $0xf4\n");	/* +12 */

TEST(pieces_of_one_access_stay_in_order)
{
	struct target_stop stop;

	START(pieces);
	rig_monitor(&m, "catch mmio 0xd0000000+0x2000 w before");
	rig_monitor(&m, "catch mmio 0xd0001000 notify");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "mmio_write at 0xd0000ffc size 4");
	CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	CHECK_EQ(rig_hits(&m, 2), 0);
	rig_monitor(&m, "catch mmio 0xd0001000 r before");
	stop = next_stop(STOP_CATCH); /* the second piece of the read */
	CHECK_HAS(stop.text, "mmio_read at 0xd0001000 size 4");
	CHECK_EQ(machine_pc(&m, 0), AT(0xf));
	CHECK_EQ(rig_hits(&m, 2), 1);
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rcx"), UINT64_MAX);
	machine_end(&m);
}

TEST(ram_is_refused)
{
	START(mmio);
	CHECK_HAS(rig_refused(&m, "catch mmio 0x100000"), "RAM");
	machine_end(&m);
}

/* ---- exits and resets ---- */

TEST(exits_are_caught_once_served)
{
	struct target_stop stop;

	START(cmos);
	CHECK_HAS(rig_refused(&m, "catch exit debug"), "catch exception #DB");
	rig_monitor(&m, "catch exit io");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "pio_write at 0x70 size 1 val 0xd (cmos index), "
			     "served, rip 0x100004");
	CHECK_EQ(machine_pc(&m, 0), AT(4));
	machine_end(&m);
}

GUEST(reboot, "mov $0xfe, %al\n" /* +0, 2 bytes */
	      "out %al, $0x64\n" /* +2, 2 bytes */
	      "1: jmp 1b\n");	 /* +4 */

TEST(a_reset_is_caught_before_it_happens)
{
	struct target_stop stop;

	START(reboot);
	rig_monitor(&m, "catch reset");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "catchpoint 1: reset by ");
	CHECK_EQ(machine_pc(&m, 0), AT(4));
	CHECK_EQ(machine_reg(&m, "rax") & 0xff, 0xfe);
	next_stop(STOP_RESET);
	CHECK_EQ(machine_pc(&m, 0), AT(0));
	next_stop(STOP_CATCH);
	CHECK_EQ(rig_hits(&m, 1), 2);
	machine_end(&m);
}

TEST(an_access_that_resets_is_told_first)
{
	START(reboot);
	rig_monitor(&m, "catch pio 0x64 w after");
	rig_monitor(&m, "catch reset");
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 1);
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 2);
	next_stop(STOP_RESET);
	machine_end(&m);
}

GUEST(fault, "lidt 1f(%rip)\n"
	     "ud2\n"
	     "1: .word 0\n.quad 0\n");

TEST(a_triple_fault_stops_or_resets)
{
	struct target_stop stop;

	machine_start(&m, fault, 64, NULL);
	rig_monitor(&m, "set triple-fault reset");
	stop = next_stop(STOP_RESET);
	CHECK_HAS(stop.text, "triple fault");
	CHECK_EQ(machine_pc(&m, 0), AT(0));
	rig_monitor(&m, "catch reset");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "reset by a triple fault");
	next_stop(STOP_RESET);
	rig_monitor(&m, "set triple-fault stop");
	next_stop(STOP_ERROR);
	CHECK_EQ(rig_hits(&m, 1), 2);
	machine_end(&m);
}
