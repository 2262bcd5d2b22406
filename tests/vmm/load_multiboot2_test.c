#include "tests/test.h"
#include "tests/vmm/images.h"

#define MAGIC 0xe85250d6

static struct guest_mem mem;
static struct boot_result r;
static struct err err;
static struct elf_image im;
static struct buf file;
static struct boot_request req;

/* The header of a kernel under construction, in 32-bit words. */
static uint32_t header[64];
static unsigned int words;

static void header_begin(void)
{
	memset(header, 0, sizeof(header));
	words = 4;
}

/* n payload words; type and flags in one word. */
static void tag(uint32_t type_flags, unsigned int n, const uint32_t *payload)
{
	header[words] = type_flags;
	header[words + 1] = 8 + n * 4;
	memcpy(header + words + 2, payload, n * 4);
	words += (2 + n + 1) & ~1u;
}

static void header_end(void)
{
	tag(0, 0, header);
	header[0] = MAGIC;
	header[2] = words * 4;
	header[3] = -(MAGIC + header[2]);
}

static void elf_kernel(void)
{
	elf_image_init(&im);
	im.eh.e_entry = 0xffffffff80200040;
	elf_image_load(&im, 0xffffffff80200000, 0x200000, 0x1000, 0x5000);
	req = image_request(NULL, 0);
	header_begin();
}

static bool boot(void)
{
	header_end();
	memcpy(im.body, header, sizeof(header));
	buf_clear(&file);
	elf_image_file(&im, 64, &file);
	req.data = file.data;
	req.size = file.len;
	return image_boot(&mem, &req, &r, &err);
}

/* The n-th boot information tag of a type, or 0. */
static gpa_t info(uint32_t type, unsigned int n)
{
	const gpa_t start = r.cpu.gpr[X86_RBX];
	const gpa_t end = start + guest_get(&mem, start, 4);
	gpa_t at = start + 8;

	while (at < end) {
		if (guest_get(&mem, at, 4) == type && !n--)
			return at;
		at += (guest_get(&mem, at + 4, 4) + 7) & ~UINT64_C(7);
	}
	CHECK_EQ(at, end);
	return 0;
}

TEST(elf64_with_every_tag_of_information)
{
	const char *m = temp_file("mod", 3);
	gpa_t at;
	bool ok;

	elf_kernel();
	req.cmdline = "a b";
	req.module[0] = (struct boot_module){m, "x"};
	req.modules = 1;
	req.rsdp = 0xe0000;
	ok = boot();
	remove(m);
	CHECK_OK(ok, &err);
	CHECK_EQ(r.kind, BOOT_MULTIBOOT2);
	CHECK_EQ(r.cpu.rip, 0x200040);
	CHECK_EQ(r.cpu.gpr[X86_RAX], 0x36d76289);
	CHECK_EQ(r.cpu.gpr[X86_RBX] & 7, 0);
	CHECK_STR(guest_str(&mem, info(1, 0) + 8), "kernel a b");
	CHECK_HAS(guest_str(&mem, info(2, 0) + 8), "kvm-gdbserver");
	at = info(3, 0);
	CHECK_EQ(guest_get(&mem, at + 8, 4), 0x205000);
	CHECK_EQ(guest_get(&mem, at + 12, 4), 0x205003);
	CHECK_HAS(guest_str(&mem, at + 16), " x");
	CHECK_EQ(guest_get(&mem, info(4, 0) + 8, 8),
		 (uint64_t)127 * 1024 << 32 | 639);
	at = info(6, 0);
	CHECK_EQ(guest_get(&mem, at + 4, 4), 16 + 4 * 24);
	CHECK_EQ(guest_get(&mem, at + 16 + 8, 8), 0x9fc00);
	CHECK_EQ(guest_get(&mem, info(14, 0) + 4, 4), 28);
	CHECK_EQ(guest_get(&mem, info(15, 0) + 4, 4), 44);
	CHECK_EQ(info(21, 0), 0);
	CHECK_EQ(info(9, 0), 0);
	CHECK_EQ(guest_get(&mem, info(0, 0) + 4, 4), 8);
}

TEST(entry_tag_wins)
{
	elf_kernel();
	tag(3, 1, (const uint32_t[]){0x200080});
	tag(8, 1, (const uint32_t[]){0x1234}); /* EFI: not ours */
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.cpu.rip, 0x200080);
}

TEST(address_tag)
{
	uint32_t flat[0x100] = {0};

	header_begin();
	tag(2, 4, (const uint32_t[]){0x300010, UINT32_MAX, 0, 0x304000});
	tag(3, 1, (const uint32_t[]){0x300100});
	header_end();
	memcpy(flat + 4, header, sizeof(header));
	req = image_request(flat, sizeof(flat));
	CHECK_OK(image_boot(&mem, &req, &r, &err), &err);
	CHECK_EQ(r.cpu.rip, 0x300100);
	CHECK_EQ(r.low, 0x300000);
	CHECK_EQ(r.high, 0x303fff);
	CHECK_EQ(guest_get(&mem, 0x300010, 4), MAGIC);
}

TEST(relocatable_goes_where_it_asks)
{
	elf_kernel();
	tag(10, 4, (const uint32_t[]){0x400000, 0x7fffffff, 0x200000, 1});
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.low, 0x400000);
	CHECK_EQ(r.cpu.rip, 0x400040);
	CHECK_EQ(guest_get(&mem, info(21, 0) + 8, 4), 0x400000);
	elf_kernel();
	tag(10, 4, (const uint32_t[]){0x400000, 0x4ffffff, 0x1000, 2});
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.low, 0x4ffb000);
	elf_kernel();
	tag(10, 4, (const uint32_t[]){0x100000, 0x7fffffff, 0x1000, 0});
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.low, 0x200000);
	elf_kernel();
	tag(10, 4, (const uint32_t[]){0x400000, 0x400fff, 0x1000, 1});
	CHECK(!boot());
	CHECK_HAS(err.msg, "0x5000 bytes");
	elf_kernel();
	tag(10, 4, (const uint32_t[]){0x400000, 0x7fffffff, 0x3000, 1});
	CHECK(!boot());
	CHECK_HAS(err.msg, "align 0x3000");
}

TEST(required_but_unknown)
{
	elf_kernel();
	tag(77, 1, (const uint32_t[]){0});
	CHECK(!boot());
	CHECK_HAS(err.msg, "unknown tag 77");
	elf_kernel();
	tag(77 | 1 << 16, 1, (const uint32_t[]){0});
	CHECK_OK(boot(), &err);
	elf_kernel();
	tag(1, 3, (const uint32_t[]){1, 6, 99});
	CHECK(!boot());
	CHECK_HAS(err.msg, "unknown type 99");
	elf_kernel();
	tag(1 | 1 << 16, 3, (const uint32_t[]){1, 6, 99});
	CHECK_OK(boot(), &err);
}

TEST(broken_headers)
{
	elf_kernel();
	tag(2, 1, (const uint32_t[]){0});
	CHECK(!boot());
	CHECK_HAS(err.msg, "tag 2: size 12");
	elf_kernel();
	header[words + 1] = 4; /* a tag of 4 bytes would never end */
	words += 2;
	CHECK(!boot());
	CHECK_HAS(err.msg, "size 4");
	elf_kernel();
	header[words] = 77 | 1 << 16;
	header[words + 1] = 0xfffffff9; /* rounds up to 0 */
	words += 2;
	CHECK(!boot());
	CHECK_HAS(err.msg, "does not fit");
	elf_kernel();
	CHECK_OK(boot(), &err);
	header[2] = 0x10000000;
	header[3] = -(MAGIC + header[2]);
	req = image_request(header, sizeof(header));
	CHECK(!image_boot(&mem, &req, &r, &err));
	CHECK_HAS(err.msg, "header_length 268435456");
	header[1] = 4;
	header[3] = -(MAGIC + header[1] + header[2]);
	CHECK(!image_boot(&mem, &req, &r, &err));
	CHECK_HAS(err.msg, "architecture 4");
}
