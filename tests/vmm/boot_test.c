/* Detection, flat binaries, plain ELF64. */
#include "tests/test.h"
#include "tests/vmm/images.h"

static struct guest_mem mem;
static struct boot_result r;
static struct err err;
static struct elf_image im;
static struct buf file;

/* Boot the image under construction. */
static bool boot_elf(unsigned int bits)
{
	struct boot_request req;

	buf_clear(&file);
	elf_image_file(&im, bits, &file);
	req = image_request(file.data, file.len);
	return image_boot(&mem, &req, &r, &err);
}

static bool boot_flat(struct boot_request *req, unsigned int mode)
{
	req->mode = mode;
	return image_boot(&mem, req, &r, &err);
}

/* Where the page tables of cr3 lead; ~0 when nowhere. */
static gpa_t translate(gpa_t cr3, gva_t va)
{
	gpa_t table = cr3;

	for (unsigned int shift = 39;; shift -= 9) {
		uint64_t e =
			guest_get(&mem, table + (va >> shift & 511) * 8, 8);

		if (!(e & 1))
			return UINT64_MAX;
		if (shift == 12 || (shift < 39 && e & 0x80))
			return (e & BITS(51, 12) & ~(BIT(shift) - 1)) |
			       (va & (BIT(shift) - 1));
		table = e & BITS(51, 12);
	}
}

TEST(flat64_at_1mib)
{
	struct boot_request req = image_request("\xf4\x90", 2);

	CHECK_OK(boot_flat(&req, 0), &err);
	CHECK_EQ(r.kind, BOOT_FLAT);
	CHECK_EQ(r.cpu.rip, 0x100000);
	CHECK_EQ(r.low, 0x100000);
	CHECK_EQ(r.high, 0x100001);
	CHECK_EQ(guest_get(&mem, 0x100000, 2), 0x90f4);
	CHECK(r.cpu.efer & X86_EFER_LMA);
	CHECK_EQ(translate(r.cpu.cr3, 0), 0);
	CHECK_EQ(translate(r.cpu.cr3, 0xfee00123), 0xfee00123);
	CHECK_EQ(translate(r.cpu.cr3, BIT(32)), UINT64_MAX);
	CHECK_EQ(translate(r.cpu.cr3, BIT(47) - 1), UINT64_MAX);
	CHECK(r.cpu.gpr[X86_RSP] > 0x1000);
}

TEST(gdt_descriptors_match_the_loaded_segments)
{
	struct boot_request req = image_request("\xf4", 1);
	gpa_t gdt;

	CHECK_OK(boot_flat(&req, 64), &err);
	gdt = r.cpu.gdt.base;
	CHECK_EQ(guest_get(&mem, gdt, 8), 0);
	CHECK_EQ(guest_get(&mem, gdt + r.cpu.seg[X86_CS].sel, 8),
		 0x00af9b000000ffff);
	CHECK_EQ(guest_get(&mem, gdt + r.cpu.seg[X86_SS].sel, 8),
		 0x00cf93000000ffff);
	CHECK_EQ(guest_get(&mem, gdt + r.cpu.seg[X86_TR].sel, 8),
		 r.cpu.seg[X86_TR].base << 16 | 0x00008b0000000067);
	CHECK(r.cpu.seg[X86_TR].sel + 15 <= r.cpu.gdt.limit);
	CHECK_EQ(guest_get(&mem, gdt + r.cpu.seg[X86_TR].sel + 8, 8), 0);
	CHECK_EQ(r.cpu.idt.limit, 0);
}

TEST(flat32_is_flat_and_unpaged)
{
	struct boot_request req = image_request("\xf4", 1);

	CHECK_OK(boot_flat(&req, 32), &err);
	CHECK_EQ(r.cpu.cr0, 0x11);
	CHECK_EQ(r.cpu.seg[X86_CS].limit, UINT32_MAX);
	CHECK_EQ(r.cpu.seg[X86_CS].attr, 0xc09b);
}

TEST(flat16_splits_the_entry)
{
	struct boot_request req = image_request("\xf4", 1);

	CHECK_OK(boot_flat(&req, 16), &err);
	CHECK_EQ(r.cpu.rip, 0x7c00);
	CHECK_EQ(r.cpu.seg[X86_CS].sel, 0);
	CHECK(r.cpu.gpr[X86_RSP] <= 0x7c00);
	req.load_addr_set = true;
	req.load_addr = 0xffff0;
	CHECK_OK(boot_flat(&req, 16), &err);
	CHECK_EQ(r.cpu.rip, 0xfff0);
	CHECK_EQ(r.cpu.seg[X86_CS].sel, 0xf000);
	CHECK_EQ(r.cpu.seg[X86_CS].base, 0xf0000);
	req.load_addr = 0x100000;
	CHECK(!boot_flat(&req, 16));
	CHECK_HAS(err.msg, "0x100000");
}

TEST(flat_that_does_not_fit)
{
	struct boot_request req = image_request("\xf4", 1);

	req.load_addr_set = true;
	req.load_addr = UINT64_MAX;
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "128 MiB");
	req.load_addr = 0x100000;
	req.entry_set = true;
	req.entry = 0xc0000000;
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "0xc0000000");
	CHECK(!boot_flat(&req, 48));
	CHECK_HAS(err.msg, "16, 32 or 64");
}

TEST(arguments_nobody_would_see_are_refused)
{
	struct boot_request req = image_request("\xf4", 1);

	req.cmdline = "quiet";
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "--append");
	req.initrd = "x";
	req.cmdline = "";
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "--initrd");
}

TEST(elf64_with_its_own_addresses)
{
	const gva_t va = 0xffffffff80200000;

	elf_image_init(&im);
	im.eh.e_entry = va + 4;
	memcpy(im.body, "kernel", 6);
	elf_image_load(&im, va, 0x201000, 0x1800, 0x300000);
	CHECK_OK(boot_elf(64), &err);
	CHECK_EQ(r.kind, BOOT_ELF64);
	CHECK_EQ(r.cpu.rip, va + 4);
	CHECK_STR(guest_str(&mem, 0x201000), "kernel");
	CHECK_EQ(translate(r.cpu.cr3, va + 0x123), 0x201123);
	CHECK_EQ(translate(r.cpu.cr3, va + 0x2fffff), 0x500fff);
	CHECK_EQ(translate(r.cpu.cr3, va + 0x300000), UINT64_MAX);
	CHECK_EQ(translate(r.cpu.cr3, va - 1), UINT64_MAX);
	CHECK_EQ(translate(r.cpu.cr3, 0x201123), 0x201123);
	CHECK_EQ(r.high, 0x500fff);
}

TEST(elf64_moved_within_the_first_4gib)
{
	elf_image_init(&im);
	im.eh.e_entry = 0x400000;
	elf_image_load(&im, 0x400000, 0x900000, 0x10, 0x1000);
	CHECK_OK(boot_elf(64), &err);
	CHECK_EQ(translate(r.cpu.cr3, 0x400010), 0x900010);
	CHECK_EQ(translate(r.cpu.cr3, 0x401010), 0x401010);
	CHECK_EQ(translate(r.cpu.cr3, 0x3ffff0), 0x3ffff0);
}

TEST(elf64_hostile_headers)
{
	static const struct {
		uint64_t offset, vaddr, paddr, filesz, memsz;
		const char *expect;
	} bad[] = {
		{0x1000, 0x100000, 0x100000, 0x20, 0x10, "p_filesz 0x20"},
		{0x1000, 0x100000, 0x100000, 0x10, UINT64_MAX, "do not fit"},
		{UINT64_MAX, 0x100000, 0x100000, 2, 2, "p_offset 0xffff"},
		{0x1000, 0x100000, 0x100000, UINT64_MAX, UINT64_MAX, "beyond"},
		{0x1000, 0x100000, UINT64_MAX - 1, 1, 16, "128 MiB"},
		{0x1000, 0x7ffffffff000, 0x100000, 1, 0x2000, "canonical"},
		{0x1000, 0xffffffffffffe000, 0x100000, 1, 0x3000, "canonical"},
		{0x1000, 0x500001, 0x100000, 1, 16, "within a page"},
		{0x1000, 0xf0000, 0xf0000, 1, 16, "firmware tables"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		elf_image_init(&im);
		elf_image_load(&im, bad[i].vaddr, bad[i].paddr, bad[i].filesz,
			       bad[i].memsz)
			->p_offset = bad[i].offset;
		CHECK(!boot_elf(64));
		CHECK_HAS(err.msg, bad[i].expect);
		CHECK_HAS(err.msg, "kernel: ");
	}
}

TEST(elf64_overlapping_segments)
{
	elf_image_init(&im);
	elf_image_load(&im, 0x100000, 0x100000, 0x1000, 0x1000);
	elf_image_load(&im, 0x100fff, 0x100fff, 0x10, 0x10);
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "program header 1");
	CHECK_HAS(err.msg, "overlap");
}

TEST(elf64_entry_nowhere)
{
	elf_image_init(&im);
	im.eh.e_entry = 0xffffffff81000000;
	elf_image_load(&im, 0x100000, 0x100000, 0x10, 0x10);
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "e_entry 0xffffffff81000000");
}

TEST(elf_truncated_is_not_flat)
{
	struct boot_request req;

	elf_image_init(&im);
	elf_image_load(&im, 0x100000, 0x100000, 0x10, 0x10);
	CHECK_OK(boot_elf(64), &err);
	for (size_t size = 4; size < sizeof(Elf64_Ehdr) + 56; size += 7) {
		req = image_request(file.data, size);
		CHECK(!image_boot(&mem, &req, &r, &err));
		CHECK_HAS(err.msg, "truncated");
	}
}

TEST(elf_not_for_us)
{
	elf_image_init(&im);
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "PT_LOAD");
	im.eh.e_machine = EM_AARCH64;
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "e_machine 183");
	im.eh.e_machine = EM_X86_64;
	im.eh.e_type = ET_REL;
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "object file");
	im.eh.e_type = ET_EXEC;
	im.eh.e_phnum = 0xffff;
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "65535 program headers");
	im.eh.e_phnum = 1;
	im.eh.e_phentsize = 8;
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "e_phentsize 8");
	CHECK(!boot_elf(32));
	CHECK_HAS(err.msg, "32-bit ELF");
}

TEST(elf64_program_of_an_operating_system)
{
	elf_image_init(&im);
	elf_image_load(&im, 0x100000, 0x100000, 0x10, 0x10);
	elf_image_load(&im, 0, 0, 0, 0)->p_type = PT_INTERP;
	CHECK(!boot_elf(64));
	CHECK_HAS(err.msg, "PT_INTERP");
}

TEST(recognised_as_something_else)
{
	struct boot_request req = image_request("\x1f\x8b\x08\x00", 4);

	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "zcat");
	CHECK_OK(boot_flat(&req, 64), &err);
	req.size = 0;
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "empty");
}

TEST(efi_program_with_multiboot_bytes_inside)
{
	uint32_t raw[64] = {0x5a4d, 0x1badb002, 0, -0x1badb002};
	struct boot_request req = image_request(raw, sizeof(raw));

	raw[15] = 0x80; /* where the PE header lies */
	raw[32] = 0x4550;
	CHECK(!boot_flat(&req, 0));
	CHECK_HAS(err.msg, "EFI program");
}

TEST(result_untouched_on_failure)
{
	struct boot_request req = image_request("", 0);

	r.high = 1234;
	CHECK(!boot_flat(&req, 64));
	CHECK_EQ(r.high, 1234);
}

TEST(reads_files)
{
	const char *path = temp_file("hello", 5);
	size_t size;
	void *data;

	CHECK_OK(boot_read_file(path, &data, &size, &err), &err);
	remove(path);
	CHECK_EQ(size, 5);
	CHECK(!memcmp(data, "hello", 5));
	free(data);
	CHECK(!boot_read_file("/nonexistent/x", &data, &size, &err));
	CHECK_HAS(err.msg, "/nonexistent/x");
	CHECK(!boot_read_file("/tmp", &data, &size, &err));
	CHECK_HAS(err.msg, "/tmp");
}
