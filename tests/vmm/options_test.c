#include "vmm/options.h"

#include "tests/test.h"

static struct options o;
static struct err err;

/* Parse the words after the program's name. */
#define PARSE(...) parse((const char *[]){"kvm-gdbserver", __VA_ARGS__, NULL})

static bool parse(const char **words)
{
	int n = 0;
	bool ok;

	while (words[n])
		n++;
	options_deinit(&o);
	ok = options_parse(&o, n, (char **)(uintptr_t)words, &err);
	if (!ok)
		CHECK(err.code == ERR_USAGE);
	return ok;
}

/* A refused command line whose error has this text. */
#define REFUSED(text, ...)                  \
	do {                                \
		CHECK(!PARSE(__VA_ARGS__)); \
		CHECK_HAS(err.msg, text);   \
	} while (0)

TEST(defaults)
{
	CHECK_OK(PARSE(":1234"), &err);
	CHECK(o.action == OPTIONS_SERVE);
	CHECK_STR(o.comm, ":1234");
	CHECK(!o.image && !o.run && !o.once && !o.tdesc && !o.log);
	CHECK_EQ(o.memory, 128 << 20);
	CHECK_EQ(o.vcpus, 1);
	CHECK_STR(o.cpu, "auto");
	CHECK_STR(o.append, "");
	CHECK_EQ(o.irqchip, IRQCHIP_KERNEL);
	CHECK_EQ(o.on_error, SERVER_ERROR_HALT);
	CHECK_STR(options_serial(&o), "stdio");
}

TEST(options_stand_anywhere)
{
	CHECK_OK(PARSE("-c", "2", "unix:/x", "--run", "image", "--once"), &err);
	CHECK_STR(o.comm, "unix:/x");
	CHECK_STR(o.image, "image");
	CHECK(o.run && o.once && o.vcpus == 2);
	CHECK_OK(PARSE("--once", "--", ":1", "--odd-name"), &err);
	CHECK_STR(o.image, "--odd-name");
}

TEST(comm)
{
	CHECK_OK(PARSE("-", "image"), &err);
	CHECK_STR(options_serial(&o), "none");
	CHECK_OK(PARSE("[::1]:1234"), &err);
	REFUSED("COMM is missing", "--run");
	REFUSED("COMM 'bzImage' is not :PORT", "bzImage", ":1234");
	REFUSED("unexpected 'three'", ":1", "two", "three");
	REFUSED("IMAGE is empty", ":1", "");
	CHECK(!parse((const char *[]){"kvm-gdbserver", NULL}));
}

TEST(memory)
{
	CHECK_OK(PARSE(":1", "-m", "64"), &err);
	CHECK_EQ(o.memory, 64 << 20);
	CHECK_OK(PARSE(":1", "-m2G"), &err);
	CHECK_EQ(o.memory, UINT64_C(2) << 30);
	CHECK_OK(PARSE(":1", "--memory=4096k"), &err);
	CHECK_EQ(o.memory, 4 << 20);
	CHECK_OK(PARSE(":1", "--memory", "0x100000"), &err);
	CHECK_EQ(o.memory, UINT64_C(1) << 40);
	REFUSED("--memory: 1023K is outside", ":1", "-m", "1023K");
	REFUSED("outside 1M to 1T", ":1", "-m", "0");
	REFUSED("outside", ":1", "-m", "2T");
	REFUSED("--memory: 'lots' is not a size", ":1", "-m", "lots");
	REFUSED("is not a size", ":1", "-m", "12MB");
	REFUSED("is not a size", ":1", "-m", "-5");
	REFUSED("is not a size", ":1", "-m", " 5");
	REFUSED("is not a size", ":1", "-m", "");
	REFUSED("is not a size", ":1", "-m", "99999999999999999999");
	REFUSED("is not a size", ":1", "-m", "18446744073709551615T");
	REFUSED("--memory: SIZE is missing", ":1", "-m");
}

TEST(sizes)
{
	uint64_t n = 7;

	CHECK(options_parse_size("0xffffffffffffffff", 1, &n));
	CHECK_EQ(n, UINT64_MAX);
	CHECK(options_parse_size("1t", 1, &n) && n == UINT64_C(1) << 40);
	CHECK(options_parse_size("0", 1, &n) && n == 0);
	CHECK(options_parse_size("010", 1, &n) && n == 10);
	n = 7;
	CHECK(!options_parse_size("0x", 1, &n));
	CHECK(!options_parse_size("0xg", 1, &n));
	CHECK(!options_parse_size("+1", 1, &n));
	CHECK(!options_parse_size("1KK", 1, &n));
	CHECK(!options_parse_size("1.5G", 1, &n));
	CHECK(!options_parse_size("0x10000000000000000", 1, &n));
	CHECK_EQ(n, 7);
}

TEST(smp)
{
	CHECK_OK(PARSE(":1", "--smp", "254"), &err);
	CHECK_EQ(o.vcpus, 254);
	REFUSED("--smp: 0 is outside 1 to 254", ":1", "-c", "0");
	REFUSED("--smp: 255 is outside", ":1", "-c", "255");
	REFUSED("--smp: 99999999999999999999 is", ":1", "-c",
		"99999999999999999999");
	REFUSED("--smp: 'two' is not a number", ":1", "-c", "two");
	REFUSED("not a number", ":1", "-c", "2x");
	REFUSED("not a number", ":1", "-c", "-1");
}

TEST(image_options)
{
	CHECK_OK(PARSE(":1", "vmlinuz", "--append", "console=ttyS0 -- x",
		       "--initrd=rd.img", "--module", "a,b c,d", "--module=e"),
		 &err);
	CHECK_STR(o.append, "console=ttyS0 -- x");
	CHECK_STR(o.initrd, "rd.img");
	CHECK_EQ(o.modules, 2);
	CHECK_STR(o.module[0].path, "a");
	CHECK_STR(o.module[0].args, "b c,d");
	CHECK_STR(o.module[1].path, "e");
	CHECK(!o.module[1].args);
	REFUSED("--module: FILE is missing", ":1", "i", "--module", ",x");
	REFUSED("--initrd: FILE is missing", ":1", "i", "--initrd", "");
	REFUSED("--append: STRING is missing", ":1", "i", "--append");
	REFUSED("need an IMAGE", ":1", "--initrd", "x");
	REFUSED("need an IMAGE", ":1", "--module", "x");
}

TEST(too_many_modules)
{
	const char *words[2 + BOOT_MAX_MODULES + 1 + 2] = {"k", ":1", "image"};
	unsigned int n = 3;

	while (n < 3 + BOOT_MAX_MODULES)
		words[n++] = "--module=m";
	CHECK_OK(parse(words), &err);
	CHECK_EQ(o.modules, BOOT_MAX_MODULES);
	words[n] = "--module=last";
	CHECK(!parse(words));
	CHECK_HAS(err.msg, "more than 32 of them (at 'last')");
}

TEST(flat_binaries)
{
	CHECK_OK(PARSE(":1", "boot.bin", "--mode", "16", "--load-addr",
		       "0x7c00", "--entry=31k"),
		 &err);
	CHECK_EQ(o.mode, 16);
	CHECK(o.load_addr_set && o.entry_set);
	CHECK_EQ(o.load_addr, 0x7c00);
	CHECK_EQ(o.entry, 0x7c00);
	REFUSED("--mode: '8' is not one of 16|32|64", ":1", "x", "--mode=8");
	REFUSED("--entry: 'main' is not an address", ":1", "x", "--entry",
		"main");
	REFUSED("--load-addr: '' is not an address", ":1", "x", "--load-addr=");
	REFUSED("need an IMAGE", ":1", "--mode", "16");
}

TEST(cpu_is_kept_for_later)
{
	CHECK_OK(PARSE(":1", "--cpu", "host,-avx"), &err);
	CHECK_STR(o.cpu, "host,-avx");
	REFUSED("--cpu: MODEL", ":1", "--cpu=");
}

TEST(choices)
{
	CHECK_OK(PARSE(":1", "--irqchip", "split", "--on-error=exit"), &err);
	CHECK_EQ(o.irqchip, IRQCHIP_SPLIT);
	CHECK_EQ(o.on_error, SERVER_ERROR_EXIT);
	CHECK_OK(PARSE(":1", "--irqchip=none"), &err);
	CHECK_EQ(o.irqchip, IRQCHIP_NONE);
	REFUSED("--irqchip: 'kern' is not one of kernel|split|user|none", ":1",
		"--irqchip", "kern");
	REFUSED("--on-error: 'Halt' is not", ":1", "--on-error", "Halt");
}

TEST(on_error_takes_several_words)
{
	CHECK_OK(PARSE(":1", "--on-error", "exit,dump=/x,y"), &err);
	CHECK_EQ(o.on_error, SERVER_ERROR_EXIT);
	CHECK_STR(o.dump, "/x,y");
	CHECK_OK(PARSE(":1", "--on-error=dump=a", "--on-error", "halt"), &err);
	CHECK_EQ(o.on_error, SERVER_ERROR_HALT);
	CHECK_STR(o.dump, "a");
	REFUSED("--on-error: dump= names no FILE", ":1", "--on-error=dump=");
	REFUSED("--on-error: 'x' is not one of halt|exit|dump=FILE", ":1",
		"--on-error=exit,x");
	REFUSED("'' is not one of", ":1", "--on-error=exit,");
}

TEST(a_saved_crash_takes_no_machine)
{
	CHECK_OK(PARSE("--core", "f", ":1", "vmlinux", "--once", "--log=l"),
		 &err);
	CHECK_STR(o.core, "f");
	CHECK_STR(o.image, "vmlinux");
	CHECK_OK(PARSE("--core=f", "--batch", "why"), &err);
	CHECK(o.action == OPTIONS_BATCH && !o.image && !o.comm);
	REFUSED("--smp is of no use with --core", "--core=f", ":1", "--smp=2");
	REFUSED("--run is of no use", "--run", ":1", "--core=f");
	REFUSED("--core: FILE is missing", ":1", "--core=");
	REFUSED("COMM is missing", "--core=f");
}

TEST(serial)
{
	static const char *const good[] = {"stdio", "tty",    "pty",
					   "none",  "file:x", "unix:/s"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_OK(PARSE(":1", "--serial", good[i]), &err);
		CHECK_STR(options_serial(&o), good[i]);
	}
	REFUSED("--serial: 'screen' is not one of stdio|tty|file:PATH", ":1",
		"--serial", "screen");
	REFUSED("--serial tty: stdin and stdout belong to the client", "-",
		"--serial", "tty");
	REFUSED("--serial: 'file:' names no PATH", ":1", "--serial=file:");
	REFUSED("--serial stdio: stdin and stdout belong to the client", "-",
		"--serial", "stdio");
	CHECK_OK(PARSE("-", "--serial", "pty"), &err);
}

TEST(reporting)
{
	CHECK_OK(PARSE(":1", "--log", "l", "--trace-packets", "--tdesc=d"),
		 &err);
	CHECK_STR(o.log, "l");
	CHECK_STR(o.tdesc, "d");
	CHECK(o.trace_packets);
	REFUSED("--trace-packets takes no value", ":1", "--trace-packets=y");
	REFUSED("--log: FILE is missing", ":1", "--log=");
}

TEST(catchpoints)
{
	CHECK_OK(PARSE("--catch", "pio 0x70 r", "--catch=reset", ":1"), &err);
	CHECK_EQ(o.catches, 2);
	CHECK_STR(o.catch[0], "pio 0x70 r");
	CHECK_STR(o.catch[1], "reset");
	options_deinit(&o);
	REFUSED("--catch: WHAT is missing", "--catch=", ":1");
}

TEST(batch)
{
	CHECK_OK(PARSE("--batch", "why; walk 0", "image"), &err);
	CHECK(o.action == OPTIONS_BATCH);
	CHECK_STR(o.batch, "why; walk 0");
	CHECK_STR(o.image, "image");
	CHECK(!o.comm);
	CHECK_STR(options_serial(&o), "none");
	CHECK_OK(PARSE("--batch=caps"), &err);
	CHECK(!o.image);
	REFUSED("--batch takes no COMM", "--batch", "why", ":1", "image");
	REFUSED("--batch: 'CMD; CMD' is missing", "--batch=");
}

TEST(actions_need_nothing_else)
{
	CHECK_OK(PARSE("--probe"), &err);
	CHECK(o.action == OPTIONS_PROBE);
	CHECK_OK(PARSE("--probe", "--help"), &err);
	CHECK(o.action == OPTIONS_HELP);
	CHECK_OK(PARSE("--help", "--probe"), &err);
	CHECK(o.action == OPTIONS_HELP);
	CHECK_OK(PARSE("-h"), &err);
	CHECK(o.action == OPTIONS_HELP);
	CHECK_OK(PARSE("--version"), &err);
	CHECK(o.action == OPTIONS_VERSION);
	CHECK_OK(PARSE("--print-monitor-man"), &err);
	CHECK(o.action == OPTIONS_MONITOR_MAN);
	REFUSED("unknown option '--bogus'", "--help", "--bogus");
}

TEST(unknown_options)
{
	REFUSED("'--memroy' (did you mean --memory?)", ":1", "--memroy=1");
	REFUSED("did you mean --irqchip?", ":1", "--irq-chip", "none");
	REFUSED("did you mean --once, --on-error?", ":1", "--on");
	REFUSED("unknown option '--zzzzzz' (--help lists", ":1", "--zzzzzz");
	REFUSED("unknown option '-z'", ":1", "-z");
	REFUSED("did you mean --smp", ":1", "-smp", "2");
	REFUSED("unknown option '-hm'", ":1", "-hm");
	REFUSED("unknown option '--", ":1",
		"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

TEST(a_failure_leaves_the_output_alone)
{
	memset(&o, 0, sizeof(o));
	o.vcpus = 77;
	CHECK(!PARSE(":1", "i", "--module", "m", "--nope"));
	CHECK_EQ(o.vcpus, 77);
	CHECK_EQ(o.modules, 0);
}

TEST(recorder_takes_a_number_of_exits)
{
	CHECK_OK(PARSE(":1"), &err);
	CHECK_EQ(o.recorder, 0);
	CHECK_OK(PARSE(":1", "--recorder", "64K"), &err);
	CHECK_EQ(o.recorder, 65536);
	REFUSED("--recorder: 'many' is not a number", ":1", "--recorder",
		"many");
	REFUSED("--recorder: 0 is outside 1 to", ":1", "--recorder", "0");
	REFUSED("--recorder: 1G is outside", ":1", "--recorder=1G");
}

TEST(help_lists_every_option_within_80_columns)
{
	static const char *const names[] = {
		"-m, --memory SIZE",
		"-c, --smp N",
		"--append STRING",
		"--initrd FILE",
		"--module FILE[,",
		"--cpu MODEL",
		"--irqchip kernel|",
		"--serial stdio|",
		"--run",
		"--once",
		"--on-error halt",
		"--core FILE",
		"--log FILE",
		"--trace-packets",
		"--probe",
		"--batch 'CMD; CMD'",
		"--catch 'WHAT ...'",
		"--recorder N",
		"--tdesc DIR",
		"--load-addr",
		"--entry",
		"--mode 16|32|64",
		"--help",
		"--version",
	};
	struct buf help = BUF_INIT;
	char *line;

	options_help(&help);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK_HAS(buf_cstr(&help), names[i]);
	CHECK(!strstr(buf_cstr(&help), "monitor-man"));
	line = strtok(help.data, "\n");
	for (; line; line = strtok(NULL, "\n"))
		CHECK(strlen(line) <= 80);
	buf_deinit(&help);
}

TEST(virtio_devices)
{
	CHECK_OK(PARSE("--disk", "a.img", "--disk", "b.img,snapshot=on",
		       "--rng", "--hvc", "file:/x", ":1"),
		 &err);
	CHECK_EQ(o.disks, 2);
	CHECK_STR(o.disk[1].path, "b.img");
	CHECK(o.disk[1].snapshot && !o.disk[0].snapshot && o.rng);
	CHECK_STR(o.hvc, "file:/x");
	REFUSED("--disk: disk 'a,rw': 'rw' is not ro", "--disk", "a,rw", ":1");
	REFUSED("more than 4 of them (at 'e')", "--disk", "a", "--disk", "b",
		"--disk", "c", "--disk", "d", "--disk", "e", ":1");
	REFUSED("--hvc stdio: --serial has stdin and stdout", "--hvc", "stdio",
		":1");
	REFUSED("belong to the client", "--hvc", "stdio", "-");
	CHECK_OK(PARSE("--hvc", "stdio", "--serial", "none", ":1"), &err);
}

TEST(firmware)
{
	CHECK_OK(PARSE("--bios", "bios.bin", "--boot-menu", "--disk", "a",
		       ":1"),
		 &err);
	CHECK_STR(o.bios, "bios.bin");
	REFUSED("there is no IMAGE ('kernel')", "--bios", "b", ":1", "kernel");
	REFUSED("it needs --bios", "--boot-menu", ":1");
	REFUSED("need an IMAGE", "--bios", "b", "--mode", "16", ":1");
}
