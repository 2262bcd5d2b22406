#include "arch/show/show.h"

#include "tests/test.h"

static struct x86_state s;
static struct x86_cpu_info cpu;
static struct buf out;

/* Long mode, CPL 0, everything else off. */
static void setup(void)
{
	s = (struct x86_state){
		.cr0 = X86_CR0_PE | X86_CR0_PG | BIT(4),
		.cr3 = 0x10b000,
		.cr4 = X86_CR4_PAE,
		.efer = X86_EFER_LME | X86_EFER_LMA,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.rflags = 2,
	};
	s.seg[X86_CS].attr = 0xa09b;
	cpu = (struct x86_cpu_info){.maxphyaddr = 40};
	buf_clear(&out);
}

static const char *mode(void)
{
	buf_clear(&out);
	show_mode(&out, &s, &cpu);
	return buf_cstr(&out);
}

TEST(control_registers_by_name)
{
	setup();
	s.cr8 = 3;
	show_control(&out, &s);
	CHECK_HAS(buf_cstr(&out), "CR0  0000000080000011\n  PE     ");
	CHECK_HAS(buf_cstr(&out), "not set: MP EM TS");
	CHECK_HAS(buf_cstr(&out), "top-level table at 0x10b000, PWT=0 PCD=0");
	CHECK_HAS(buf_cstr(&out), "vectors below 0x40 wait");
}

TEST(unknown_bits_are_told)
{
	setup();
	show_bits(&out, cr0_bits, BIT(0) | BIT(33));
	CHECK_HAS(buf_cstr(&out), "bit33        reserved, or unknown here");
}

TEST(cr3_depends_on_the_paging)
{
	setup();
	s.cr3 = 0x10b005;
	s.cr4 |= X86_CR4_PCIDE;
	show_control(&out, &s);
	CHECK_HAS(buf_cstr(&out), "0x10b000, PCID 0x5");
	s.efer = s.cr4 = 0;
	s.cr4 = X86_CR4_PAE;
	s.cr3 = 0x10b020;
	s.pdptr_valid = true;
	s.pdptr[1] = 0x2001;
	buf_clear(&out);
	show_control(&out, &s);
	CHECK_HAS(buf_cstr(&out), "table at 0x10b020");
	CHECK_HAS(buf_cstr(&out), "PDPTE1 cached by the processor: "
				  "0000000000002001");
	s.cr0 = 0;
	buf_clear(&out);
	show_control(&out, &s);
	CHECK_HAS(buf_cstr(&out), "not used: paging is off");
}

TEST(efer_that_contradicts_itself)
{
	setup();
	show_efer(&out, &s);
	CHECK(!strstr(buf_cstr(&out), "inconsistent"));
	s.efer = X86_EFER_LME;
	show_efer(&out, &s);
	CHECK_HAS(buf_cstr(&out), "inconsistent: LMA=0, but LME=1");
}

TEST(modes_have_names)
{
	setup();
	CHECK_HAS(mode(), "long64: long mode, 64-bit code, CPL 0\n");
	CHECK_HAS(mode(), "paging: 4-level (KVM's paging64, 4 levels)");
	s.cr4 |= X86_CR4_LA57;
	CHECK_HAS(mode(), "5-level");
	CHECK_HAS(mode(), "57-bit linear, 40-bit physical");
	s.efer = s.seg[X86_CS].attr = 0;
	s.cr4 = X86_CR4_PAE;
	CHECK_HAS(mode(), "prot16: ");
	CHECK_HAS(mode(), "paging: PAE");
	s.cr0 = 0;
	CHECK_HAS(mode(), "real: real mode, CPL 0");
	CHECK_HAS(mode(), "linear address is the physical one");
}

TEST(protections_with_their_bits)
{
	setup();
	CHECK_HAS(mode(), "NX    off  EFER.NXE=0: bit 63 of an entry is "
			  "reserved");
	s.cr4 |= X86_CR4_SMAP | X86_CR4_PKE | X86_CR4_PCIDE | BIT(28);
	s.fpu.pkru = 0x55555554;
	s.cr3 |= 7 | BIT(62);
	CHECK_HAS(mode(), "SMAP  on   CR4.SMAP=1: the supervisor");
	CHECK_HAS(mode(), "PKRU 0x55555554");
	CHECK_HAS(mode(), "PCID  on   CR4.PCIDE=1: the current one is 0x7");
	CHECK_HAS(mode(), "user pointers: bits 62..48 (LAM_U48)");
	s.rflags |= X86_FL_AC;
	CHECK_HAS(mode(), "RFLAGS.AC=1 suspends it");
}

TEST(impossible_modes_are_told)
{
	setup();
	CHECK(!strstr(mode(), "impossible"));
	s.efer = X86_EFER_LMA;
	CHECK_HAS(mode(), "impossible: EFER.LMA=1 with EFER.LME=0");
	setup();
	s.seg[X86_CS].attr |= X86_AR_DB;
	CHECK_HAS(mode(), "impossible: CS.L=1 and CS.D=1");
}

TEST(xcr0_needs_osxsave)
{
	setup();
	s.xcr0 = 7;
	cpu.xsave = true;
	show_xcr(&out, &s, &cpu);
	CHECK_HAS(buf_cstr(&out), "AVX");
	CHECK_HAS(buf_cstr(&out), "CR4.OSXSAVE=0");
}

TEST(debug_registers_decoded)
{
	setup();
	show_debug(&out, &s, NULL);
	CHECK_HAS(buf_cstr(&out), "DR0  0000000000000000  off\n");
	CHECK(!strstr(buf_cstr(&out), "BLD#"));
	s.dr[1] = 0x1002;
	s.dr7 |= 0x8 | 0xd00000; /* G1, write, 4 bytes */
	s.dr6 |= 2;
	buf_clear(&out);
	show_debug(&out, &s, NULL);
	CHECK_HAS(buf_cstr(&out), "DR1  0000000000001002  on (G): writes, 4 "
				  "bytes (not aligned");
	CHECK_HAS(buf_cstr(&out), "DR6.B1 says it was met");
	s.dr6 &= ~BIT(11);
	s.dr7 = 0x400 | 1 | 0x20000;
	buf_clear(&out);
	show_debug(&out, &s, NULL);
	CHECK_HAS(buf_cstr(&out), "needs CR4.DE");
	CHECK_HAS(buf_cstr(&out), "BLD#         0: bus lock");
}

TEST(events_in_words)
{
	setup();
	show_events(&out, &s);
	CHECK_HAS(buf_cstr(&out), "run state  runs\nexception  none\n");
	s.event = (struct x86_events){.exception_pending = true,
				      .exception_nr = 14,
				      .exception_has_error = true,
				      .exception_error = 2,
				      .exception_has_payload = true,
				      .exception_payload = 0x1234,
				      .interrupt_shadow = 2,
				      .nmi_masked = true};
	s.run_state = X86_WAIT_SIPI;
	buf_clear(&out);
	show_events(&out, &s);
	CHECK_HAS(buf_cstr(&out), "has had INIT, waits for SIPI");
	CHECK_HAS(buf_cstr(&out), "#PF (vector 14), error code 0x2, for CR2: "
				  "0x1234: pending");
	CHECK_HAS(buf_cstr(&out), "shadow     STI");
	CHECK_HAS(buf_cstr(&out), "none; masked until the next IRET");
	s.event = (struct x86_events){.exception_nr = 14,
				      .exception_error = 0x19,
				      .interrupt_injected = true,
				      .interrupt_nr = 0x20};
	buf_clear(&out);
	show_events(&out, &s);
	CHECK_HAS(buf_cstr(&out), "none; the last one KVM raised itself was "
				  "#PF (vector 14), error code 0x19\n");
	CHECK_HAS(buf_cstr(&out), "vector 0x20: injected");
}

TEST(fpu_words_by_name)
{
	setup();
	s.fpu.fctrl = 0x37f;
	s.fpu.fstat = 0x80 | 3 << 11;
	s.fpu.ftag = 0xfffc;
	s.fpu.mxcsr = 0x1f80;
	s.cr0 |= BIT(3);
	show_fpu(&out, &s);
	CHECK_HAS(buf_cstr(&out), "PC=3         precision");
	CHECK_HAS(buf_cstr(&out), "TOP=3");
	CHECK_HAS(buf_cstr(&out), "0 to 7): valid empty");
	CHECK_HAS(buf_cstr(&out), "CR0.TS=1");
}

TEST(clocks)
{
	struct x86_clock c = {.has_kvmclock = true,
			      .kvmclock_ns = 12345678901,
			      .has_realtime = true,
			      .realtime_ns = 1700000000000000001,
			      .has_tsc_offset = true,
			      .tsc_offset = UINT64_MAX,
			      .guest_tsc = 3000000,
			      .tsc_khz = 2000000};

	buf_clear(&out);
	show_clock(&out, &c);
	CHECK_HAS(buf_cstr(&out), "kvmclock       12.345678901 s\n");
	CHECK_HAS(buf_cstr(&out), "2023-11-14 22:13:20.000000001 UTC");
	CHECK_HAS(buf_cstr(&out), "0x00000000002dc6c0 (0.001500 s at its");
	CHECK_HAS(buf_cstr(&out), "2000.000 MHz");
	CHECK_HAS(buf_cstr(&out), "(-1)");
	CHECK_HAS(buf_cstr(&out), "host TSC       n/a");
	c = (struct x86_clock){0};
	buf_clear(&out);
	show_clock(&out, &c);
	CHECK_HAS(buf_cstr(&out), "kvmclock       n/a");
	CHECK_HAS(buf_cstr(&out), "TSC offset     n/a");
}
