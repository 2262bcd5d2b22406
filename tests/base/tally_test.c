#include "base/tally.h"

#include "tests/test.h"

static struct tally t;

TEST(counts_by_text)
{
	tally_add(&t, "b", 7, 1);
	tally_add(&t, "a", 1, 2);
	tally_add(&t, "b", 9, 4);
	tally_add(&t, "c", 0, 2);
	tally_sort(&t);
	CHECK_EQ(t.lines, 3);
	CHECK_EQ(t.total, 9);
	CHECK_STR(t.line[0].text, "b");
	CHECK_EQ(t.line[0].count, 5);
	CHECK_EQ(t.line[0].tag, 7);
	CHECK_STR(t.line[1].text, "a");
	CHECK_STR(t.line[2].text, "c");
	tally_deinit(&t);
	CHECK_EQ(t.lines, 0);
}

TEST(takes_any_number_of_lines)
{
	char text[16];

	for (int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 10000; i++) {
			snprintf(text, sizeof(text), "%x", i);
			tally_add(&t, text, i, i);
		}
	CHECK_EQ(t.lines, 10000);
	CHECK(!t.failed);
	tally_sort(&t);
	CHECK_EQ(t.line[0].tag, 9999);
	CHECK_EQ(t.line[0].count, 2 * 9999);
	tally_deinit(&t);
}

TEST(an_empty_one_sorts)
{
	tally_sort(&t);
	tally_deinit(&t);
}
