#include "tests/vmm/core_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stub/core/write.h"
#include "tests/test.h"

int core_rig_file(const void *data, size_t len)
{
	int fd = memfd_create("core", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	return fd;
}

static void save(struct target *t, bool linear, struct buf *bytes)
{
	const struct core_options options = {.replace = true, .linear = linear};
	char path[] = "/tmp/core_rig.XXXXXX";
	struct core_summary sum;
	struct stat st;
	struct err err;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	if (!core_write(t, path, &options, &sum, &err)) {
		unlink(path);
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	}
	fd = open(path, O_RDONLY);
	unlink(path);
	CHECK(fd >= 0 && !fstat(fd, &st));
	CHECK(buf_reserve(bytes, (size_t)st.st_size));
	CHECK(read(fd, bytes->data + bytes->len, (size_t)st.st_size) ==
	      st.st_size);
	bytes->len += (size_t)st.st_size;
	close(fd);
}

void core_rig_save(struct target *t, struct buf *bytes)
{
	save(t, false, bytes);
}

struct core *core_rig_open(const struct buf *bytes, struct err *err)
{
	struct core *core = NULL;

	if (!core_open_fd(core_rig_file(bytes->data, bytes->len), "FILE", &core,
			  err))
		return NULL;
	return core;
}

static struct core *reopen(struct target *t, bool linear)
{
	struct buf bytes = BUF_INIT;
	struct core *core;
	struct err err;

	save(t, linear, &bytes);
	core = core_rig_open(&bytes, &err);
	if (!core)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	buf_deinit(&bytes);
	return core;
}

struct core *core_rig_reopen(struct target *t)
{
	return reopen(t, false);
}

struct core *core_rig_reopen_linear(struct target *t)
{
	return reopen(t, true);
}

/* ---- by hand ---- */

void core_rig_init(struct core_rig *r)
{
	*r = (struct core_rig){
		.ehdr = {.ident = {0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_LSB,
				   1},
			 .type = ELF_CORE,
			 .machine = ELF_X86_64,
			 .version = 1},
		.phdr = {{.type = ELF_PT_NOTE}},
		.phdrs = 1,
	};
}

void core_rig_deinit(struct core_rig *r)
{
	buf_deinit(&r->notes);
	buf_deinit(&r->data);
}

struct elf_phdr *core_rig_load(struct core_rig *r, uint64_t paddr, size_t len,
			       uint8_t fill)
{
	struct elf_phdr *p = &r->phdr[r->phdrs++];

	*p = (struct elf_phdr){.type = ELF_PT_LOAD,
			       .offset = r->data.len,
			       .paddr = paddr,
			       .vaddr = paddr,
			       .filesz = len,
			       .memsz = len};
	for (size_t i = 0; i < len; i++)
		buf_byte(&r->data, fill);
	return p;
}

void core_rig_build(struct core_rig *r, struct buf *bytes)
{
	bool is64 = r->ehdr.ident[4] == ELF_CLASS_64;
	const struct wire_layout *ehdr = is64 ? &elf64_ehdr_layout
					      : &elf32_ehdr_layout;
	const struct wire_layout *phdr = is64 ? &elf64_phdr_layout
					      : &elf32_phdr_layout;
	size_t head = wire_size(ehdr, 1) + r->phdrs * wire_size(phdr, 1);

	buf_clear(bytes);
	r->ehdr.phoff = wire_size(ehdr, 1);
	if (!r->ehdr.phentsize)
		r->ehdr.phentsize = (uint16_t)wire_size(phdr, 1);
	if (!r->ehdr.phnum)
		r->ehdr.phnum = (uint16_t)r->phdrs;
	wire_put(bytes, ehdr, &r->ehdr, NULL);
	r->phdr[0].offset = head;
	if (!r->phdr[0].filesz)
		r->phdr[0].filesz = r->notes.len;
	for (unsigned int i = 0; i < r->phdrs; i++) {
		if (i)
			r->phdr[i].offset += head + r->notes.len;
		wire_put(bytes, phdr, &r->phdr[i], NULL);
	}
	buf_append(bytes, r->notes.data, r->notes.len);
	buf_append(bytes, r->data.data, r->data.len);
}
