/* Which exception an instruction raises, and the check that says so. */
#include "arch/diag/fault.h"

#include "tests/arch/diag_rig.h"
#include "tests/test.h"

TEST(instructions_that_nothing_stops)
{
	static const char *const codes[] = {
		"90",	    "50",    "c3",	 "48 89 04 24",
		"f4",	    "f3 a4", "0f 01 f8", "8e d8",
		"0f 20 c0", "74 10", "0f a2",
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		diag_long_mode();
		diag_code(codes[i]);
		diag.s.gpr[X86_RAX] = 0x10;
		if (*diag_fault())
			test_fail(__FILE__, __LINE__, "%s: %s", codes[i],
				  diag_fault());
	}
}

static const char *run(const char *hex, uint64_t rax)
{
	diag_code(hex);
	diag.s.gpr[X86_RAX] = rax;
	return diag_fault();
}

TEST(units_that_are_off)
{
	diag_long_mode();
	CHECK_STR(run("66 0f 6f c1", 0), "#UD: CR4.OSFXSR is 0: SSE is off");
	CHECK_HAS(diag.fault.fix, "set CR4.OSFXSR");
	diag.s.cr4 |= BIT(9);
	CHECK_STR(run("66 0f 6f c1", 0), "");
	diag.s.cr0 |= BIT(3);
	CHECK_STR(run("66 0f 6f c1", 0), "#NM: CR0.TS is 1");
	CHECK_STR(run("d9 e8", 0), "#NM: CR0.TS is 1"); /* fld1 */
	diag.s.cr0 ^= BIT(3) | BIT(2);
	CHECK_STR(run("66 0f 6f c1", 0), "#UD: CR0.EM is 1: SSE is off");
	diag_long_mode();
	CHECK_STR(run("c5 f9 6f c1", 0), "#UD: CR4.OSXSAVE is 0: AVX is off");
	diag.s.cr4 |= BIT(18);
	diag.s.xcr0 = 3;
	CHECK_HAS(run("c5 f9 6f c1", 0), "#UD: XCR0 is 0x3, this needs");
	diag.s.xcr0 = 7;
	CHECK_STR(run("c5 f9 6f c1", 0), "");
	diag.s.cr4 = X86_CR4_PAE;
	CHECK_STR(run("c4 e2 79 f7 c1", 0), ""); /* shlx: BMI needs neither */
	CHECK_STR(run("0f 05", 0), "#UD: EFER.SCE is 0: syscall is off");
}

TEST(memory)
{
	diag_long_mode();
	CHECK_HAS(run("48 89 00", 0x7000000), "#PF(err 0x2, cr2=0x7000000): "
					      "linear 0x7000000: PDE at "
					      "physical 0x31c0 is not present");
	CHECK_STR(run("48 89 00", 0x800000000000), "#GP(0x0): address "
						   "0x800000000000 is not "
						   "canonical");
	diag.s.gpr[X86_RSP] = 0x800000000000;
	CHECK_STR(run("58", 0), "#SS(0x0): address 0x800000000000 is not "
				"canonical");
	diag_long_mode();
	diag_map(0x11000, 0x11001); /* read-only */
	CHECK_HAS(run("48 89 00", 0x11000), "#PF(err 0x3, cr2=0x11000)");
	CHECK_HAS(run("48 89 00", 0x10ffc), "#PF(err 0x3, cr2=0x11000)");
	CHECK_STR(run("48 8b 00", 0x11000), "");
	diag.s.cr4 |= BIT(9);
	CHECK_HAS(run("66 0f 6f 00", 0x10008), "#GP(0x0): movdqa wants its "
					       "operand aligned to 16 bytes");
	diag.s.gpr[X86_RCX] = 0;
	diag.s.gpr[X86_RDI] = 0x7000000;
	CHECK_STR(run("f3 aa", 0), ""); /* rep stosb of nothing */
	diag.s.gpr[X86_RCX] = 1;
	CHECK_HAS(run("f3 aa", 0), "#PF(err 0x2, cr2=0x7000000)");
}

TEST(the_fetch_itself)
{
	diag_long_mode();
	diag.s.rip = 0x5000000;
	CHECK_HAS(diag_fault(), "#PF(err 0x0, cr2=0x5000000): ");
	diag.s.efer |= X86_EFER_NXE;
	diag.s.rip = DIAG_CODE;
	diag_map(DIAG_CODE, DIAG_CODE | 3 | BIT(63));
	CHECK_HAS(diag_fault(), "#PF(err 0x11, cr2=0x6000): linear 0x6000: a "
				"supervisor fetch is refused");
	diag_long_mode();
	diag_map(DIAG_CODE, DIAG_CODE | 3 | BIT(63));
	CHECK_HAS(diag_fault(), "NX, but EFER.NXE=0");
	CHECK_HAS(diag.fault.fix, "set EFER.NXE");
	diag_long_mode();
	diag.s.rip = 0x6ffe; /* the instruction crosses into nothing */
	diag_unmap(0x7000);
	memcpy(diag.ram + 0x6ffe, "\x48\x89", 2);
	CHECK_HAS(diag_fault(), "#PF(err 0x0, cr2=0x7000)");
}

TEST(division)
{
	diag_long_mode();
	diag.s.gpr[X86_RCX] = 0;
	CHECK_STR(run("48 f7 f1", 5), "#DE: division by zero");
	diag.s.gpr[X86_RCX] = 2;
	CHECK_STR(run("48 f7 f1", 5), "");
	diag.s.gpr[X86_RDX] = 2;
	CHECK_STR(run("48 f7 f1", 5), "#DE: the quotient does not fit in 64 "
				      "bits");
	diag.s.gpr[X86_RDX] = UINT32_MAX;
	diag.s.gpr[X86_RCX] = UINT32_MAX; /* idiv: INT_MIN / -1 */
	CHECK_STR(run("f7 f9", 0x80000000), "#DE: the quotient does not fit in "
					    "32 bits");
	diag.s.gpr[X86_RDX] = (uint64_t)1 << 63;
	diag.s.gpr[X86_RCX] = UINT64_MAX;
	CHECK_HAS(run("48 f7 f9", 0), "#DE");
	diag.s.gpr[X86_RCX] = 16;
	CHECK_STR(run("f6 f1", 0xfff), "");
	CHECK_HAS(run("f6 f1", 0x1000), "does not fit in 8 bits");
}

TEST(segments_and_far_jumps)
{
	diag_prot32();
	CHECK_HAS(run("8e d8", 0x48), "#GP(0x48): selector 0x0048 lies beyond "
				      "the GDT's limit");
	CHECK_HAS(run("8e d0", 0x18), "#GP(0x18): selector 0x0018: SS wants "
				      "writable data, this is 32-bit code");
	CHECK_HAS(run("8e d0", 0x3b), "SS wants RPL and DPL 0");
	CHECK_HAS(run("8e d0", 0), "#GP(0x0): SS cannot hold a null selector");
	CHECK_STR(run("8e d8", 0), "");
	diag_put64(DIAG_GDT + 0x10, 0x00cf13000000ffff);
	CHECK_HAS(run("8e d8", 0x10), "#NP(0x10): selector 0x0010: data is "
				      "not present");
	CHECK_HAS(run("0f 00 d8", 0x10), "TR wants an available TSS");
	CHECK_STR(run("0f 00 d8", 0x28), "");
	CHECK_HAS(run("ea 00 60 00 00 10 00", 0), "#GP(0x10): selector 0x0010: "
						  "CS wants code");
	CHECK_STR(run("ea 00 60 00 00 18 00", 0), "");
	CHECK_HAS(run("ea 00 60 00 00 20 00", 0), "its DPL 3 does not fit");
	diag.s.gdt.limit = 0;
	CHECK_HAS(run("ea 00 60 00 00 18 00", 0), "#GP(0x18): selector 0x0018 "
						  "lies beyond the GDT's "
						  "limit 0x0");
	diag.s.seg[X86_DS].attr = X86_AR_UNUSABLE;
	CHECK_HAS(run("8b 00", 0x100), "#GP(0x0): DS holds a null selector");
}

TEST(returns_to_bad_frames)
{
	uint64_t *frame = (uint64_t *)(diag.ram + DIAG_STACK + 0x800);

	diag_long_mode();
	memcpy(frame, (uint64_t[]){DIAG_CODE, 0x08, 2, 0x4000, 0x10}, 40);
	CHECK_STR(run("48 cf", 0), "");
	frame[1] = 0x23; /* user code, but a kernel's stack segment */
	CHECK_HAS(run("48 cf", 0), "#GP(0x10): selector 0x0010: SS wants RPL "
				   "and DPL 3 as CPL is, they are 0 and 0");
	frame[4] = 0x3b;
	CHECK_STR(run("48 cf", 0), "");
	frame[1] = 0x10;
	CHECK_HAS(run("48 cf", 0), "CS wants code, this is data");
	frame[0] = 0x123456789abcdef0;
	CHECK_HAS(run("c3", 0), "#GP(0x0): ret to 0x123456789abcdef0, which "
				"is not canonical");
	CHECK_HAS(diag.fault.fix, "overwritten");
}

TEST(values_of_control_registers)
{
	diag_long_mode();
	CHECK_HAS(run("0f 22 c0", 0x80000010), "#GP(0x0): register cr0: PG "
					       "(bit 31) needs PE");
	CHECK_HAS(run("0f 22 e0", 0x20 | X86_CR4_SMEP), "the guest's CPUID has "
							"nothing for SMEP");
	CHECK_STR(run("0f 22 d8", 0x1000), "");
	diag_prot32();
	diag.s.efer = X86_EFER_LME;
	CHECK_HAS(run("0f 22 c0", 0x80000011), "#GP(0x0): register cr0: paging "
					       "with EFER.LME set needs "
					       "CR4.PAE");
	diag.s.cr4 = X86_CR4_PAE;
	CHECK_STR(run("0f 22 c0", 0x80000011), "");
	diag_long_mode();
	diag.info.nx = false;
	diag.s.gpr[X86_RCX] = 0xc0000080;
	CHECK_HAS(run("0f 30", 0xd00), "nothing for NXE");
	diag.s.gpr[X86_RCX] = 0x1b;
	CHECK_HAS(run("0f 30", 0), "wrmsr of 0x0 to MSR 0x1b");
	CHECK(diag.fault.guess);
}

TEST(privilege)
{
	diag_prot32();
	diag.s.seg[X86_SS].attr |= X86_AR_DPL;
	CHECK_STR(run("f4", 0), "#GP(0x0): hlt needs CPL 0, this is CPL 3");
	CHECK_HAS(run("fa", 0), "cli at CPL 3 needs IOPL 3");
	CHECK_HAS(run("ee", 0), "or leave by the TSS's I/O bitmap");
	CHECK(diag.fault.guess);
	diag.s.rflags |= 0x3000;
	CHECK_STR(run("fa", 0), "");
}

TEST(bytes_that_are_no_instruction)
{
	diag_long_mode();
	CHECK_STR(run("06", 0), "#UD: these bytes are no instruction");
	CHECK_HAS(run("0f 0b", 0), "#UD: ud2 raises it on purpose");
	CHECK_STR(run("cd 80", 0), "int 0x80: the program's own int    $0x80");
}
