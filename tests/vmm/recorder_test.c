#include "vmm/recorder.h"

#include "arch/exit/text.h"
#include "tests/test.h"

static struct recorder r;
static struct err err;

static void add(uint64_t port)
{
	struct exit_record e = {.reason = EXIT_IO, .where = port, .count = 1};

	recorder_add(&r, &e);
}

static void step(uint64_t rip)
{
	struct exit_record e = {.reason = EXIT_DEBUG, .rip = rip, .count = 1};

	recorder_add_merged(&r, &e);
}

TEST(capacity_is_in_bounds)
{
	CHECK(!recorder_init(&r, 0, &err));
	CHECK_HAS(err.msg, "1 to 16777216");
	CHECK(!recorder_init(&r, RECORDER_MAX + 1, &err));
	CHECK_OK(recorder_init(&r, 1, &err), &err);
	recorder_deinit(&r);
	CHECK_EQ(recorder_count(&r), 0);
}

TEST(keeps_the_last_ones_in_order)
{
	CHECK_OK(recorder_init(&r, 5, &err), &err);
	for (uint64_t i = 0; i < 13; i++) {
		add(i);
		CHECK_EQ(recorder_count(&r), i < 5 ? i + 1 : 5);
		CHECK_EQ(recorder_get(&r, recorder_count(&r) - 1)->where, i);
	}
	CHECK_EQ(r.total, 13);
	for (size_t i = 0; i < 5; i++)
		CHECK_EQ(recorder_get(&r, i)->where, i + 8);
	CHECK(!recorder_get(&r, 5));
	recorder_deinit(&r);
}

TEST(steps_are_merged_and_counted)
{
	CHECK_OK(recorder_init(&r, 3, &err), &err);
	add(1);
	for (uint64_t i = 0; i < 100; i++)
		step(0x1000 + i);
	add(2);
	step(0x2000);
	CHECK_EQ(r.total, 4);
	CHECK_EQ(recorder_get(&r, 0)->count, 100);
	CHECK_EQ(recorder_get(&r, 0)->rip, 0x1063);
	CHECK_EQ(recorder_get(&r, 2)->count, 1);
	CHECK_EQ(r.counts.by_reason[EXIT_DEBUG], 101);
	CHECK_EQ(r.counts.by_reason[EXIT_IO], 2);
	recorder_deinit(&r);
}

TEST(nothing_is_merged_with_what_is_gone)
{
	CHECK_OK(recorder_init(&r, 1, &err), &err);
	step(1);
	CHECK_EQ(recorder_get(&r, 0)->count, 1);
	step(2);
	CHECK_EQ(recorder_get(&r, 0)->count, 2);
	add(3);
	step(4);
	CHECK_EQ(recorder_get(&r, 0)->count, 1);
	recorder_deinit(&r);
}

TEST(one_that_is_off_takes_nothing)
{
	recorder_deinit(&r);
	add(1);
	step(1);
	CHECK_EQ(recorder_count(&r), 0);
	CHECK_EQ(r.total, 0);
}

TEST(counts_since_the_mark)
{
	CHECK_OK(recorder_init(&r, 2, &err), &err);
	add(1);
	recorder_mark(&r);
	recorder_released(&r);
	add(2);
	add(3);
	recorder_parked(&r);
	CHECK_EQ(r.counts.by_reason[EXIT_IO] - r.marked.by_reason[EXIT_IO], 2);
	CHECK(r.counts.ran_ns > 0);
	CHECK_EQ(r.marked.ran_ns, 0);
	recorder_deinit(&r);
}
