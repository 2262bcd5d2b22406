/* catch, bl, inject and the port commands over the fake target. */
#include "stub/mon/monitor.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

static struct err err;

/* ---- catch ---- */

TEST(the_words_after_the_range_come_in_any_order)
{
	const struct target_catch *c;

	rig_begin(1);
	c = f->catch;
	CHECK_STR(run("catch pio 0x3f8-0x3ff"), "catchpoint 1: pio 0x3f8-0x3ff "
						"rw after, stop\n");
	CHECK_EQ(c[0].access, CATCH_BOTH);
	CHECK(!c[0].before && !c[0].has_value);
	CHECK_STR(run("catch mmio 0xd0000000+0x1000 before w 0x41/0xff notify"),
		  "catchpoint 2: mmio 0xd0000000-0xd0000fff w value 0x41/0xff "
		  "before, notify\n");
	CHECK_EQ(c[1].value, 0x41);
	CHECK_EQ(c[1].mask, 0xff);
	CHECK_STR(run("catch msr 0xc0000080 ignore r 1+2"), "catchpoint 3: msr "
							    "0xc0000080 "
							    "(IA32_EFER) r "
							    "value 0x3 after, "
							    "ignore\n");
	CHECK_HAS(run("catch msr efer"), "msr 0xc0000080 (IA32_EFER) rw");
	CHECK_HAS(run("catch msr 0x10-0x1f"), "msr 0x10-0x1f rw");
	CHECK_EQ(c[2].mask, UINT64_MAX);
	rig_end();
}

TEST(exceptions_by_name_or_vector)
{
	rig_begin(1);
	CHECK_HAS(run("catch exception #PF"), "catchpoint 1: exception #PF,");
	CHECK_HAS(run("catch exception gp"), "catchpoint 2: exception #GP,");
	CHECK_HAS(run("catch exception 14 notify"), "exception #PF, notify");
	CHECK_HAS(run("catch exception 0-31"), "exception 0x0-0x1f, stop");
	CHECK_HAS(run_fails("catch exception #XX"), "'#XX'");
	CHECK_HAS(run_fails("catch exception 256"), "'256'");
	rig_end();
}

TEST(exit_reasons_by_name)
{
	rig_begin(1);
	CHECK_HAS(run("catch exit hlt"), "exit KVM_EXIT_HLT, stop");
	CHECK_HAS(run("catch exit KVM_EXIT_IO"), "exit KVM_EXIT_IO,");
	CHECK_HAS(run("catch exit ioapic-eoi"), "exit KVM_EXIT_IOAPIC_EOI,");
	CHECK_HAS(run_fails("catch exit nosuch"), "'nosuch'");
	CHECK_HAS(run_fails("catch exit h"), "'h'");
	rig_end();
}

TEST(a_bad_word_is_named_with_the_usage)
{
	static const struct {
		const char *line, *says;
	} table[] = {
		{"catch pio 0x10000", "no port 0x10000"},
		{"catch pio 0x20 r w", "'w' contradicts"},
		{"catch pio 0x20 r r", "'r' contradicts"},
		{"catch pio 0x20 1 2", "'2' contradicts"},
		{"catch pio 0x20 1/", "''"},
		{"catch pio 0x20 r before 1", "only after it"},
		{"catch pio", "wants an argument"},
		{"catch pio 9-3", "ends before it begins"},
		{"catch msr 0x100000000", "no MSR 0x100000000"},
		{"catch exit io before", "'before' says nothing"},
		{"catch exit io stop 1", "'1' is one argument too many"},
		{"catch exit io bogus", "'bogus' is none of"},
		{"catch exception 3 before", "'before' says nothing"},
		{"catch reset now", "'now' is none of"},
		{"catch bogus", "'bogus' is nothing that can be caught"},
		{"catch action 1 halt", "'halt' is none of"},
		{"catch delete one", "'one'"},
		{"set triple-fault never", "'never' is neither"},
	};

	rig_begin(1);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		CHECK_HAS(run_fails(table[i].line), table[i].says);
		CHECK_HAS(buf_cstr(&out), "usage: ");
	}
	CHECK_EQ(f->catches, 0);
	rig_end();
}

TEST(list_action_and_delete)
{
	rig_begin(1);
	CHECK_HAS(run("catch"), "no catchpoints");
	run("catch pio 0x3f8 w");
	run("catch reset notify");
	f->catch[0].hits = 12;
	CHECK_STR(run("catch list"), "num  hits        does    catches\n"
				     "1    12          stop    pio 0x3f8 w "
				     "after\n"
				     "2    0           notify  reset\n");
	CHECK_STR(run("catch action 1 ignore"), "catchpoint 1: ignore\n");
	CHECK_EQ(f->catch[0].action, CATCH_IGNORE);
	CHECK_HAS(run_fails("catch delete 7"), "no catchpoint 7");
	CHECK_STR(run("catch delete 1"), "catchpoint 1 deleted\n");
	run("catch pio 0x20");
	CHECK_EQ(f->catch[1].id, 3);
	CHECK_STR(run("catch delete all"), "2 catchpoints deleted\n");
	CHECK_EQ(f->catches, 0);
	rig_end();
}

TEST(what_a_catchpoint_cannot_see_is_said)
{
	rig_begin(1);
	f->catch_limits = "this\nand that\n";
	CHECK_HAS(run("catch msr 0x10"), ", stop\n  note: this\n  note: and "
					 "that\n");
	rig_end();
}

TEST(ram_never_exits)
{
	rig_begin(1);
	CHECK_HAS(run_fails("catch mmio 0x1000 w"), "RAM (ram)");
	CHECK_HAS(buf_cstr(&out), "watch *(char *)");
	CHECK_HAS(run("catch mmio 0x3ff000-0x400fff"), "note: 0x0-0x3fffff is "
						       "RAM");
	fake_add_region(f, FAKE_RAM, 0x1000, true, "rom");
	CHECK_HAS(run_fails("catch mmio 0x3ff000-0x400fff"), "RAM (rom)");
	CHECK_EQ(f->catches, 1);
	rig_end();
}

TEST(what_kvm_answers_never_exits)
{
	static const struct target_io_range ranges[] = {
		{false, 0x20, 2, "pic", true, 0, 0, NULL},
		{false, 0x3f8, 8, "16550", false, 0, 0, NULL},
		{true, 0xfee00000, 0x1000, "lapic", true, 0, 0, NULL},
	};

	rig_begin(1);
	f->inspect.io_range = ranges;
	f->inspect.io_ranges = ARRAY_SIZE(ranges);
	CHECK_HAS(run_fails("catch pio 0x20-0x21"), "inside KVM");
	CHECK_HAS(buf_cstr(&out), "--irqchip");
	CHECK_HAS(run("catch pio 0x20-0x22"), "note: ports 0x20-0x21 (pic)");
	CHECK_HAS(run_fails("catch mmio 0xfee00300 w"), "(lapic)");
	CHECK_STR(run("catch pio 0x3f8"), "catchpoint 2: pio 0x3f8 rw after, "
					  "stop\n");
	rig_end();
}

TEST(a_target_without_catchpoints_says_so)
{
	rig_begin(1);
	f->ops.catch = NULL;
	CHECK_HAS(run_fails("catch pio 0x20"), "cannot catch");
	CHECK_HAS(run("catch"), "no catchpoints");
	t->caps.can_run = false;
	CHECK_HAS(run_fails("catch pio 0x20"), "guest that can run");
	rig_end();
}

TEST(why_repeats_the_catch)
{
	rig_begin(1);
	fake_push_catch(f, 0, 1, "catchpoint 1: pio_write\n");
	CHECK_EQ(fake_run(f).kind, STOP_CATCH);
	CHECK_STR(run("why"), "catchpoint 1: pio_write\n");
	CHECK_HAS(run("info status"), "paused");
	rig_end();
}

/* ---- bl ---- */

TEST(bl_shows_everything_that_stops)
{
	static const struct target_symbol symbols[] = {{"main", 0x1000, 0x80}};
	const struct target_bp sw = {.type = BP_SW, .addr = 0x1020, .len = 1};
	const struct target_bp watch = {
		.type = BP_WRITE, .addr = 0x900, .len = 4};
	struct bp_list bps;

	rig_begin(1);
	CHECK_HAS(run("bl"), "no breakpoints");
	bp_list_init(&bps);
	t->bps = &bps;
	f->inspect.symbol = symbols;
	f->inspect.symbols = 1;
	CHECK_OK(bp_request(&bps, t, 0, &sw, &err), &err);
	CHECK_OK(bp_request(&bps, t, 0, &watch, &err), &err);
	bps.entry[1].hits = 3;
	run("catch pio 0x3f8 w");
	CHECK_STR(run("bl"), "write watchpoint      hits 0      0x900+4"
			     "                       fake type 2\n"
			     "software breakpoint   hits 3      0x1020 "
			     "<main+32>              fake type 0\n"
			     "catchpoint 1          hits 0      "
			     "pio 0x3f8 w after, stop\n");
	CHECK_OK(bp_release(&bps, &sw, &err), &err);
	CHECK_HAS(run("bl"), "software breakpoint*");
	CHECK_HAS(buf_cstr(&out), "\n* taken out");
	t->bps = NULL;
	bp_list_deinit(&bps);
	rig_end();
}

/* ---- inject and ports ---- */

TEST(inject_events)
{
	rig_begin(2);
	CHECK_HAS(run("inject nmi"), "vCPU 0");
	run("-c 1 inject exception #GP 0x10");
	run("inject exception 6");
	run("inject exception pf 2 0xdead000");
	run("inject irq 4");
	run("inject interrupt 0x30");
	CHECK_STR(fake_log(f), "inject 0 nmi 0\n"
			       "inject 1 exception 13 0x10\n"
			       "inject 0 exception 6\n"
			       "inject 0 exception 14 0x2 at 0xdead000\n"
			       "inject 0 gsi 4\n"
			       "inject 0 interrupt 48\n");
	CHECK_HAS(run_fails("inject exception #UD 1"), "no error code");
	CHECK_HAS(run_fails("inject exception 32"), "'32'");
	CHECK_HAS(run_fails("inject exception 2"), "inject nmi");
	CHECK_HAS(run_fails("inject exception #GP 0 1"), "only #PF");
	CHECK_HAS(run_fails("inject interrupt 256"), "'256'");
	CHECK_HAS(run_fails("inject irq x"), "x");
	rig_end();
}

TEST(ports)
{
	rig_begin(1);
	f->inspect.io_value = 0x5a;
	CHECK_STR(run("inb 0x71"), "port 0x71 = 0x5a\n");
	CHECK_STR(run("inl 0xcfc"), "port 0xcfc = 0x0000005a\n");
	CHECK_STR(run("outw 0x80 0xbeef"), "0xbeef written to port 0x80\n");
	CHECK_STR(fake_log(f), "io r pio 0x71 1\nio r pio 0xcfc 4\n"
			       "io w pio 0x80 2 0xbeef\n");
	CHECK_HAS(run_fails("outb 0x80 0x100"), "'0x100'");
	CHECK_HAS(run_fails("inb 0x10000"), "'0x10000' is no port");
	rig_end();
}

TEST(set_triple_fault)
{
	rig_begin(1);
	CHECK_HAS(run("set triple-fault reset"), "resets");
	CHECK_HAS(run("set triple-fault stop"), "stops");
	CHECK_STR(fake_log(f), "triple-fault 1\ntriple-fault 0\n");
	rig_end();
}
