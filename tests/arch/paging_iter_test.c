#include "arch/paging/iter.h"

#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct paging_iter it;
static struct paging_run run;

static void begin(gva_t first, gva_t last)
{
	paging_init(&rig.paging, &rig.state, &rig.info);
	paging_iter_init(&it, &rig.paging, &rig_mem, first, last);
}

static void all(void)
{
	begin(0, UINT64_MAX);
}

/* The next run that is no gap; false at the end. */
static bool next(void)
{
	while (paging_iter_next(&it, &run))
		if (run.kind != RUN_GAP)
			return true;
	return false;
}

static void check_pages(gva_t start, uint64_t bytes, gpa_t gpa, uint64_t size)
{
	CHECK(next());
	CHECK_EQ(run.kind, RUN_PAGES);
	CHECK_EQ(run.start, start);
	CHECK_EQ(run.last, start + (bytes - 1));
	CHECK_EQ(run.gpa, gpa);
	CHECK_EQ(run.page_size, size);
}

static void check_end(void)
{
	CHECK(!next());
	CHECK(!it.cut);
}

/* ---- shapes ---- */

TEST(pages_gaps_and_holes)
{
	rig_long_mode();
	rig_put64(0x2000 + 8 * 3, 0x90000007); /* no memory there */
	all();
	CHECK(paging_iter_next(&it, &run));
	CHECK_EQ(run.kind, RUN_PAGES);
	CHECK_EQ(run.last, 0xfff);
	CHECK_EQ(run.entry_gpa, 0x4000);
	CHECK(paging_iter_next(&it, &run));
	CHECK_EQ(run.kind, RUN_GAP);
	CHECK_EQ(run.start, 0x1000);
	CHECK_EQ(run.last, 0x1fffff);
	CHECK(next());
	CHECK_EQ(run.kind, RUN_NO_TABLE);
	CHECK_EQ(run.start, 0xc0000000);
	CHECK_EQ(run.last, 0xffffffff);
	CHECK_EQ(run.gpa, 0x90000000);
	CHECK_EQ(run.entry_gpa, 0x2018);
	check_end();
}

TEST(pages_in_a_row_are_one_run)
{
	rig_long_mode();
	for (unsigned int i = 0; i < 10; i++)
		rig_put64(0x4000 + 8 * i, 0x8003 + 0x1000 * i);
	rig_put64(0x4000 + 8 * 4, 0xc001);  /* read-only */
	rig_put64(0x4000 + 8 * 8, 0x30003); /* elsewhere */
	rig_put64(0x3000 + 8 * 1, 0x200083);
	rig_put64(0x3000 + 8 * 2, 0x400083);
	all();
	check_pages(0, 0x4000, 0x8000, 0x1000);
	CHECK(run.writable && run.executable && !run.user);
	check_pages(0x4000, 0x1000, 0xc000, 0x1000);
	CHECK(!run.writable);
	check_pages(0x5000, 0x3000, 0xd000, 0x1000);
	check_pages(0x8000, 0x1000, 0x30000, 0x1000);
	check_pages(0x9000, 0x1000, 0x11000, 0x1000);
	check_pages(0x200000, 0x400000, 0x200000, 0x200000);
	check_end();
}

TEST(five_levels_reach_both_ends)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_LA57;
	rig.state.cr3 = 0x8000;
	rig_put64(0x8000 + 8 * 0xff, 0x1007);
	rig_put64(0x8000 + 8 * 0x1ff, 0x1007);
	rig_put64(0x1000 + 8 * 0x1ff, 0x2007);
	rig_put64(0x2000 + 8 * 0x1ff, 0xc0000083);
	rig_put64(0x1000, 0);
	rig_put64(0x2000, 0);
	all();
	check_pages(0x00ffffffc0000000, 1u << 30, 0xc0000000, 1u << 30);
	check_pages(0xffffffffc0000000, 1u << 30, 0xc0000000, 1u << 30);
	check_end();
}

TEST(legacy_modes)
{
	rig_long_mode();
	rig.state.efer = 0;
	rig.state.cr4 = X86_CR4_PSE;
	memset(rig.ram, 0, sizeof(rig.ram));
	rig_put32(0x1000 + 4 * 0x3ff, 0x2007);
	rig_put32(0x2000 + 4 * 0x3ff, 0x5003);
	rig_put32(0x1000 + 4, 0x00400087);
	rig_put32(0x1000 + 8, 0x00800087 | 1 << 13); /* PSE-36 */
	all();
	check_pages(0x400000, 0x400000, 0x400000, 0x400000);
	check_pages(0x800000, 0x400000, 0x100800000, 0x400000);
	check_pages(0xfffff000, 0x1000, 0x5000, 0x1000);
	CHECK(!run.user);
	check_end();
}

TEST(pae_takes_the_cached_pointers)
{
	rig_long_mode();
	rig.state.efer = X86_EFER_NXE;
	rig.state.cr3 = 0x2020;
	rig.state.pdptr[3] = 0x3001;
	rig.state.pdptr_valid = true;
	rig_put64(0x4000 + 8, 0x6001 | BIT(63));
	all();
	check_pages(0xc0000000, 0x1000, 0x5000, 0x1000);
	CHECK(run.writable && run.user && run.executable);
	check_pages(0xc0001000, 0x1000, 0x6000, 0x1000);
	CHECK(!run.executable);
	check_end();
}

TEST(without_paging_there_is_one_run)
{
	rig_long_mode();
	rig.state.cr0 = X86_CR0_PE;
	all();
	check_pages(0, 1ull << 32, 0, 0x1000);
	check_end();
}

/* ---- ranges ---- */

TEST(ranges_are_cut_to_pages)
{
	rig_long_mode();
	for (unsigned int i = 0; i < 10; i++)
		rig_put64(0x4000 + 8 * i, 0x8003 + 0x1000 * i);
	begin(0x2800, 0x4000);
	check_pages(0x2000, 0x3000, 0xa000, 0x1000);
	check_end();
	begin(0x1000, 0x1fff);
	check_pages(0x1000, 0x1000, 0x9000, 0x1000);
	check_end();
	/* Nothing but addresses that are none. */
	begin(0x800000000000, 0xffff7fffffffffff);
	CHECK(paging_iter_next(&it, &run) ? run.kind == RUN_GAP : true);
	begin(0xffffffff80000000, 0xffffffffffffffff);
	check_end();
}

/* ---- reserved bits ---- */

TEST(reserved_bits_are_told_for_both_cpus)
{
	static const struct x86_cpu_info host = {.maxphyaddr = 36,
						 .gbpages = true};

	rig_long_mode();
	rig.info.gbpages = false;
	rig_put64(0x2000 + 8 * 1, 0x83);
	rig_put64(0x4000 + 8 * 0, BIT(36) - 0x1000 + 3);
	rig_put64(0x4000 + 8 * 1, BIT(36) + 3);
	all();
	paging_iter_compare(&it, &host);
	/* They follow each other, but the host has only one of them. */
	check_pages(0, 0x1000, BIT(36) - 0x1000, 0x1000);
	CHECK(!run.reserved && !run.other_reserved);
	check_pages(0x1000, 0x1000, BIT(36), 0x1000);
	CHECK(!run.reserved && run.other_reserved);
	check_pages(0x40000000, 1u << 30, 0, 1u << 30);
	CHECK(run.reserved && !run.other_reserved);
	check_end();
}

/* ---- hostile tables ---- */

static void fill(gpa_t table, uint64_t entry)
{
	for (unsigned int i = 0; i < 512; i++)
		rig_put64(table + 8 * i, entry);
}

TEST(a_table_of_itself_is_one_run_a_half)
{
	rig_long_mode();
	fill(0x1000, 0x1007);
	rig.reads = 0;
	all();
	check_pages(0, 1ull << 47, 0x1000, 0x1000);
	CHECK(run.repeats);
	check_pages(0xffff800000000000, 1ull << 47, 0x1000, 0x1000);
	check_end();
	CHECK(rig.reads < 20);
}

TEST(shadow_tables_are_one_run)
{
	rig_long_mode();
	fill(0x6000, 0x7007);
	fill(0x7000, 0x8007);
	fill(0x8000, 0x9001 | BIT(63));
	for (unsigned int i = 0x1d8; i < 0x1f8; i++)
		rig_put64(0x1000 + 8 * i, 0x6003);
	rig_put64(0x1000, 0);
	all();
	check_pages(0xffffec0000000000, 1ull << 44, 0x9000, 0x1000);
	CHECK(run.repeats && !run.writable && !run.user && !run.executable);
	check_end();
	/* Its half is asked for, and a piece of that. */
	begin(0xfffff40000000000, 0xfffff40000002fff);
	check_pages(0xfffff40000000000, 0x3000, 0x9000, 0x1000);
	CHECK(run.repeats);
	check_end();
}

/* 512^4 aliases, no two neighbours alike: it ends, and says where. */
TEST(aliases_without_end_are_cut)
{
	uint64_t runs = 0;

	test_timeout(120);
	rig_long_mode();
	for (unsigned int i = 0; i < 512; i++)
		rig_put64(0x1000 + 8 * i, i % 2 ? 0x1007 : 0x2007);
	for (unsigned int i = 0; i < 512; i++)
		rig_put64(0x2000 + 8 * i, i % 2 ? 0x2003 : 0x1003);
	all();
	while (paging_iter_next(&it, &run))
		runs++;
	CHECK(it.cut);
	CHECK(runs > 1000000);
	CHECK_EQ(it.tables, ITER_TABLES + 1);
	CHECK(paging_iter_at(&it) > run.start);
}

/* ---- against the walk ---- */

static uint64_t random_entry(void)
{
	uint64_t e = (0x1000u * (1 + (uint64_t)random() % 16)) | 7;

	switch (random() % 16) {
	case 0:
	case 1:
		return 0;
	case 2:
		return e & ~UINT64_C(2);
	case 3:
		return e | 0x80;
	case 4:
		return e ^ BIT(63);
	case 5:
		return e | BIT(12 + random() % 40);
	default:
		return e;
	}
}

static void fill_randomly(void)
{
	uint64_t e = 0;

	for (gpa_t at = 0x1000; at < 0x11000; at += 8) {
		switch (random() % 4) {
		case 0:
			e = random_entry();
			break;
		case 1:
			e += 0x1000;
			break;
		}
		rig_put64(at, e);
	}
}

/* Both say the same of an address inside the run. */
static void compare(gva_t gva)
{
	uint64_t offset = run.repeats ? (gva - run.start) % run.page_size
				      : gva - run.start;
	struct walk w;
	bool ok = paging_walk(&rig.paging, &rig_mem, gva, ACCESS_DEBUG, &w);

	CHECK_EQ(ok, run.kind == RUN_PAGES);
	if (!ok) {
		CHECK_EQ(w.result, run.kind == RUN_GAP ? WALK_NOT_PRESENT
						       : WALK_NO_TABLE);
		return;
	}
	CHECK_EQ(w.gpa, run.gpa + offset);
	CHECK_EQ(w.page_size, run.page_size);
	CHECK_EQ(w.writable, run.writable);
	CHECK_EQ(w.user, run.user);
	CHECK_EQ(w.executable, run.executable);
	paging_walk(&rig.paging, &rig_mem, gva, ACCESS_USER, &w);
	CHECK_EQ(w.result == WALK_RESERVED, run.reserved);
}

static void check_against_walk(uint64_t cr4, uint64_t efer)
{
	test_timeout(60);
	rig_long_mode();
	rig.state.cr4 = cr4;
	rig.state.efer = efer;
	srandom(3);
	for (unsigned int round = 0; round < 30; round++) {
		gva_t expected = 0;

		fill_randomly();
		all();
		for (unsigned int i = 0;
		     i < 20000 && paging_iter_next(&it, &run); i++) {
			if (run.start != expected)
				CHECK_EQ(run.start,
					 paging_iter_at(&it) & BIT(63) &&
							 rig.paging.mode ==
								 PAGING_5LEVEL
						 ? 0xff00000000000000
						 : 0xffff800000000000);
			compare(run.start);
			compare(run.last);
			compare(run.start + (uint64_t)random() %
						    (run.last - run.start + 1));
			expected = run.last + 1;
		}
	}
}

TEST(four_levels_agree_with_the_walk)
{
	check_against_walk(X86_CR4_PAE,
			   X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(five_levels_agree_with_the_walk)
{
	check_against_walk(X86_CR4_PAE | X86_CR4_LA57,
			   X86_EFER_LME | X86_EFER_LMA);
}

TEST(pae_agrees_with_the_walk)
{
	check_against_walk(X86_CR4_PAE, X86_EFER_NXE);
}

TEST(two_levels_agree_with_the_walk)
{
	check_against_walk(X86_CR4_PSE, 0);
}
