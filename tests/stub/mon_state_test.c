#include "arch/exit/text.h"
#include "stub/mon/monitor.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

TEST(registers_of_the_chosen_vcpu)
{
	rig_begin(2);
	f->cpu[1].cr2 = 0xdead;
	f->cpu[1].dr[0] = 0xbeef;
	f->cpu[1].efer |= X86_EFER_NXE;
	f->cpu[1].xcr0 = 7;
	f->cpu[1].fpu.mxcsr = 0x9fc0;
	f->cpu[1].event.nmi_pending = true;
	CHECK_HAS(run("-c 1 cr"), "CR2  000000000000dead");
	CHECK_HAS(run("-c 1 dr"), "DR0  000000000000beef");
	CHECK_HAS(run("-c 1 efer"), "NXE ");
	CHECK_HAS(run("-c 1 xcr"), "AVX ");
	CHECK_HAS(run("-c 1 fpu"), "FZ ");
	CHECK_HAS(run("-c 1 events"), "NMI        pending");
	CHECK_HAS(run("-c 1 mode"), "long64");
	CHECK(!strstr(run("cr"), "dead"));
	rig_end();
}

TEST(clock_of_a_target_that_has_one)
{
	static const struct x86_clock clock = {.has_kvmclock = true,
					       .kvmclock_ns = 1500000000};

	rig_begin(2);
	CHECK_HAS(run_fails("clock"), "the fake has no clock");
	f->inspect.clock = &clock;
	CHECK_HAS(run("clock"), "1.500000000 s");
	rig_end();
}

TEST(tables_with_symbols)
{
	static const struct target_symbol symbol = {"handler", 0x2000, 64};
	const uint64_t gate[2] = {0x00008e0000082010, 0};
	const uint64_t code = 0x00af9b000000ffff;

	rig_begin(2);
	f->inspect.symbol = &symbol;
	f->inspect.symbols = 1;
	f->cpu[0].gdt = (struct x86_dtable){0x4000, 0xf};
	f->cpu[0].idt = (struct x86_dtable){0x5000, 0x1f};
	memcpy(fake_ram(f, 0x4008, 8), &code, 8);
	memcpy(fake_ram(f, 0x5010, 16), gate, 16);
	CHECK_HAS(run("gdt"), "64-bit code");
	CHECK_HAS(run("gdt $cs/8"), "[1] ");
	CHECK_HAS(run("idt"), "[1]       #DB  64-bit interrupt gate  0008:2010 "
			      "<handler+16>  DPL 0\n");
	CHECK_HAS(run("idt 1"), "the handler is executable");
	CHECK_HAS(run("segments"), "CS ");
	CHECK_HAS(run_fails("ldt"), "there is no LDT");
	rig_end();
}

TEST(bad_arguments_are_named)
{
	rig_begin(2);
	CHECK_HAS(run_fails("idt 256"), "'256': there is no vector 256");
	CHECK_HAS(run_fails("idt 256"), "usage: idt [VECTOR]");
	CHECK_HAS(run_fails("idt nosuch"), "'nosuch'");
	CHECK_HAS(run_fails("gdt 8192"), "there is no entry 8192");
	CHECK_HAS(run_fails("cr 4"), "'4' is one argument too many");
	CHECK_HAS(run_fails("gdt 100"), "beyond the limit");
	rig_end();
}

TEST(stats_in_columns)
{
	static const struct target_stat stats[] = {
		{"exits", 300, 200, false},
		{"pages_4k", 7, 0, true},
		{"nmi", 0, 0, false},
		{"halt_ns", 900, 500, false},
		{"run_time_ns", 5000, 1000, false},
	};

	rig_begin(2);
	f->inspect.stat = stats;
	f->inspect.stats = ARRAY_SIZE(stats);
	CHECK_HAS(run("stats"), "machine\n  exits ");
	CHECK_HAS(run("-c 1 stats"), "vCPU 1\n");
	CHECK_HAS(run("stats exits"), "300           +200      200000000\n");
	CHECK_HAS(run("stats pages"), "7  at present\n");
	CHECK_HAS(run("stats halt_ns"), "+500          50.0%");
	CHECK(!strstr(run("stats"), "nmi"));
	CHECK_HAS(run("stats -a"), "nmi ");
	CHECK_STR(run("stats nmi"), "all 2 counters are 0\n");
	CHECK_HAS(run_fails("stats xyz"), "'xyz' is in no counter's name");
	CHECK_HAS(run_fails("stats -b"), "'-b' is no option");
	f->inspect.stats = 0;
	CHECK_HAS(run_fails("stats"), "has no statistics");
	rig_end();
}

TEST(stats_of_an_old_kernel)
{
	static const struct target_stat own = {"user_exits", 3, 0, false};

	rig_begin(2);
	f->inspect.stat = &own;
	f->inspect.stats = 1;
	CHECK_HAS(run("stats"), "n/a: this kernel has no KVM_GET_STATS_FD");
	rig_end();
}

TEST(where_each_vcpu_is)
{
	static const struct target_symbol symbol = {"idle", 0x1000, 0x100};
	static const struct target_stat stats[] = {
		{"exits", 50, 30, false},
		{"run_time_ns", 0, 2000000000, false},
	};
	static const struct exit_record last = {.reason = EXIT_IO,
						.where = 0x3f8,
						.size = 1,
						.count = 1,
						.is_write = true,
						.device = "16550",
						.reg = "THR"};
	const uint16_t jump_here = 0xfeeb;

	rig_begin(2);
	f->inspect.symbol = &symbol;
	f->inspect.symbols = 1;
	f->inspect.stat = stats;
	f->inspect.stats = ARRAY_SIZE(stats);
	f->inspect.record = &last;
	f->inspect.records = 1;
	f->cpu[0].rflags = 2;
	f->cpu[1].run_state = X86_WAIT_INIT;
	memcpy(fake_ram(f, 0x1000, 2), &jump_here, 2);
	CHECK_HAS(run("where"), "* vCPU 0  0x1000 <idle>  long64 CPL0 IF=0  "
				"running  30 exits (15/s), last pio_write "
				"0x3f8 (16550 THR)\n          at its first "
				"instruction; spinning: a loop of 1 "
				"instruction at 0x1000 <idle> that nothing in "
				"it leaves; IF=0: only NMI or SMI gets it "
				"out; 30 exits in 2.000 s\n");
	CHECK_HAS(run("where"), "  vCPU 1  0x1100 ");
	CHECK_HAS(run("where"), "not started");
	CHECK_HAS(run("where"), "the only processor that was started is");
	rig_end();
}

TEST(why_after_an_interrupt_tells_what_hangs)
{
	const uint16_t jump_here = 0xfeeb;
	static const struct target_stop stop = {.kind = STOP_INTERRUPT,
						.signal = GDB_SIGNAL_INT};

	rig_begin(2);
	fake_push_stop(f, &stop);
	fake_run(f);
	CHECK(!strstr(run("why"), "spinning"));
	f->cpu[0].rflags = 2;
	f->cpu[1].run_state = X86_HALTED;
	f->cpu[1].rflags = 2;
	target_forget(&f->target);
	memcpy(fake_ram(f, 0x1000, 2), &jump_here, 2);
	CHECK_HAS(run("why"), "the debugger interrupted the guest\nvCPU 0: "
			      "spinning: a loop of 1 instruction at 0x1000");
	CHECK_HAS(run("why"), "\nvCPU 1: halted with IF=0: only NMI or SMI can "
			      "wake it\nevery processor that was started is");
	rig_end();
}

TEST(where_a_machine_without_interrupts_halts)
{
	static const struct exit_record hlt = {.reason = EXIT_HLT,
					       .rip = 0x1000};

	rig_begin(2);
	f->inspect.record = &hlt;
	f->inspect.records = 1;
	CHECK_HAS(run("where"), "last KVM_EXIT_HLT\n");
	CHECK_HAS(run("where"), "; halted, and the "
				"machine has no interrupt controller");
	rig_end();
}

TEST(where_the_guest_died)
{
	rig_begin(2);
	fake_push_error(f, 1, GDB_SIGNAL_SEGV, "shutdown",
			"triple fault: no IDT\nmore");
	fake_run(f);
	CHECK_HAS(run("where"), "stopped\n          died here: triple fault: "
				"no IDT\n");
	rig_end();
}
