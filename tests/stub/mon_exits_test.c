/* exits, pio, mmio, msr and exits summary on a fake machine's records. */
#include "arch/exit/text.h"
#include "stub/mon/monitor.h"
#include "tests/stub/exits_rig.h"

TEST(vcpus_are_merged_by_time)
{
	const char *text, *at;

	setup(2);
	text = run("exits");
	CHECK_EQ(lines(text), 7);
	CHECK_HAS(text, "vcpu0       0.002000: kvm_pio: pio_write at 0x3f8 "
			"size 1 count 1 val 0x41 | rip 0x1008 cr3 0x0 16550 "
			"THR\n");
	at = strstr(text, "THR");
	CHECK(at && (at = strstr(at, "vcpu1       0.003000: kvm_mmio:")));
	CHECK(at && (at = strstr(at, "vcpu0       0.004000:")));
	CHECK(at && (at = strstr(at, "vcpu1       0.005000:")));
	/* the address came from another processor */
	CHECK_HAS(at, "unclaimed: pci CONFIG_DATA[00:02.0 0x00 vendor and "
		      "device]\n");
	CHECK_HAS(at, "reason KVM_EXIT_HLT (5) | rip 0x2010 cr3 0x0\n");
	rig_end();
}

TEST(one_vcpu_by_c)
{
	setup(2);
	CHECK_EQ(lines(run("exits -c 1")), 3);
	CHECK_EQ(lines(run("-c 0 exits")), 4);
	rig_end();
	setup(1);
	CHECK(!strstr(run("exits"), "vcpu0"));
	rig_end();
}

TEST(the_last_n_of_those_that_match)
{
	setup(2);
	CHECK_EQ(lines(run("exits 2")), 2);
	CHECK_HAS(buf_cstr(&out), "KVM_EXIT_HLT");
	CHECK_HAS(buf_cstr(&out), "the last 2 of 7;");
	CHECK_EQ(lines(run("exits 1 w 16550 pci")), 1);
	CHECK_HAS(buf_cstr(&out), "CONFIG_ADDRESS");
	CHECK_EQ(lines(run("exits all")), 7);
	CHECK(!strstr(buf_cstr(&out), "the last"));
	rig_end();
}

TEST(filters)
{
	setup(2);
	CHECK_EQ(lines(run("exits hlt")), 1);
	CHECK_EQ(lines(run("exits pio")), 4);
	CHECK_EQ(lines(run("exits mmio KVM_EXIT_HLT")), 2);
	CHECK_EQ(lines(run("exits r")), 2);
	CHECK_EQ(lines(run("exits 16550")), 2); /* a device, not a number */
	CHECK_EQ(lines(run("exits dev=16550 w")), 1);
	CHECK_EQ(lines(run("exits unclaimed")), 2);
	CHECK_EQ(lines(run("exits 0x3f8-0x3ff")), 2);
	CHECK_EQ(lines(run("exits at=0x3f8+5")), 1);
	CHECK_EQ(lines(run("exits val=0x41")), 1);
	CHECK_EQ(lines(run("exits val=0x40/0xf0")), 1);
	CHECK_EQ(lines(run("exits rip=0x2000-0x2fff")), 3);
	CHECK_EQ(lines(run("exits reg=lsr")), 1);
	CHECK_EQ(lines(run("exits mmio val=0x11")), 0);
	CHECK_HAS(buf_cstr(&out), "none of 7 recorded exits matches");
	rig_end();
}

TEST(commands_of_one_kind)
{
	setup(2);
	CHECK_EQ(lines(run("pio")), 4);
	CHECK_EQ(lines(run("pio 1")), 1);
	CHECK_EQ(lines(run("pio 0xcf8-0xcff")), 2);
	CHECK_EQ(lines(run("pio 9 1016")), 1); /* N, then a RANGE */
	CHECK_EQ(lines(run("mmio 0xfec00000+0x20 w")), 1);
	CHECK_EQ(lines(run("msr")), 1);
	CHECK_HAS(buf_cstr(&out), "catch msr");
	CHECK_EQ(lines(run("msr 0xc0000081")), 0);
	rig_end();
}

TEST(bad_words_are_named)
{
	setup(2);
	CHECK_HAS(run_fails("exits htl"), "'htl' is no kind of exit");
	CHECK_HAS(buf_cstr(&out), "did you mean hlt?");
	CHECK_HAS(run_fails("exits 5 cnos"), "did you mean cmos?");
	CHECK_HAS(run_fails("exits 0"), "'0' is no number of lines");
	CHECK_HAS(run_fails("exits 99999999999999999999"), "'999999999999999999"
							   "99'");
	CHECK_HAS(run_fails("pio 0x3f8 0x3f9"), "'0x3f9' is a second RANGE");
	CHECK_HAS(run_fails("pio 0x3f8-"), "0x3f8-");
	CHECK_HAS(run_fails("exits val=zz"), "'zz'");
	CHECK_HAS(run_fails("exits val=1/"), "''");
	CHECK_HAS(run_fails("exits dev=zz"), "'zz'");
	CHECK_HAS(run_fails("exits rip=9-1"), "ends before it begins");
	CHECK_HAS(run_fails("exits reg="), "'reg='");
	CHECK_HAS(run_fails("exits 5 6 7"), "'7' is a second RANGE");
	CHECK_HAS(run_fails("exits \033"), "'?' is no kind");
	rig_end();
}

TEST(symbols_say_who)
{
	setup(2);
	setup_symbols();
	CHECK_HAS(run("exits 16550"), "16550 THR in uart_putc+0x8\n");
	CHECK_HAS(run("exits hlt"), "cr3 0x0 in other_cpu+0x10\n");
	rig_end();
}

TEST(losses_and_limits_are_told)
{
	setup(1);
	f->inspect.records_total = 1004;
	CHECK_HAS(run("exits"), "1000 older exits are overwritten");
	CHECK_HAS(buf_cstr(&out), "more than 4 a vCPU");
	CHECK_HAS(buf_cstr(&out), "not in here: what KVM serves by itself;");
	rig_end();
}

TEST(nothing_recorded_is_no_error)
{
	setup(2);
	f->inspect.records = f->inspect.records_of[1] = 0;
	CHECK_HAS(run("exits"), "no exit has reached user space yet\n");
	f->ops.inspect = NULL;
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, "pio", &out));
	CHECK_STR(buf_cstr(&out), "the fake target has no record of exits\n");
	rig_end();
}

/* ---- summary ---- */

static struct exit_counts ever, since;

TEST(summary_counts_reasons_places_and_registers)
{
	const char *text;

	setup(1);
	ever = since = (struct exit_counts){.ran_ns = 4000 * MS};
	since.ran_ns = 2 * MS;
	since.from_ns = 2 * MS; /* the first record is from before */
	ever.by_reason[EXIT_IO] = 3000;
	ever.by_reason[EXIT_HLT] = 1000;
	since.by_reason[EXIT_IO] = 2;
	since.by_reason[EXIT_X86_WRMSR] = 2;
	ever.by_reason[EXIT_X86_WRMSR] = 2;
	f->inspect.counts = &ever;
	f->inspect.counts_since = &since;
	text = run("exits summary");
	CHECK_HAS(text, "4 in    0.002 s            4002 in    4.000 s\n");
	CHECK_HAS(text, "KVM_EXIT_IO                            2  50.0%       "
			"1000/s      3000  75.0%        750/s\n");
	CHECK_HAS(text, "KVM_EXIT_HLT                           0   0.0%");
	CHECK_HAS(text, "3 exits since the last resume, in 0.002 s,");
	CHECK_HAS(text, "         1  33.3%        500/s  0x1018\n");
	CHECK_HAS(text, "  pio  w 0x3f8 16550 THR\n");
	CHECK_HAS(text, "  msr  w 0xc0000080 IA32_EFER\n");
	CHECK(!strstr(text, "LSR"));
	rig_end();
}

TEST(summary_of_all_that_is_recorded)
{
	const char *text;

	setup(2);
	setup_symbols();
	text = run("exits summary all");
	CHECK(!strstr(text, "by reason")); /* nobody counted */
	CHECK_HAS(text, "7 exits, in 0.006 s (with the stops between)");
	CHECK_HAS(text, "0x1000 uart_putc+0x0\n");
	CHECK_HAS(text, "  pio  r 0x3fd 16550 LSR\n");
	CHECK_HAS(text, "  mmio w 0xfec00000 ioapic IOREGSEL\n");
	CHECK_HAS(run("exits summary -c 1"), "3 exits, in");
	CHECK_HAS(run_fails("exits summary some"), "'some' is not 'all'");
	rig_end();
}

TEST(summary_of_nothing)
{
	setup(1);
	f->inspect.records = 0;
	CHECK_STR(run("exits summary"), "no exit is recorded\n");
	rig_end();
}

TEST(a_long_histogram_is_cut_and_adds_up)
{
	static struct exit_record many[100];

	setup(1);
	for (unsigned int i = 0; i < 100; i++)
		many[i] = (struct exit_record){.reason = EXIT_HLT,
					       .rip = 0x1000 + i,
					       .time_ns = MS,
					       .count = 1};
	f->inspect.record = many;
	f->inspect.records = 100;
	CHECK_HAS(run("exits summary"), "        88  88.0%           -  88 "
					"more\n");
	rig_end();
}

TEST(log_of_the_vm)
{
	setup(1);
	CHECK_STR(run("log vm"), "nothing is in the log\n");
	f->inspect.vm_log = "kvm: KVM_CREATE_VM type 0 = fd 7\n";
	CHECK_STR(run("log vm"), "kvm: KVM_CREATE_VM type 0 = fd 7\n");
	f->ops.inspect = NULL;
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, "log vm", &out));
	CHECK_HAS(buf_cstr(&out), "keeps no log of how it was made");
	rig_end();
}

TEST(help_has_the_command_and_its_family)
{
	setup(1);
	CHECK_HAS(run("help exits"), "usage: exits [N|all] [FILTER...]\n");
	CHECK_HAS(buf_cstr(&out), "val=VALUE[/MASK]");
	CHECK_HAS(buf_cstr(&out), "\nexits summary [all] ");
	rig_end();
}
