#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target *t;
static struct bp_list list;
static struct err err;

static void setup(void)
{
	f = fake_create(2);
	t = &f->target;
	bp_list_init(&list);
}

static void teardown(void)
{
	bp_list_deinit(&list);
	fake_destroy(f);
}

static struct target_bp bp(enum bp_type type, gva_t addr, uint64_t len)
{
	return (struct target_bp){.type = type, .addr = addr, .len = len};
}

static void want(enum bp_type type, gva_t addr, uint64_t len)
{
	struct target_bp b = bp(type, addr, len);

	CHECK_OK(bp_request(&list, t, 0, &b, &err), &err);
}

static void drop(enum bp_type type, gva_t addr, uint64_t len)
{
	struct target_bp b = bp(type, addr, len);

	CHECK_OK(bp_release(&list, &b, &err), &err);
}

TEST(request_plants_at_once_and_only_once)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_SW, 0x1000, 1);
	CHECK_STR(fake_log(f), "insert 0 0x1000 1\n");
	CHECK_EQ(bp_count(&list), 1);
	drop(BP_SW, 0x1000, 1);
	CHECK_EQ(bp_count(&list), 0);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK(!fake_has_bp(f, BP_SW, 0x1000));
	teardown();
}

TEST(remove_all_insert_all_costs_nothing)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_HW, 0x2000, 1);
	fake_log_clear(f);
	drop(BP_SW, 0x1000, 1);
	drop(BP_HW, 0x2000, 1);
	want(BP_SW, 0x1000, 1);
	want(BP_HW, 0x2000, 1);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK_STR(fake_log(f), "");
	CHECK_EQ(f->calls[FAKE_INSERT], 2);
	teardown();
}

TEST(sync_removes_what_nobody_wants)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_SW, 0x2000, 1);
	want(BP_WRITE, 0x2000, 8);
	bp_release_all(&list);
	want(BP_SW, 0x2000, 1);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK_EQ(f->bps, 1);
	CHECK(fake_has_bp(f, BP_SW, 0x2000));
	CHECK_EQ(list.n, 1);
	teardown();
}

TEST(a_refusal_is_reported_and_leaves_nothing)
{
	struct target_bp b = bp(BP_HW, 0x5000, 1);

	setup();
	fake_fail(f, FAKE_INSERT, 1, ERR_LIMIT, "no slot left");
	CHECK(!bp_request(&list, t, 0, &b, &err));
	CHECK_STR(err.msg, "no slot left");
	CHECK_EQ(list.n, 0);
	drop(BP_HW, 0x5000, 1);
	teardown();
}

TEST(release_of_the_unknown_is_fine)
{
	struct target_bp odd = bp((enum bp_type)9, 0x1000, 1);

	setup();
	drop(BP_ACCESS, 0x7777, 4);
	CHECK(!bp_release(&list, &odd, &err));
	CHECK_EQ(err.code, ERR_MALFORMED);
	teardown();
}

/* A slot that only a released breakpoint holds must not refuse a new one. */
TEST(released_slots_are_free_for_others)
{
	setup();
	for (int i = 0; i < 4; i++)
		want(BP_HW, 0x1000 + 16 * i, 1);
	bp_release_all(&list);
	want(BP_HW, 0x9000, 1);
	CHECK(fake_has_bp(f, BP_HW, 0x9000));
	CHECK_EQ(f->bps, 1);
	teardown();
}

TEST(full_slots_refuse_the_fifth)
{
	struct target_bp b = bp(BP_WRITE, 0x9000, 8);

	setup();
	for (int i = 0; i < 4; i++)
		want(BP_HW, 0x1000 + 16 * i, 1);
	CHECK(!bp_request(&list, t, 0, &b, &err));
	CHECK_EQ(err.code, ERR_LIMIT);
	CHECK_HAS(err.msg, "4 debug registers");
	CHECK_EQ(bp_count(&list), 4);
	teardown();
}

TEST(the_list_is_bounded)
{
	struct target_bp b = bp(BP_SW, 0x123456, 1);

	setup();
	for (int i = 0; i < BP_MAX; i++)
		want(BP_SW, 0x10000 + (gva_t)((i * 7919) % BP_MAX), 1);
	CHECK_EQ(bp_count(&list), BP_MAX);
	CHECK(!bp_request(&list, t, 0, &b, &err));
	CHECK_EQ(err.code, ERR_LIMIT);
	CHECK_HAS(err.msg, "4096 breakpoints are set already");
	/* ... but what is released makes room */
	drop(BP_SW, 0x10000, 1);
	want(BP_SW, 0x123456, 1);
	teardown();
}

TEST(requests_check_their_arguments)
{
	struct target_bp zero = bp(BP_WRITE, 0x1000, 0);
	struct target_bp wrap = bp(BP_ACCESS, UINT64_MAX - 2, 8);
	struct target_bp kind = bp(BP_SW, 0x1000, 2);
	struct target_bp good = bp(BP_SW, 0x1000, 1);

	setup();
	CHECK(!bp_request(&list, t, 0, &zero, &err));
	CHECK(!bp_request(&list, t, 0, &wrap, &err));
	CHECK_HAS(err.msg, "0xfffffffffffffffd");
	CHECK(!bp_request(&list, t, 0, &kind, &err));
	CHECK_HAS(err.msg, "kind 1");
	CHECK(!bp_request(&list, t, 7, &good, &err));
	CHECK_HAS(err.msg, "no vCPU 7");
	CHECK_EQ(f->calls[FAKE_INSERT], 0);
	CHECK_EQ(list.n, 0);
	teardown();
}

TEST(a_watchpoint_may_end_at_the_top)
{
	setup();
	want(BP_WRITE, UINT64_MAX - 7, 8);
	CHECK(bp_find(&list, BP_WRITE, UINT64_MAX));
	teardown();
}

TEST(reset_replants)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_HW, 0x2000, 1);
	drop(BP_HW, 0x2000, 1);
	CHECK_OK(target_reset(t, &err), &err);
	CHECK_EQ(f->bps, 0);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK(fake_has_bp(f, BP_SW, 0x1000));
	CHECK(!fake_has_bp(f, BP_HW, 0x2000));
	CHECK_EQ(f->bps, 1);
	teardown();
}

TEST(a_request_after_a_reset_plants_again)
{
	setup();
	want(BP_SW, 0x1000, 1);
	CHECK_OK(target_reset(t, &err), &err);
	want(BP_SW, 0x1000, 1);
	CHECK(fake_has_bp(f, BP_SW, 0x1000));
	teardown();
}

TEST(replant_failure_is_tried_again)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_SW, 0x2000, 1);
	CHECK_OK(target_reset(t, &err), &err);
	fake_fail(f, FAKE_INSERT, 1, ERR_KVM, "slot trouble");
	CHECK(!bp_sync(&list, t, &err));
	CHECK_STR(err.msg, "slot trouble");
	CHECK_EQ(f->bps, 1);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK_EQ(f->bps, 2);
	teardown();
}

TEST(removal_failure_is_tried_again)
{
	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_SW, 0x2000, 1);
	bp_release_all(&list);
	fake_fail(f, FAKE_REMOVE, 1, ERR_KVM, "stuck");
	CHECK(!bp_sync(&list, t, &err));
	CHECK_STR(err.msg, "stuck");
	CHECK_EQ(f->bps, 1);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK_EQ(f->bps, 0);
	teardown();
}

TEST(hits_are_counted_on_the_right_one)
{
	struct target_stop sw = {.kind = STOP_SWBREAK};
	struct target_stop watch = {
		.kind = STOP_WATCH, .bp_type = BP_ACCESS, .addr = 0x3005};

	setup();
	want(BP_SW, 0x1000, 1);
	want(BP_HW, 0x1000, 1);
	want(BP_ACCESS, 0x3000, 8);
	CHECK(bp_hit(&list, &sw, 0x1000));
	CHECK(bp_hit(&list, &sw, 0x1000));
	CHECK(!bp_hit(&list, &sw, 0x1001));
	CHECK(bp_hit(&list, &watch, 0));
	CHECK_EQ(bp_find(&list, BP_SW, 0x1000)->hits, 2);
	CHECK_EQ(bp_find(&list, BP_HW, 0x1000)->hits, 0);
	CHECK_EQ(bp_find(&list, BP_ACCESS, 0x3007)->hits, 1);
	CHECK(!bp_find(&list, BP_ACCESS, 0x3008));
	teardown();
}

TEST(hits_survive_a_remove_and_insert)
{
	struct target_stop sw = {.kind = STOP_SWBREAK};

	setup();
	want(BP_SW, 0x1000, 1);
	CHECK(bp_hit(&list, &sw, 0x1000));
	drop(BP_SW, 0x1000, 1);
	want(BP_SW, 0x1000, 1);
	CHECK_EQ(bp_find(&list, BP_SW, 0x1000)->hits, 1);
	teardown();
}

TEST(physical_and_linear_are_different_places)
{
	struct target_bp p = {
		.type = BP_SW, .addr = 0x1000, .len = 1, .physical = true};

	setup();
	want(BP_SW, 0x1000, 1);
	CHECK_OK(bp_request(&list, t, 0, &p, &err), &err);
	CHECK_EQ(bp_count(&list), 2);
	drop(BP_SW, 0x1000, 1);
	CHECK_OK(bp_sync(&list, t, &err), &err);
	CHECK_EQ(f->bps, 1);
	CHECK(f->bp[0].physical);
	teardown();
}
