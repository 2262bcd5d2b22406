/*
 * A core file, in one of three forms:
 *	as a whole (it begins as an ELF file);
 *	'+' and changes to the notes of a fake machine, as this program writes
 *	them now: 16 bits of offset and a byte each;
 *	else the contents of its PT_NOTE, in a file that is right in all else.
 * What opens is looked at with the commands that print what came from notes,
 * and can be saved and opened again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stub/core/elf.h"
#include "stub/core/notes.h"
#include "stub/mon/monitor.h"
#include "stub/target.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stub/fake_target.h"
#include "vmm/core/core.h"

#define RAM (UINT64_C(4) << 20) /* as the fake target of the seeds has */

/* A core with these notes; open_bytes() adds RAM zeroes. */
static void build(struct buf *file, const void *notes, size_t len)
{
	const uint64_t at = 64 + 2 * 56;
	const struct elf_ehdr e = {.ident = {0x7f, 'E', 'L', 'F', ELF_CLASS_64,
					     ELF_LSB, 1},
				   .type = ELF_CORE,
				   .machine = ELF_X86_64,
				   .version = 1,
				   .phoff = 64,
				   .phentsize = 56,
				   .phnum = 2};
	const struct elf_phdr note = {
		.type = ELF_PT_NOTE, .offset = at, .filesz = len};
	const struct elf_phdr load = {.type = ELF_PT_LOAD,
				      .offset = at + len,
				      .filesz = RAM,
				      .memsz = RAM};

	wire_put(file, &elf64_ehdr_layout, &e, NULL);
	wire_put(file, &elf64_phdr_layout, &note, NULL);
	wire_put(file, &elf64_phdr_layout, &load, NULL);
	buf_append(file, notes, len);
}

static struct core *open_bytes(const void *data, size_t len, uint64_t zeroes)
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	struct core *core;
	struct err err;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len ||
	    ftruncate(fd, (off_t)(len + zeroes)))
		abort();
	if (core_open_fd(fd, "FILE", &core, &err))
		return core;
	if (err.code == ERR_NONE || !err.msg[0])
		abort();
	return NULL;
}

static void look(struct target *t)
{
	static const char *const lines[] = {"info registers -a",
					    "why",
					    "info status",
					    "exits all",
					    "exits summary",
					    "events",
					    "fpu",
					    "cpuid",
					    "msrs",
					    "stats",
					    "clock",
					    "iobus",
					    "device",
					    "device com1",
					    "info qtree",
					    "caps",
					    "mode",
					    "info lapic",
					    "info pic",
					    "x/8xb 0",
					    "kaslr",
					    "vmcs check"};
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		buf_clear(&out);
		monitor_run(t, t->nvcpus - 1, lines[i], &out);
		for (size_t k = 0; k < out.len; k++)
			if (out.data[k] == '\x1b' || !out.data[k])
				abort(); /* no control codes to a terminal */
	}
	buf_deinit(&out);
}

static void save_again(struct target *t)
{
	struct buf notes = BUF_INIT, file = BUF_INIT;
	struct target_region r;
	struct core *core;
	struct err err;

	/*
	 * One that lacks general registers cannot be saved; one with other
	 * memory would not fit the file that is built here.
	 */
	if (target_region(t, 0, &r) && r.start + r.size <= RAM &&
	    !target_region(t, 1, &r) && core_put_notes(&notes, t, &err)) {
		build(&file, notes.data, notes.len);
		core = open_bytes(file.data, file.len, RAM);
		if (!core)
			abort();
		core_close(core);
	}
	buf_deinit(&notes);
	buf_deinit(&file);
}

/* Something of every kind of note. */
static void fill(struct fake_target *f)
{
	static const struct exit_record records[] = {{.rip = 0x1000,
						      .where = 0x3f8,
						      .device = "16550",
						      .reg = "THR",
						      .reason = EXIT_IO,
						      .count = 1,
						      .size = 1,
						      .is_write = true},
						     {.run_errno = 14,
						      .count = 1}};
	static const struct x86_cpuid cpuid = {1, {{7, 1, true, {1, 2, 3, 4}}}};
	static const struct x86_lapic lapic[2];
	static const struct x86_chips chips = {.has_ioapic = true};
	static const struct x86_clock clock = {.has_kvmclock = true};
	static const struct target_stat stats[] = {{"exits", 100, 7, false}};
	static const struct exit_counts counts = {.by_reason = {[2] = 9}};
	static const struct target_io_range ranges[] = {
		{.base = 0x3f8, .len = 8, .name = "16550", .device = "com1"}};
	static const struct target_device devices[] = {
		{"com1", "serial port", 1 << 4, false}};
	static const struct target_device_reg regs[] = {
		{"redir", 0, 2, 8, 1, "ON"}, {.name = NULL}};
	static const struct target_device_reg *const device_regs[] = {regs};
	static const struct x86_host host = {.module = "kvm_amd"};
	static const struct target_evidence evidence = {
		.exit = {.reason = EXIT_SHUTDOWN}, .has_state = true};
	static const struct target_kernel_event events[] = {
		{1, 1, "kvm_exit: reason HLT"}};
	struct fake_inspect *i = &f->inspect;

	i->record = records;
	i->records = ARRAY_SIZE(records);
	i->cpuid[CPUID_GUEST] = &cpuid;
	i->lapic = lapic;
	i->chips = &chips;
	i->clock = &clock;
	i->stat = stats;
	i->stats = i->io_ranges = i->msrs = 1;
	i->counts = i->counts_since = &counts;
	i->io_range = ranges;
	i->device = devices;
	i->devices = 1;
	i->device_reg = device_regs;
	i->host = &host;
	i->evidence = &evidence;
	i->has_kernel_trace = true;
	i->kernel_trace = (struct target_kernel_trace){true, 1, 0};
	i->kernel_event = events;
	i->vm_log = "KVM_CREATE_VM\n";
	f->target.last = (struct target_stop){.kind = STOP_ERROR,
					      .status_word = "shutdown"};
}

/* The same notes each time, with these changes. */
static void put_changed(struct buf *notes, const uint8_t *change, size_t size)
{
	struct fake_target *f = fake_create(2);
	struct err err;

	fill(f);
	if (!core_put_notes(notes, &f->target, &err))
		abort();
	for (; size >= 3; change += 3, size -= 3) {
		size_t at = wire_number(change, 2);

		notes->data[at % notes->len] = (char)change[2];
	}
	fake_destroy(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT, notes = BUF_INIT;
	struct core *core;

	if (size && data[0] == '+')
		put_changed(&notes, data + 1, size - 1);
	else
		buf_append(&notes, data, size);
	if (size >= 4 && !memcmp(data, "\177ELF", 4)) {
		core = open_bytes(data, size, 0);
	} else {
		build(&file, notes.data, notes.len);
		core = open_bytes(file.data, file.len, RAM);
	}
	if (!core && size == 1 && data[0] == '+')
		abort(); /* nobody has changed anything */
	if (core) {
		look(core_target(core));
		save_again(core_target(core));
		core_close(core);
	}
	buf_deinit(&file);
	buf_deinit(&notes);
	return 0;
}
