/* A saved crash answers as the target it was made of. */
#include "vmm/core/core.h"

#include "stub/inspect.h"
#include "stub/mon/monitor.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"
#include "tests/vmm/core_rig.h"

static struct fake_target *f;
static struct target *live, *saved;
static struct core *core;
static struct err err, err2;

/* Bytes that differ from place to place. */
static void scramble(void *to, size_t len)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + 7);
}

static void save(void)
{
	core = core_rig_reopen(live);
	saved = core_target(core);
}

static void begin(unsigned int vcpus)
{
	f = fake_create(vcpus);
	live = &f->target;
}

static void end(void)
{
	core_close(core);
	fake_destroy(f);
}

TEST(every_register_of_every_vcpu)
{
	const struct x86_state *a, *b;

	begin(3);
	for (int i = 0; i < 3; i++) {
		scramble(&f->cpu[i].fpu, sizeof(f->cpu[i].fpu));
		scramble(&f->cpu[i].msr, sizeof(f->cpu[i].msr));
		f->cpu[i].fpu.mxcsr += (uint32_t)i;
		f->cpu[i].pdptr[3] = 0x7000;
		f->cpu[i].pdptr_valid = true;
		f->cpu[i].dr[3] = 0x1234;
		f->cpu[i].event.exception_nr = 14;
		f->cpu[i].event.exception_payload = 0xdead;
		f->cpu[i].event.smm_pending = true;
		f->cpu[i].run_state = X86_HALTED;
	}
	save();
	CHECK_EQ(saved->nvcpus, 3);
	for (unsigned int i = 0; i < 3; i++) {
		a = target_state(live, i, X86_GROUP_ALL, &err);
		b = target_state(saved, i, X86_GROUP_ALL, &err);
		CHECK(a && b);
		CHECK(!memcmp(a, b, sizeof(*a)));
		CHECK_EQ(target_thread_id(saved, i), i + 1);
	}
	end();
}

TEST(registers_that_could_not_be_read_stay_so)
{
	begin(1);
	fake_fail_after(f, FAKE_GET, 2, 1, ERR_KVM, "no FPU today");
	save();
	CHECK(target_state(saved, 0, X86_GROUP_GPR | X86_GROUP_DEBUG, &err));
	CHECK(!target_state(saved, 0, X86_GROUP_FPU, &err));
	CHECK(err.code == ERR_KVM);
	CHECK_STR(err.msg, "no FPU today");
	end();
}

TEST(memory_and_its_map)
{
	struct target_region a, b;
	char got[6];
	size_t done;

	begin(1);
	fake_add_region(f, 0x100000000, 0x5000, false, "high");
	memcpy(fake_ram(f, 0x3ffffe, 2), "he", 2);
	memcpy(fake_ram(f, 0x100000ffe, 6), "hello", 6);
	save();
	for (unsigned int i = 0; target_region(live, i, &a); i++) {
		CHECK(target_region(saved, i, &b));
		CHECK_EQ(a.start, b.start);
		CHECK_EQ(a.size, b.size);
		CHECK_STR(a.name, b.name);
	}
	CHECK_OK(target_read_phys(saved, 0x100000ffe, got, 6, NULL, &err),
		 &err);
	CHECK_STR(got, "hello");
	CHECK(!target_read_phys(saved, 0x3ffffe, got, 6, &done, &err));
	CHECK_EQ(done, 2);
	CHECK_EQ(err.addr, 0x400000);
	CHECK_HAS(err.msg, "not in the file");
	/* The same page tables, through the saved CR3. */
	CHECK_OK(target_read_virt(saved, 0, 0x3ffffe, got, 2, NULL, &err),
		 &err);
	CHECK(!memcmp(got, "he", 2));
	end();
}

TEST(it_is_looked_at_and_no_more)
{
	const struct target_action go[1] = {{.kind = ACTION_CONTINUE}};
	const struct target_bp bp = {.type = BP_SW, .addr = 0x1000, .len = 1};
	const struct target_event nmi = {.kind = EVENT_NMI};
	struct x86_state s = {.rip = 1};

	begin(1);
	save();
	CHECK(!target_resume(saved, go, &err));
	CHECK_STR(err.msg, "a saved crash cannot run");
	CHECK(!target_write_phys(saved, 0, "x", 1, &err));
	CHECK_HAS(err.msg, "a saved crash cannot write memory");
	CHECK(!target_set_state(saved, 0, X86_GROUP_GPR, &s, &err));
	CHECK_HAS(err.msg, "a saved crash cannot change registers");
	CHECK(!target_insert_bp(saved, 0, &bp, &err));
	CHECK_HAS(err.msg, "a saved crash cannot set breakpoints");
	CHECK(!target_inject(saved, 0, &nmi, &err));
	CHECK(!target_reset(saved, &err));
	CHECK_EQ(target_event_fd(saved), (uint64_t)-1);
	end();
}

/* ---- stub/inspect.h ---- */

TEST(msrs_with_those_that_fail)
{
	uint64_t value;
	uint32_t index;

	begin(2);
	f->inspect.msrs = 2;
	f->inspect.msr[0].index = 0xc0000080;
	f->inspect.msr[0].value = 0xd01;
	f->inspect.msr[1].index = 0x10;
	save();
	CHECK_OK(target_get_msr(saved, 1, 0xc0000080, &value, &err), &err);
	CHECK_EQ(value, 0xd01);
	CHECK(target_msr_at(saved, 1, &index));
	CHECK_EQ(index, 0x10);
	CHECK(!target_msr_at(saved, 2, &index));
	CHECK(!target_get_msr(saved, 0, 0x123, &value, &err));
	CHECK(err.code == ERR_NOT_FOUND);
	CHECK_HAS(err.msg, "0x123");
	end();
}

TEST(cpuid_sets)
{
	static const struct x86_cpuid guest = {
		2,
		{{0, 0, false, {16, 0x756e6547, 0x6c65746e, 0x49656e69}},
		 {7, 1, true, {1, 2, 3, 4}}}};
	struct x86_cpuid table;

	begin(2);
	f->inspect.cpuid[CPUID_GUEST] = &guest;
	save();
	for (unsigned int i = 0; i < 2; i++) {
		CHECK_OK(target_cpuid(saved, i, CPUID_GUEST, &table, &err),
			 &err);
		CHECK_EQ(table.n, 2);
		CHECK_EQ(table.entry[1].leaf, 7);
		CHECK(table.entry[1].has_index);
		CHECK_EQ(table.entry[1].reg[3], 4);
	}
	CHECK(!target_cpuid(saved, 1, CPUID_HOST, &table, &err));
	CHECK_STR(err.msg, "the fake has no such CPUID");
	end();
}

TEST(interrupt_controllers_and_clocks)
{
	struct x86_lapic lapic[2], got;
	struct x86_chips chips, chips2;
	struct x86_clock clock, clock2;

	memset(&chips, 0, sizeof(chips));
	memset(&clock, 0, sizeof(clock));
	scramble(lapic, sizeof(lapic));
	chips.has_ioapic = chips.pic[1].poll = chips.pit.speaker = true;
	scramble(chips.ioapic.redir, sizeof(chips.ioapic.redir));
	scramble(&chips.pit.channel, sizeof(chips.pit.channel));
	clock.has_kvmclock = true;
	clock.kvmclock_ns = 12345678901234;
	clock.tsc_khz = 2000000;
	begin(2);
	f->inspect.lapic = lapic;
	f->inspect.chips = &chips;
	f->inspect.clock = &clock;
	save();
	CHECK_OK(target_lapic(saved, 1, &got, &err), &err);
	CHECK(!memcmp(&got, &lapic[1], sizeof(got)));
	CHECK_OK(target_chips(saved, &chips2, &err), &err);
	CHECK(!memcmp(&chips, &chips2, sizeof(chips)));
	CHECK_OK(target_clock(saved, 1, &clock2, &err), &err);
	CHECK(!memcmp(&clock, &clock2, sizeof(clock)));
	end();
}

TEST(what_the_target_could_not_tell)
{
	struct x86_lapic lapic, lapic2;
	struct x86_chips chips, chips2;

	begin(1);
	save();
	CHECK(!target_lapic(live, 0, &lapic, &err));
	CHECK(!target_lapic(saved, 0, &lapic2, &err2));
	CHECK_STR(err2.msg, err.msg);
	CHECK(!target_chips(live, &chips, &err));
	CHECK(!target_chips(saved, &chips2, &err2));
	CHECK_STR(err2.msg, err.msg);
	CHECK(err.code == err2.code);
	end();
}

static const struct exit_record records[] = {
	{.time_ns = 5,
	 .rip = 0x1000,
	 .cr3 = 0x2000,
	 .where = 0x3f8,
	 .value = 'A',
	 .device = "16550",
	 .reg = "THR",
	 .reason = EXIT_IO,
	 .count = 1,
	 .size = 1,
	 .is_write = true},
	{.time_ns = 6, .run_errno = 14, .count = 1},
	{.time_ns = 7, .device = "16550", .reason = EXIT_IO, .count = 2},
};

TEST(flight_recorder_and_counters)
{
	static const struct target_stat stats[] = {{"exits", 100, 7, false},
						   {"pages", 5, 0, true}};
	static const struct exit_counts counts = {.by_reason = {[2] = 9},
						  .ran_ns = 77};
	static const struct exit_counts since = {.by_reason = {[2] = 1}};
	struct exit_counts total2, since2;
	struct target_stat stat;
	struct exit_record r;
	uint64_t total;

	begin(2);
	f->inspect.record = records;
	f->inspect.records = 3;
	f->inspect.records_total = 1000;
	f->inspect.stat = stats;
	f->inspect.stats = 2;
	f->inspect.counts = &counts;
	f->inspect.counts_since = &since;
	save();
	CHECK_EQ(target_records(saved, 0, &total), 3);
	CHECK_EQ(total, 1000);
	CHECK_EQ(target_records(saved, 1, &total), 0);
	CHECK(target_record(saved, 0, 0, &r));
	CHECK_STR(r.device, "16550");
	CHECK_STR(r.reg, "THR");
	CHECK(r.is_write && r.size == 1 && r.value == 'A' && r.time_ns == 5);
	CHECK(target_record(saved, 0, 1, &r));
	CHECK(!r.device && r.run_errno == 14);
	CHECK(!target_record(saved, 0, 3, &r));
	CHECK(target_stat(saved, TARGET_VM, 1, &stat));
	CHECK_STR(stat.name, "pages");
	CHECK(stat.is_gauge && stat.value == 5);
	CHECK(!target_stat(saved, 1, 2, &stat));
	CHECK(target_exit_counts(saved, 0, &total2, &since2));
	CHECK_EQ(total2.by_reason[2], 9);
	CHECK_EQ(total2.ran_ns, 77);
	CHECK_EQ(since2.by_reason[2], 1);
	CHECK(!target_exit_counts(saved, 1, &total2, &since2));
	end();
}

TEST(the_machine_and_the_host)
{
	static const struct target_io_range ranges[] = {
		{false, 0x3f8, 8, "16550", false, 3, 4, "com1"},
		{true, 0xfec00000, 0x1000, "IOAPIC", true, 0, 0, NULL}};
	static const struct x86_host host = {.vendor = EXIT_VENDOR_SVM,
					     .module = "kvm_amd",
					     .kernel = "6.12.0",
					     .cpu = "EPYC",
					     .npt = 1,
					     .ept = -1,
					     .apicv = -1};
	struct target_io_range range;
	struct buf text = BUF_INIT;
	struct x86_host got;

	begin(1);
	f->inspect.io_range = ranges;
	f->inspect.io_ranges = 2;
	f->inspect.host = &host;
	f->inspect.vm_log = "KVM_CREATE_VM = 7\n";
	f->inspect.image = "/boot/vmlinux";
	save();
	CHECK(target_io_range(saved, 1, &range));
	CHECK_STR(range.name, "IOAPIC");
	CHECK(range.mmio && range.in_kernel && range.base == 0xfec00000);
	CHECK(!target_io_range(saved, 2, &range));
	CHECK(target_io_range(saved, 0, &range));
	CHECK_STR(range.device, "com1");
	target_host(saved, &got);
	CHECK(!memcmp(&got, &host, sizeof(got)));
	CHECK(target_vm_log(saved, &text));
	CHECK_STR(buf_cstr(&text), "KVM_CREATE_VM = 7\n");
	CHECK_STR(target_image(saved), "/boot/vmlinux");
	buf_clear(&text);
	CHECK(target_describe_caps(saved, &text));
	CHECK_HAS(buf_cstr(&text), "saved crash FILE\nsaved by kvm-gdbserver");
	CHECK_HAS(buf_cstr(&text), "fake target: everything works");
	buf_deinit(&text);
	end();
}

TEST(the_devices)
{
	static const struct target_device devices[] = {
		{"com1", "16550A serial port", 1 << 4, false},
		{"pic", "two 8259s", 0, true}};
	static const struct target_device_reg com1[] = {
		{"IER", 0, 0, 1, 5, "RDA LINE"},
		{"ram", 1, 2, 4, 0x1234, NULL},
		{.name = NULL}};
	static const struct target_device_reg *const regs[] = {com1, com1 + 2};
	struct target_device d;
	struct target_device_reg r;

	begin(1);
	f->inspect.device = devices;
	f->inspect.devices = 2;
	f->inspect.device_reg = regs;
	save();
	CHECK(target_device(saved, 1, &d));
	CHECK_STR(d.about, "two 8259s");
	CHECK(d.in_kernel);
	CHECK(!target_device(saved, 2, &d));
	CHECK(target_device_reg(saved, 0, 0, &r));
	CHECK_STR(r.name, "IER");
	CHECK_STR(r.bits, "RDA LINE");
	CHECK(target_device_reg(saved, 0, 1, &r));
	CHECK_EQ(r.value, 0x1234);
	CHECK(r.index == 1 && r.count == 2 && r.size == 4 && !r.bits);
	CHECK(!target_device_reg(saved, 0, 2, &r));
	CHECK(!target_device_reg(saved, 1, 0, &r));
	CHECK(!target_device_reg(saved, 7, 0, &r));
	end();
}

TEST(what_the_hosts_kernel_has_recorded)
{
	static const struct target_kernel_event events[] = {
		{1, 0, "kvm_exit: reason HLT"}, {2, 1, "kvm_entry: vcpu 1"}};
	struct target_kernel_event event;
	struct target_kernel_trace trace;

	begin(2);
	f->inspect.has_kernel_trace = true;
	f->inspect.kernel_trace = (struct target_kernel_trace){true, 2, 5};
	f->inspect.kernel_event = events;
	save();
	target_kernel_trace(saved, &trace);
	CHECK(trace.on && trace.events == 2 && trace.lost == 5);
	CHECK(target_kernel_event(saved, 1, &event));
	CHECK_STR(event.text, "kvm_entry: vcpu 1");
	CHECK(!target_kernel_event(saved, 2, &event));
	end();
}

/* ---- the stop ---- */

TEST(the_last_stop_and_its_story)
{
	begin(2);
	fake_push_error(f, 1, GDB_SIGNAL_SEGV, "shutdown", "triple fault\nx\n");
	fake_run(f);
	save();
	CHECK(saved->last.kind == STOP_ERROR);
	CHECK_EQ(saved->last.vcpu, 1);
	CHECK_EQ(saved->last.signal, GDB_SIGNAL_SEGV);
	CHECK_STR(saved->last.text, "triple fault\nx\n");
	CHECK_STR(saved->last.status_word, "shutdown");
	end();
}

TEST(the_story_is_made_anew_of_the_evidence)
{
	static struct target_evidence ev = {.exit = {.reason = EXIT_SHUTDOWN},
					    .has_state = true};
	struct target_stop stop = {.kind = STOP_ERROR,
				   .signal = GDB_SIGNAL_SEGV};

	begin(1);
	ev.state = f->cpu[0];
	f->inspect.evidence = &ev;
	fake_push_stop(f, &stop);
	fake_run(f);
	save();
	CHECK_HAS(saved->last.text, "triple fault");
	CHECK_STR(saved->last.text, live->last.text);
	end();
}

TEST(a_guest_that_has_ended_can_be_looked_at)
{
	begin(1);
	fake_push_exit(f, 7);
	fake_run(f);
	save();
	CHECK(saved->last.kind == STOP_EXITED);
	CHECK_EQ(saved->last.status, 7);
	CHECK(!saved->dead); /* else its server would end, too */
	end();
}

TEST(a_file_by_linear_addresses_has_the_same_memory)
{
	uint8_t a[16], b[16];

	begin(1);
	fake_map(f, 0xffff800000001000, 0x5000, FAKE_PTE_P);
	fake_map(f, 0x7000, 0, 0);
	memcpy(fake_ram(f, 0x6ffa, 12), "one two three", 12);
	core = core_rig_reopen_linear(live);
	saved = core_target(core);
	CHECK_OK(target_read_phys(live, 0x6ff8, a, 16, NULL, &err), &err);
	CHECK_OK(target_read_phys(saved, 0x6ff8, b, 16, NULL, &err), &err);
	CHECK(!memcmp(a, b, 16));
	CHECK(!target_read_phys(saved, FAKE_RAM, b, 1, NULL, &err));
	end();
}

/* ---- commands ---- */

TEST(commands_say_the_same)
{
	static const char *const lines[] = {
		"info registers", "info status", "info cpus", "why",  "x/8xb 0",
		"walk 0x1000",	  "info mem",	 "maps",      "fpu",  "cr",
		"segments",	  "gdt",	 "msrs",      "mode", "events",
		"xp/4xw 0x1000",  "exits all",	 "rdmsr 0x10"};
	struct buf a = BUF_INIT, b = BUF_INIT;

	begin(2);
	f->inspect.record = records;
	f->inspect.records = 3;
	f->inspect.msrs = 1;
	f->inspect.msr[0].index = 0x10;
	f->inspect.msr[0].value = 99;
	save();
	live->caps = saved->caps; /* so that nobody offers to run it on */
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		buf_clear(&a);
		buf_clear(&b);
		CHECK(monitor_run(live, 1, lines[i], &a) ==
		      monitor_run(saved, 1, lines[i], &b));
		CHECK_STR(buf_cstr(&b), buf_cstr(&a));
	}
	buf_deinit(&a);
	buf_deinit(&b);
	end();
}

TEST(a_saved_crash_can_be_saved)
{
	struct core *again;

	begin(2);
	fake_push_error(f, 1, GDB_SIGNAL_SEGV, "shutdown", "triple fault\n");
	fake_run(f);
	f->cpu[1].gpr[X86_RBX] = 0x5ca1ab1e;
	target_forget(live);
	save();
	again = core_rig_reopen(saved);
	CHECK_STR(core_target(again)->last.text, "triple fault\n");
	CHECK_EQ(target_state(core_target(again), 1, X86_GROUP_GPR, &err)
			 ->gpr[X86_RBX],
		 0x5ca1ab1e);
	core_close(again);
	end();
}
