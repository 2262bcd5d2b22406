/* The instructions that the self-probe tries one by one at CPL0. */
#include "vmm/host/host_caps.h"

#define INSN(id, mnemonic, flag_list, ...)                     \
	[CAP_INSN_##id] = {                                    \
		.name = mnemonic,                              \
		.flags = {UNWRAP flag_list},                   \
		.code = {__VA_ARGS__},                         \
		.len = sizeof((const uint8_t[]){__VA_ARGS__}), \
	}
#define UNWRAP(...) __VA_ARGS__

/* clang-format off */
const struct cap_insn cap_insn[CAP_INSN_COUNT] = {
	/* popcnt eax, eax */
	INSN(POPCNT, "popcnt", ("popcnt"), 0xf3, 0x0f, 0xb8, 0xc0),
	INSN(LZCNT, "lzcnt", ("abm"), 0xf3, 0x0f, 0xbd, 0xc0),
	/* andn eax, eax, eax */
	INSN(BMI1, "andn", ("bmi1"), 0xc4, 0xe2, 0x78, 0xf2, 0xc0),
	/* shlx eax, eax, eax */
	INSN(BMI2, "shlx", ("bmi2"), 0xc4, 0xe2, 0x79, 0xf7, 0xc0),
	/* movbe eax, [rbx] */
	INSN(MOVBE, "movbe", ("movbe"), 0x0f, 0x38, 0xf0, 0x03),
	/* adcx eax, eax */
	INSN(ADX, "adcx", ("adx"), 0x66, 0x0f, 0x38, 0xf6, 0xc0),
	INSN(CLAC, "clac", ("smap"), 0x0f, 0x01, 0xca),
	/* xor ecx, ecx; xgetbv */
	INSN(XGETBV, "xgetbv", ("xsave"), 0x31, 0xc9, 0x0f, 0x01, 0xd0),
	/* xor eax, eax; invpcid rax, [rbx] */
	INSN(INVPCID, "invpcid", ("invpcid"),
	     0x31, 0xc0, 0x66, 0x0f, 0x38, 0x82, 0x03),
	/* cmpxchg16b [rbx] */
	INSN(CX16, "cmpxchg16b", ("cx16"), 0x48, 0x0f, 0xc7, 0x0b),
	/* rdfsbase rax */
	INSN(FSGSBASE, "rdfsbase", ("fsgsbase"), 0xf3, 0x48, 0x0f, 0xae, 0xc0),
	INSN(RDTSCP, "rdtscp", ("rdtscp"), 0x0f, 0x01, 0xf9),
	/* rdrand eax; rdseed eax; rdpid rax */
	INSN(RDRAND, "rdrand", ("rdrand"), 0x0f, 0xc7, 0xf0),
	INSN(RDSEED, "rdseed", ("rdseed"), 0x0f, 0xc7, 0xf8),
	INSN(RDPID, "rdpid", ("rdpid"), 0xf3, 0x0f, 0xc7, 0xf8),
	/* clflushopt [rbx]; clwb [rbx] */
	INSN(CLFLUSHOPT, "clflushopt", ("clflushopt"), 0x66, 0x0f, 0xae, 0x3b),
	INSN(CLWB, "clwb", ("clwb"), 0x66, 0x0f, 0xae, 0x33),
	/* xor ecx, ecx, then rdpkru or rdpru */
	INSN(RDPKRU, "rdpkru", ("pku"), 0x31, 0xc9, 0x0f, 0x01, 0xee),
	INSN(RDPRU, "rdpru", ("rdpru"), 0x31, 0xc9, 0x0f, 0x01, 0xfd),
	INSN(WBNOINVD, "wbnoinvd", ("wbnoinvd"), 0xf3, 0x0f, 0x09),
};
/* clang-format on */
