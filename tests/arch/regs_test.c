#include "arch/regs.h"

#include "tests/test.h"

static const struct x86_cpu_info intel = {
	.maxphyaddr = 39,
	.nx = true,
	.xsave = true,
	.avx = true,
};

/* A long-mode kernel. */
static struct x86_state long_mode(void)
{
	struct x86_state s = {
		.rflags = 2,
		.cr0 = 0x80010033,
		.cr4 = 0xb0,
		.efer = 0xd01,
		.xcr0 = 7,
		.apic_base = 0xfee00900,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.fpu.fctrl = 0x37f,
		.fpu.mxcsr = 0x1f80,
		.msr.pat = 0x0007040600070406,
	};

	s.seg[X86_CS].attr = 0xa09b;
	return s;
}

static bool try_write(struct x86_state *s, const char *name, uint64_t value,
		      const struct x86_cpu_info *info, struct err *err)
{
	uint8_t bytes[64] = {0};
	const struct reg_def *reg = reg_find(name);

	if (!reg)
		test_fail(__FILE__, __LINE__, "no register %s", name);
	memcpy(bytes, &value, 8);
	return reg_write(reg, s, info, bytes, err);
}

static void accept(const char *name, uint64_t value)
{
	struct x86_state s = long_mode();
	struct err err;
	uint64_t now = ~value;

	CHECK_OK(try_write(&s, name, value, &intel, &err), &err);
	CHECK(reg_value(&s, name, &now));
	CHECK_EQ(now, value);
}

static void refuse(const char *name, uint64_t value, const char *why)
{
	struct x86_state s = long_mode(), before = s;
	char shown[32];
	struct err err = {0};

	CHECK(!try_write(&s, name, value, &intel, &err));
	CHECK_EQ(err.code, ERR_REFUSED);
	CHECK_HAS(err.msg, name);
	CHECK_HAS(err.msg, why);
	snprintf(shown, sizeof(shown), "0x%" PRIx64, value);
	CHECK_HAS(err.msg, shown);
	CHECK(!memcmp(&s, &before, sizeof(s)));
}

TEST(names_are_unique)
{
	for (const struct reg_def *a = reg_table; a->name; a++)
		for (const struct reg_def *b = a + 1; b->name; b++)
			CHECK(strcmp(a->name, b->name));
}

TEST(fields_lie_in_the_image_and_do_not_overlap)
{
	static unsigned char used[sizeof(struct x86_state)];

	for (const struct reg_def *r = reg_table; r->name; r++) {
		CHECK(r->offset + r->bits / 8u <= sizeof(used));
		for (unsigned int i = 0; i < r->bits / 8u; i++)
			if (used[r->offset + i]++)
				test_fail(__FILE__, __LINE__,
					  "%s overlaps another", r->name);
	}
}

TEST(peers_once_mixed_up_these)
{
	struct x86_state s = {0};
	uint64_t v;

	s.seg[X86_FS].base = 0x11;
	s.seg[X86_GS].base = 0x22;
	s.msr.k_gs_base = 0x33;
	s.gpr[X86_R12] = 0x44;
	s.gpr[X86_R15] = 0x55;
	CHECK(reg_value(&s, "fs_base", &v) && v == 0x11);
	CHECK(reg_value(&s, "gs_base", &v) && v == 0x22);
	CHECK(reg_value(&s, "k_gs_base", &v) && v == 0x33);
	CHECK(reg_value(&s, "r12", &v) && v == 0x44);
	CHECK(reg_value(&s, "r15", &v) && v == 0x55);
	CHECK(!reg_value(&s, "r16", &v));
	CHECK(!reg_find("RAX") && !reg_find(""));
}

TEST(wide_registers_round_trip)
{
	struct x86_state s = {0};
	uint8_t in[32], out[32] = {0};
	struct err err;

	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i + 1);
	CHECK_OK(reg_write(reg_find("zmm17h"), &s, NULL, in, &err), &err);
	reg_read(reg_find("zmm17h"), &s, out);
	CHECK(!memcmp(in, out, 32));
	CHECK(!memcmp(&s.fpu.hi16[1][32], in, 32));
	CHECK_OK(reg_write(reg_find("ymm31h"), &s, NULL, in, &err), &err);
	CHECK(!memcmp(&s.fpu.hi16[15][16], in, 16));
	CHECK_OK(reg_write(reg_find("st7"), &s, NULL, in, &err), &err);
	CHECK(!memcmp(s.fpu.st[7], in, 10));
	CHECK(!s.fpu.fctrl);
}

TEST(unchanged_values_are_always_accepted)
{
	struct x86_state s = {.cr0 = 0x20000000, .rflags = 0, .cr4 = ~0ull};
	struct err err;

	s.msr.tsc = 77;
	CHECK_OK(try_write(&s, "cr0", 0x20000000, &intel, &err), &err);
	CHECK_OK(try_write(&s, "eflags", 0, &intel, &err), &err);
	CHECK_OK(try_write(&s, "cr4", ~0ull, &intel, &err), &err);
	CHECK_OK(try_write(&s, "tsc", 77, &intel, &err), &err);
	CHECK(!try_write(&s, "tsc", 78, &intel, &err));
	CHECK_HAS(err.msg, "tsc is read-only");
}

TEST(flags)
{
	accept("eflags", 0x246);
	accept("eflags", 0x3f7fd7 & ~X86_FL_VM);
	refuse("eflags", 0x244, "bit 1 is always 1");
	refuse("eflags", 0x80000002, "bit 31 is reserved");
	refuse("eflags", 0xa, "bit 3 is reserved");
	refuse("eflags", 0x20002, "VM");
}

TEST(addresses_must_be_canonical)
{
	accept("rip", 0xffffffff81000000);
	refuse("rip", 0x800000000000, "canonical");
	refuse("fs_base", 0x8000000000000000, "canonical");
	refuse("gs_base", 0xff00000000000000, "canonical");
	refuse("k_gs_base", 0x800000000000, "canonical");
	refuse("lstar", 0x1000000000000, "canonical");
	refuse("sysenter_eip", 0x800000000000, "canonical");
	refuse("gdtr_base", 0x800000000000, "canonical");
	refuse("tr_base", 0x800000000000, "canonical");
	accept("gs_base", 0xffff800000000000);
	accept("dr0", 0x1000000000000);
}

TEST(five_level_addresses_are_wider)
{
	struct x86_state s = long_mode();
	struct err err;

	s.cr4 |= X86_CR4_LA57;
	CHECK_OK(try_write(&s, "gs_base", 0x800000000000, NULL, &err), &err);
	CHECK(!try_write(&s, "gs_base", 0x100000000000000, NULL, &err));
	CHECK_HAS(err.msg, "bits 63..56");
}

TEST(rip_is_short_outside_long_mode)
{
	struct x86_state s = {.rflags = 2};
	struct err err;

	CHECK(!try_write(&s, "rip", 0x100000000, &intel, &err));
	CHECK_HAS(err.msg, "real mode");
	CHECK_OK(try_write(&s, "rip", 0xfff0, &intel, &err), &err);
}

TEST(segments)
{
	refuse("cs", 0x10008, "wider than the field's 16 bits");
	refuse("tr", 0x10000, "16 bits");
	refuse("cs_base", 0x100000000, "32 bits");
	refuse("cs_attr", 0xe09b, "exclude each other");
	refuse("ds_attr", 0x100, "bit 8 is reserved");
	refuse("gs_attr", 0x20000, "bit 17 is reserved");
	refuse("gdtr_limit", 0x10000, "16 bits");
	accept("idtr_limit", 0xffff);
	accept("ss_attr", 0x1c000);
	accept("cs_attr", 0xa0fb);
	accept("fs_limit", 0xffffffff);
}

TEST(cr0)
{
	accept("cr0", 0x80050033);
	accept("cr0", 0xe0010033);
	refuse("cr0", 0x80000032, "PG (bit 31) needs PE");
	refuse("cr0", 0xa0010033, "NW (bit 29) needs CD");
	refuse("cr0", 0x180010033, "bit 32 is reserved");
	refuse("cr0", 0x80010073, "bit 6 is reserved");
	refuse("cr0", 0x00010033, "EFER.LMA needs");
}

TEST(cr4_and_cpuid)
{
	accept("cr4", 0x6b0);
	accept("cr4", 0x400b0);
	refuse("cr4", 0x10b0, "LA57 (bit 12)");
	refuse("cr4", 0x1000b0 | 0, "SMEP (bit 20)");
	refuse("cr4", 0x80b0, "bit 15 is reserved");
	refuse("cr4", 0x90, "needs CR4.PAE");
	refuse("cr4", 0x200b0, "PCIDE");
}

TEST(efer_and_long_mode)
{
	accept("efer", 0xd00);
	refuse("efer", 0x1d01, "SVME (bit 12)");
	refuse("efer", 0xd03, "bit 1 is reserved");
	refuse("efer", 0x901, "EFER.LMA");
	refuse("efer", 0xc01, "EFER.LMA");
	refuse("efer", 0x0, "64-bit CS");
}

TEST(cr3_and_cr8)
{
	accept("cr3", 0x7ffffff000);
	refuse("cr3", 0x8000000000, "bit 39");
	refuse("cr8", 16, "4 bits");
	accept("cr8", 15);
	accept("cr2", 0xdeadbeefdeadbeef);
}

TEST(debug_registers)
{
	refuse("dr6", 0x100000000, "32 bits");
	refuse("dr7", 0x100000400, "32 bits");
	accept("dr7", 0xffff07ff);
}

TEST(fpu)
{
	refuse("mxcsr", 0x10000, "bit 16 is reserved");
	refuse("mxcsr", 0x20000, "bit 17 is reserved");
	accept("mxcsr", 0xffff);
	refuse("fctrl", 0x1037f, "16 bits");
	refuse("ftag", 0x10000, "16 bits");
	refuse("fop", 0x800, "11 bits");
	refuse("pkru", 4, "protection keys");
}

TEST(xcr0)
{
	accept("xcr0", 1);
	accept("xcr0", 3);
	refuse("xcr0", 6, "X87 (bit 0)");
	refuse("xcr0", 5, "AVX (bit 2) needs SSE");
	refuse("xcr0", 0xf, "BNDREGS");
	refuse("xcr0", 0x27, "go together");
	refuse("xcr0", 0xe7, "AVX-512");
	refuse("xcr0", 0x207, "protection keys");
	refuse("xcr0", 0x107, "bit 8 is reserved");
}

TEST(msrs)
{
	refuse("pat", 0x0007040600070402, "PA0: 0x02");
	refuse("pat", 0x0807040600070406, "PA7: 0x08");
	accept("pat", 0x0001050600070406);
	refuse("sysenter_cs", 0x100000000, "32 bits");
	refuse("apic_base", 0xfee00901, "bit 0 is reserved");
	refuse("apic_base", 0x8000000900, "bit 39 is reserved");
	refuse("apic_base", 0xfee00500, "EXTD (bit 10) needs EN");
	accept("apic_base", 0xfee00d00);
}
