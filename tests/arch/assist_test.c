#include "arch/assist.h"

#include <string.h>

#include "base/bits.h"
#include "tests/test.h"

#define NEED_DECODER()                                                     \
	do {                                                               \
		if (!decode_available())                                   \
			test_skip("built without an instruction decoder"); \
	} while (0)

static struct x86_state s;
static struct assist a;
static struct decoded d;
static uint8_t mem[4096]; /* at 0x5000; read-only from 0x5800 on */

static bool mem_read(void *ctx, gva_t gva, void *buf, size_t len,
		     uint32_t *pfec)
{
	if (!range_ok(0x5000, sizeof(mem), gva, len)) {
		*pfec = 0;
		return false;
	}
	memcpy(buf, mem + (gva - 0x5000), len);
	return true;
}

static bool mem_write(void *ctx, gva_t gva, const void *buf, size_t len,
		      uint32_t *pfec)
{
	if (!range_ok(0x5000, 0x800, gva, len)) {
		*pfec = 3;
		return false;
	}
	memcpy(mem + (gva - 0x5000), buf, len);
	return true;
}

static void setup(void)
{
	memset(&s, 0, sizeof(s));
	s.cr0 = BIT(0) | X86_CR0_PG;
	s.cr4 = BIT(5) | BIT(9) | BIT(18);
	s.efer = X86_EFER_LMA | X86_EFER_LME;
	s.seg[X86_CS].attr = X86_AR_L | X86_AR_P | X86_AR_S | 0xb;
	s.rflags = 2;
	s.rip = 0x1000;
	s.gpr[X86_RBX] = 0x5000;
	s.xcr0 = 7;
}

static enum assist_result run(const char *code, size_t len)
{
	const struct assist_mem m = {mem_read, mem_write, NULL};

	decode_insn(&s, (const uint8_t *)code, len, &d);
	return assist_insn(&s, &d, &m, &a);
}

#define RUN(code) run(code, sizeof(code) - 1)

TEST(fpu_control)
{
	NEED_DECODER();
	setup();
	CHECK_EQ(RUN("\x9b"), ASSIST_DONE); /* fwait */
	CHECK_EQ(s.rip, 0x1001);
	s.fpu.ftag = 0;
	CHECK_EQ(RUN("\xdb\xe3"), ASSIST_DONE); /* fninit */
	CHECK_EQ(s.fpu.fctrl, 0x37f);
	CHECK_EQ(s.fpu.ftag, 0xffff);
	CHECK(a.groups & X86_GROUP_FPU);
	s.fpu.fstat = 0x1234;
	s.gpr[X86_RAX] = 0xffffffff;
	CHECK_EQ(RUN("\xdf\xe0"), ASSIST_DONE); /* fnstsw ax */
	CHECK_EQ(s.gpr[X86_RAX], 0xffff1234);
	CHECK_EQ(RUN("\xd9\x3b"), ASSIST_DONE); /* fnstcw (rbx) */
	CHECK_EQ(mem[0] | mem[1] << 8, 0x37f);
	mem[0] = 0x7f;
	mem[1] = 0x02;
	CHECK_EQ(RUN("\xd9\x2b"), ASSIST_DONE); /* fldcw (rbx) */
	CHECK_EQ(s.fpu.fctrl, 0x27f);
	s.fpu.fstat = 0xb8ff;
	CHECK_EQ(RUN("\xdb\xe2"), ASSIST_DONE); /* fnclex */
	CHECK_EQ(s.fpu.fstat, 0x3800);
}

TEST(fpu_that_is_off_is_nm)
{
	NEED_DECODER();
	setup();
	s.cr0 |= BIT(3);
	CHECK_EQ(RUN("\xdb\xe3"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 7);
	CHECK_EQ(s.rip, 0x1000);
	CHECK_EQ(RUN("\x0f\xae\x13"), ASSIST_EXCEPTION); /* ldmxcsr (rbx) */
	CHECK_EQ(a.vector, 7);
	s.cr4 = 0;
	CHECK_EQ(RUN("\x0f\xae\x13"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 6);
}

TEST(mxcsr)
{
	NEED_DECODER();
	setup();
	memcpy(mem, "\x80\x1f\0\0", 4);
	CHECK_EQ(RUN("\x0f\xae\x13"), ASSIST_DONE);
	CHECK_EQ(s.fpu.mxcsr, 0x1f80);
	memcpy(mem, "\0\0\1\0", 4);
	CHECK_EQ(RUN("\x0f\xae\x13"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 13);
	CHECK(a.has_error && !a.error);
	CHECK_EQ(RUN("\x0f\xae\x1b"), ASSIST_DONE); /* stmxcsr (rbx) */
	CHECK_EQ(mem[1], 0x1f);
}

TEST(smap_bits)
{
	NEED_DECODER();
	setup();
	CHECK_EQ(RUN("\x0f\x01\xcb"), ASSIST_DONE); /* stac */
	CHECK(s.rflags & X86_FL_AC);
	CHECK_EQ(RUN("\x0f\x01\xca"), ASSIST_DONE); /* clac */
	CHECK(!(s.rflags & X86_FL_AC));
	s.seg[X86_SS].attr = 3 << 5; /* CPL 3 */
	CHECK_EQ(RUN("\x0f\x01\xca"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 6);
}

TEST(xgetbv)
{
	NEED_DECODER();
	setup();
	s.gpr[X86_RDX] = UINT64_MAX;
	CHECK_EQ(RUN("\x0f\x01\xd0"), ASSIST_DONE);
	CHECK_EQ(s.gpr[X86_RAX], 7);
	CHECK_EQ(s.gpr[X86_RDX], 0);
	s.gpr[X86_RCX] = 2;
	CHECK_EQ(RUN("\x0f\x01\xd0"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 13);
	s.cr4 = 0;
	CHECK_EQ(RUN("\x0f\x01\xd0"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 6);
}

TEST(cmpxchg16b)
{
	uint64_t now[2] = {1, 2};

	NEED_DECODER();
	setup();
	memcpy(mem, now, 16);
	s.gpr[X86_RSI] = 0x5000;
	s.gpr[X86_RAX] = 1;
	s.gpr[X86_RDX] = 2;
	s.gpr[X86_RBX] = 3;
	s.gpr[X86_RCX] = 4;
	CHECK_EQ(RUN("\x48\x0f\xc7\x0e"), ASSIST_DONE);
	memcpy(now, mem, 16);
	CHECK(now[0] == 3 && now[1] == 4);
	CHECK(s.rflags & X86_FL_ZF);
	CHECK_EQ(RUN("\x48\x0f\xc7\x0e"), ASSIST_DONE);
	CHECK(!(s.rflags & X86_FL_ZF));
	CHECK(s.gpr[X86_RAX] == 3 && s.gpr[X86_RDX] == 4);
	s.gpr[X86_RSI] = 0x5008;
	CHECK_EQ(RUN("\x48\x0f\xc7\x0e"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 13);
}

TEST(popcnt)
{
	NEED_DECODER();
	setup();
	s.gpr[X86_RCX] = 0xff00ff;
	s.gpr[X86_RAX] = UINT64_MAX;
	CHECK_EQ(RUN("\xf3\x0f\xb8\xc1"), ASSIST_DONE); /* eax, ecx */
	CHECK_EQ(s.gpr[X86_RAX], 16);
	s.gpr[X86_RAX] = UINT64_MAX;
	s.gpr[X86_RCX] = 0xff0000;
	CHECK_EQ(RUN("\x66\xf3\x0f\xb8\xc1"), ASSIST_DONE); /* ax, cx */
	CHECK_EQ(s.gpr[X86_RAX], 0xffffffffffff0000);
	CHECK(s.rflags & X86_FL_ZF);
	memset(mem, 0xff, 8);
	CHECK_EQ(RUN("\xf3\x48\x0f\xb8\x03"), ASSIST_DONE); /* rax, (rbx) */
	CHECK_EQ(s.gpr[X86_RAX], 64);
}

TEST(page_faults_name_their_address)
{
	NEED_DECODER();
	setup();
	s.gpr[X86_RBX] = 0x5800;
	CHECK_EQ(RUN("\x0f\xae\x1b"), ASSIST_EXCEPTION); /* stmxcsr */
	CHECK_EQ(a.vector, 14);
	CHECK_EQ(a.error, 3);
	CHECK_EQ(s.cr2, 0x5800);
	CHECK_EQ(s.rip, 0x1000);
	CHECK(a.groups & X86_GROUP_SYS);
}

TEST(interrupts)
{
	NEED_DECODER();
	setup();
	CHECK_EQ(RUN("\xcc"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 3);
	CHECK_EQ(s.rip, 0x1001);
	CHECK_EQ(RUN("\xcd\x04"), ASSIST_EXCEPTION);
	CHECK_EQ(a.vector, 4);
	CHECK_EQ(RUN("\xcd\x80"), ASSIST_INTERRUPT);
	CHECK_EQ(a.vector, 0x80);
	CHECK_STR(a.name, "int");
}

TEST(others_are_left_alone)
{
	NEED_DECODER();
	setup();
	CHECK_EQ(RUN("\x66\x0f\xef\xc0"), ASSIST_UNKNOWN); /* pxor */
	CHECK(!assist_knows(&d));
	CHECK_EQ(RUN("\x0f"), ASSIST_UNKNOWN);
	CHECK_EQ(s.rip, 0x1000);
}
