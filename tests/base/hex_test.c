#include "tests/test.h"

#include "base/hex.h"

TEST(every_byte_at_every_place)
{
	uint8_t data[11], back[11];
	char text[23], want[3];

	for (int byte = 0; byte < 256; byte++) {
		for (int i = 0; i < 11; i++)
			data[i] = (uint8_t)(byte + i);
		hex_encode(text, data, 11);
		for (int i = 0; i < 11; i++) {
			snprintf(want, sizeof(want), "%02x", data[i]);
			CHECK(!memcmp(text + 2 * i, want, 2));
		}
		CHECK(hex_decode(back, text, 11));
		CHECK(!memcmp(back, data, 11));
	}
}

TEST(only_as_many_as_asked_for)
{
	char text[] = "xxxxxxxxxxx";

	hex_encode(text, "\x12\xab\xcd\xef\x01", 5);
	CHECK_STR(text, "12abcdef01x");
	hex_encode(text, "\xff", 0);
	CHECK_STR(text, "12abcdef01x");
}

TEST(what_is_no_digit)
{
	uint8_t out[2];

	CHECK(hex_decode(out, "AbcD", 2) && out[0] == 0xab && out[1] == 0xcd);
	CHECK(!hex_decode(out, "12g4", 2));
	CHECK(!hex_decode(out, "1 ", 1));
	CHECK_EQ(hex_digit('F'), 15);
	CHECK(hex_digit('G') < 0 && hex_digit('/') < 0 && hex_digit(':') < 0);
}
