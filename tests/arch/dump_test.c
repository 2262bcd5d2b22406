#include "arch/dump.h"

#include "tests/test.h"

static struct buf out;

/* A long-mode guest that died in supervisor code. */
static struct x86_state long_mode(void)
{
	struct x86_state s = {
		.gpr[X86_RAX] = 0x1122334455667788,
		.gpr[X86_RBX] = 1,
		.gpr[X86_RCX] = 0xc0000080,
		.gpr[X86_RDX] = 3,
		.gpr[X86_RSI] = 4,
		.gpr[X86_RDI] = 5,
		.gpr[X86_RBP] = 6,
		.gpr[X86_RSP] = 0xfff8,
		.gpr[X86_R8] = 8,
		.gpr[X86_R9] = 9,
		.gpr[X86_R15] = 0xdeadbeefcafef00d,
		.rip = 0x7024,
		.rflags = 0x6,
		.gdt = {0x7028, 0x17},
		.idt = {0, 0x3ff},
		.cr0 = 0x80010011,
		.cr3 = 0x10000,
		.cr4 = 0xb0,
		.efer = 0xd00,
		.dr[1] = 0xffffffff81000000,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
	};

	s.seg[X86_ES] = (struct x86_seg){0, 0xffffffff, 0xc093, 0x10};
	s.seg[X86_SS] = s.seg[X86_ES];
	s.seg[X86_DS] = s.seg[X86_ES];
	s.seg[X86_CS] = (struct x86_seg){0, 0xffffffff, 0xa09b, 8};
	s.seg[X86_FS] = (struct x86_seg){0, 0, 0x1c000, 0};
	s.seg[X86_GS] = (struct x86_seg){0xffff888000000000, 0xffff, 0xf3, 0};
	s.seg[X86_LDTR] = (struct x86_seg){0, 0xffff, 0x82, 0};
	s.seg[X86_TR] = (struct x86_seg){0, 0xffff, 0x8b, 0};
	return s;
}

TEST(long_mode_dump)
{
	struct x86_state s = long_mode();

	dump_registers(&out, &s);
	CHECK_STR(buf_cstr(&out),
		  "RAX=1122334455667788 RBX=0000000000000001 "
		  "RCX=00000000c0000080 RDX=0000000000000003\n"
		  "RSI=0000000000000004 RDI=0000000000000005 "
		  "RBP=0000000000000006 RSP=000000000000fff8\n"
		  "R8 =0000000000000008 R9 =0000000000000009 "
		  "R10=0000000000000000 R11=0000000000000000\n"
		  "R12=0000000000000000 R13=0000000000000000 "
		  "R14=0000000000000000 R15=deadbeefcafef00d\n"
		  "RIP=0000000000007024 RFL=00000006 [-----P-] CPL=0 II=0 "
		  "A20=1 SMM=0 HLT=0\n"
		  "ES =0010 0000000000000000 ffffffff 00c09300 DPL=0 DS   "
		  "[-WA]\n"
		  "CS =0008 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 "
		  "[-RA]\n"
		  "SS =0010 0000000000000000 ffffffff 00c09300 DPL=0 DS   "
		  "[-WA]\n"
		  "DS =0010 0000000000000000 ffffffff 00c09300 DPL=0 DS   "
		  "[-WA]\n"
		  "FS =0000 0000000000000000 00000000 00c00000\n"
		  "GS =0000 ffff888000000000 0000ffff 0000f300 DPL=3 DS   "
		  "[-WA]\n"
		  "LDT=0000 0000000000000000 0000ffff 00008200 DPL=0 LDT\n"
		  "TR =0000 0000000000000000 0000ffff 00008b00 DPL=0 "
		  "TSS64-busy\n"
		  "GDT=     0000000000007028 00000017\n"
		  "IDT=     0000000000000000 000003ff\n"
		  "CR0=80010011 CR2=0000000000000000 CR3=0000000000010000 "
		  "CR4=000000b0\n"
		  "DR0=0000000000000000 DR1=ffffffff81000000 "
		  "DR2=0000000000000000 DR3=0000000000000000 \n"
		  "DR6=00000000ffff0ff0 DR7=0000000000000400\n"
		  "EFER=0000000000000d00\n");
	buf_deinit(&out);
}

/* A processor at its reset vector. */
TEST(real_mode_dump)
{
	struct x86_state s = {
		.gpr[X86_RDX] = 0x60fb1,
		.rip = 0xfff0,
		.rflags = 2,
		.gdt = {0, 0xffff},
		.idt = {0, 0xffff},
		.cr0 = 0x60000010,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
	};

	for (unsigned int i = 0; i < X86_GS + 1; i++)
		s.seg[i] = (struct x86_seg){0, 0xffff, 0x93, 0};
	s.seg[X86_CS] = (struct x86_seg){0xffff0000, 0xffff, 0x9b, 0xf000};
	s.seg[X86_LDTR] = (struct x86_seg){0, 0xffff, 0x82, 0};
	s.seg[X86_TR] = (struct x86_seg){0, 0xffff, 0x8b, 0};
	dump_registers(&out, &s);
	CHECK_STR(buf_cstr(&out), "EAX=00000000 EBX=00000000 ECX=00000000 "
				  "EDX=00060fb1\n"
				  "ESI=00000000 EDI=00000000 EBP=00000000 "
				  "ESP=00000000\n"
				  "EIP=0000fff0 EFL=00000002 [-------] CPL=0 "
				  "II=0 A20=1 SMM=0 "
				  "HLT=0\n"
				  "ES =0000 00000000 0000ffff 00009300\n"
				  "CS =f000 ffff0000 0000ffff 00009b00\n"
				  "SS =0000 00000000 0000ffff 00009300\n"
				  "DS =0000 00000000 0000ffff 00009300\n"
				  "FS =0000 00000000 0000ffff 00009300\n"
				  "GS =0000 00000000 0000ffff 00009300\n"
				  "LDT=0000 00000000 0000ffff 00008200\n"
				  "TR =0000 00000000 0000ffff 00008b00\n"
				  "GDT=     00000000 0000ffff\n"
				  "IDT=     00000000 0000ffff\n"
				  "CR0=60000010 CR2=00000000 CR3=00000000 "
				  "CR4=00000000\n"
				  "DR0=0000000000000000 DR1=0000000000000000 "
				  "DR2=0000000000000000 DR3=0000000000000000 \n"
				  "DR6=00000000ffff0ff0 DR7=0000000000000400\n"
				  "EFER=0000000000000000\n");
	buf_deinit(&out);
}

TEST(compatibility_mode_mixes_the_forms)
{
	struct x86_state s = long_mode();

	s.seg[X86_CS].attr = 0xc0fb;
	s.seg[X86_SS].attr = 0xc0f3;
	s.rflags = 0xad7;
	s.event.interrupt_shadow = 2;
	s.event.smm = true;
	s.run_state = X86_HALTED;
	dump_registers(&out, &s);
	CHECK_HAS(buf_cstr(&out), "EIP=00007024 EFL=00000ad7 [-OSZAPC] CPL=3 "
				  "II=1 A20=1 SMM=1 "
				  "HLT=1\n");
	CHECK_HAS(buf_cstr(&out), "CS =0008 00000000 ffffffff 00c0fb00 DPL=3 "
				  "CS32 [-RA]\n");
	CHECK_HAS(buf_cstr(&out), "GDT=     0000000000007028 00000017\n");
	buf_deinit(&out);
}

TEST(segment_types)
{
	struct x86_state s = long_mode();

	s.efer = 0;
	s.seg[X86_CS].attr = 0x9e;
	s.seg[X86_DS].attr = 0x97;
	s.seg[X86_ES].attr = 0x40b0;
	s.seg[X86_TR].attr = 0x8b;
	s.seg[X86_LDTR].attr = 0x10082;
	dump_registers(&out, &s);
	CHECK_HAS(buf_cstr(&out), "00009e00 DPL=0 CS16 [CR-]\n");
	CHECK_HAS(buf_cstr(&out), "00009700 DPL=0 DS16 [EWA]\n");
	CHECK_HAS(buf_cstr(&out), "0040b000 DPL=1 DS   [---]\n");
	CHECK_HAS(buf_cstr(&out), "00008b00 DPL=0 TSS32-busy\n");
	CHECK_HAS(buf_cstr(&out), "LDT=0000 00000000 0000ffff 00000200\n");
	buf_deinit(&out);
}

TEST(x87_and_sse)
{
	struct x86_state s = long_mode();

	s.xcr0 = 3;
	s.fpu.fctrl = 0x37f;
	s.fpu.fstat = 0x3800;
	s.fpu.ftag = 0x3fff; /* only the last register is in use */
	s.fpu.mxcsr = 0x1f80;
	memcpy(s.fpu.st[0], "\0\0\0\0\0\0\0\x80\xff\x3f", 10);
	s.fpu.xmm[1][0] = 0x11;
	s.fpu.xmm[1][8] = 0x22;
	dump_fpu(&out, &s);
	CHECK_HAS(buf_cstr(&out), "FCW=037f FSW=3800 [ST=7] FTW=80 "
				  "MXCSR=00001f80\n"
				  "FPR0=8000000000000000 3fff "
				  "FPR1=0000000000000000 0000\n");
	CHECK_HAS(buf_cstr(&out), "FPR7=0000000000000000 0000\n"
				  "XMM00=0000000000000000 0000000000000000 "
				  "XMM01=0000000000000022 0000000000000011\n");
	CHECK_HAS(buf_cstr(&out), "XMM15=");
	CHECK(!strstr(buf_cstr(&out), "YMM"));
	buf_deinit(&out);
}

TEST(vectors_follow_xcr0)
{
	struct x86_state s = long_mode();

	s.xcr0 = 7;
	s.fpu.ymmh[2][8] = 0x33;
	s.fpu.zmmh[0][24] = 0x44;
	s.fpu.hi16[15][0] = 0x55;
	s.fpu.k[7] = 0x66;
	dump_fpu(&out, &s);
	CHECK_HAS(buf_cstr(&out), "\nYMM02=0000000000000033 0000000000000000 "
				  "0000000000000000 0000000000000000\n");
	buf_clear(&out);
	s.xcr0 = 0xe7;
	dump_fpu(&out, &s);
	CHECK_HAS(buf_cstr(&out), " Opmask07=0000000000000066\n");
	CHECK_HAS(buf_cstr(&out), "\nZMM00=0000000000000044 ");
	CHECK_HAS(buf_cstr(&out), " 0000000000000055\n");
	CHECK_HAS(buf_cstr(&out), "\nZMM31=");
	buf_deinit(&out);
}

TEST(code_line)
{
	static const uint8_t bytes[] = {0x90, 0xcc, 0xf4, 0};
	static const bool valid[] = {true, true, true, false};
	static const bool none[4];

	dump_code(&out, bytes, valid, 4, 1);
	CHECK_STR(buf_cstr(&out), "Code=90 <cc> f4 ??\n");
	buf_clear(&out);
	dump_code(&out, bytes, none, 2, 0);
	CHECK_STR(buf_cstr(&out), "Code=<?\?> ?\?\n");
	buf_deinit(&out);
}
