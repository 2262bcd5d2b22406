#include "base/bits.h"
#include "base/buf.h"
#include "base/err.h"
#include "tests/test.h"

TEST(grows_and_stays_terminated)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d", i);
	CHECK_EQ(b.len, 3000);
	CHECK(!strcmp(b.data + 2997, "999"));
	buf_consume(&b, 2997);
	CHECK_STR(buf_cstr(&b), "999");
	buf_deinit(&b);
	CHECK_STR(buf_cstr(&b), "");
}

TEST(limit_sets_failed_and_drops)
{
	struct buf b = {.limit = 4};

	CHECK(buf_str(&b, "abcd"));
	CHECK(!buf_str(&b, "e"));
	CHECK(b.failed);
	CHECK(!buf_str(&b, ""));
	CHECK_STR(buf_cstr(&b), "abcd");
	buf_deinit(&b);
}

TEST(hex_digits)
{
	struct buf b = BUF_INIT;

	buf_hex(&b, "\x00\x7f\xff", 3);
	CHECK_STR(buf_cstr(&b), "007fff");
	buf_deinit(&b);
}

TEST(bit_names_fields_and_strangers)
{
	static const struct bit_name table[] = {{"PE", BIT(0), ""},
						{"IOPL", BITS(13, 12), ""},
						{NULL, 0, NULL}};
	struct buf b = BUF_INIT;

	bits_print(&b, table, BIT(0) | 3 << 12 | BIT(63));
	CHECK_STR(buf_cstr(&b), "PE IOPL=3 bit63");
	buf_deinit(&b);
}

TEST(range_arithmetic_never_wraps)
{
	CHECK(range_ok(0, 16, 16, 0));
	CHECK(range_ok(0, 16, 15, 1));
	CHECK(!range_ok(0, 16, 15, 2));
	CHECK(!range_ok(0, 16, 8, UINT64_MAX));
	CHECK(range_ok(UINT64_MAX - 15, 15, UINT64_MAX - 1, 1));
	CHECK(!range_ok(UINT64_MAX - 15, 15, 0, 1));
	CHECK(ranges_overlap(UINT64_MAX - 7, 8, UINT64_MAX, 1));
	CHECK(!ranges_overlap(0, 8, 8, 8));
}

TEST(errors_carry_code_errno_and_address)
{
	struct err err;

	CHECK(!err_set_fault(&err, 0x1234, "no RAM"));
	CHECK_EQ(err_rsp_number(&err), 14);
	CHECK_EQ(err.addr, 0x1234);
	CHECK(!err_prefix(&err, "m"));
	CHECK_STR(err.msg, "m: no RAM");
	CHECK_EQ(err.addr, 0x1234);
}
