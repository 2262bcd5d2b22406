#include "tests/test.h"
#include "tests/vmm/images.h"

#define MAGIC 0x1badb002

static struct guest_mem mem;
static struct boot_result r;
static struct err err;
static struct elf_image im;
static struct buf file;
static struct boot_request req;

static void put_header(void *at, uint32_t flags)
{
	const uint32_t h[3] = {MAGIC, flags, -(MAGIC + flags)};

	memcpy(at, h, sizeof(h));
}

static void elf_kernel(uint32_t flags)
{
	elf_image_init(&im);
	im.eh.e_entry = 0xffffffff80100040;
	elf_image_load(&im, 0xffffffff80100000, 0x100000, 0x1000, 0x5000);
	put_header(im.body + 0x20, flags);
}

static bool boot(unsigned int bits)
{
	buf_clear(&file);
	elf_image_file(&im, bits, &file);
	req.data = file.data;
	req.size = file.len;
	return image_boot(&mem, &req, &r, &err);
}

/* Address-field image of 0x400 bytes, header at 0x10. */
static uint32_t flat[0x100];

static bool boot_flat(uint32_t header, uint32_t load, uint32_t load_end,
		      uint32_t bss_end, uint32_t entry)
{
	const uint32_t a[] = {header, load, load_end, bss_end, entry};

	put_header(flat + 4, 1 << 16);
	memcpy(flat + 7, a, sizeof(a));
	req = image_request(flat, sizeof(flat));
	return image_boot(&mem, &req, &r, &err);
}

TEST(elf64_enters_at_the_physical_address)
{
	gpa_t info;

	req = image_request(NULL, 0);
	req.cmdline = "a b";
	elf_kernel(3);
	CHECK_OK(boot(64), &err);
	CHECK_EQ(r.kind, BOOT_MULTIBOOT1);
	CHECK_EQ(r.cpu.rip, 0x100040);
	CHECK_EQ(r.cpu.gpr[X86_RAX], 0x2badb002);
	info = r.cpu.gpr[X86_RBX];
	CHECK(info >= 0x1000 && info < 0x4000);
	CHECK_EQ(guest_get(&mem, info, 4), 0x24d);
	CHECK_EQ(guest_get(&mem, info + 4, 4), 639);
	CHECK_EQ(guest_get(&mem, info + 8, 4), 127 * 1024);
	CHECK_STR(guest_str(&mem, guest_get(&mem, info + 16, 4)), "kernel a b");
	CHECK_STR(guest_str(&mem, guest_get(&mem, info + 64, 4)), "kvm-"
								  "gdbserver"
								  " " VERSION);
}

TEST(memory_map_can_be_walked)
{
	gpa_t info, at, end;
	unsigned int n = 0;

	req = image_request(NULL, 0);
	elf_kernel(0);
	CHECK_OK(boot(64), &err);
	info = r.cpu.gpr[X86_RBX];
	at = guest_get(&mem, info + 48, 4);
	end = at + guest_get(&mem, info + 44, 4);
	for (; at < end; at += guest_get(&mem, at, 4) + 4, n++)
		if (n == 2)
			CHECK_EQ(guest_get(&mem, at + 4, 8), 0x100000);
	CHECK_EQ(at, end);
	CHECK_EQ(n, 4);
}

TEST(modules_behind_the_image)
{
	const char *m1 = temp_file("one", 3), *m2 = temp_file("two!", 4);
	gpa_t list;
	bool ok;

	req = image_request(NULL, 0);
	req.module[0] = (struct boot_module){m1, "x y"};
	req.module[1] = (struct boot_module){m2, NULL};
	req.modules = 2;
	elf_kernel(0);
	ok = boot(64);
	remove(m1);
	remove(m2);
	CHECK_OK(ok, &err);
	CHECK_EQ(guest_get(&mem, r.cpu.gpr[X86_RBX] + 20, 4), 2);
	list = guest_get(&mem, r.cpu.gpr[X86_RBX] + 24, 4);
	CHECK_EQ(guest_get(&mem, list, 4), 0x105000);
	CHECK_EQ(guest_get(&mem, list + 4, 4), 0x105003);
	CHECK_STR(guest_str(&mem, guest_get(&mem, list + 16, 4)), "two!");
	CHECK_HAS(guest_str(&mem, guest_get(&mem, list + 8, 4)), " x y");
	CHECK_STR(guest_str(&mem, guest_get(&mem, list + 24, 4)), m2);
}

TEST(elf32_with_its_symbol_table)
{
	const Elf32_Shdr sh[3] = {
		{0},
		{.sh_type = SHT_SYMTAB, .sh_offset = 0x1100, .sh_size = 16},
		{.sh_type = SHT_STRTAB, .sh_offset = UINT32_MAX, .sh_size = 9},
	};
	gpa_t info, headers;

	req = image_request(NULL, 0);
	elf_kernel(0);
	im.eh.e_entry = 0x100040;
	im.ph[0].p_vaddr = 0x100000;
	im.eh.e_shoff = IMAGE_BODY + 0x2000;
	im.eh.e_shnum = 3;
	im.eh.e_shstrndx = 2;
	memcpy(im.body + 0x2000, sh, sizeof(sh));
	memcpy(im.body + 0x100, "symbols", 7);
	CHECK_OK(boot(32), &err);
	info = r.cpu.gpr[X86_RBX];
	CHECK_EQ(guest_get(&mem, info, 4), 0x26d);
	CHECK_EQ(guest_get(&mem, info + 28, 4), 3);
	CHECK_EQ(guest_get(&mem, info + 32, 4), sizeof(Elf32_Shdr));
	CHECK_EQ(guest_get(&mem, info + 40, 4), 2);
	headers = guest_get(&mem, info + 36, 4);
	CHECK_STR(guest_str(&mem, guest_get(&mem, headers + 40 + 12, 4)), "symb"
									  "ol"
									  "s");
	CHECK_EQ(guest_get(&mem, headers + 80 + 12, 4), 0);
}

TEST(address_fields)
{
	CHECK_OK(boot_flat(0x100010, 0x100000, 0, 0x108000, 0x100030), &err);
	CHECK_EQ(r.kind, BOOT_MULTIBOOT1);
	CHECK_EQ(r.cpu.rip, 0x100030);
	CHECK_EQ(guest_get(&mem, 0x100010, 4), MAGIC);
	CHECK_EQ(r.high, 0x107fff);
	/* loading starts at the header itself, behind a prefix */
	CHECK_OK(boot_flat(0x200000, 0x200000, 0x200100, 0, 0x200020), &err);
	CHECK_EQ(guest_get(&mem, 0x200000, 4), MAGIC);
	CHECK_EQ(r.high, 0x2000ff);
}

TEST(hostile_address_fields)
{
	static const struct {
		uint32_t a[5];
		const char *expect;
	} bad[] = {
		{{0x100000, 0x100010, 0, 0, 0x100010}, "load_addr 0x100010"},
		{{0x100014, 0x100000, 0, 0, 0x100000}, "before the start"},
		{{0x100010, 0x100000, 0x100401, 0, 0x100000}, "truncated"},
		{{0x100010, 0x100000, 0xfffff, 0, 0x100000}, "0xfffff"},
		{{0x100010, 0x100000, 0, 0x1003ff, 0x100000}, "bss_end_addr"},
		{{0x100010, 0x100000, 0, 0xfff, 0x100000}, "bss_end_addr"},
		{{0x100010, 0x100000, 0, 0xffffffff, 0x100000}, "128 MiB"},
		{{0x100010, 0x100000, 0, 0, 0xf0000000}, "0xf0000000"},
		{{0x100010, 0x100010, 0x100010, 0, 0x100000}, "nothing to"},
		{{0x10, 0x0fffff00, 0, 0, 0x100000}, "load_addr"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const uint32_t *a = bad[i].a;

		CHECK(!boot_flat(a[0], a[1], a[2], a[3], a[4]));
		CHECK_HAS(err.msg, bad[i].expect);
	}
}

TEST(header_that_says_too_little_or_too_much)
{
	uint32_t raw[16] = {0};

	put_header(raw + 2, 0);
	req = image_request(raw, sizeof(raw));
	CHECK(!image_boot(&mem, &req, &r, &err));
	CHECK_HAS(err.msg, "without address fields");
	put_header(raw + 2, 1 << 16);
	req.size = 20; /* the address fields are cut off */
	CHECK(!image_boot(&mem, &req, &r, &err));
	CHECK_HAS(err.msg, "address fields");
	put_header(raw + 2, 1 << 15);
	CHECK(!image_boot(&mem, &req, &r, &err));
	CHECK_HAS(err.msg, "0x00008000");
	raw[4]++; /* bad checksum: nothing recognised */
	CHECK_OK(image_boot(&mem, &req, &r, &err), &err);
	CHECK_EQ(r.kind, BOOT_FLAT);
}

TEST(image_over_the_usual_places)
{
	req = image_request(NULL, 0);
	elf_kernel(0);
	im.ph[0].p_vaddr = im.ph[0].p_paddr = 0x1000;
	im.ph[0].p_memsz = 0x9e000;
	im.eh.e_entry = 0x1040;
	CHECK_OK(boot(64), &err);
	CHECK(r.cpu.gpr[X86_RBX] >= 0x9f000);
	CHECK(r.cpu.gdt.base >= 0x9f000);
}
