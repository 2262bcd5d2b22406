/* What IRET, SYSRET and SYSEXIT leave when they go to user mode. */
#include "arch/user_return.h"

#include "tests/arch/paging_rig.h"
#include "tests/test.h"

#define GDT   0x100u /* linear 0 is physical 0x5000 */
#define STACK 0x800u

static struct x86_state out;

static void put(gva_t at, uint64_t value)
{
	rig_put64(0x5000 + at, value);
}

/* CPL 0, 64-bit code; DS is the kernel's, ES the user's. */
static void kernel(void)
{
	static const uint64_t gdt[] = {0,
				       0x00af9b000000ffff,
				       0x00cf93000000ffff,
				       0x00cffb000000ffff,
				       0x00cff2000000ffff,
				       0x00affb000000ffff};
	struct x86_state *s = &rig.state;

	rig_long_mode();
	for (unsigned int i = 0; i < 6; i++)
		put(GDT + 8 * i, gdt[i]);
	s->gdt = (struct x86_dtable){GDT, 0x2f};
	s->seg[X86_CS] = (struct x86_seg){.sel = 8, .attr = 0xa09b};
	s->seg[X86_SS] = (struct x86_seg){.sel = 16, .attr = 0xc093};
	s->seg[X86_DS] = (struct x86_seg){.sel = 16, .attr = 0xc093};
	s->seg[X86_ES] = (struct x86_seg){.sel = 0x23, .attr = 0xc0f3};
	s->rflags = 2;
	s->gpr[X86_RSP] = STACK;
}

static void frame(uint64_t rip, uint64_t cs, uint64_t flags, uint64_t rsp,
		  uint64_t ss)
{
	put(STACK, rip);
	put(STACK + 8, cs);
	put(STACK + 16, flags);
	put(STACK + 24, rsp);
	put(STACK + 32, ss);
}

static bool go(enum insn_kind kind, unsigned int size)
{
	const struct insn insn = {.kind = kind, .operand_size = size};
	struct x86_view v;

	view_init(&v, &rig.state, &rig.info, &rig_mem);
	return user_return(&v, &insn, &out);
}

TEST(iret_loads_the_frame_and_drops_the_kernels_data_segments)
{
	kernel();
	frame(0x401000, 0x2b, 0x246, 0x7fff0000, 0x23);
	CHECK(go(INSN_IRET, 8));
	CHECK_EQ(out.rip, 0x401000);
	CHECK_EQ(out.rflags, 0x246);
	CHECK_EQ(out.gpr[X86_RSP], 0x7fff0000);
	CHECK_EQ(out.seg[X86_CS].sel, 0x2b);
	CHECK_EQ(out.seg[X86_CS].attr, 0xa0fb);
	CHECK_EQ(out.seg[X86_SS].attr, 0xc0f3);
	CHECK_EQ(x86_mode(&out), X86_MODE_LONG64);
	CHECK_EQ(x86_cpl(&out), 3);
	CHECK_EQ(out.seg[X86_DS].sel, 0);
	CHECK(out.seg[X86_DS].attr & X86_AR_UNUSABLE);
	CHECK_EQ(out.seg[X86_ES].sel, 0x23);
}

TEST(iret_to_compatibility_mode)
{
	kernel();
	frame(0x401000, 0x1b, 0x202, 0x8000, 0x23);
	CHECK(go(INSN_IRET, 8));
	CHECK_EQ(x86_mode(&out), X86_MODE_COMPAT32);
}

TEST(an_iret_that_faults_or_stays_in_the_kernel_is_not_made)
{
	static const uint64_t bad[][3] = {
		{0x401000, 8, 16},	  /* the same privilege */
		{0x401000, 0x2a, 0x23},	  /* RPL 2 */
		{0x401000, 0x13, 0x23},	  /* data as code */
		{0x401000, 0x2b, 0x2b},	  /* code as stack */
		{0x401000, 0x33, 0x23},	  /* beyond the GDT */
		{1ull << 47, 0x2b, 0x23}, /* not canonical */
		{0x401000, 0x1b, 3},	  /* 32-bit code needs a stack */
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		kernel();
		frame(bad[i][0], bad[i][1], 2, 0x8000, bad[i][2]);
		CHECK(!go(INSN_IRET, 8));
	}
	kernel();
	frame(0x401000, 0x2b, 2, 0x8000, 0x23);
	rig.state.rflags |= 1 << 14; /* NT */
	CHECK(!go(INSN_IRET, 8));
	rig.state.rflags = 2;
	rig.state.gpr[X86_RSP] = 0x5000000; /* not mapped */
	CHECK(!go(INSN_IRET, 8));
}

TEST(sysret_to_either_width)
{
	kernel();
	rig.state.efer |= 1;
	rig.state.msr.star = 0x001b000800000000;
	rig.state.gpr[X86_RCX] = 0x10000401000;
	rig.state.gpr[X86_R11] = 0x10346; /* RF and TF */
	CHECK(go(INSN_SYSRET, 8));
	CHECK_EQ(out.rip, 0x10000401000);
	CHECK_EQ(out.rflags, 0x346);
	CHECK_EQ(out.seg[X86_CS].sel, 0x2b);
	CHECK_EQ(out.seg[X86_SS].sel, 0x23);
	CHECK_EQ(x86_mode(&out), X86_MODE_LONG64);
	CHECK_EQ(out.gpr[X86_RSP], STACK);
	CHECK(go(INSN_SYSRET, 4));
	CHECK_EQ(out.rip, 0x401000);
	CHECK_EQ(out.seg[X86_CS].sel, 0x1b);
	CHECK_EQ(x86_mode(&out), X86_MODE_COMPAT32);
	rig.state.efer &= ~1ull;
	CHECK(!go(INSN_SYSRET, 8));
}

TEST(sysexit_to_either_width)
{
	kernel();
	rig.state.msr.sysenter_cs = 8;
	rig.state.gpr[X86_RDX] = 0x10000401000;
	rig.state.gpr[X86_RCX] = 0x20000008000;
	CHECK(go(INSN_SYSEXIT, 8));
	CHECK_EQ(out.rip, 0x10000401000);
	CHECK_EQ(out.gpr[X86_RSP], 0x20000008000);
	CHECK_EQ(out.seg[X86_CS].sel, 0x2b);
	CHECK_EQ(out.seg[X86_SS].sel, 0x33);
	CHECK(go(INSN_SYSEXIT, 4));
	CHECK_EQ(out.rip, 0x401000);
	CHECK_EQ(out.seg[X86_CS].sel, 0x1b);
	CHECK_EQ(out.seg[X86_SS].sel, 0x23);
	rig.state.msr.sysenter_cs = 3;
	CHECK(!go(INSN_SYSEXIT, 8));
}

static struct insn classify(const char *bytes, size_t len, enum x86_mode mode)
{
	struct insn insn;

	insn_classify((const uint8_t *)bytes, len, mode, &insn);
	return insn;
}

TEST(the_instructions_are_told_apart)
{
	CHECK_EQ(classify("\x0f\x01\xf8", 3, X86_MODE_LONG64).kind,
		 INSN_SWAPGS);
	CHECK_EQ(classify("\x0f\x01\xf8", 3, X86_MODE_PROT32).kind, INSN_OTHER);
	CHECK_EQ(classify("\x0f\x01", 2, X86_MODE_LONG64).kind, INSN_OTHER);
	CHECK_EQ(classify("\x0f", 1, X86_MODE_LONG64).kind, INSN_OTHER);
	CHECK_EQ(classify("\x48\x0f\x07", 3, X86_MODE_LONG64).kind,
		 INSN_SYSRET);
	CHECK_EQ(classify("\x48\x0f\x07", 3, X86_MODE_LONG64).operand_size, 8);
	CHECK_EQ(classify("\x0f\x35", 2, X86_MODE_LONG64).kind, INSN_SYSEXIT);
	CHECK_EQ(classify("\x0f\x35", 2, X86_MODE_LONG64).operand_size, 4);
	CHECK_EQ(classify("\x48\xcf", 2, X86_MODE_LONG64).operand_size, 8);
}
