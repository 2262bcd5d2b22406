#include "arch/cpuid_flags.h"

#include <string.h>

#include "base/text.h"

const struct cpuid_word cpuid_words[] = {
	{0x1,
	 0,
	 CPUID_EDX,
	 {"fpu",     "vme",	   "de",   "pse",  "tsc",	 "msr",
	  "pae",     "mce",	   "cx8",  "apic", [11] = "sep", "mtrr",
	  "pge",     "mca",	   "cmov", "pat",  "pse36",	 "pn",
	  "clflush", [21] = "dts", "acpi", "mmx",  "fxsr",	 "sse",
	  "sse2",    "ss",	   "ht",   "tm",   "ia64",	 "pbe"}},
	{0x1, 0, CPUID_ECX, {"pni",	"pclmulqdq",   "dtes64",
			     "monitor", "ds_cpl",      "vmx",
			     "smx",	"est",	       "tm2",
			     "ssse3",	"cid",	       "sdbg",
			     "fma",	"cx16",	       "xtpr",
			     "pdcm",	[17] = "pcid", "dca",
			     "sse4_1",	"sse4_2",      "x2apic",
			     "movbe",	"popcnt",      "tsc_deadline_timer",
			     "aes",	"xsave",       [28] = "avx",
			     "f16c",	"rdrand",      "hypervisor"}},
	{0x80000001,
	 0,
	 CPUID_EDX,
	 {[11] = "syscall",
	  [19] = "mp",
	  "nx",
	  [22] = "mmxext",
	  [25] = "fxsr_opt",
	  "pdpe1gb",
	  "rdtscp",
	  [29] = "lm",
	  "3dnowext",
	  "3dnow"}},
	{0x80000001,
	 0,
	 CPUID_ECX,
	 {"lahf_lm",	 "cmp_legacy",	 "svm",
	  "extapic",	 "cr8_legacy",	 "abm",
	  "sse4a",	 "misalignsse",	 "3dnowprefetch",
	  "osvw",	 "ibs",		 "xop",
	  "skinit",	 "wdt",		 [15] = "lwp",
	  "fma4",	 "tce",		 [19] = "nodeid_msr",
	  [21] = "tbm",	 "topoext",	 "perfctr_core",
	  "perfctr_nb",	 [26] = "bpext", "ptsc",
	  "perfctr_llc", "mwaitx"}},
	{0x6,
	 0,
	 CPUID_EAX,
	 {"dtherm", "ida", "arat", [4] = "pln", [6] = "pts", "hwp",
	  "hwp_notify", "hwp_act_window", "hwp_epp",
	  "hwp_pkg_req", [19] = "hfi"}},
	{0x6, 0, CPUID_ECX, {"aperfmperf", [3] = "epb"}},
	{0x7, 0, CPUID_EBX, {"fsgsbase",   "tsc_adjust", "sgx",
			     "bmi1",	   "hle",	 "avx2",
			     [7] = "smep", "bmi2",	 "erms",
			     "invpcid",	   "rtm",	 "cqm",
			     [14] = "mpx", "rdt_a",	 "avx512f",
			     "avx512dq",   "rdseed",	 "adx",
			     "smap",	   "avx512ifma", [23] = "clflushopt",
			     "clwb",	   "intel_pt",	 "avx512pf",
			     "avx512er",   "avx512cd",	 "sha_ni",
			     "avx512bw",   "avx512vl"}},
	{0x7,
	 0,
	 CPUID_ECX,
	 {[1] = "avx512vbmi",
	  "umip",
	  "pku",
	  [5] = "waitpkg",
	  "avx512_vbmi2",
	  "user_shstk",
	  "gfni",
	  "vaes",
	  "vpclmulqdq",
	  "avx512_vnni",
	  "avx512_bitalg",
	  "tme",
	  "avx512_vpopcntdq",
	  [16] = "la57",
	  [22] = "rdpid",
	  [24] = "bus_lock_detect",
	  "cldemote",
	  [27] = "movdiri",
	  "movdir64b",
	  "enqcmd",
	  "sgx_lc"}},
	{0x7,
	 0,
	 CPUID_EDX,
	 {[2] = "avx512_4vnniw",
	  "avx512_4fmaps",
	  "fsrm",
	  [8] = "avx512_vp2intersect",
	  [10] = "md_clear",
	  [14] = "serialize",
	  "hybrid_cpu",
	  "tsxldtrk",
	  [18] = "pconfig",
	  "arch_lbr",
	  "ibt",
	  [22] = "amx_bf16",
	  "avx512_fp16",
	  "amx_tile",
	  "amx_int8",
	  "ibrs",
	  "stibp",
	  "flush_l1d",
	  "arch_capabilities",
	  [31] = "ssbd"}},
	{0x7,
	 1,
	 CPUID_EAX,
	 {"sha512", "sm3", "sm4", [4] = "avx_vnni", "avx512_bf16", "lass",
	  "cmpccxadd", [10] = "fzrm", "fsrs", "fsrc", [17] = "fred", "lkgs",
	  "wrmsrns", [21] = "amx_fp16", [23] = "avx_ifma", [26] = "lam"}},
	{0x7,
	 1,
	 CPUID_EDX,
	 {[4] = "avx_vnni_int8",
	  "avx_ne_convert",
	  [8] = "amx_complex",
	  [10] = "avx_vnni_int16",
	  [14] = "prefetchiti"}},
	{0xd, 1, CPUID_EAX, {"xsaveopt", "xsavec", "xgetbv1", "xsaves"}},
	{0xf, 0, CPUID_EDX, {[1] = "cqm_llc"}},
	{0xf, 1, CPUID_EDX, {"cqm_occup_llc", "cqm_mbm_total", "cqm_mbm_local"}},
	{0x10, 0, CPUID_EBX, {[1] = "cat_l3", "cat_l2", "mba"}},
	{0x12, 0, CPUID_EAX, {"sgx1", "sgx2"}},
	{0x80000007, 0, CPUID_EBX, {"overflow_recov", "succor", [3] = "smca"}},
	{0x80000007,
	 0,
	 CPUID_EDX,
	 {[7] = "hw_pstate", "constant_tsc", "cpb", [11] = "proc_feedback"}},
	/* One bit, two names: Linux prints both for it. */
	{0x80000007, 0, CPUID_EDX, {[8] = "nonstop_tsc"}},
	{0x80000008,
	 0,
	 CPUID_EBX,
	 {"clzero", "irperf", "xsaveerptr", [4] = "rdpru", [9] = "wbnoinvd",
	  [12] = "ibpb", [14] = "ibrs", "stibp", [23] = "amd_ppin", "ssbd",
	  "virt_ssbd", [27] = "cppc", [31] = "brs"}},
	{0x8000000a,
	 0,
	 CPUID_EDX,
	 {"npt", "lbrv", "svm_lock", "nrip_save", "tsc_scale", "vmcb_clean",
	  "flushbyasid",
	  "decodeassists", [10] = "pausefilter", [12] = "pfthreshold",
	  "avic", [15] = "v_vmsave_vmload",
	  "vgif", [18] = "x2avic", [20] = "v_spec_ctrl", [25] = "vnmi"}},
	{0x8000001f,
	 0,
	 CPUID_EAX,
	 {"sme", "sev", [3] = "sev_es", "sev_snp", [14] = "debug_swap"}},
	{0x80000021,
	 0,
	 CPUID_EAX,
	 {[2] = "lfence_rdtsc", [8] = "autoibrs", [27] = "sbpb", "ibpb_brtype"}},
};

const unsigned int cpuid_words_count = ARRAY_SIZE(cpuid_words);

/* What Linux computes from the family, MSRs or errata. */
static const char *const synthetic[] = {
	"amd_dcm",
	"apicv",
	"arch_perfmon",
	"art",
	"bts",
	"centaur_mcr",
	"cpuid",
	"ept",
	"ept_ad",
	"extd_apicid",
	"flexpriority",
	"ibrs_enhanced",
	"mba_mbps",
	"nopl",
	"pebs",
	"pti",
	"rep_good",
	"ring3mwait",
	"split_lock_detect",
	"tpr_shadow",
	"tsc_known_freq",
	"tsc_reliable",
	"vmmcall",
	"vpid",
	"xtopology",
};

/* Names other tools use. */
static const struct {
	const char *other, *name;
} foreign[] = {
	{"sse3", "pni"},
	{"sse4", "sse4_1, sse4_2"},
	{"sse4.1", "sse4_1"},
	{"sse4.2", "sse4_2"},
	{"invtsc", "constant_tsc"},
	{"pclmul", "pclmulqdq"},
	{"tsc-deadline", "tsc_deadline_timer"},
	{"1gb", "pdpe1gb"},
	{"sha", "sha_ni"},
	{"lzcnt", "abm"},
	{"xd", "nx"},
	{"spec-ctrl", "ibrs"},
	{"avx512", "avx512f"},
	{"bmi", "bmi1, bmi2"},
	{"cmpxchg16b", "cx16"},
	{"cmpxchg8b", "cx8"},
	{"x86-64", "lm"},
};

const struct cpuid_dep cpuid_deps[] = {
	{"sse", "fxsr"},
	{"sse2", "sse"},
	{"pni", "sse2"},
	{"ssse3", "pni"},
	{"sse4_1", "ssse3"},
	{"sse4_2", "sse4_1"},
	{"sse4a", "pni"},
	{"misalignsse", "sse"},
	{"aes", "sse2"},
	{"pclmulqdq", "sse2"},
	{"sha_ni", "sse2"},
	{"gfni", "sse2"},
	{"fxsr_opt", "fxsr"},
	{"mmxext", "mmx"},
	{"3dnowext", "3dnow"},
	{"xsaveopt", "xsave"},
	{"xsavec", "xsave"},
	{"xgetbv1", "xsave"},
	{"xsaves", "xsave"},
	{"pku", "xsave"},
	{"mpx", "xsave"},
	{"avx", "xsave"},
	{"f16c", "avx"},
	{"fma", "avx"},
	{"fma4", "avx"},
	{"xop", "avx"},
	{"avx2", "avx"},
	{"vaes", "avx"},
	{"vpclmulqdq", "avx"},
	{"avx_vnni", "avx2"},
	{"avx_ifma", "avx2"},
	{"avx_vnni_int8", "avx2"},
	{"avx_vnni_int16", "avx2"},
	{"avx_ne_convert", "avx2"},
	{"sha512", "avx2"},
	{"sm3", "avx"},
	{"sm4", "avx2"},
	{"avx512f", "avx2"},
	{"avx512dq", "avx512f"},
	{"avx512ifma", "avx512f"},
	{"avx512pf", "avx512f"},
	{"avx512er", "avx512f"},
	{"avx512cd", "avx512f"},
	{"avx512bw", "avx512f"},
	{"avx512vl", "avx512f"},
	{"avx512vbmi", "avx512f"},
	{"avx512_vbmi2", "avx512f"},
	{"avx512_vnni", "avx512f"},
	{"avx512_bitalg", "avx512f"},
	{"avx512_vpopcntdq", "avx512f"},
	{"avx512_4vnniw", "avx512f"},
	{"avx512_4fmaps", "avx512f"},
	{"avx512_vp2intersect", "avx512f"},
	{"avx512_bf16", "avx512f"},
	{"avx512_fp16", "avx512f"},
	{"amx_tile", "xsave"},
	{"amx_bf16", "amx_tile"},
	{"amx_int8", "amx_tile"},
	{"amx_fp16", "amx_tile"},
	{"amx_complex", "amx_tile"},
	{"lm", "pae"},
	{"nx", "pae"},
	{"pge", "pse"},
	{"la57", "lm"},
	{"pdpe1gb", "lm"},
	{"pcid", "lm"},
	{"lahf_lm", "lm"},
	{"invpcid", "pcid"},
	{"x2apic", "apic"},
	{"tsc_deadline_timer", "apic"},
	{"rdtscp", "tsc"},
	{"tsc_adjust", "tsc"},
	{"clflushopt", "clflush"},
	{"lam", "lm"},
	{"fred", "lm"},
	{NULL, NULL},
};

const char *const cpuid_base_flags[] = {
	"fpu", "de",	  "pse",     "tsc",	   "msr",  "pae", "mce",
	"cx8", "apic",	  "sep",     "mtrr",	   "pge",  "mca", "cmov",
	"pat", "pse36",	  "clflush", "mmx",	   "fxsr", "sse", "sse2",
	"nx",  "syscall", "lm",	     "hypervisor", NULL,
};

unsigned int cpuid_flag_bits(const char *name, struct cpuid_bit *bits,
			     unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < cpuid_words_count; w++)
		for (unsigned int b = 0; b < 32; b++) {
			const char *have = cpuid_words[w].name[b];

			if (!have || strcmp(have, name))
				continue;
			if (n < max)
				bits[n] =
					(struct cpuid_bit){&cpuid_words[w], b};
			n++;
		}
	return n < max ? n : max;
}

bool cpuid_flag_synthetic(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(synthetic); i++)
		if (!strcmp(synthetic[i], name))
			return true;
	return false;
}

void cpuid_flag_near(const char *name, struct buf *out)
{
	struct text_near near;

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (!strcmp(foreign[i].other, name)) {
			buf_str(out, foreign[i].name);
			return;
		}
	text_near_init(&near, name);
	for (unsigned int w = 0; w < cpuid_words_count; w++)
		for (unsigned int b = 0; b < 32; b++)
			if (cpuid_words[w].name[b])
				text_near_offer(&near, cpuid_words[w].name[b]);
	text_near_print(&near, out);
}
