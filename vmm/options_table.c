#include "vmm/options_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/guest_mem.h"
#include "vmm/recorder.h"

#define MIB	   (UINT64_C(1) << 20)
#define MAX_MEMORY (UINT64_C(1) << 40)
#define MAX_VCPUS  254 /* xAPIC ids 0..253; 255 is broadcast */

#define FIELD(o, opt, type) ((type *)(void *)((char *)(o) + (opt)->field))

/* ---- values ---- */

bool options_parse_size(const char *text, uint64_t unit, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	char *end;
	const char *suffix;
	unsigned long long n;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	if (!isdigit((unsigned char)text[0]) ||
	    (hex && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	n = strtoull(text, &end, hex ? 16 : 10);
	if (errno)
		return false;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || end[1])
			return false;
		unit = UINT64_C(1) << (10 * (suffix - suffixes + 1));
	}
	if (n > UINT64_MAX / unit)
		return false;
	*value = n * unit;
	return true;
}

static bool set_true(struct options *o, const struct option *opt,
		     const char *value, struct err *err)
{
	*FIELD(o, opt, bool) = true;
	return true;
}

static bool set_text(struct options *o, const struct option *opt,
		     const char *value, struct err *err)
{
	*FIELD(o, opt, const char *) = value;
	return true;
}

/* Text that names something, so it cannot be empty. */
static bool set_name(struct options *o, const struct option *opt,
		     const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "--%s: %s is missing", opt->name,
			       opt->arg);
	return set_text(o, opt, value, err);
}

static bool set_action(struct options *o, const struct option *opt,
		       const char *value, struct err *err)
{
	/* --help wins over --version over --probe */
	if (opt->value > (int)o->action || o->action == OPTIONS_SERVE)
		o->action = (enum options_action)opt->value;
	return true;
}

static bool set_choice(struct options *o, const struct option *opt,
		       const char *value, struct err *err)
{
	for (const struct choice *c = opt->choice; c->word; c++)
		if (!strcmp(c->word, value)) {
			*FIELD(o, opt, int) = c->value;
			return true;
		}
	return err_set(err, ERR_USAGE, "--%s: '%s' is not one of %s", opt->name,
		       value, opt->arg);
}

/* Words with commas between them; dump=FILE is the last, commas and all. */
static bool set_on_error(struct options *o, const struct option *opt,
			 const char *value, struct err *err)
{
	static const struct choice words[] = {{"halt", SERVER_ERROR_HALT},
					      {"exit", SERVER_ERROR_EXIT},
					      {NULL, 0}};
	const char *at = value;

	while (strncmp(at, "dump=", 5)) {
		const struct choice *c = words;
		size_t len = strcspn(at, ",");

		while (c->word &&
		       (strlen(c->word) != len || strncmp(c->word, at, len)))
			c++;
		if (!c->word)
			return err_set(err, ERR_USAGE,
				       "--%s: '%.*s' is not one of %s",
				       opt->name, (int)len, at, opt->arg);
		o->on_error = c->value;
		if (!at[len])
			return true;
		at += len + 1;
	}
	o->dump = at + 5;
	return *o->dump ||
	       err_set(err, ERR_USAGE, "--%s: dump= names no FILE", opt->name);
}

static bool set_memory(struct options *o, const struct option *opt,
		       const char *value, struct err *err)
{
	uint64_t size;

	if (!options_parse_size(value, MIB, &size))
		return err_set(err, ERR_USAGE,
			       "--memory: '%s' is not a size (such as 512M or "
			       "2G; a plain number counts MiB)",
			       value);
	if (size < GUEST_MEM_MIN || size > MAX_MEMORY)
		return err_set(err, ERR_USAGE,
			       "--memory: %s is outside 1M to 1T", value);
	o->memory = size;
	return true;
}

static bool set_vcpus(struct options *o, const struct option *opt,
		      const char *value, struct err *err)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end)
		return err_set(err, ERR_USAGE,
			       "--smp: '%s' is not a number of vCPUs", value);
	if (n < 1 || n > MAX_VCPUS)
		return err_set(err, ERR_USAGE, "--smp: %s is outside 1 to %d",
			       value, MAX_VCPUS);
	o->vcpus = (unsigned int)n;
	return true;
}

static bool set_recorder(struct options *o, const struct option *opt,
			 const char *value, struct err *err)
{
	uint64_t n;

	if (!options_parse_size(value, 1, &n))
		return err_set(err, ERR_USAGE,
			       "--recorder: '%s' is not a number of exits",
			       value);
	if (n < 1 || n > RECORDER_MAX)
		return err_set(err, ERR_USAGE,
			       "--recorder: %s is outside 1 to %u", value,
			       RECORDER_MAX);
	o->recorder = (uint32_t)n;
	return true;
}

static bool parse_address(const struct option *opt, const char *value,
			  uint64_t *addr, struct err *err)
{
	if (options_parse_size(value, 1, addr))
		return true;
	return err_set(err, ERR_USAGE,
		       "--%s: '%s' is not an address (such as 0x100000 or 1M)",
		       opt->name, value);
}

static bool set_load_addr(struct options *o, const struct option *opt,
			  const char *value, struct err *err)
{
	o->load_addr_set = parse_address(opt, value, &o->load_addr, err);
	return o->load_addr_set;
}

static bool set_entry(struct options *o, const struct option *opt,
		      const char *value, struct err *err)
{
	o->entry_set = parse_address(opt, value, &o->entry, err);
	return o->entry_set;
}

/* FILE[,ARGS]: the first comma ends the file's name. */
static bool add_module(struct options *o, const struct option *opt,
		       const char *value, struct err *err)
{
	char *path, *comma;

	if (!*value || *value == ',')
		return err_set(err, ERR_USAGE, "--module: FILE is missing");
	if (o->modules == BOOT_MAX_MODULES)
		return err_set(err, ERR_USAGE,
			       "--module: more than %d of them (at '%s')",
			       BOOT_MAX_MODULES, value);
	path = strdup(value);
	if (!path)
		return err_set(err, ERR_LIMIT, "--module: no memory");
	comma = strchr(path, ',');
	if (comma)
		*comma++ = '\0';
	o->module[o->modules++] = (struct boot_module){path, comma};
	return true;
}

static bool add_disk(struct options *o, const struct option *opt,
		     const char *value, struct err *err)
{
	if (o->disks == DISKS_MAX)
		return err_set(err, ERR_USAGE,
			       "--disk: more than %d of them (at '%s')",
			       DISKS_MAX, value);
	if (!disk_parse(value, &o->disk[o->disks], &o->disk_path[o->disks],
			err))
		return err_prefix(err, "--disk");
	o->disks++;
	return true;
}

static bool add_catch(struct options *o, const struct option *opt,
		      const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "--catch: WHAT is missing");
	if (o->catches == OPTIONS_MAX_CATCHES)
		return err_set(err, ERR_USAGE,
			       "--catch: more than %d of them (at '%s')",
			       OPTIONS_MAX_CATCHES, value);
	o->catch[o->catches++] = value;
	return true;
}

static bool set_serial(struct options *o, const struct option *opt,
		       const char *value, struct err *err)
{
	static const char *const words[] = {"stdio", "tty", "pty", "none"};
	static const char *const prefixes[] = {"file:", "unix:"};

	*FIELD(o, opt, const char *) = value;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(value, prefixes[i], len))
			continue;
		if (value[len])
			return true;
		return err_set(err, ERR_USAGE, "--%s: '%s' names no PATH",
			       opt->name, value);
	}
	return err_set(err, ERR_USAGE, "--%s: '%s' is not one of %s", opt->name,
		       value, opt->arg);
}

/* ---- the table ---- */

static const struct choice irqchips[] = {
	{"kernel", IRQCHIP_KERNEL},
	{"split", IRQCHIP_SPLIT},
	{"user", IRQCHIP_USER},
	{"none", IRQCHIP_NONE},
	{NULL, 0},
};

static const struct choice modes[] = {
	{"16", 16},
	{"32", 32},
	{"64", 64},
	{NULL, 0},
};

#define AT(f) .field = offsetof(struct options, f)

/* clang-format off */
#define HEADING(text) {.help = text}
#define FLAG(n, h, ...) \
	{.name = n, .help = h, __VA_ARGS__}
#define VALUE(n, a, h, ...) \
	{.name = n, .arg = a, .help = h, __VA_ARGS__}

const struct option options_table[] = {
	HEADING("Machine:"),
	VALUE("memory", "SIZE",
	      "guest memory, 1M to 1T; MiB without a suffix\n"
	      "(default 128M)",
	      .letter = 'm', .set = set_memory),
	VALUE("smp", "N", "number of vCPUs, 1 to 254 (default 1)",
	      .letter = 'c', .set = set_vcpus),
	VALUE("cpu", "MODEL[,+FLAG][,-FLAG]...",
	      "what CPUID tells the guest: auto (all that runs\n"
	      "here, the default), host (all that KVM lists) or\n"
	      "base (plain x86-64); flags as in /proc/cpuinfo",
	      .set = set_name, AT(cpu)),
	VALUE("irqchip", "kernel|split|user|none",
	      "interrupt controllers: all in KVM (default); local\n"
	      "APICs in KVM, IOAPIC here, no PIC and no PIT; all\n"
	      "here, so that the recorder shows each access; or\n"
	      "none",
	      .set = set_choice, AT(irqchip), .choice = irqchips),
	FLAG("assist",
	     "do the few kernel instructions that an emulating\n"
	     "host refuses (fninit, clac, int n, SYSCALL, ...) in\n"
	     "its place",
	     .set = set_true, AT(assist)),
	FLAG("testdev",
	     "the device that kvm-unit-tests' programs expect\n"
	     "(QEMU's pc-testdev)",
	     .set = set_true, AT(testdev)),
	VALUE("serial", "stdio|tty|file:PATH|unix:PATH|pty|none",
	      "where COM1 goes (default stdio; none with COMM -\n"
	      "and with --batch); tty is this terminal with every\n"
	      "key for the guest but Ctrl-], which ends it",
	      .set = set_serial, AT(serial)),
	VALUE("disk", "FILE[,ro][,snapshot=on]",
	      "virtio disk (Linux: /dev/vda): a raw file or block\n"
	      "device, read-only, or with the guest's writes\n"
	      "thrown away at the end; up to 4",
	      .set = add_disk),
	FLAG("rng", "virtio entropy device",
	     .set = set_true, AT(rng)),
	VALUE("debugcon", "stdio|tty|file:PATH|unix:PATH|pty|none",
	      "where bytes for ports 0xe9 and 0x402 go (default\n"
	      "where COM1 goes; none with --bios)",
	      .set = set_serial, AT(debugcon)),
	VALUE("hvc", "stdio|tty|file:PATH|unix:PATH|pty|none",
	      "virtio console (Linux: hvc0) and where it goes",
	      .set = set_serial, AT(hvc)),

	HEADING("Image:"),
	VALUE("append", "STRING", "command line for the guest",
	      .set = set_text, AT(append)),
	VALUE("initrd", "FILE", "initial RAM disk", .set = set_name, AT(initrd)),
	VALUE("module", "FILE[,ARGS]",
	      "boot module (Multiboot, PVH); may be repeated",
	      .set = add_module),
	VALUE("bios", "FILE",
	      "start this firmware at the reset vector, in place\n"
	      "of IMAGE (such as SeaBIOS' bios-256k.bin)",
	      .set = set_name, AT(bios)),
	FLAG("boot-menu", "with --bios: let the firmware show its boot menu",
	     .set = set_true, AT(boot_menu)),
	VALUE("symbols", "FILE",
	      "ELF file with the guest's symbols (a bzImage has\n"
	      "none: give its vmlinux)",
	      .set = set_name, AT(symbols)),
	VALUE("load-addr", "ADDR",
	      "flat binary: where it is put (default 0x100000,\n"
	      "0x7c00 in 16-bit mode)",
	      .set = set_load_addr),
	VALUE("entry", "ADDR",
	      "flat binary: first instruction (default where it\n"
	      "is put)",
	      .set = set_entry),
	VALUE("mode", "16|32|64",
	      "flat binary: real, protected or long mode (default\n"
	      "64)",
	      .set = set_choice, AT(mode), .choice = modes),

	HEADING("Running:"),
	FLAG("run", "do not wait for a client to say go",
	     .set = set_true, AT(run)),
	FLAG("once", "end when the first client is gone",
	     .set = set_true, AT(once), .anywhere = true),
	VALUE("on-error", "halt|exit|dump=FILE",
	      "when the guest dies with nobody attached: keep it\n"
	      "(default), or end with status 3; before that, save\n"
	      "it to FILE, replacing it (exit,dump=FILE does both)",
	      .set = set_on_error),
	VALUE("core", "FILE",
	      "show a saved crash (`monitor dump', --on-error, or\n"
	      "QEMU's dump-guest-memory); needs no KVM.  IMAGE then\n"
	      "only gives the symbols",
	      .set = set_name, AT(core), .anywhere = true),
	VALUE("batch", "'CMD; CMD'",
	      "run monitor commands, print what they say and end;\n"
	      "with --run, when the guest has stopped",
	      .set = set_name, AT(batch), .anywhere = true),
	VALUE("catch", "'WHAT ...'",
	      "set a catchpoint before the guest runs, as the\n"
	      "monitor command `catch` does; may be repeated",
	      .set = add_catch),
	VALUE("recorder", "N",
	      "exits to user space that are kept for each vCPU\n"
	      "(default 4096)",
	      .set = set_recorder),

	HEADING("Output:"),
	VALUE("log", "FILE", "write messages to FILE, not to stderr",
	      .set = set_name, AT(log), .anywhere = true),
	FLAG("trace-packets", "log every packet",
	     .set = set_true, AT(trace_packets), .anywhere = true),
	VALUE("tdesc", "DIR", "read the target description's XML files in DIR",
	      .set = set_name, AT(tdesc), .anywhere = true),
	FLAG("probe", "print what this host's KVM really does, and end",
	     .set = set_action, .value = OPTIONS_PROBE, .anywhere = true),
	FLAG("help", "print this, and end",
	     .letter = 'h', .set = set_action, .value = OPTIONS_HELP, .anywhere = true),
	FLAG("version", "print the version, and end",
	     .set = set_action, .value = OPTIONS_VERSION, .anywhere = true),
	FLAG("print-monitor-man", NULL,
	     .set = set_action, .value = OPTIONS_MONITOR_MAN, .anywhere = true),
};
/* clang-format on */

const size_t options_table_size = ARRAY_SIZE(options_table);
