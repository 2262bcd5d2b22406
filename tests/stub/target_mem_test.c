#include "tests/stub/fake_target.h"
#include "tests/test.h"

#define RW (FAKE_PTE_P | FAKE_PTE_RW)

static struct fake_target *f;
static struct target *t;
static struct err err;
static uint8_t buf[0x8000];
static size_t done;

static void setup(void)
{
	f = fake_create(2);
	t = &f->target;
	memset(buf, 0xee, sizeof(buf));
	done = 99;
}

static uint8_t *ram(gpa_t gpa)
{
	return fake_ram(f, gpa, 1);
}

TEST(physical_reads_and_writes)
{
	setup();
	CHECK_OK(target_write_phys(t, 0x2000, "abc", 3, &err), &err);
	CHECK_OK(target_read_phys(t, 0x1fff, buf, 5, &done, &err), &err);
	CHECK_EQ(done, 5);
	CHECK(!memcmp(buf, "\0abc\0", 5));
	CHECK_OK(target_read_phys(t, 0xdead00000000, buf, 0, &done, &err),
		 &err);
	CHECK_EQ(done, 0);
	fake_destroy(f);
}

TEST(a_large_physical_read_is_one_call)
{
	static uint8_t big[0x100000];

	setup();
	CHECK_OK(target_read_phys(t, 0, big, sizeof(big), &done, &err), &err);
	CHECK_EQ(f->calls[FAKE_READ], 1);
	fake_destroy(f);
}

TEST(a_partial_read_stops_at_the_first_bad_byte)
{
	setup();
	*ram(FAKE_RAM - 1) = 0x5a;
	CHECK(!target_read_phys(t, FAKE_RAM - 0x123, buf, 0x1000, &done, &err));
	CHECK_EQ(done, 0x123);
	CHECK_EQ(buf[0x122], 0x5a);
	CHECK_EQ(buf[0x123], 0xee);
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_EQ(err.addr, FAKE_RAM);
	CHECK(!target_read_phys(t, FAKE_RAM, buf, 1, &done, &err));
	CHECK_EQ(done, 0);
	fake_destroy(f);
}

TEST(ranges_that_wrap_are_refused)
{
	setup();
	CHECK(!target_read_phys(t, UINT64_MAX, buf, 2, &done, &err));
	CHECK(!target_write_phys(t, UINT64_MAX, buf, 2, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	CHECK(!target_write_virt(t, 0, UINT64_MAX - 3, buf, 8, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	fake_destroy(f);
}

TEST(a_read_up_to_the_top_gives_what_is_there)
{
	setup();
	fake_map(f, UINT64_MAX - 0xfff, 0x9000, RW);
	*ram(0x9fff) = 0x77;
	CHECK(!target_read_virt(t, 0, UINT64_MAX - 7, buf, 16, &done, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	CHECK_EQ(done, 8);
	CHECK_EQ(buf[7], 0x77);
	CHECK_OK(target_read_virt(t, 0, UINT64_MAX - 7, buf, 8, &done, &err),
		 &err);
	fake_destroy(f);
}

TEST(linear_reads_go_page_by_page)
{
	setup();
	fake_map(f, 0xffff800000000000, 0x9000, RW);
	fake_map(f, 0xffff800000001000, 0x5000, RW);
	*ram(0x9fff) = 1;
	*ram(0x5000) = 2;
	CHECK_OK(target_read_virt(t, 0, 0xffff800000000fff, buf, 2, &done,
				  &err),
		 &err);
	CHECK_EQ(buf[0], 1);
	CHECK_EQ(buf[1], 2);
	CHECK_EQ(done, 2);
	fake_destroy(f);
}

TEST(a_linear_read_stops_at_the_hole)
{
	setup();
	fake_map(f, 0x10000, 0, 0);
	CHECK(!target_read_virt(t, 0, 0xfff0, buf, 0x100, &done, &err));
	CHECK_EQ(done, 0x10);
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_EQ(err.addr, 0x10000);
	CHECK_HAS(err.msg, "0x10000");
	CHECK_HAS(err.msg, "PTE");
	fake_destroy(f);
}

TEST(a_page_without_memory_is_told_as_such)
{
	setup();
	fake_map(f, 0x10000, 0xdead000, RW);
	CHECK(!target_read_virt(t, 0, 0x10004, buf, 4, &done, &err));
	CHECK_EQ(done, 0);
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_HAS(err.msg, "0x10004");
	CHECK_HAS(err.msg, "0xdead004");
	fake_destroy(f);
}

TEST(not_canonical_is_a_fault)
{
	setup();
	CHECK(!target_read_virt(t, 0, 0x8000000000000000, buf, 1, &done, &err));
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_HAS(err.msg, "0x8000000000000000");
	fake_destroy(f);
}

/* A debugger reads and writes what the guest itself could not. */
TEST(permissions_do_not_bind_the_debugger)
{
	setup();
	fake_map(f, 0x10000, 0x9000, FAKE_PTE_P);
	CHECK_OK(target_write_virt(t, 0, 0x10000, "x", 1, &err), &err);
	CHECK_EQ(*ram(0x9000), 'x');
	fake_destroy(f);
}

TEST(each_vcpu_has_its_own_tables)
{
	setup();
	f->cpu[1].cr3 = 0x20000; /* an empty table */
	CHECK_OK(target_read_virt(t, 0, 0x1000, buf, 1, NULL, &err), &err);
	CHECK(!target_read_virt(t, 1, 0x1000, buf, 1, NULL, &err));
	CHECK(!target_read_virt(t, 2, 0x1000, buf, 1, NULL, &err));
	CHECK_HAS(err.msg, "no vCPU 2");
	fake_destroy(f);
}

TEST(paging_off_is_identity)
{
	setup();
	f->cpu[0].cr0 &= ~X86_CR0_PG;
	f->cpu[0].efer = 0;
	*ram(0x4321) = 9;
	CHECK_OK(target_read_virt(t, 0, 0x4321, buf, 1, NULL, &err), &err);
	CHECK_EQ(buf[0], 9);
	fake_destroy(f);
}

TEST(pages_in_a_row_are_copied_as_one)
{
	unsigned int before;

	setup();
	CHECK_OK(target_read_virt(t, 0, 0x1000, buf, 1, NULL, &err), &err);
	before = f->calls[FAKE_READ];
	CHECK_OK(target_read_virt(t, 0, 0x10000, buf, 0x8000, NULL, &err),
		 &err);
	/* 8 walks of 4 entries and one copy */
	CHECK_EQ(f->calls[FAKE_READ] - before, 8 * 4 + 1);
	fake_destroy(f);
}

TEST(a_linear_write_is_all_or_nothing)
{
	setup();
	fake_map(f, 0x12000, 0, 0);
	CHECK(!target_write_virt(t, 0, 0x10ff0, buf, 0x1020, &err));
	CHECK_EQ(err.addr, 0x12000);
	CHECK_EQ(*ram(0x10ff0), 0);
	CHECK_EQ(*ram(0x11fff), 0);
	CHECK_EQ(f->calls[FAKE_WRITE], 0);
	fake_destroy(f);
}

TEST(a_write_that_fails_late_is_undone)
{
	setup();
	fake_add_region(f, 0x10000000, 0x1000, true, "rom");
	fake_map(f, 0x11000, 0x10000000, RW);
	*ram(0x10fff) = 0x11;
	CHECK(!target_write_virt(t, 0, 0x10ff0, buf, 0x20, &err));
	CHECK_HAS(err.msg, "read-only");
	CHECK_EQ(*ram(0x10fff), 0x11);
	fake_destroy(f);
}

/* Writing the page table that maps the next page must not move the target. */
TEST(a_write_over_its_own_tables_goes_where_it_was_meant)
{
	uint64_t *pte;
	gva_t table;

	setup();
	fake_map(f, 0x40000000, 0x9000, RW);
	table = f->next_table - 4096; /* the new page table */
	fake_map(f, 0x3ffff000, table, RW);
	pte = fake_ram(f, table, 8);
	CHECK_EQ(*pte, 0x9000 | RW);
	memset(buf, 0, 0x1001);
	buf[0x1000] = 0x42;
	CHECK_OK(target_write_virt(t, 0, 0x3ffff000, buf, 0x1001, &err), &err);
	CHECK_EQ(*pte, 0);
	CHECK_EQ(*ram(0x9000), 0x42);
	fake_destroy(f);
}

TEST(a_write_of_nothing_is_fine)
{
	setup();
	CHECK_OK(target_write_virt(t, 0, 0xdead0000, buf, 0, &err), &err);
	CHECK_EQ(f->calls[FAKE_WRITE], 0);
	fake_destroy(f);
}

TEST(a_walk_reports_its_result)
{
	struct walk w;

	setup();
	CHECK_OK(target_walk(t, 0, 0x1234, ACCESS_WRITE, &w, &err), &err);
	CHECK_EQ(w.result, WALK_OK);
	CHECK_EQ(w.gpa, 0x1234);
	CHECK_EQ(w.steps, 4);
	CHECK_OK(target_walk(t, 0, 0x1234, ACCESS_USER, &w, &err), &err);
	CHECK_EQ(w.result, WALK_PROTECTED);
	CHECK(!target_walk(t, 9, 0x1234, ACCESS_READ, &w, &err));
	fake_destroy(f);
}

/* Linear 0 is an address like any other, not physical 0. */
TEST(linear_zero_is_walked)
{
	setup();
	fake_map(f, 0, 0x9000, RW);
	*ram(0) = 1;
	*ram(0x9000) = 2;
	CHECK_OK(target_read_virt(t, 0, 0, buf, 1, NULL, &err), &err);
	CHECK_EQ(buf[0], 2);
	fake_map(f, 0, 0, 0);
	CHECK(!target_read_virt(t, 0, 0, buf, 1, NULL, &err));
	fake_destroy(f);
}

TEST(large_pages_are_one_piece)
{
	uint64_t *pde;
	unsigned int before;

	setup();
	fake_map(f, 0x40000000, 0, RW); /* makes the tables down to the PT */
	pde = fake_ram(f, f->next_table - 2 * 4096, 8);
	*pde = 0x200000 | RW | 0x80;
	*ram(0x2ffff0) = 5;
	before = f->calls[FAKE_READ];
	CHECK_OK(target_read_virt(t, 0, 0x400f8001, buf, 0x7fff, NULL, &err),
		 &err);
	CHECK_EQ(f->calls[FAKE_READ] - before, 3 + 1);
	CHECK_EQ(buf[0x7fef], 5);
	fake_destroy(f);
}
