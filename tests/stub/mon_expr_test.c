#include "stub/mon/expr.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct mon_ctx ctx;
static uint64_t v, first, last;

static void setup(void)
{
	static const struct target_symbol symbol = {"start_kernel", 0x2000, 16};

	f = fake_create(2);
	f->inspect.symbol = &symbol;
	f->inspect.symbols = 1;
	ctx = (struct mon_ctx){.target = &f->target};
	v = first = last = 0;
}

TEST(numbers)
{
	setup();
	CHECK_OK(mon_value(&ctx, "0x1f", &v), &ctx.err);
	CHECK_EQ(v, 0x1f);
	CHECK_OK(mon_value(&ctx, "2M", &v), &ctx.err);
	CHECK_EQ(v, 2 << 20);
	CHECK_OK(mon_value(&ctx, "-1", &v), &ctx.err);
	CHECK_EQ(v, UINT64_MAX);
	fake_destroy(f);
}

TEST(registers_of_the_commands_vcpu)
{
	setup();
	CHECK_OK(mon_value(&ctx, "$rip+8", &v), &ctx.err);
	CHECK_EQ(v, 0x1008);
	ctx.vcpu = 1;
	CHECK_OK(mon_value(&ctx, "$pc", &v), &ctx.err);
	CHECK_EQ(v, 0x1100);
	CHECK(!mon_value(&ctx, "$nosuch", &v));
	CHECK_HAS(ctx.err.msg, "'$nosuch' is no register");
	fake_destroy(f);
}

TEST(symbols)
{
	setup();
	CHECK_OK(mon_value(&ctx, "start_kernel+4", &v), &ctx.err);
	CHECK_EQ(v, 0x2004);
	CHECK(!mon_value(&ctx, "rip", &v));
	CHECK_HAS(ctx.err.msg, "the register is $rip");
	fake_destroy(f);
}

TEST(arithmetic)
{
	setup();
	CHECK_OK(mon_value(&ctx, "2+3*4-(1+1)/2", &v), &ctx.err);
	CHECK_EQ(v, 13);
	CHECK(!mon_value(&ctx, "1/0", &v));
	CHECK_HAS(ctx.err.msg, "division by zero");
	CHECK(!mon_value(&ctx, "(1", &v));
	CHECK(!mon_value(&ctx, "1+", &v));
	CHECK(!mon_value(&ctx, "1 2", &v));
	CHECK(!mon_value(&ctx, "((((((((((((((((((((((((((((((((((1", &v));
	CHECK_HAS(ctx.err.msg, "nested too deep");
	CHECK_EQ(v, 13);
	fake_destroy(f);
}

TEST(ranges)
{
	setup();
	CHECK_OK(mon_range(&ctx, "0x70-0x71", &first, &last), &ctx.err);
	CHECK_EQ(first, 0x70);
	CHECK_EQ(last, 0x71);
	CHECK_OK(mon_range(&ctx, "0xfee00000+0x1000", &first, &last), &ctx.err);
	CHECK_EQ(last, 0xfee00fff);
	CHECK_OK(mon_range(&ctx, "($rip-8)", &first, &last), &ctx.err);
	CHECK_EQ(first, 0xff8);
	CHECK_EQ(last, 0xff8);
	CHECK(!mon_range(&ctx, "5-4", &first, &last));
	CHECK_HAS(ctx.err.msg, "ends before it begins");
	CHECK(!mon_range(&ctx, "5+0", &first, &last));
	CHECK(!mon_range(&ctx, "5..6", &first, &last));
	fake_destroy(f);
}
