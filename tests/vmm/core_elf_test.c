/* What is wrong with a core file, in words that name the place. */
#include "vmm/core/elf_core.h"

#include <sys/mman.h>
#include <unistd.h>

#include "stub/core/format.h"
#include "stub/core/notes.h"
#include "tests/test.h"
#include "tests/vmm/core_rig.h"

static struct core_rig r;
static struct buf bytes;
static struct err err;

/* Open the rig's file as far as segments and notes; *e is the caller's. */
static bool open_rig(struct elf_core *e)
{
	core_rig_build(&r, &bytes);
	return elf_core_open(e, core_rig_file(bytes.data, bytes.len), "FILE",
			     &err);
}

static const char *refused(void)
{
	struct elf_core e;

	CHECK(!open_rig(&e));
	core_rig_deinit(&r);
	return err.msg;
}

/* The same for bytes that are no rig's. */
static const char *refused_bytes(const void *data, size_t len)
{
	struct elf_core e;

	CHECK(!elf_core_open(&e, core_rig_file(data, len), "FILE", &err));
	return err.msg;
}

TEST(memory_of_two_segments_that_touch)
{
	struct elf_core e;
	uint8_t got[4];

	core_rig_init(&r);
	core_rig_load(&r, 0x2000, 0x1000, 2);
	core_rig_load(&r, 0x1000, 0x1000, 1);
	CHECK_OK(open_rig(&e), &err);
	CHECK_OK(elf_core_read(&e, 0x1ffe, got, 4, &err), &err);
	CHECK(!memcmp(got, "\1\1\2\2", 4));
	CHECK(!elf_core_read(&e, 0x2ffe, got, 4, &err));
	CHECK_EQ(err.addr, 0x3000);
	elf_core_close(&e);
}

TEST(the_same_memory_twice_is_fine_when_it_is_the_same)
{
	struct elf_core e;
	struct elf_phdr *p;
	uint8_t got[2];

	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x2000, 7);
	p = core_rig_load(&r, 0x2000, 0, 0);
	p->vaddr = 0xffff800000002000;
	p->filesz = p->memsz = 0x800;
	p->offset = 0x1000;
	CHECK_OK(open_rig(&e), &err);
	CHECK_EQ(e.loads, 1);
	CHECK_OK(elf_core_read(&e, 0x2ffe, got, 2, &err), &err);
	elf_core_close(&e);
}

TEST(memory_that_was_not_stored_is_not_there)
{
	struct elf_core e;
	struct elf_phdr *p;
	uint8_t got;

	core_rig_init(&r);
	p = core_rig_load(&r, 0x1000, 0, 0);
	p->memsz = 0x1000;
	p->offset = UINT64_MAX;
	CHECK_OK(open_rig(&e), &err);
	CHECK(!elf_core_read(&e, 0x1000, &got, 1, &err));
	elf_core_close(&e);
}

TEST(holes_of_the_file_are_known_to_be_zero)
{
	uint64_t zero, data;
	struct elf_core e;

	core_rig_init(&r);
	core_rig_load(&r, 0, 0x1000, 1)->filesz = 1 << 20;
	r.phdr[1].memsz = 1 << 20;
	core_rig_build(&r, &bytes);
	memset(bytes.data + 0x100, 7, bytes.len - 0x100);
	e.fd = core_rig_file(bytes.data, bytes.len);
	CHECK(!ftruncate(e.fd, 2 << 20));
	CHECK_OK(elf_core_open(&e, e.fd, "FILE", &err), &err);
	elf_core_extent(&e, 0, 1 << 20, &zero, &data);
	CHECK(!zero && data >= 0x1000 && data < 0x3000);
	elf_core_extent(&e, 0x4000, 1 << 20, &zero, &data);
	CHECK(zero == (1 << 20) - 0x4000 && !data);
	CHECK(!ftruncate(e.fd, 0x2000));
	elf_core_extent(&e, 0x4000, 1 << 20, &zero, &data);
	CHECK(!zero && data); /* reading will tell */
	elf_core_close(&e);
}

TEST(segments_that_contradict)
{
	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x1000, 1);
	core_rig_load(&r, 0x1800, 0x1000, 2);
	CHECK_HAS(refused(), "program headers 1 and 2 (PT_LOAD) both have "
			     "physical 0x1800");
}

TEST(a_process_has_no_physical_addresses)
{
	core_rig_init(&r);
	core_rig_load(&r, 0, 0x1000, 1)->vaddr = 0x400000;
	core_rig_load(&r, 0, 0x1000, 2)->vaddr = 0x500000;
	CHECK_HAS(refused(), "is the core of a process");
}

TEST(segments_that_cannot_be)
{
	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x1000, 1)->memsz = 1;
	CHECK_HAS(refused(), "program header 1 (PT_LOAD): p_filesz 0x1000 is "
			     "more than p_memsz 0x1");
	core_rig_init(&r);
	core_rig_load(&r, UINT64_MAX - 0x7ff, 0x1000, 1);
	CHECK_HAS(refused(), "past the end of the address space");
	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x1000, 1)->offset = UINT64_MAX - 0x1000;
	CHECK_HAS(refused(), "FILE is cut short: it ends at 0x10b0");
	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x10, 1)->filesz = UINT64_MAX;
	r.phdr[1].memsz = UINT64_MAX;
	CHECK_HAS(refused(), "past the end of the address space");
}

TEST(a_file_that_was_cut)
{
	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x1000, 1);
	core_rig_build(&r, &bytes);
	CHECK_HAS(refused_bytes(bytes.data, bytes.len - 1), "program header 1 "
							    "(PT_LOAD, "
							    "physical 0x1000) "
							    "has 0x1000 "
							    "bytes at 0xb0");
	CHECK_HAS(refused_bytes(bytes.data, 100), "its 2 program headers");
	CHECK_HAS(refused_bytes(bytes.data, 40), "the ELF header needs");
	CHECK_HAS(refused_bytes(bytes.data, 0), "FILE is empty");
}

TEST(a_file_that_shrinks_while_it_is_read)
{
	struct elf_core e;
	uint8_t got;

	core_rig_init(&r);
	core_rig_load(&r, 0x1000, 0x1000, 1);
	CHECK_OK(open_rig(&e), &err);
	CHECK(!ftruncate(e.fd, 0x100));
	CHECK(!elf_core_read(&e, 0x1f00, &got, 1, &err));
	CHECK_HAS(err.msg, "the file ends at 0xfb0 now, and had 0x10b0 bytes");
	elf_core_close(&e);
}

TEST(headers_that_are_no_cores)
{
	core_rig_init(&r);
	r.ehdr.type = 2;
	CHECK_HAS(refused(), "no core: e_type is 2");
	core_rig_init(&r);
	r.ehdr.machine = 183;
	CHECK_HAS(refused(), "e_machine is 183");
	core_rig_init(&r);
	r.ehdr.ident[4] = 3;
	CHECK_HAS(refused(), "class 3");
	core_rig_init(&r);
	r.ehdr.ident[5] = 2;
	CHECK_HAS(refused(), "not little-endian");
	core_rig_init(&r);
	r.ehdr.phentsize = 32;
	CHECK_HAS(refused(), "e_phentsize is 32, not 56");
	core_rig_init(&r);
	r.ehdr.phnum = 9;
	CHECK_HAS(refused(), "its 9 program headers");
	core_rig_init(&r);
	r.ehdr.phnum = ELF_PN_XNUM;
	r.ehdr.shoff = 1 << 20;
	CHECK_HAS(refused(), "section header 0 needs");
}

TEST(other_formats_by_name)
{
	CHECK_HAS(refused_bytes("KDUMP   \1", 9), "kdump-compressed");
	CHECK_HAS(refused_bytes("makedumpfile\0\0\0\0", 16), "flattened");
	CHECK_HAS(refused_bytes("\x1f\x8b\x08", 3), "compressed by gzip");
	CHECK_HAS(refused_bytes("QEVM\0\0\0\3", 8), "migration stream");
	CHECK_HAS(refused_bytes("hello", 5), "begins with 68 65 6c 6c");
}

/* ---- notes ---- */

TEST(notes_one_after_the_other)
{
	struct core_note_iter it = {0, 0};
	struct core_raw_note n;
	struct elf_core e;

	core_rig_init(&r);
	core_put_note(&r.notes, "CORE", 1, "abc", 3);
	core_put_note(&r.notes, "QEMU", 7, "", 0);
	CHECK_OK(open_rig(&e), &err);
	CHECK(elf_core_note(&e, &it, &n));
	CHECK_STR(n.owner, "CORE");
	CHECK_EQ(n.len, 3);
	CHECK_EQ(n.offset, 120);
	CHECK(elf_core_note(&e, &it, &n));
	CHECK_EQ(n.type, 7);
	CHECK(!elf_core_note(&e, &it, &n));
	elf_core_close(&e);
}

static const char *bad_note(uint32_t owner, uint32_t desc, size_t len)
{
	core_rig_init(&r);
	wire_put_number(&r.notes, owner, 4);
	wire_put_number(&r.notes, desc, 4);
	wire_put_number(&r.notes, 1, 4);
	buf_append(&r.notes, "COREcore", len);
	return refused();
}

TEST(notes_that_do_not_fit)
{
	CHECK_HAS(bad_note(5, 4, 8), "PT_NOTE): the note at 0x78: its owner's "
				     "name does not end");
	CHECK_HAS(bad_note(UINT32_MAX, 4, 8), "name goes past the end");
	CHECK_HAS(bad_note(0, UINT32_MAX, 8), "it goes past the end");
	core_rig_init(&r);
	buf_append(&r.notes, "12345", 5);
	CHECK_HAS(refused(), "its header is cut");
	core_rig_init(&r);
	r.phdr[0].filesz = UINT64_MAX;
	CHECK_HAS(refused(), "no core has so many notes");
	core_rig_init(&r);
	r.phdr[0].filesz = 0x1000;
	CHECK_HAS(refused(), "program header 0 (PT_NOTE) has 0x1000 bytes");
}
