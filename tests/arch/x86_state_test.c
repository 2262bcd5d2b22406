#include "arch/x86_state.h"

#include "tests/test.h"

static struct x86_state with(uint64_t cr0, uint64_t efer, uint32_t cs_attr)
{
	struct x86_state s = {.cr0 = cr0, .efer = efer, .rflags = 2};

	s.seg[X86_CS].attr = cs_attr;
	s.seg[X86_SS].attr = X86_AR_DPL;
	return s;
}

static const char *mode_of(uint64_t cr0, uint64_t efer, uint32_t cs_attr)
{
	struct x86_state s = with(cr0, efer, cs_attr);

	return x86_mode_name(x86_mode(&s));
}

TEST(modes)
{
	CHECK_STR(mode_of(0, 0, 0), "real");
	CHECK_STR(mode_of(1, 0, 0), "prot16");
	CHECK_STR(mode_of(1, 0, X86_AR_DB), "prot32");
	/* L means nothing outside long mode */
	CHECK_STR(mode_of(1, X86_EFER_LME, X86_AR_DB | X86_AR_L), "prot32");
	CHECK_STR(mode_of(X86_CR0_PG | 1, X86_EFER_LMA, X86_AR_L), "long64");
	CHECK_STR(mode_of(X86_CR0_PG | 1, X86_EFER_LMA, X86_AR_DB), "compat32");
	CHECK_STR(mode_of(X86_CR0_PG | 1, X86_EFER_LMA, 0), "compat16");
	CHECK_STR(x86_mode_name((enum x86_mode)99), "?");
}

TEST(vm86_and_cpl)
{
	struct x86_state s = with(1, 0, X86_AR_DB);

	CHECK_EQ(x86_cpl(&s), 3);
	s.seg[X86_SS].attr = 0;
	CHECK_EQ(x86_cpl(&s), 0);
	s.rflags |= X86_FL_VM;
	CHECK_STR(x86_mode_name(x86_mode(&s)), "vm86");
	CHECK_EQ(x86_cpl(&s), 3);
	s.cr0 = 0;
	s.seg[X86_SS].attr = X86_AR_DPL;
	CHECK_EQ(x86_cpl(&s), 0);
}

TEST(linear_pc)
{
	struct x86_state s = with(0, 0, 0);

	s.seg[X86_CS].base = 0xffff0000;
	s.rip = 0xfff0;
	CHECK_EQ(x86_linear_pc(&s), 0xfffffff0);
	s.rip = 0x10010;
	CHECK_EQ(x86_linear_pc(&s), 0x10); /* wraps at 4 GiB */
	s = with(X86_CR0_PG | 1, X86_EFER_LMA, X86_AR_L);
	s.seg[X86_CS].base = 0x1000; /* ignored */
	s.rip = 0xffffffff81000000;
	CHECK_EQ(x86_linear_pc(&s), 0xffffffff81000000);
}
