/* exits save and exits kernel on a fake machine. */
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stub/mon/monitor.h"
#include "tests/base/json_check.h"
#include "tests/stub/exits_rig.h"

/* ---- save ---- */

static char dir[64], path[128];

static void make_dir(void)
{
	strcpy(dir, "/tmp/mon-exits-XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/trace.json", dir);
}

static void remove_dir(void)
{
	unlink(path);
	CHECK(!rmdir(dir)); /* nothing else was left there */
}

static void read_path(struct buf *text)
{
	char chunk[4096];
	FILE *in = fopen(path, "r");
	size_t n;

	CHECK(in);
	while ((n = fread(chunk, 1, sizeof(chunk), in)))
		buf_append(text, chunk, n);
	fclose(in);
}

static const char *command_to(const char *format)
{
	static char line[256];

	snprintf(line, sizeof(line), format, path);
	return line;
}

TEST(save_writes_json)
{
	struct buf text = BUF_INIT;
	size_t at;

	setup(2);
	make_dir();
	setup_symbols();
	CHECK_HAS(run(command_to("exits save '%s'")), "trace.json: 7 events, ");
	read_path(&text);
	CHECK(json_valid(text.data, text.len, &at));
	CHECK_HAS(text.data, "\"name\":\"vCPU 1\"");
	CHECK_HAS(text.data, "\"symbol\":\"uart_putc+0x8\"");
	CHECK_HAS(text.data, "\"unclaimed\":\"pci\",\"register\":"
			     "\"CONFIG_DATA[00:02.0 0x00 vendor and device]\"");
	CHECK_HAS(run(command_to("exits save %s 16550")), ": 2 events, ");
	buf_deinit(&text);
	remove_dir();
	rig_end();
}

/* The same by other people's parsers, where they are. */
TEST(save_writes_what_others_take_for_json)
{
	static const char *const checks[][2] = {
		{"python3", "python3 -m json.tool %s >/dev/null"},
		{"jq", "jq -e '.traceEvents | length > 7' %s >/dev/null"},
	};
	unsigned int done = 0;
	char which[64];

	setup(2);
	make_dir();
	run(command_to("exits save %s"));
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		snprintf(which, sizeof(which), "command -v %s >/dev/null",
			 checks[i][0]);
		if (system(which) != 0)
			continue;
		done++;
		CHECK_EQ(system(command_to(checks[i][1])), 0);
	}
	remove_dir();
	rig_end();
	if (!done)
		test_skip("neither python3 nor jq is installed");
}

TEST(save_leaves_nothing_when_the_disk_is_full)
{
	struct rlimit limit = {100, RLIM_INFINITY};

	setup(2);
	make_dir();
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, command_to("exits save %s"), &out));
	CHECK_HAS(buf_cstr(&out), "trace.json: File too large");
	remove_dir();
	rig_end();
}

TEST(save_names_what_is_wrong)
{
	setup(1);
	CHECK_HAS(run_fails("exits save"), "wants an argument");
	CHECK_HAS(run_fails("exits save x htl"), "'htl'");
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, "exits save /nonexistent/x", &out));
	CHECK_HAS(buf_cstr(&out), "/nonexistent/x");
	rig_end();
}

/* ---- the kernel's trace ---- */

/* clang-format off */
static const struct target_kernel_event events[] = {
	{500000, 0, "kvm_entry: vcpu 0, rip 0x1000"},
	/* the read comes after our record of it, the write before */
	{1010000, 0, "kvm_pio: pio_read at 0x3fd size 1 count 1 val 0x60"},
	{1990000, 0, "kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x41"},
	{2500000, 0, "kvm_pio: pio_write at 0x21 size 1 count 1 val 0xfe"},
	{2600000, 1, "kvm_mmio: mmio unsatisfied-read len 4 gpa 0xfee00020 "
		     "val 0x0"},
	{4500000, 1, "kvm_apic: apic_write APIC_EOI = 0x0"},
};
/* clang-format on */

static void trace_kernel(void)
{
	f->inspect.has_kernel_trace = true;
	f->inspect.kernel_trace = (struct target_kernel_trace){
		.on = true, .events = ARRAY_SIZE(events), .lost = 9};
	f->inspect.kernel_event = events;
}

static unsigned int kernel_lines(const char *text)
{
	unsigned int n = 0;

	for (; (text = strstr(text, "[kernel]")); text++)
		n++;
	return n;
}

TEST(kernel_events_are_merged_and_marked)
{
	const char *text;

	setup(2);
	trace_kernel();
	text = run("exits");
	/* what came to user space is there once */
	CHECK_EQ(kernel_lines(text), 3);
	CHECK_EQ(lines(text), 7);
	CHECK_HAS(text, "vcpu0       0.002500: kvm_pio: pio_write at 0x21 size "
			"1 count 1 val 0xfe [kernel] pic master OCW1 mask\n");
	CHECK_HAS(text, "IOREGSEL"); /* 3 ms */
	CHECK(strstr(text, "APIC_EOI = 0x0 [kernel]\nvcpu1       0.005000:"));
	CHECK_HAS(text, "9 events of the kernel are overwritten");
	CHECK(!strstr(text, "not in here"));
	rig_end();
}

TEST(kernel_events_are_filtered)
{
	setup(2);
	trace_kernel();
	CHECK_EQ(kernel_lines(run("exits kernel 2")), 2);
	CHECK_EQ(lines(buf_cstr(&out)), 0);
	CHECK_HAS(buf_cstr(&out), "APIC_EOI");
	CHECK_EQ(kernel_lines(run("exits 9 kernel")), 3);
	CHECK_EQ(kernel_lines(run("exits user")), 0);
	CHECK_EQ(kernel_lines(run("exits kvm_apic")), 1);
	CHECK_EQ(lines(buf_cstr(&out)), 0);
	CHECK_EQ(kernel_lines(run("pio 0x20-0x21")), 1);
	CHECK_EQ(kernel_lines(run("exits pic w")), 1);
	CHECK_EQ(kernel_lines(run("exits rip=0x1000")), 0);
	CHECK_EQ(kernel_lines(run("exits -c 1")), 1);
	rig_end();
}

TEST(kernel_trace_is_switched)
{
	setup(1);
	CHECK_HAS(run("exits kernel"), "off: ");
	CHECK_HAS(run("exits kernel 5"), "`exits kernel on` has it do so");
	CHECK(!monitor_run(t, 0, "exits kernel on", &out));
	CHECK_HAS(buf_cstr(&out), "the fake has no kernel to trace");
	f->inspect.has_kernel_trace = true;
	CHECK_HAS(run("exits kernel on"), "on: ");
	CHECK_STR(fake_log(f), "kernel-trace on\n");
	CHECK_HAS(run("exits kernel"), "on: 0 events");
	CHECK_STR(run("exits kernel off"), "off\n");
	CHECK_HAS(run_fails("exits kernel maybe"), "'maybe' is not on, off");
	CHECK_HAS(run_fails("exits kernel 0"), "'0' is not on, off");
	f->ops.inspect = NULL;
	buf_clear(&out);
	CHECK(!monitor_run(t, 0, "exits kernel on", &out));
	CHECK_HAS(buf_cstr(&out), "cannot trace the host's kernel");
	rig_end();
}

TEST(save_takes_kernel_events_too)
{
	struct buf text = BUF_INIT;
	size_t at;

	setup(2);
	trace_kernel();
	make_dir();
	CHECK_HAS(run(command_to("exits save %s")), ": 10 events, ");
	read_path(&text);
	CHECK(json_valid(text.data, text.len, &at));
	CHECK_HAS(text.data, "\"cat\":\"kernel\"");
	buf_deinit(&text);
	remove_dir();
	rig_end();
}
