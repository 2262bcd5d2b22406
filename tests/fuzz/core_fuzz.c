/*
 * A core file: as a whole, or, when it does not begin as an ELF file, the
 * contents of its PT_NOTE, in a file that is right in all else.  What opens is
 * looked at with the commands that print what came from notes, and can be
 * saved and opened again.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT;
	struct core *core;

	if (size >= 4 && !memcmp(data, "\177ELF", 4)) {
		core = open_bytes(data, size, 0);
	} else {
		build(&file, data, size);
		core = open_bytes(file.data, file.len, RAM);
	}
	if (core) {
		look(core_target(core));
		save_again(core_target(core));
		core_close(core);
	}
	buf_deinit(&file);
	return 0;
}
