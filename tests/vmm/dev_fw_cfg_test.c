#include <endian.h>
#include <string.h>

#include "tests/test.h"
#include "tests/vmm/images.h"
#include "vmm/boot/firmware.h"
#include "vmm/dev/fw_cfg.h"

static struct fw_cfg f;
static struct guest_mem mem;
static struct err err;

static bool ram_read(void *ctx, gpa_t gpa, void *buf, size_t len, struct err *e)
{
	return guest_mem_read(&mem, gpa, buf, len, e);
}

static bool ram_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
		      struct err *e)
{
	return guest_mem_write(&mem, gpa, buf, len, e);
}

static void setup(void)
{
	const struct dma dma = {ram_read, ram_write, NULL};

	image_memory(&mem, 16);
	fw_cfg_init(&f, &dma);
}

static void teardown(void)
{
	fw_cfg_deinit(&f);
	guest_mem_deinit(&mem);
}

static void choose(uint16_t key)
{
	fw_cfg_region.write(&f.dev, 0, 2, key);
}

static uint64_t take(unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= fw_cfg_region.read(&f.dev, 1, 1) << (8 * i);
	return value;
}

static uint64_t take_be32(void)
{
	return be32toh((uint32_t)take(4));
}

TEST(signature_and_end_of_an_item)
{
	setup();
	choose(FW_CFG_SIGNATURE);
	CHECK_EQ(take(4), 0x554d4551); /* "QEMU" */
	CHECK_EQ(take(4), 0);
	choose(FW_CFG_ID);
	CHECK_EQ(take(4), 3);
	choose(0x7777);
	CHECK_EQ(take(8), 0);
	teardown();
}

TEST(files_are_in_the_directory)
{
	setup();
	CHECK_OK(fw_cfg_add_file(&f, "etc/a", "abc", 3, &err), &err);
	CHECK_OK(fw_cfg_add_file(&f, "etc/b", "de", 2, &err), &err);
	CHECK_OK(fw_cfg_add_file(&f, "etc/a", "abcd", 4, &err), &err);
	choose(FW_CFG_FILE_DIR);
	CHECK_EQ(take_be32(), 2);
	CHECK_EQ(take_be32(), 4);
	CHECK_EQ(be16toh((uint16_t)take(2)), FW_CFG_FILE_FIRST);
	choose(FW_CFG_FILE_FIRST);
	CHECK_EQ(take(4), 0x64636261);
	CHECK_STR(fw_cfg_region.reg_name(&f.dev, 1, false), "etc/a");
	teardown();
}

static uint32_t dma(uint32_t control, uint32_t len, uint64_t addr)
{
	const uint32_t head[2] = {htobe32(control), htobe32(len)};
	const uint64_t to = htobe64(addr);
	uint32_t answer;

	CHECK_OK(guest_mem_write(&mem, 0x1000, head, 8, &err), &err);
	CHECK_OK(guest_mem_write(&mem, 0x1008, &to, 8, &err), &err);
	fw_cfg_region.write(&f.dev, 4, 4, 0);
	fw_cfg_region.write(&f.dev, 8, 4, htobe32(0x1000));
	CHECK_OK(guest_mem_read(&mem, 0x1000, &answer, 4, &err), &err);
	return be32toh(answer);
}

TEST(by_dma)
{
	setup();
	CHECK_OK(fw_cfg_add_file(&f, "etc/a", "abcdef", 6, &err), &err);
	/* select and read */
	CHECK_EQ(dma(FW_CFG_FILE_FIRST << 16 | 8 | 2, 4, 0x2000), 0);
	CHECK_STR(guest_str(&mem, 0x2000), "abcd");
	/* skip one, read on, and zeros behind the end */
	CHECK_EQ(dma(4, 1, 0), 0);
	CHECK_OK(guest_mem_fill(&mem, 0x2000, 0xff, 4, &err), &err);
	CHECK_EQ(dma(2, 4, 0x2000), 0);
	CHECK_EQ(guest_get(&mem, 0x2000, 4), 'f');
	/* writing, and memory that is not there */
	CHECK_EQ(dma(16, 4, 0x2000), 1);
	CHECK_EQ(dma(2, 4, 1ull << 40), 1);
	teardown();
}

/* What a firmware's loader would do with the script. */
TEST(acpi_tables_link_up)
{
	const struct boot_wiring wiring = {
		.has_ioapic = true, .has_pic = true, .ioapic_version = 0x11};
	const struct fw_cfg_item *script = NULL, *tables = NULL;
	unsigned int pointers = 0, sums = 0;

	setup();
	CHECK_OK(firmware_describe_size(&f, &mem, 2, &err), &err);
	CHECK_OK(firmware_describe(&f, &mem, 2, &wiring, true, &err), &err);
	for (unsigned int i = 0; i < f.items; i++) {
		if (!strcmp(f.item[i].name, "etc/table-loader"))
			script = &f.item[i];
		if (!strcmp(f.item[i].name, "etc/acpi/tables"))
			tables = &f.item[i];
	}
	CHECK(script && tables && script->data.len % 128 == 0);
	CHECK(!memcmp(tables->data.data, "FACS", 4));
	for (size_t at = 0; at < script->data.len; at += 128) {
		const char *c = script->data.data + at;
		uint32_t command, offset, target = 0;

		memcpy(&command, c, 4);
		memcpy(&offset, c + 4 + 56 + 56, 4);
		sums += command == 3;
		if (command != 2 || strcmp(c + 4, "etc/acpi/"
						  "tables"))
			continue;
		pointers++;
		memcpy(&target, tables->data.data + offset, 4);
		CHECK(target + 8 <= tables->data.len);
		CHECK(tables->data.data[target] >= 'A');
	}
	CHECK_EQ(pointers, 9);
	CHECK_EQ(sums, 5);
	choose(FW_CFG_NB_CPUS);
	CHECK_EQ(take(2), 2);
	choose(FW_CFG_BOOT_MENU);
	CHECK_EQ(take(2), 1);
	teardown();
}

TEST(firmware_sizes)
{
	struct boot_request req = image_request("x", 0);
	uint64_t size;

	CHECK(!firmware_rom_size(&req, &size, &err));
	req.size = 5000;
	CHECK_OK(firmware_rom_size(&req, &size, &err), &err);
	CHECK_EQ(size, 8192);
	req.size = FIRMWARE_MAX + 1;
	CHECK(!firmware_rom_size(&req, &size, &err));
	CHECK_HAS(err.msg, "firmware of 16777217 bytes");
}
