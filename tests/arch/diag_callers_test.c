/* Code lies at linear 0x100 (physical 0x5100), the stack below 0x1000. */
#include "arch/diag/callers.h"

#include <string.h>

#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct callers callers;
static struct buf out;

static void setup(void)
{
	struct x86_state *s = &rig.state;

	rig_long_mode();
	s->rip = 0x100;
	s->seg[X86_CS].attr = 0xa09b;
	s->gpr[X86_RSP] = 0xe00;
	s->gpr[X86_RBP] = 0xe10;
	memcpy(rig.ram + 0x5200, "\xe8\x00\x00\x00\x00",
	       5); /* returns to 205 */
	memcpy(rig.ram + 0x5300, "\xff\x15\x00\x00\x00\x00", 6); /* to 306 */
	memcpy(rig.ram + 0x5400, "\xff\xd0", 2); /* call *%rax: to 402 */
	memcpy(rig.ram + 0x5500, "\xff\xe0", 2); /* jmp *%rax */
}

static void slot(gva_t at, uint64_t value)
{
	memcpy(rig.ram + 0x5000 + at, &value, sizeof(value));
}

static void frame(gva_t at, gva_t next, uint64_t ret)
{
	slot(at, next);
	slot(at + 8, ret);
}

static void name(void *ctx, struct buf *to, gva_t addr)
{
	const gva_t known = *(gva_t *)ctx;

	if (addr == known || addr == known - 1)
		buf_printf(to, " <caller+%d>", (int)(5 + addr - known));
	else if (addr == 0x402) /* what lies behind the call at 400 */
		buf_str(to, " <next>");
	else if (addr == 0x401)
		buf_str(to, " <never_returns+1>");
}

static const char *look(void)
{
	gva_t known = 0x205;
	const struct show_names names = {name, &known};
	struct x86_view view;

	view_init(&view, &rig.state, &rig.info, &rig_mem);
	callers_find(&view, &callers);
	buf_clear(&out);
	callers_print(&out, &callers, &names);
	return buf_cstr(&out);
}

TEST(frame_pointers_are_followed)
{
	setup();
	slot(0xe00, 0x402); /* left from an earlier call */
	frame(0xe10, 0xe80, 0x205);
	frame(0xe80, 0xea0, 0x306);
	frame(0xea0, 0xe10, 0x402); /* not upwards: the end */
	CHECK_STR(look(), "called from <caller+5> 0x306 <never_returns+1>");
}

TEST(without_them_the_stack_is_looked_through)
{
	setup();
	rig.state.gpr[X86_RBP] = 0x1234567;
	slot(0xe08, 0x205);
	slot(0xe18, 0x502); /* behind a jump */
	slot(0xe20, 0x206); /* in the middle of something */
	slot(0xe28, 0x306);
	CHECK_STR(look(), "on its stack: <caller+5> 0x306");
}

TEST(data_is_no_caller)
{
	setup();
	rig.state.gpr[X86_RBP] = 0;
	CHECK_STR(look(), "");
	slot(0xe08, 3);
	slot(0xe10, 0xdeadbeefdeadbeef);
	CHECK_STR(look(), "");
	slot(0xe08, 0x205);
	rig.state.seg[X86_SS].attr |= 3 << 5;
	rig.state.seg[X86_CS].attr |= 3 << 5;
	CHECK_STR(look(), ""); /* a process's stack is its own */
}
