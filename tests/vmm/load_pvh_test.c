#include <stdlib.h>

#include "tests/test.h"
#include "tests/vmm/images.h"

static struct guest_mem mem;
static struct boot_result r;
static struct err err;
static struct elf_image im;
static struct buf file;
static struct boot_request req;

/* A Xen note of desc bytes at the end of the body. */
static void add_note(uint32_t namesz, uint32_t descsz, const void *desc)
{
	const uint32_t head[3] = {namesz, descsz, 18};
	Elf64_Phdr *p = elf_image_load(&im, 0, 0, 0x100, 0x100);

	p->p_type = PT_NOTE;
	p->p_align = 4;
	p->p_offset = IMAGE_BODY + 0x2000;
	memcpy(im.body + 0x2000, head, 12);
	memcpy(im.body + 0x200c, "Xen", 4);
	if (desc)
		memcpy(im.body + 0x2010, desc, 8);
}

static void pvh_image(uint64_t entry)
{
	elf_image_init(&im);
	elf_image_load(&im, 0xffffffff81000000, 0x1000000, 0x1000, 0x2000);
	add_note(4, 8, &entry);
}

static bool boot(unsigned int bits)
{
	buf_clear(&file);
	elf_image_file(&im, bits, &file);
	req.data = file.data;
	req.size = file.len;
	return image_boot(&mem, &req, &r, &err);
}

TEST(state_and_start_info)
{
	gpa_t si, map;

	req = image_request(NULL, 0);
	req.cmdline = "console=ttyS0";
	req.rsdp = 0xe0000;
	pvh_image(0x1000100);
	CHECK_OK(boot(64), &err);
	CHECK_EQ(r.kind, BOOT_PVH);
	CHECK_EQ(r.cpu.rip, 0x1000100);
	CHECK_EQ(r.cpu.cr0 & ~UINT64_C(0x10), 1);
	CHECK_EQ(r.cpu.cr4, 0);
	si = r.cpu.gpr[X86_RBX];
	CHECK(si >= 0x1000 && si < 0x4000);
	CHECK_EQ(guest_get(&mem, si, 4), 0x336ec578);
	CHECK_EQ(guest_get(&mem, si + 4, 4), 1);
	CHECK_EQ(guest_get(&mem, si + 12, 4), 0);
	CHECK_STR(guest_str(&mem, guest_get(&mem, si + 24, 8)), req.cmdline);
	CHECK_EQ(guest_get(&mem, si + 32, 8), 0xe0000);
	map = guest_get(&mem, si + 40, 8);
	CHECK_EQ(guest_get(&mem, si + 48, 4), 4);
	CHECK_EQ(guest_get(&mem, map + 8, 8), 0x9fc00);
	CHECK_EQ(guest_get(&mem, map + 16, 4), 1);
	CHECK_EQ(guest_get(&mem, map + 48 + 8, 8), 127 << 20);
}

TEST(initrd_is_the_first_module)
{
	const char *initrd = temp_file("initrd", 6), *mod = temp_file("m", 1);
	gpa_t si, list;
	bool ok;

	req = image_request(NULL, 0);
	req.initrd = initrd;
	req.module[0] = (struct boot_module){mod, "a=b"};
	req.modules = 1;
	pvh_image(0x1000000);
	ok = boot(64);
	remove(initrd);
	remove(mod);
	CHECK_OK(ok, &err);
	si = r.cpu.gpr[X86_RBX];
	CHECK_EQ(guest_get(&mem, si + 12, 4), 2);
	list = guest_get(&mem, si + 16, 8);
	CHECK_EQ(guest_get(&mem, list, 8), (128 << 20) - 4096);
	CHECK_EQ(guest_get(&mem, list + 8, 8), 6);
	CHECK_STR(guest_str(&mem, guest_get(&mem, list, 8)), "initrd");
	CHECK_STR(guest_str(&mem, guest_get(&mem, list + 16, 8)), "");
	CHECK_EQ(guest_get(&mem, list + 32, 8), (128 << 20) - 8192);
	CHECK_STR(guest_str(&mem, guest_get(&mem, list + 48, 8)), "a=b");
}

TEST(elf32_kernels_too)
{
	req = image_request(NULL, 0);
	pvh_image(0x1000000);
	im.ph[0].p_vaddr = 0x1000000;
	CHECK_OK(boot(32), &err);
	CHECK_EQ(r.kind, BOOT_PVH);
}

TEST(hostile_notes)
{
	static const uint32_t sizes[][2] = {
		{4, UINT32_MAX}, {UINT32_MAX, 8}, {UINT32_MAX, UINT32_MAX},
		{4, 0x1000},	 {0, 0},
	};

	req = image_request(NULL, 0);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		elf_image_init(&im);
		elf_image_load(&im, 0x100000, 0x100000, 16, 16);
		add_note(sizes[i][0], sizes[i][1], NULL);
		CHECK_OK(boot(64), &err); /* no PVH note in there */
		CHECK_EQ(r.kind, BOOT_ELF64);
	}
	pvh_image(0x1000000);
	im.ph[1].p_filesz = UINT64_MAX;
	CHECK(!boot(64));
	CHECK_HAS(err.msg, "program header 1");
	pvh_image(0xfffffff0);
	CHECK(!boot(64));
	CHECK_HAS(err.msg, "0xfffffff0");
	elf_image_init(&im);
	elf_image_load(&im, 0x100000, 0x100000, 16, 16);
	add_note(4, 2, NULL);
	CHECK(!boot(64));
	CHECK_HAS(err.msg, "descsz 2");
}

TEST(missing_initrd)
{
	req = image_request(NULL, 0);
	req.initrd = "/nonexistent/initrd";
	pvh_image(0x1000000);
	CHECK(!boot(64));
	CHECK_HAS(err.msg, "/nonexistent/initrd");
}

TEST(a_linux_is_told_which_flags_not_to_use)
{
	struct boot_wiring w = {0};
	char *text;

	req = image_request(NULL, 0);
	req.cmdline = "quiet";
	req.clear = "popcnt";
	pvh_image(0x1000100);
	CHECK_OK(boot(64), &err);
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, "quiet"); /* another kernel */
	free(text);
	memcpy(im.body, "Linux version 6.1", 17);
	CHECK_OK(boot(64), &err);
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, "clearcpuid=popcnt quiet");
	free(text);
	/* user mode must not use what is not saved then */
	req.clear = "popcnt,xsave";
	text = boot_cmdline(&req, &w);
	CHECK_HAS(text, "clearcpuid=popcnt,xsave GLIBC_TUNABLES=");
	CHECK_HAS(text, " quiet");
	free(text);
	req.cmdline = "clearcpuid=smap GLIBC_TUNABLES=mine";
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, req.cmdline);
	free(text);
}

/* In front: behind a "--" it would be init's. */
TEST(virtio_devices_go_in_front_of_the_command_line)
{
	struct boot_wiring w = {.virtio = {{0xd0000000, 5}}, .virtios = 1};
	char *text;

	req = image_request(NULL, 0);
	req.cmdline = "quiet -- shell";
	pvh_image(0x1000100);
	CHECK_OK(boot(64), &err);
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, "virtio_mmio.device=4K@0xd0000000:5 quiet -- shell");
	free(text);
	req.cmdline = "virtio_mmio.device=4K@0xd0000000:9";
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, req.cmdline);
	free(text);
	/* another protocol's command line is left alone */
	req.cmdline = "quiet";
	req.mode = 64;
	text = boot_cmdline(&req, &w);
	CHECK_STR(text, "quiet");
	free(text);
}
