#include "tests/test.h"
#include "tests/vmm/images.h"

static struct guest_mem mem;
static struct boot_result r;
static struct err err;
static struct boot_request req;

/* One setup sector, then 0x1000 bytes of "kernel". */
static uint8_t file[0x400 + 0x1000];

static void set(size_t at, uint64_t value, size_t size)
{
	memcpy(file + at, &value, size);
}

static void kernel(uint16_t version)
{
	memset(file, 0, sizeof(file));
	set(0x1f1, 1, 1);
	set(0x1f4, 0x100, 4);
	set(0x1fe, 0xaa55, 2);
	set(0x200, 0x6aeb, 2);
	memcpy(file + 0x202, "HdrS", 4);
	set(0x206, version, 2);
	set(0x211, 0x81, 1);
	set(0x22c, 0x7fffffff, 4);
	set(0x236, 1, 2);
	set(0x238, 2047, 4);
	set(0x258, 0x1000000, 8);
	set(0x260, 0x800000, 4);
	memcpy(file + 0x400, "decompressor", 12);
	req = image_request(file, sizeof(file));
}

static bool boot(void)
{
	return image_boot(&mem, &req, &r, &err);
}

TEST(entry_64)
{
	gpa_t bp;

	kernel(0x020f);
	req.cmdline = "console=ttyS0";
	req.rsdp = 0xe0000;
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.kind, BOOT_BZIMAGE);
	CHECK_EQ(r.cpu.rip, 0x1000200);
	CHECK_EQ(r.cpu.seg[X86_CS].sel, 0x10);
	CHECK_EQ(r.cpu.seg[X86_DS].sel, 0x18);
	CHECK(r.cpu.efer & X86_EFER_LMA);
	CHECK_EQ(r.high, 0x17fffff);
	CHECK_STR(guest_str(&mem, 0x1000000), "decompressor");
	bp = r.cpu.gpr[X86_RSI];
	CHECK_EQ(guest_get(&mem, bp + 0x202, 4), 0x53726448);
	CHECK_EQ(guest_get(&mem, bp + 0x210, 2), 0x01ff);
	CHECK_EQ(guest_get(&mem, bp + 0x070, 8), 0xe0000);
	CHECK_STR(guest_str(&mem, guest_get(&mem, bp + 0x228, 4)), "console="
								   "ttyS0");
	CHECK_EQ(guest_get(&mem, bp + 0x1e8, 1), 4);
	CHECK_EQ(guest_get(&mem, bp + 0x2d0 + 8, 8), 0x9fc00);
	CHECK_EQ(guest_get(&mem, bp + 0x2d0 + 40, 8), 0x100000);
	CHECK_EQ(guest_get(&mem, bp + 0x1fa, 2), 0xffff);
	CHECK_EQ(guest_get(&mem, bp + 0x21c, 4), 0);
}

TEST(entry_32_when_there_is_no_other)
{
	kernel(0x020f);
	set(0x236, 0, 2);
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.cpu.rip, 0x1000000);
	CHECK_EQ(r.cpu.efer, 0);
	CHECK_EQ(r.cpu.seg[X86_SS].sel, 0x18);
	kernel(0x0205); /* before pref_address */
	CHECK_OK(boot(), &err);
	CHECK_EQ(r.cpu.rip, 0x100000);
}

TEST(initrd_below_its_limit)
{
	const char *initrd = temp_file("cpio", 4);
	gpa_t bp, at;
	bool ok;

	kernel(0x020f);
	req.initrd = initrd;
	set(0x22c, 0x3ffffff, 4);
	ok = boot();
	remove(initrd);
	CHECK_OK(ok, &err);
	bp = r.cpu.gpr[X86_RSI];
	at = guest_get(&mem, bp + 0x218, 4);
	CHECK_EQ(at, 0x3fff000);
	CHECK_EQ(guest_get(&mem, bp + 0x21c, 4), 4);
	CHECK_STR(guest_str(&mem, at), "cpio");
}

TEST(command_line_too_long)
{
	char text[300];

	memset(text, 'x', sizeof(text));
	text[256] = 0;
	kernel(0x0205);
	req.cmdline = text;
	CHECK(!boot());
	CHECK_HAS(err.msg, "256");
	CHECK_HAS(err.msg, "255");
}

TEST(hostile_headers)
{
	static const struct {
		size_t at, size;
		uint64_t value;
		const char *expect;
	} bad[] = {
		{0x206, 2, 0x0200, "version 2.00"},
		{0x211, 1, 0, "loadflags 0x00"},
		{0x1f1, 1, 0xff, "setup_sects 255"},
		{0x1f1, 1, 9, "setup_sects 9"},
		{0x1f4, 4, 0xffffffff, "syssize says"},
		{0x258, 8, UINT64_MAX, "pref_address 0xffffffffffffffff"},
		{0x258, 8, 0, "pref_address 0x0"},
		{0x258, 8, 0xbffff000, "128 MiB"},
		{0x260, 4, 0xffffffff, "init_size"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		kernel(0x020f);
		set(bad[i].at, bad[i].value, bad[i].size);
		CHECK(!boot());
		CHECK_HAS(err.msg, bad[i].expect);
		CHECK_HAS(err.msg, "kernel");
	}
	kernel(0x020f);
	req.size = 0x206;
	CHECK(!boot());
}

TEST(no_way_for_modules)
{
	kernel(0x020f);
	req.module[0].path = "x";
	req.modules = 1;
	CHECK(!boot());
	CHECK_HAS(err.msg, "--module");
}
