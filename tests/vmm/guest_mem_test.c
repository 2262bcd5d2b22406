#include <sys/mman.h>

#include "base/bits.h"
#include "tests/test.h"
#include "vmm/boot/boot.h"

static struct guest_mem mem;
static struct err err;

#define GIB (UINT64_C(1) << 30)

TEST(low_ram_only_up_to_the_hole)
{
	CHECK_OK(guest_mem_init(&mem, 5 * GIB, &err), &err);
	CHECK_EQ(mem.regions, 2);
	CHECK_EQ(mem.region[0].size, 3 * GIB);
	CHECK_EQ(mem.region[1].base, 4 * GIB);
	CHECK_EQ(mem.region[1].size, 2 * GIB);
	CHECK(guest_mem_is_ram(&mem, 3 * GIB - 1, 1));
	CHECK(!guest_mem_is_ram(&mem, 3 * GIB - 1, 2));
	CHECK(!guest_mem_is_ram(&mem, 4 * GIB - 1, 2));
	CHECK(guest_mem_is_ram(&mem, 6 * GIB - 8, 8));
	CHECK(!guest_mem_is_ram(&mem, 6 * GIB - 8, 9));
	CHECK(!guest_mem_is_ram(&mem, 0, UINT64_MAX));
	guest_mem_deinit(&mem);
}

TEST(host_memory_is_aligned_for_large_pages)
{
	for (int i = 0; i < 4; i++) {
		CHECK_OK(guest_mem_init(&mem, (64u << 20) + 4096, &err), &err);
		CHECK_EQ((uintptr_t)mem.region[0].host & 0x1fffff, 0);
		mem.region[0].host[(64u << 20) + 4095] = 1;
		guest_mem_deinit(&mem);
	}
}

TEST(copies_are_all_or_nothing)
{
	uint8_t buf[16] = {1, 2, 3, 4};

	CHECK_OK(guest_mem_init(&mem, 1 << 20, &err), &err);
	CHECK(!guest_mem_write(&mem, 0xffffe, buf, 4, &err));
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_EQ(err.addr, 0x100000);
	CHECK_OK(guest_mem_read(&mem, 0xffff0, buf, 16, &err), &err);
	CHECK_EQ(buf[14], 0);
	CHECK(!guest_mem_read(&mem, UINT64_MAX, buf, 2, &err));
	CHECK(!guest_mem_fill(&mem, 0xffff0, 1, 17, &err));
	CHECK_OK(guest_mem_write(&mem, UINT64_MAX, buf, 0, &err), &err);
	guest_mem_deinit(&mem);
}

TEST(span_stays_in_one_region)
{
	CHECK_OK(guest_mem_init(&mem, 1 << 20, &err), &err);
	CHECK(guest_mem_span(&mem, 0xff000, 0x1000, &err));
	CHECK(!guest_mem_span(&mem, 0xff000, 0x1001, &err));
	CHECK(!guest_mem_span(&mem, 8, SIZE_MAX, &err));
	CHECK_EQ(err.code, ERR_FAULT);
	guest_mem_deinit(&mem);
}

TEST(zero_gives_every_byte_back)
{
	uint8_t byte = 7;

	CHECK_OK(guest_mem_init(&mem, 1 << 20, &err), &err);
	CHECK_OK(guest_mem_fill(&mem, 0, 0xff, 1 << 20, &err), &err);
	CHECK_OK(guest_mem_zero(&mem, &err), &err);
	CHECK_OK(guest_mem_read(&mem, 0x54321, &byte, 1, &err), &err);
	CHECK_EQ(byte, 0);
	guest_mem_deinit(&mem);
}

TEST(sizes_out_of_range)
{
	CHECK(!guest_mem_init(&mem, 4096, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	CHECK(!guest_mem_init(&mem, UINT64_MAX, &err));
}

TEST(e820_names_ram_and_holes)
{
	struct e820_entry map[8];

	CHECK_OK(guest_mem_init(&mem, 1 << 20, &err), &err);
	CHECK_EQ(e820_build(&mem, map, 8), 3);
	guest_mem_deinit(&mem);
	CHECK_OK(guest_mem_init(&mem, 4 * GIB, &err), &err);
	CHECK_EQ(e820_build(&mem, map, 8), 5);
	CHECK_EQ(map[0].size, 0x9fc00);
	CHECK_EQ(map[2].base + map[2].size, 3 * GIB);
	CHECK_EQ(map[4].base, 4 * GIB);
	CHECK_EQ(map[4].size, GIB);
	for (int i = 0; i < 4; i++)
		CHECK(map[i].base + map[i].size <= map[i + 1].base);
	CHECK_EQ(e820_build(&mem, map, 2), 2);
	guest_mem_deinit(&mem);
}

TEST(what_nobody_has_touched_is_known_to_be_zero)
{
	uint64_t zero, data, at = 0, touched = 0;

	CHECK_OK(guest_mem_init(&mem, 64 << 20, &err), &err);
	CHECK(!madvise(mem.region[0].host, 64 << 20, MADV_NOHUGEPAGE));
	CHECK_OK(guest_mem_fill(&mem, 0x1000, 1, 1, &err), &err);
	CHECK_OK(guest_mem_fill(&mem, 0x3000, 1, 1, &err), &err);
	CHECK_OK(guest_mem_fill(&mem, (40 << 20) + 5, 1, 1, &err), &err);
	guest_mem_extent(&mem, 0, 64 << 20, &zero, &data);
	if (!zero)
		test_skip("/proc/self/pagemap cannot be read");
	CHECK_EQ(zero, 0x1000);
	CHECK_EQ(data, 0x3000); /* over the short gap */
	for (at = zero + data; at < 64 << 20; at += zero + data) {
		guest_mem_extent(&mem, at, (64 << 20) - at, &zero, &data);
		CHECK(zero + data);
		if (data)
			touched = at + zero;
	}
	CHECK_EQ(touched, 40 << 20);
	guest_mem_extent(&mem, 1, 100, &zero, &data); /* no page: not known */
	CHECK(!zero && data == 100);
	guest_mem_deinit(&mem);
}
