#include "base/text.h"

#include "tests/test.h"

static const char *near(const char *word, const char *const *names)
{
	static struct buf out;
	struct text_near n;

	buf_clear(&out);
	text_near_init(&n, word);
	for (; *names; names++)
		text_near_offer(&n, *names);
	text_near_print(&n, &out);
	return buf_cstr(&out);
}

TEST(distance)
{
	CHECK_EQ(text_distance("", ""), 0);
	CHECK_EQ(text_distance("abc", ""), 3);
	CHECK_EQ(text_distance("kitten", "sitting"), 3);
	CHECK_EQ(text_distance("nx", "nx"), 0);
}

TEST(a_long_word_is_far_from_everything)
{
	char word[200];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	CHECK_EQ(text_distance(word, "a"), ~0u);
}

TEST(best_first_and_no_more_than_five)
{
	static const char *const names[] = {"aaaaax", "aaaaxx", "aaaa",
					    "aaaaa",  "aaaaab", "aaaabb",
					    "zzzz",   "aaaaaa", NULL};

	CHECK_STR(near("aaaaa", names), "aaaaa, aaaaax, aaaa, aaaaab, aaaaaa");
}

TEST(prefix_counts)
{
	static const char *const names[] = {"tsc_deadline_timer", "nx", NULL};

	CHECK_STR(near("tsc_deadline", names), "tsc_deadline_timer");
	CHECK_STR(near("zz", names), "");
}
