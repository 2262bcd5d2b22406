#include "stub/mon/args.h"

#include "tests/test.h"

static struct mon_words w;
static struct err err;

TEST(words_are_split_at_blanks)
{
	CHECK_OK(mon_split("  info\tregisters  -a ", &w, &err), &err);
	CHECK_EQ(w.n, 3);
	CHECK_STR(w.word[0], "info");
	CHECK_STR(w.word[2], "-a");
	CHECK_OK(mon_split(" \t ", &w, &err), &err);
	CHECK_EQ(w.n, 0);
}

TEST(quotes_keep_blanks)
{
	CHECK_OK(mon_split("a \"b c\" 'd \" e' f\"g h\"i \"\"", &w, &err),
		 &err);
	CHECK_EQ(w.n, 5);
	CHECK_STR(w.word[1], "b c");
	CHECK_STR(w.word[2], "d \" e");
	CHECK_STR(w.word[3], "fg hi");
	CHECK_STR(w.word[4], "");
}

TEST(backslash_quotes_inside_double_quotes_only)
{
	CHECK_OK(mon_split("\"a\\\"b\" 'c\\d' \\e", &w, &err), &err);
	CHECK_STR(w.word[0], "a\"b");
	CHECK_STR(w.word[1], "c\\d");
	CHECK_STR(w.word[2], "\\e");
}

TEST(open_quotes_are_errors)
{
	CHECK(!mon_split("say \"hello", &w, &err));
	CHECK_EQ(err.code, ERR_MALFORMED);
	CHECK_STR(err.msg, "no closing \" after \"hello");
	CHECK(!mon_split("\"a\\\"", &w, &err));
	CHECK(!mon_split("'", &w, &err));
}

TEST(long_lines_and_many_words_are_errors)
{
	char line[MON_LINE_MAX + 2];

	memset(line, 'x', sizeof(line) - 1);
	line[MON_LINE_MAX + 1] = '\0';
	CHECK(!mon_split(line, &w, &err));
	CHECK_EQ(err.code, ERR_LIMIT);
	line[MON_LINE_MAX] = '\0';
	CHECK_OK(mon_split(line, &w, &err), &err);
	for (int i = 0; i < MON_LINE_MAX; i += 2)
		line[i] = ' ';
	CHECK(!mon_split(line, &w, &err));
	line[2 * MON_WORDS] = '\0';
	CHECK_OK(mon_split(line, &w, &err), &err);
	CHECK_EQ(w.n, MON_WORDS);
}

TEST(numbers)
{
	uint64_t v = 7;

	CHECK(mon_number("0x1f", &v, &err) && v == 0x1f);
	CHECK(mon_number("0XFFFFFFFFFFFFFFFF", &v, &err) && v == UINT64_MAX);
	CHECK(mon_number("010", &v, &err) && v == 10);
	CHECK(!mon_number("1f", &v, &err));
	CHECK_HAS(err.msg, "'1f' is not a number");
	CHECK(!mon_number("", &v, &err));
	CHECK(!mon_number("0x", &v, &err));
	CHECK(!mon_number("-1", &v, &err));
	CHECK(!mon_number("0x10000000000000000", &v, &err));
	CHECK_EQ(v, 10);
}

TEST(sizes)
{
	uint64_t v = 7;

	CHECK(mon_size("4096", &v, &err) && v == 4096);
	CHECK(mon_size("0x10k", &v, &err) && v == 0x4000);
	CHECK(mon_size("3M", &v, &err) && v == 3 << 20);
	CHECK(mon_size("1G", &v, &err) && v == 1 << 30);
	CHECK(mon_size("2T", &v, &err) && v == UINT64_C(2) << 40);
	CHECK(!mon_size("4X", &v, &err));
	CHECK_HAS(err.msg, "'4X' is not a size");
	CHECK(!mon_size("K", &v, &err));
	CHECK(!mon_size("1KK", &v, &err));
	CHECK(!mon_size("18014398509481984K", &v, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	CHECK_EQ(v, UINT64_C(2) << 40);
}

TEST(indices_are_bounded)
{
	unsigned int i = 9;

	CHECK(mon_index("1", "vCPU", 2, &i, &err) && i == 1);
	CHECK(!mon_index("2", "vCPU", 2, &i, &err));
	CHECK_STR(err.msg, "there is no vCPU 2; the last one is 1");
	CHECK(!mon_index("0x100000000", "vCPU", 2, &i, &err));
	CHECK(!mon_index("x", "vCPU", 2, &i, &err));
	CHECK_HAS(err.msg, "'x'");
	CHECK_EQ(i, 1);
}

TEST(hostile_words_are_shown_harmlessly)
{
	char shown[12];

	CHECK_STR(mon_printable(shown, sizeof(shown), "a\033[1m\nb"), "a?[1m?"
								      "b");
	CHECK_STR(mon_printable(shown, sizeof(shown), "0123456789abcdef"), "012"
									   "345"
									   "67."
									   "."
									   ".");
}

TEST(formats_are_words_of_their_own)
{
	CHECK_OK(mon_split("x/4xb $rip \"a b\"", &w, &err), &err);
	CHECK_EQ(w.quoted, 4);
	CHECK_OK(mon_split_format(&w, 0, &err), &err);
	CHECK_EQ(w.n, 4);
	CHECK_STR(w.word[0], "x");
	CHECK_STR(w.word[1], "/4xb");
	CHECK_STR(w.word[2], "$rip");
	CHECK_STR(w.word[3], "a b");
	CHECK_EQ(w.quoted, 8);
	CHECK_OK(mon_split_format(&w, 1, &err), &err); /* begins with it */
	CHECK_OK(mon_split_format(&w, 2, &err), &err);
	CHECK_OK(mon_split_format(&w, 3, &err), &err);
	CHECK_EQ(w.n, 4);
}
