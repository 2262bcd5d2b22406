#include "tests/arch/paging_rig.h"

#include "tests/test.h"

/* ---- modes ---- */

TEST(without_paging_linear_is_physical)
{
	rig_long_mode();
	rig.state.cr0 = X86_CR0_PE;
	CHECK(rig_walk(0x123456789, ACCESS_WRITE | ACCESS_USER));
	CHECK_EQ(rig.w.gpa, 0x123456789);
	CHECK_EQ(rig.w.level, 0);
	CHECK_EQ(rig.w.steps, 0);
	CHECK_STR(paging_mode_name(rig.paging.mode), "none");
	CHECK_HAS(rig_said(), "paging is off");
}

TEST(four_levels_of_4k)
{
	rig_long_mode();
	rig_put64(0x1000 + 8 * 0x1ff, 0x2007);
	rig_put64(0x2000 + 8 * 0x1fe, 0x3007);
	rig_put64(0x3000 + 8 * 8, 0x4007);
	rig_put64(0x4000 + 8 * 1, 0x6007);
	CHECK(rig_walk(0xffffffff81001abc, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x6abc);
	CHECK_EQ(rig.w.page_size, 4096);
	CHECK_EQ(rig.w.steps, 4);
	CHECK_EQ(rig.w.level, 1);
	CHECK_EQ(rig.w.step[0].entry_gpa, 0x1ff8);
	CHECK_EQ(rig.w.step[1].entry_gpa, 0x2ff0);
	CHECK_EQ(rig.w.step[2].entry_gpa, 0x3040);
	CHECK_EQ(rig.w.step[3].entry_gpa, 0x4008);
	CHECK_EQ(rig.w.step[3].entry, 0x6007);
	CHECK_STR(walk_level_name(&rig.paging, rig.w.step[0].level), "PML4E");
	CHECK_STR(paging_mode_name(rig.paging.mode), "4-level");
	CHECK_HAS(rig_said(), "physical 0x6abc, 4-KiB page, user, writable, "
			      "executable");
}

TEST(large_pages)
{
	rig_long_mode();
	rig_put64(0x3000 + 8, 0x200083);
	CHECK(rig_walk(0x2abcde, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x2abcde);
	CHECK_EQ(rig.w.page_size, 0x200000);
	CHECK(!rig.w.user);
	rig_put64(0x2000 + 8, 0x80000083 | BIT(12)); /* bit 12 is PAT */
	CHECK(rig_walk(0x40001234, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x80001234);
	CHECK_EQ(rig.w.page_size, 0x40000000);
	CHECK_EQ(rig.w.level, 3);
}

TEST(five_levels)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_LA57;
	rig.state.cr3 = 0x8000;
	rig_put64(0x8000, 0x1007);
	rig_put64(0x8000 + 8 * 0x1ff, 0x1007);
	CHECK(rig_walk(0x10, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x5010);
	CHECK_EQ(rig.w.steps, 5);
	CHECK_STR(walk_level_name(&rig.paging, rig.w.step[0].level), "PML5E");
	CHECK(rig_walk(0xffff000000000010, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x5010);
	CHECK(!rig_walk(0x0100000000000000, ACCESS_READ));
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	CHECK(!rig_walk(0x800000000000, ACCESS_READ));
	CHECK_EQ(rig.w.result, WALK_NOT_PRESENT);
	CHECK_EQ(rig.w.level, 4);
}

static void pae_mode(void)
{
	rig_long_mode();
	rig.state.efer = X86_EFER_NXE;
	rig.state.cr3 = 0x2020; /* 32-byte aligned */
	memset(rig.ram + 0x2000, 0, 0x1000);
	rig_put64(0x2020, 0x3001);
	rig_put64(0x2038, 0x3001);
}

TEST(pae_reads_its_pointers_from_memory)
{
	pae_mode();
	CHECK(rig_walk(0xc0000123, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x5123);
	CHECK_EQ(rig.w.steps, 3);
	CHECK_EQ(rig.w.step[0].entry_gpa, 0x2038);
	CHECK(rig.w.writable && rig.w.user);
	CHECK(rig_walk(0xffffffffc0000123, ACCESS_READ)); /* sign-extended */
	CHECK_EQ(rig.w.gpa, 0x5123);
	CHECK(!rig_walk(0x1c0000123, ACCESS_READ));
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	CHECK(!rig_walk(0x40000000, ACCESS_READ));
	CHECK_EQ(rig.w.pfec, 0);
	CHECK_HAS(rig_said(), "PDPTE at physical 0x2028 is not present");
}

TEST(pae_prefers_the_cached_pointers)
{
	pae_mode();
	rig_put64(0x2020, 0);
	rig.state.pdptr[0] = 0x3001;
	rig.state.pdptr_valid = true;
	CHECK(rig_walk(0x123, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x5123);
	CHECK_EQ(rig.w.step[0].entry, 0x3001);
	CHECK(!rig_walk(0xc0000123, ACCESS_READ)); /* in memory, not in cache */
}

TEST(pae_large_page)
{
	pae_mode();
	rig_put64(0x3000 + 8, 0x600087);
	CHECK(rig_walk(0x2abcde, ACCESS_USER));
	CHECK_EQ(rig.w.gpa, 0x6abcde);
	CHECK_EQ(rig.w.page_size, 0x200000);
	rig_put64(0x3000 + 8, 0x600087 | BIT(55));
	CHECK(!rig_walk(0x2abcde, ACCESS_READ));
	CHECK_EQ(rig.w.pfec, PFEC_P | PFEC_RSVD);
}

static void mode_32(void)
{
	rig_long_mode();
	rig.state.efer = 0;
	rig.state.cr4 = X86_CR4_PSE;
	rig.state.cr3 = 0x8018; /* PWT and PCD set */
	rig_put32(0x8000 + 4 * 0x300, 0x9007);
	rig_put32(0x9000 + 4 * 0x3ff, 0xa007);
	rig_put32(0x8000 + 4, 0x00400087);
}

TEST(two_levels)
{
	mode_32();
	CHECK(rig_walk(0xc03ff123, ACCESS_WRITE | ACCESS_USER));
	CHECK_EQ(rig.w.gpa, 0xa123);
	CHECK_EQ(rig.w.steps, 2);
	CHECK_EQ(rig.w.step[0].entry_gpa, 0x8c00);
	CHECK_EQ(rig.w.step[1].entry_gpa, 0x9ffc);
	CHECK_EQ(rig.w.page_size, 4096);
}

TEST(page_size_extension)
{
	mode_32();
	CHECK(rig_walk(0x4abcde, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x4abcde);
	CHECK_EQ(rig.w.page_size, 0x400000);
	rig_put32(0x8000 + 4, 0x00400087 | 1 << 13 | 1 << 16); /* PSE-36 */
	CHECK(rig_walk(0x4abcde, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x9004abcde);
	rig_put32(0x8000 + 4, 0x00400087 | 1 << 17);
	CHECK(!rig_walk(0x4abcde, ACCESS_WRITE));
	CHECK_EQ(rig.w.result, WALK_RESERVED);
	CHECK_EQ(rig.w.pfec, PFEC_P | PFEC_W | PFEC_RSVD);
}

TEST(without_pse_bit_7_means_nothing)
{
	mode_32();
	rig.state.cr4 = 0;
	rig_put32(0x8000 + 4, 0x9087);
	CHECK(rig_walk(0x7ff010, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0xa010);
}

TEST(no_nx_in_two_levels)
{
	mode_32();
	rig.state.efer = X86_EFER_NXE;
	CHECK(rig_walk(0xc03ff123, ACCESS_FETCH));
	CHECK(!rig_walk(0, ACCESS_FETCH));
	CHECK_EQ(rig.w.pfec, 0); /* I/D is not reported either */
}

/* ---- addresses ---- */

TEST(canonical_addresses)
{
	rig_long_mode();
	CHECK(!rig_walk(0x800000000000, ACCESS_READ));
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	CHECK_EQ(rig.w.steps, 0);
	CHECK_EQ(rig.w.pfec, 0);
	CHECK_HAS(rig_said(), "not canonical");
	CHECK(!rig_walk(0xffff7fffffffffff, ACCESS_DEBUG));
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	CHECK(!rig_walk(0xffff800000000000, ACCESS_READ));
	CHECK_EQ(rig.w.result, WALK_NOT_PRESENT);
}

TEST(linear_zero_is_not_physical_zero)
{
	rig_long_mode();
	rig_put64(0x4000, 0);
	CHECK(!rig_walk(0, ACCESS_DEBUG));
	CHECK_HAS(rig_said(), "PTE at physical 0x4000 is not present (0x0)");
}

TEST(cr3_low_bits_are_not_an_address)
{
	rig_long_mode();
	rig.state.cr3 = 0x1000 | 0xfff; /* PCID */
	CHECK(rig_walk(0, ACCESS_READ));
	CHECK_EQ(rig.w.step[0].entry_gpa, 0x1000);
}

TEST(tables_outside_memory)
{
	rig_long_mode();
	rig_put64(0x2000, 0x40000007);
	CHECK(!rig_walk(0, ACCESS_WRITE));
	CHECK_EQ(rig.w.result, WALK_NO_TABLE);
	CHECK_EQ(rig.w.level, 2);
	CHECK_EQ(rig.w.steps, 2);
	CHECK_EQ(rig.w.pfec, PFEC_W);
	CHECK_HAS(rig_said(), "its PDE would lie at physical 0x40000000, where "
			      "there is no memory");
	rig.state.cr3 = 0x80000000;
	CHECK(!rig_walk(0, ACCESS_READ));
	CHECK_EQ(rig.w.steps, 0);
	CHECK_HAS(rig_said(), "PML4E");
}

/* ---- reading ---- */

static bool read_linear(gva_t gva, void *to, size_t len, size_t *done,
			struct err *err)
{
	paging_init(&rig.paging, &rig.state, &rig.info);
	return paging_read(&rig.paging, &rig_mem, gva, to, len, done, err);
}

TEST(read_walks_every_page)
{
	char text[16];
	size_t done;
	struct err err;

	rig_long_mode();
	rig_put64(0x4008, 0x9007); /* the next page is elsewhere */
	memcpy(rig.ram + 0x5ffc, "abcd", 4);
	memcpy(rig.ram + 0x9000, "efgh", 4);
	CHECK_OK(read_linear(0xffc, text, 8, &done, &err), &err);
	CHECK_EQ(done, 8);
	CHECK(!memcmp(text, "abcdefgh", 8));
}

TEST(read_stops_at_the_first_bad_page)
{
	char text[0x2000];
	size_t done;
	struct err err;

	rig_long_mode();
	CHECK(!read_linear(0x800, text, sizeof(text), &done, &err));
	CHECK_EQ(done, 0x800);
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_EQ(err.addr, 0x1000);
	CHECK_HAS(err.msg, "linear 0x1000: PTE at physical 0x4008 is not "
			   "present");
}

TEST(read_stops_where_memory_ends)
{
	static char big[512 * 1024];
	size_t done;
	struct err err;

	rig_long_mode();
	rig_put64(0x3000, 0x83); /* 2 MiB at 0, of which 256 KiB exist */
	CHECK(!read_linear(0x100, big, sizeof(big), &done, &err));
	CHECK_EQ(done, sizeof(rig.ram) - 0x100);
	CHECK_EQ(err.addr, sizeof(rig.ram));
}

TEST(read_does_not_wrap)
{
	char text[32];
	size_t done;
	struct err err;

	rig_long_mode();
	rig_put64(0x1ff8, 0x2007);
	rig_put64(0x2ff8, 0x3007);
	rig_put64(0x3ff8, 0x4007);
	rig_put64(0x4ff8, 0x5007);
	CHECK(!read_linear(-16ull, text, sizeof(text), &done, &err));
	CHECK_EQ(done, 16);
	CHECK_HAS(err.msg, "end at 2^64");
}

TEST(read_takes_a_large_page_at_once)
{
	static char big[128 * 1024];
	size_t done;
	struct err err;

	rig_long_mode();
	rig_put64(0x3000, 0x83);
	rig.reads = 0;
	CHECK_OK(read_linear(0, big, sizeof(big), &done, &err), &err);
	CHECK_EQ(rig.reads, 4);
}
