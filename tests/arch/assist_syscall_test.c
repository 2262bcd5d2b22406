#include "arch/assist.h"

#include <string.h>

#include "arch/paging/paging.h"
#include "tests/test.h"

#define LSTAR UINT64_C(0xffffffff81a00000)

static struct x86_state s, before;
static struct syscall_fault f;

/* At the #PF handler, as kvm_pvm leaves it. */
static void setup(void)
{
	s = (struct x86_state){.cr0 = X86_CR0_PE | X86_CR0_PG,
			       .efer = X86_EFER_SCE | X86_EFER_LME |
				       X86_EFER_LMA,
			       .cr2 = LSTAR,
			       .rip = 0xffffffff81a01000,
			       .rflags = 2};
	s.msr.lstar = LSTAR;
	s.msr.star = UINT64_C(0x0023001000000000);
	s.msr.sfmask = 0x257fd5;
	s.gpr[X86_RCX] = 0x401002;
	s.gpr[X86_R11] = 0x246;
	s.gpr[X86_RSP] = 0xfffffe0000002fd0;
	s.seg[X86_CS].sel = 0x10;
	f = (struct syscall_fault){.error = PFEC_P | PFEC_U | PFEC_F,
				   .rip = LSTAR,
				   .cs = 0x33,
				   .rflags = 0x10002,
				   .rsp = 0x7ffc1000,
				   .ss = 0x2b,
				   .insn = {0x0f, 0x05}};
}

TEST(becomes_what_syscall_makes)
{
	setup();
	CHECK(assist_syscall(&s, &f));
	CHECK_EQ(s.rip, LSTAR);
	CHECK_EQ(s.seg[X86_CS].sel, 0x10);
	CHECK_EQ(s.seg[X86_SS].sel, 0x18);
	CHECK_EQ(x86_cpl(&s), 0);
	CHECK_EQ(x86_mode(&s), X86_MODE_LONG64);
	CHECK_EQ(s.gpr[X86_RSP], 0x7ffc1000);
	CHECK_EQ(s.rflags, 2);
	CHECK_EQ(s.gpr[X86_RCX], 0x401002);
	CHECK_EQ(s.gpr[X86_R11], 0x246);
}

TEST(keeps_flags_that_are_not_masked)
{
	setup();
	s.msr.sfmask = 0x200;
	f.rflags = 0x10046;
	CHECK(assist_syscall(&s, &f));
	CHECK_EQ(s.rflags, 0x46);
}

TEST(without_nx_there_is_no_fetch_bit)
{
	setup();
	f.error = PFEC_P | PFEC_U;
	CHECK(assist_syscall(&s, &f));
}

/* Each of these is the guest's own page fault. */
TEST(leaves_other_faults_alone)
{
	for (int i = 0; i < 10; i++) {
		setup();
		switch (i) {
		case 0: /* a jump: RCX is anything */
			f.insn[0] = 0xff;
			break;
		case 1: /* a jump behind an old SYSCALL: R11 is not the flags */
			s.gpr[X86_R11] = 0x40 | 0x246;
			s.msr.sfmask = 0x200;
			break;
		case 2: /* LSTAR is not mapped */
			f.error = PFEC_U | PFEC_F;
			break;
		case 3:
			f.error |= PFEC_W;
			break;
		case 4: /* a read of LSTAR by user code */
			f.rip = 0x401000;
			break;
		case 5:
			s.cr2 = 0x1000;
			break;
		case 6: /* the kernel's own */
			f.cs = 0x10;
			break;
		case 7:
			s.efer &= ~X86_EFER_SCE;
			break;
		case 8:
			s.efer &= ~X86_EFER_LMA;
			break;
		default:
			s.msr.lstar = 0;
		}
		before = s;
		CHECK(!assist_syscall(&s, &f));
		CHECK(!memcmp(&s, &before, sizeof(s)));
	}
}
