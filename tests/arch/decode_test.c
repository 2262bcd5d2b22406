#include "arch/decode.h"
#include "base/bits.h"
#include "tests/test.h"

/* A 64-bit processor with telling values; other modes change it. */
static struct x86_state cpu(void)
{
	struct x86_state s = {.rip = 0x1000,
			      .cr0 = X86_CR0_PE | X86_CR0_PG,
			      .cr4 = X86_CR4_PAE,
			      .efer = X86_EFER_LMA | X86_EFER_LME};

	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		s.gpr[i] = 0x100000 + 0x10000 * i;
	s.seg[X86_CS].attr = X86_AR_L | X86_AR_P | X86_AR_S | 0xb;
	s.seg[X86_SS].attr = X86_AR_DB | X86_AR_P | X86_AR_S | 3;
	s.seg[X86_GS].base = 0x7000000000;
	return s;
}

static struct x86_state cpu16(void)
{
	struct x86_state s = cpu();

	s.cr0 = s.cr4 = s.efer = 0;
	for (unsigned int i = 0; i < X86_NR_SEG; i++)
		s.seg[i] = (struct x86_seg){.base = 0x10000u * (i + 1),
					    .attr = X86_AR_P | X86_AR_S | 3};
	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		s.gpr[i] = 0x100 * (i + 1);
	return s;
}

static struct decoded run(const struct x86_state *s, const char *hex)
{
	uint8_t bytes[DECODE_MAX_BYTES];
	struct decoded d;
	size_t n = 0;
	unsigned int byte;
	int used;

	if (!decode_available())
		test_skip("built without an instruction decoder");
	while (n < sizeof(bytes) && sscanf(hex, "%2x%n", &byte, &used) == 1) {
		bytes[n++] = (uint8_t)byte;
		hex += used + (hex[used] == ' ');
	}
	decode_insn(s, bytes, n, &d);
	return d;
}

static struct decoded run64(const char *hex)
{
	struct x86_state s = cpu();

	return run(&s, hex);
}

TEST(text_is_what_gdb_prints)
{
	static const char *const pairs[][2] = {
		{"66 c7 05 00 80 0b 00 48 02", "movw   $0x248,0xb8000(%rip)    "
					       "    # 0xb9009"},
		{"48 8b 45 f8", "mov    -0x8(%rbp),%rax"},
		{"74 10", "je     0x1012"},
		{"0f 9f c0", "setg   %al"},
		{"eb fe", "jmp    0x1000"},
		{"f3 a4", "rep movsb"},
		{"c5 f9 6f 00", "vmovdqa (%rax),%xmm0"},
		{"f4", "hlt"},
		{"ff d0", "call   *%rax"},
		{"ff 24 25 00 10 00 00", "jmp    *0x1000"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		CHECK_STR(run64(pairs[i][0]).text, pairs[i][1]);
}

TEST(results_differ_by_what_is_wrong)
{
	struct decoded d = run64("06");

	CHECK_EQ(d.result, DECODE_UNKNOWN);
	CHECK_STR(d.text, "(bad)");
	CHECK_EQ(run64("48 b8 00").result, DECODE_SHORT);
	CHECK_EQ(run64("48 89 e5").length, 3);
}

TEST(memory_operands_are_linear)
{
	struct decoded d = run64("66 c7 05 00 80 0b 00 48 02");

	CHECK_EQ(d.mems, 1);
	CHECK_EQ(d.mem[0].addr, 0xb9009);
	CHECK_EQ(d.mem[0].size, 2);
	CHECK(d.mem[0].write && !d.mem[0].read && !d.mem[0].hidden);

	d = run64("65 48 8b 04 25 28 00 00 00"); /* mov %gs:0x28,%rax */
	CHECK_EQ(d.mem[0].addr, 0x7000000028);
	CHECK_EQ(d.mem[0].seg, X86_GS);
	CHECK_EQ(d.mem[0].offset, 0x28);

	d = run64("67 8b 44 88 04"); /* mov 0x4(%eax,%ecx,4),%eax */
	CHECK_EQ(d.mem[0].addr, 0x100000 + 4 * 0x120000 + 4);

	CHECK_EQ(run64("8d 00").mems, 0);	   /* lea */
	CHECK_EQ(run64("0f 1f 44 00 00").mems, 0); /* long nop */
}

TEST(stack_operands_are_where_the_push_goes)
{
	struct decoded d = run64("50");

	CHECK(d.mem[0].stack && d.mem[0].hidden && d.mem[0].write);
	CHECK_EQ(d.mem[0].addr, 0x170000 - 8);
	CHECK_EQ(run64("58").mem[0].addr, 0x170000);
	CHECK_EQ(run64("c3").mem[0].addr, 0x170000);

	d = run64("8f 04 24"); /* pop (%rsp): the pointer is moved first */
	CHECK_EQ(d.mem[0].addr, 0x170008);
	CHECK_EQ(d.mem[1].addr, 0x170000);

	d = run64("ff 10"); /* call *(%rax) */
	CHECK_EQ(d.mem[0].addr, 0x100000);
	CHECK_EQ(d.mem[1].addr, 0x170000 - 8);
	CHECK(d.flags & DECODE_CALL && d.flags & DECODE_INDIRECT);
	CHECK(!d.has_target);
}

TEST(string_operands_are_both_there)
{
	struct decoded d = run64("f3 a4");

	CHECK_EQ(d.mems, 2);
	CHECK_EQ(d.mem[0].addr, 0x150000);
	CHECK(d.mem[0].write && d.mem[0].maybe);
	CHECK_EQ(d.mem[1].addr, 0x140000);
	CHECK(d.flags & DECODE_REP && d.flags & DECODE_STRING);
}

TEST(registers_that_change_and_that_address)
{
	struct decoded d = run64("48 8b 44 4b 08"); /* mov 8(%rbx,%rcx,2) */

	CHECK_EQ(d.gpr_written, BIT(X86_RAX));
	CHECK_EQ(d.mem[0].gpr, BIT(X86_RBX) | BIT(X86_RCX));
	d = run64("41 b4 01"); /* mov $1,%r12b */
	CHECK_EQ(d.gpr_written, BIT(X86_R12));
	d = run64("b4 01"); /* mov $1,%ah */
	CHECK_EQ(d.gpr_written, BIT(X86_RAX));
	d = run64("f3 a4"); /* rep movsb */
	CHECK_EQ(d.gpr_written, BIT(X86_RSI) | BIT(X86_RDI) | BIT(X86_RCX));
	d = run64("39 c8"); /* cmp */
	CHECK_EQ(d.gpr_written, 0);
}

TEST(bit_strings_reach_beyond_their_operand)
{
	struct x86_state s = cpu();

	s.gpr[X86_RCX] = (uint64_t)-65;
	CHECK_EQ(run(&s, "48 0f a3 08").mem[0].addr, 0x100000 - 16);
	s.gpr[X86_RCX] = 64;
	CHECK_EQ(run(&s, "48 0f a3 08").mem[0].addr, 0x100008);
}

TEST(real_mode_wraps_at_64_kilobytes)
{
	struct x86_state s = cpu16();
	struct decoded d = run(&s, "8b 40 f8"); /* mov -0x8(%bx,%si),%ax */

	CHECK_EQ(d.mem[0].addr, 0x30000 + 0x200 + 0x500 - 8);
	CHECK_EQ(d.mem[0].size, 2);
	s.gpr[X86_RSP] = 0;
	d = run(&s, "50");
	CHECK_EQ(d.mem[0].addr, 0x20000 + 0xfffe);
	d = run(&s, "ea 00 10 00 f0");
	CHECK(d.flags & DECODE_FAR && d.has_target);
	CHECK_EQ(d.target, 0x1000);
	CHECK_EQ(d.target_sel, 0xf000);
}

TEST(branches_say_where_they_go)
{
	struct decoded d = run64("e8 00 01 00 00");

	CHECK_EQ(d.target, 0x1105);
	CHECK(d.flags & DECODE_CALL);
	d = run64("ff e0");
	CHECK(d.flags & DECODE_JUMP && d.flags & DECODE_INDIRECT);
	CHECK_EQ(d.target, 0x100000);
	d = run64("cd 80");
	CHECK_EQ(d.vector, 0x80);
	CHECK_EQ(run64("cc").vector, 3);
	CHECK(run64("48 cf").flags & DECODE_IRET);
	CHECK(!(run64("48 cf").flags & DECODE_RET));
}

TEST(kinds_of_instructions)
{
	static const struct {
		const char *hex;
		uint32_t flags;
	} kinds[] = {
		{"f4", DECODE_HALT | DECODE_PRIVILEGED},
		{"0f 30", DECODE_WRMSR | DECODE_PRIVILEGED},
		{"0f 32", DECODE_RDMSR | DECODE_PRIVILEGED},
		{"ee", DECODE_IO},
		{"f3 90", DECODE_PAUSE},
		{"0f 0b", DECODE_UD},
		{"f7 f1", DECODE_DIVIDE},
		{"d9 00", DECODE_X87},
		{"66 0f 6f 00", DECODE_SSE | DECODE_ALIGNED},
		{"c5 f9 6f 00", DECODE_VEX | DECODE_ALIGNED},
		{"62 f1 7c 48 28 00", DECODE_EVEX},
		{"0f 6e c0", DECODE_MMX},
		{"0f 22 d8", DECODE_LOADS_CR | DECODE_PRIVILEGED},
		{"8e d0", DECODE_LOADS_SEG | DECODE_POP_SS},
		{"f0 ff 00", DECODE_LOCK},
		{"0f 01 c1", DECODE_VIRT},
		{"0f 05", DECODE_SYSCALL},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((run64(kinds[i].hex).flags & kinds[i].flags) !=
		    kinds[i].flags)
			test_fail(__FILE__, __LINE__, "%s: flags 0x%x",
				  kinds[i].hex, run64(kinds[i].hex).flags);
	CHECK(!(run64("0f 10 00").flags & DECODE_ALIGNED)); /* movups */
}

TEST(what_is_loaded)
{
	struct x86_state s = cpu();
	struct decoded d;

	d = run64("0f 22 d8"); /* mov %rax,%cr3 */
	CHECK_EQ(d.control, 3);
	CHECK(d.has_source && d.source == 0x100000);
	d = run64("8e d8"); /* mov %eax,%ds */
	CHECK_EQ(d.segment, X86_DS);
	CHECK(d.has_source);
	d = run64("0f 00 d8"); /* ltr %ax */
	CHECK_EQ(d.segment, X86_TR);
	CHECK_EQ(d.source, 0);
	s.gpr[X86_RCX] = 0xab12;
	d = run(&s, "f6 f5"); /* div %ch */
	CHECK(d.has_source && d.source == 0xab);
	d = run64("0f a1"); /* pop %fs */
	CHECK_EQ(d.segment, X86_FS);
	CHECK(!d.has_source);
	d = run64("0f b2 00"); /* lss (%rax),%eax */
	CHECK_EQ(d.segment, X86_SS);
	CHECK(!d.has_source);
	CHECK_EQ(run64("48 89 e5").segment, -1);
}

TEST(avx_needs_xcr0_and_bmi_does_not)
{
	CHECK(run64("c5 f9 6f 00").flags & DECODE_AVX);
	CHECK(run64("62 f1 7c 48 28 00").flags & DECODE_AVX);
	CHECK(!(run64("c4 42 69 f7 c1").flags & DECODE_AVX));
	CHECK(!(run64("66 0f 6f 00").flags & DECODE_AVX));
}

TEST(cpuid_flags_that_are_needed)
{
	CHECK_STR(run64("c4 42 69 f7 c1").cpuid, "bmi2"); /* shlx */
	CHECK_STR(run64("0f ae e8").cpuid, "sse2");	  /* lfence */
	CHECK_STR(run64("48 0f c7 08").cpuid, "cx16");
	CHECK(!run64("90").cpuid);
}

#ifndef HAVE_ZYDIS
TEST(without_a_decoder_it_says_so)
{
	static const uint8_t nop = 0x90;
	struct x86_state s = cpu();
	struct decoded d;

	CHECK_EQ(decode_insn(&s, &nop, 1, &d), DECODE_ABSENT);
	CHECK_STR(d.text, "(built without an instruction decoder)");
}
#endif
