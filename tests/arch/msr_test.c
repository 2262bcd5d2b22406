/* Names, bits and refusals of model-specific registers. */
#include "arch/msr_text.h"
#include "tests/test.h"

static struct buf out;

static const char *name(uint32_t index)
{
	static char to[MSR_NAME_MAX];

	return msr_name(index, to) ? to : NULL;
}

static uint32_t number(const char *name)
{
	uint32_t index = 0xbad;

	return msr_find(name, &index) ? index : 0xbad;
}

TEST(names_of_single_registers_and_of_families)
{
	CHECK_STR(name(0xc0000080), "IA32_EFER");
	CHECK_STR(name(0x400), "IA32_MC0_CTL");
	CHECK_STR(name(0x47d), "IA32_MC31_STATUS");
	CHECK_STR(name(0x207), "IA32_MTRR_PHYSMASK3");
	CHECK_STR(name(0x838), "IA32_X2APIC_INIT_COUNT");
	CHECK_STR(name(0x821), "IA32_X2APIC_IRR1");
	CHECK_STR(name(0x4000009f), "HV_X64_MSR_SINT15");
	CHECK_STR(name(0xc0002031), "MCA_STATUS_BANK3");
	CHECK(!name(0x49f));
	CHECK(!name(0x220));
}

TEST(names_are_found_with_and_without_prefix_in_any_case)
{
	CHECK_EQ(number("efer"), 0xc0000080);
	CHECK_EQ(number("IA32_EFER"), 0xc0000080);
	CHECK_EQ(number("MSR_EFER"), 0xc0000080);
	CHECK_EQ(number("MSR_IA32_CR_PAT"), 0x277);
	CHECK_EQ(number("syscall_mask"), 0xc0000084);
	CHECK_EQ(number("MC3_STATUS"), 0x40d);
	CHECK_EQ(number("kvm_steal_time"), 0x4b564d03);
	CHECK_EQ(number("msr_lbr_select"), 0x1c8);
	CHECK_EQ(number("mc32_status"), 0xbad);
	CHECK_EQ(number(""), 0xbad);
}

TEST(no_two_registers_share_a_number_or_a_name)
{
	char own[MSR_NAME_MAX];
	uint32_t index, back;
	unsigned int n = 0;

	for (; msr_named(n, &index); n++) {
		CHECK(msr_name(index, own));
		CHECK(msr_find(own, &back));
		if (back != index)
			test_fail(__FILE__, __LINE__, "%s is 0x%x and 0x%x",
				  own, index, back);
	}
	CHECK(n > 500);
}

static const char *decode(uint32_t index, uint64_t value)
{
	buf_clear(&out);
	msr_decode(index, value, &out);
	return buf_cstr(&out);
}

TEST(values_in_words)
{
	CHECK_STR(decode(0xc0000080, 0xd01), "SCE LME LMA NXE");
	CHECK_STR(decode(0xc0000080, UINT64_C(1) << 40), "bit40");
	CHECK_STR(decode(0x277, 0x0007040600070406), "PA0=WB PA1=WT PA2=UC- "
						     "PA3=UC PA4=WB PA5=WT "
						     "PA6=UC- PA7=UC");
	CHECK_STR(decode(0x277, 2), "PA0=reserved(2) PA1=UC PA2=UC PA3=UC "
				    "PA4=UC PA5=UC PA6=UC "
				    "PA7=UC");
	CHECK_STR(decode(0x1b, 0xfee00d00), "BSP, x2APIC mode, registers at "
					    "0xfee00000");
	CHECK_STR(decode(0x4b564d01, 0x12345001), "ON ADDR=0x12345000");
	CHECK_STR(decode(0x6e0, 0), "not armed");
	CHECK_STR(decode(0x179, 0x1000c0a), "COUNT=0xa CMCI_P TES_P SER_P");
	CHECK_STR(decode(0x200, 0xc0000006), "0xc0000000 WB");
	CHECK_STR(decode(0x268, UINT64_C(0x0606060606060606)), "WB");
	CHECK_STR(decode(0xc0000081, UINT64_C(0x0023001000000000)),
		  "SYSCALL: CS 0x10 SS 0x18; SYSRET: CS 0x33 (32-bit 0x23) "
		  "SS 0x2b");
	CHECK_STR(decode(0x174, 0x10), "");
}

TEST(explanations_have_a_line_a_bit)
{
	buf_clear(&out);
	msr_explain(0x3a, 0x100005, &out);
	CHECK_HAS(buf_cstr(&out), "  LOCK                 no more writes");
	CHECK_HAS(buf_cstr(&out), "  VMX                  VMXON works");
	CHECK_HAS(buf_cstr(&out), "  LMCE ");
}

/* ---- refusals ---- */

static struct x86_cpuid cpuid;
static struct x86_state state;

static const char *refusal(uint32_t index, uint64_t value)
{
	buf_clear(&out);
	msr_refusal(index, &value, &cpuid, &state, &out);
	return buf_cstr(&out);
}

TEST(refusals_name_the_reason)
{
	CHECK_HAS(refusal(0xc0000082, UINT64_C(1) << 47), "not canonical: bits "
							  "63 to 47 differ");
	CHECK_STR(refusal(0xc0000082, UINT64_C(0xffff800000000000)), "");
	CHECK_HAS(refusal(0x277, 0x0300), "3 in byte 1 is no memory type");
	CHECK_HAS(refusal(0x404, 1), "only 0 or all ones");
	CHECK_HAS(refusal(0xc0000080, 0x800), "NXE needs nx");
	CHECK_HAS(refusal(0xc0000080, 2), "reserved bits are set: 0x2");
	CHECK_HAS(refusal(0x1b, 0xfee00400), "EXTD without EN");
	CHECK_HAS(refusal(0xc0000103, UINT64_C(1) << 32), "lacks rdtscp and "
							  "rdpid; its upper "
							  "half");
	CHECK_HAS(refusal(0xfe, 0), "read-only");
	CHECK_STR(refusal(0xfe + 0x100, 0), "");
}

TEST(an_x2apic_register_needs_the_mode)
{
	state.apic_base = 0xfee00900;
	CHECK_HAS(refusal(0x808, 0), "not in x2APIC mode");
	state.apic_base = 0xfee00d00;
	CHECK_STR(refusal(0x808, 0), "");
}

TEST(long_mode_cannot_end_while_paging)
{
	state.cr0 = X86_CR0_PG;
	state.efer = X86_EFER_LME;
	CHECK_HAS(refusal(0xc0000080, 0), "LME cannot change");
}
