#include "base/cursor.h"
#include "tests/test.h"

TEST(hex_takes_sixty_four_bits)
{
	struct cursor c = cur_str("00ffffffffffffffff,");

	CHECK_EQ(cur_hex(&c), UINT64_MAX);
	cur_expect(&c, ',');
	CHECK(cur_done(&c));
}

TEST(hex_overflow_is_sticky)
{
	struct cursor c = cur_str("1ffffffffffffffff,1");

	CHECK_EQ(cur_hex(&c), 0);
	CHECK(!cur_ok(&c));
	CHECK(!cur_accept(&c, ','));
	CHECK_EQ(cur_left(&c), 0);
}

TEST(dec_overflow_fails)
{
	struct cursor c = cur_str("18446744073709551615");
	struct cursor d = cur_str("18446744073709551616");

	CHECK_EQ(cur_dec(&c), UINT64_MAX);
	CHECK(cur_done(&c));
	cur_dec(&d);
	CHECK(!cur_ok(&d));
}

TEST(junk_at_the_end_is_not_done)
{
	struct cursor c = cur_str("12g");

	CHECK_EQ(cur_hex(&c), 0x12);
	CHECK(cur_ok(&c));
	CHECK(!cur_done(&c));
}

TEST(hex_bytes_need_all_their_digits)
{
	struct cursor c = cur_str("0a0");
	uint8_t byte[2];

	CHECK(!cur_hex_bytes(&c, byte, 2));
	CHECK(!cur_ok(&c));
}

TEST(until_stops_before_the_byte_or_at_the_end)
{
	struct cursor c = cur_str("ab:c");
	size_t len;
	const char *at = cur_until(&c, ':', &len);

	CHECK(at && len == 2 && !memcmp(at, "ab", 2));
	cur_expect(&c, ':');
	cur_until(&c, ':', &len);
	CHECK_EQ(len, 1);
	CHECK(cur_done(&c));
}
