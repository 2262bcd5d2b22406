#include "vmm/host/cpuid.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/test.h"

static struct cpuid_table full, guest, one;
static struct host_caps caps;
static struct buf notes;
static struct err err;

static void entry(uint32_t leaf, uint32_t index, uint32_t flags, uint32_t eax,
		  uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	full.entry[full.n++] = (struct kvm_cpuid_entry2){
		.function = leaf,
		.index = index,
		.flags = flags,
		.eax = eax,
		.ebx = ebx,
		.ecx = ecx,
		.edx = edx,
	};
}

/* An Intel machine that has everything but what a test takes away. */
static void intel(void)
{
	full.n = 0;
	entry(0, 0, 0, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69);
	entry(1, 0, 0, 0x50654, 0x12345678, ~0u, ~0u);
	entry(4, 0, 1, 0x7c004121, 0, 0, 0);
	entry(4, 1, 1, 0x7c004163, 0, 0, 0);
	entry(4, 2, 1, 0, 0, 0, 0);
	entry(7, 0, 1, 1, ~0u, ~0u & ~(1u << 16), ~0u);
	entry(7, 1, 1, ~0u, 0, 0, ~0u);
	entry(0xb, 0, 1, 7, 7, 7, 99);
	entry(0xd, 0, 1, 0x602e7, 0xa88, 0xa88, 0);
	entry(0xd, 1, 1, 0xf, 0x900, 0x100, 0);
	entry(0xd, 2, 1, 256, 576, 0, 0);
	entry(0xd, 5, 1, 64, 1088, 0, 0);
	entry(0xd, 6, 1, 512, 1152, 0, 0);
	entry(0xd, 7, 1, 1024, 1664, 0, 0);
	entry(0xd, 9, 1, 8, 2688, 0, 0);
	entry(0xd, 11, 1, 16, 0, 1, 0);
	entry(0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
	entry(0x40000001, 0, 0, 0xfb, 0, 0, 0);
	entry(0x80000000, 0, 0, 0x80000008, 0, 0, 0);
	entry(0x80000001, 0, 0, 0, 0, 0x121, 0x2c100800);
	entry(0x80000008, 0, 0, 0x3930, 0, 0, 0);
}

static void amd(void)
{
	intel();
	full.entry[0].ebx = 0x68747541;
	full.entry[0].ecx = 0x444d4163;
	full.entry[0].edx = 0x69746e65;
	entry(0x8000001d, 0, 1, 0x121, 0, 0, 0);
	entry(0x8000001d, 1, 1, 0x163, 0, 0, 0);
	entry(0x8000001e, 0, 0, 77, 0x0105, 3, 0);
	for (unsigned int i = 0; i < full.n; i++)
		if (full.entry[i].function == 0x80000001) {
			full.entry[i].ecx |= 1u << 22; /* topoext */
			full.entry[i].edx |= 0x0183f3ff;
		}
}

static bool build(const char *spec)
{
	buf_clear(&notes);
	return cpuid_build(spec, &full, &caps, &guest, &notes, &err);
}

static bool has(const char *flag)
{
	return cpuid_flag_get(&guest, flag);
}

TEST(host_is_everything_but_what_cr4_controls)
{
	intel();
	CHECK_OK(build("host"), &err);
	CHECK(has("avx512f") && has("pdpe1gb") && has("x2apic") && has("nx"));
	CHECK_EQ(cpuid_find(&guest, 1, 0)->ecx >> 27 & 1, 0);
	CHECK(!has("la57") && !notes.len);
}

TEST(base_is_plain_and_keeps_the_hypervisor_leaves)
{
	amd();
	CHECK_OK(build("base"), &err);
	CHECK(has("lm") && has("nx") && has("syscall") && has("sse2"));
	CHECK(has("apic") && has("cx8") && has("msr") && has("hypervisor"));
	CHECK(!has("pni") && !has("avx") && !has("x2apic") && !has("smep"));
	CHECK(!has("xsave") && !cpuid_find(&guest, 0xd, 0));
	CHECK_EQ(cpuid_find(&guest, 0x40000000, 0)->ebx, 0x4b4d564b);
	/* AMD's copies of leaf 1 bits stay */
	CHECK_EQ(cpuid_find(&guest, 0x80000001, 0)->edx & 0x40, 0x40);
	CHECK_EQ(cpuid_find(&guest, 7, 0)->ebx, 0);
}

TEST(plus_and_minus)
{
	intel();
	CHECK_OK(build("base,+cx16,+x2apic,-nx"), &err);
	CHECK(has("cx16") && has("x2apic") && !has("nx") && !has("pcid"));
	CHECK_OK(build("host,-avx"), &err);
	CHECK(has("xsave") && !has("avx") && !has("avx512vl") && !has("fma"));
	CHECK_HAS(buf_cstr(&notes), "masked f16c");
	CHECK_EQ(cpuid_find(&guest, 0xd, 0)->eax, 0x60203);
	CHECK(!cpuid_find(&guest, 0xd, 2) && cpuid_find(&guest, 0xd, 9));
	CHECK_EQ(cpuid_find(&guest, 0xd, 0)->ecx, 2696);
}

TEST(xsave_states_come_back_with_their_flags)
{
	intel();
	CHECK_OK(build("base,+pni,+xsave,+avx"), &err);
	CHECK_EQ(cpuid_find(&guest, 0xd, 0)->eax, 7);
	CHECK_EQ(cpuid_find(&guest, 0xd, 0)->ecx, 832);
	CHECK_EQ(cpuid_find(&guest, 0xd, 2)->ebx, 576);
	CHECK(!cpuid_find(&guest, 0xd, 11));
	CHECK_EQ(cpuid_find(&guest, 0xd, 1)->eax, 0);
	CHECK_OK(build("host,-xsaves"), &err);
	CHECK_EQ(cpuid_find(&guest, 0xd, 1)->ecx, 0);
	CHECK(!cpuid_find(&guest, 0xd, 11));
}

TEST(contradictions_are_errors)
{
	intel();
	CHECK(!build("base,+avx"));
	CHECK_HAS(err.msg, "'+avx' needs 'xsave'");
	CHECK(err.code == ERR_USAGE);
	CHECK(!build("host,+avx2,-xsave"));
	CHECK_HAS(err.msg, "+avx2");
}

TEST(unknown_flags_list_near_matches)
{
	intel();
	CHECK(!build("host,+pdpe1bg"));
	CHECK_HAS(err.msg, "unknown flag 'pdpe1bg' (did you mean: pdpe1gb");
	CHECK(!build("host,-sse3"));
	CHECK_HAS(err.msg, "did you mean: pni");
	CHECK(!build("host,+qqqqqqqq"));
	CHECK_HAS(err.msg, "/proc/cpuinfo");
	CHECK(!build("host,+rep_good"));
	CHECK_HAS(err.msg, "computed by Linux");
	CHECK(!build("host,+an_endless_name_that_no_processor_has"));
	CHECK_HAS(err.msg, "so long a name");
}

TEST(known_flag_that_kvm_does_not_support)
{
	intel();
	CHECK(!build("host,+la57"));
	CHECK(err.code == ERR_UNSUPPORTED);
	CHECK_HAS(err.msg, "this host's KVM does not support 'la57'");
	CHECK_OK(build("host,-la57"), &err);
}

TEST(bad_specs)
{
	static const char *const bad[] = {
		"",	   "hots",   "host,",	  "host,,+nx",
		"host,nx", "host,+", "+nx",	  "host +nx",
		"HOST",	   ",+nx",   "host,+ nx", "base,+-nx",
	};

	intel();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		guest.n = 12345;
		CHECK(!build(bad[i]));
		CHECK_EQ(guest.n, 12345);
		CHECK_HAS(err.msg, "--cpu");
	}
}

TEST(auto_masks_only_what_was_measured)
{
	intel();
	CHECK_OK(build("auto"), &err);
	CHECK(has("avx512f") && has("smap"));
	caps.sse_cpl0 = CAP_NO;
	caps.insn[CAP_INSN_CLAC] = CAP_NO;
	CHECK_OK(build("auto"), &err);
	CHECK(!has("xsave") && !has("avx") && !has("avx512bw") && !has("smap"));
	CHECK(has("sse2") && has("smep"));
	CHECK_HAS(buf_cstr(&notes), "xsave avx");
	CHECK_HAS(buf_cstr(&notes), " smap: this host's KVM cannot run this");
	CHECK_HAS(buf_cstr(&notes), ": a flag that this needs is off");
	/* the user may insist */
	CHECK_OK(build("auto,+smap"), &err);
	CHECK(has("smap"));
	CHECK_OK(build("host"), &err);
	CHECK(has("smap"));
}

/* Linux on four processors sends interrupts by hypercall where it may. */
TEST(auto_offers_no_hypercalls_that_fail)
{
	intel();
	CHECK_OK(build("auto"), &err);
	CHECK_EQ(cpuid_find(&guest, 0x40000001, 0)->eax, 0xfb);
	caps.hypercall = CAP_NO;
	CHECK_OK(build("auto"), &err);
	CHECK_EQ(cpuid_find(&guest, 0x40000001, 0)->eax, 0x7b);
	CHECK_HAS(buf_cstr(&notes), "hypercalls");
	CHECK_OK(build("host"), &err);
	CHECK_EQ(cpuid_find(&guest, 0x40000001, 0)->eax, 0xfb);
}

TEST(flags_that_linux_is_told_where_cpuid_cannot)
{
	struct buf words = BUF_INIT;

	caps.insn[CAP_INSN_POPCNT] = caps.insn[CAP_INSN_XGETBV] = CAP_NO;
	cpuid_for_linux("auto", &caps, &words);
	CHECK_STR(buf_cstr(&words), ""); /* not known to be needed */
	caps.cpuid = CAP_NO;
	cpuid_for_linux("host", &caps, &words);
	cpuid_for_linux("autos", &caps, &words);
	CHECK_STR(buf_cstr(&words), "");
	cpuid_for_linux("auto,+x2apic", &caps, &words);
	CHECK_STR(buf_cstr(&words), "popcnt,xsave");
	buf_clear(&words);
	caps.insn[CAP_INSN_XGETBV] = CAP_YES;
	caps.sse_cpl0 = CAP_NO;
	cpuid_for_linux("auto", &caps, &words);
	CHECK_STR(buf_cstr(&words), "xsave,popcnt");
	buf_deinit(&words);
}

/*
 * APM Vol 3, Fn8000_0008 EBX: it is about FXRSTOR too.  Without it Linux works
 * around an old leak with instructions that an emulating host refuses.
 */
TEST(auto_leaves_xsaveerptr_without_xsave)
{
	amd();
	for (unsigned int i = 0; i < full.n; i++)
		if (full.entry[i].function == 0x80000008)
			full.entry[i].ebx |= 4;
	caps.sse_cpl0 = CAP_NO;
	CHECK_OK(build("auto"), &err);
	CHECK(!has("xsave") && has("xsaveerptr"));
}

TEST(every_vcpu_has_its_own_apic_id)
{
	intel();
	CHECK_OK(build("host"), &err);
	cpuid_for_vcpu(&guest, 2, 3, &one);
	CHECK_EQ(cpuid_find(&one, 1, 0)->ebx, 0x02045678);
	CHECK_EQ(cpuid_find(&one, 0xb, 0)->edx, 2);
	CHECK_EQ(cpuid_find(&one, 0xb, 0)->ecx, 0x100);
	CHECK_EQ(cpuid_find(&one, 0xb, 1)->eax, 2);
	CHECK_EQ(cpuid_find(&one, 0xb, 1)->ebx, 3);
	CHECK_EQ(cpuid_find(&one, 0xb, 1)->ecx, 0x201);
	CHECK_EQ(cpuid_find(&one, 0xb, 2)->ebx, 0);
	CHECK_EQ(cpuid_find(&one, 0x1f, 1)->edx, 2);
	CHECK_EQ(cpuid_find(&one, 4, 0)->eax, 0x0c000121);
	CHECK_EQ(cpuid_find(&one, 4, 1)->eax, 0x0c00c163);
	CHECK(cpuid_flag_get(&one, "ht"));
	cpuid_for_vcpu(&guest, 0, 1, &one);
	CHECK(!cpuid_flag_get(&one, "ht"));
	CHECK_EQ(cpuid_find(&one, 1, 0)->ebx, 0x00015678);
}

TEST(amd_topology)
{
	amd();
	CHECK_OK(build("host"), &err);
	cpuid_for_vcpu(&guest, 5, 6, &one);
	CHECK_EQ(cpuid_find(&one, 0x80000008, 0)->ecx, 0x3005);
	CHECK_EQ(cpuid_find(&one, 0x8000001e, 0)->eax, 5);
	CHECK_EQ(cpuid_find(&one, 0x8000001e, 0)->ebx, 5);
	CHECK_EQ(cpuid_find(&one, 0x8000001e, 0)->ecx, 0);
	CHECK_EQ(cpuid_find(&one, 0x8000001d, 1)->eax, 0x1c163);
	CHECK_EQ(cpuid_find(&one, 0x8000001d, 0)->eax, 0x121);
	CHECK(cpuid_flag_get(&one, "cmp_legacy"));
}

TEST(info_for_the_walker)
{
	struct x86_cpu_info info;

	amd();
	CHECK_OK(build("host,-pcid"), &err);
	cpuid_info(&guest, &info);
	CHECK_EQ(info.maxphyaddr, 48);
	CHECK(info.amd && info.nx && info.gbpages && info.avx512 && info.pku);
	CHECK(!info.la57 && !info.pcid && info.smep);
	guest.n = 0;
	cpuid_info(&guest, &info);
	CHECK_EQ(info.maxphyaddr, 36);
	CHECK(!info.amd && !info.nx);
}

TEST(names_are_unique_but_for_the_known_pairs)
{
	for (unsigned int w = 0; w < cpuid_words_count; w++)
		for (unsigned int b = 0; b < 32; b++) {
			const char *name = cpuid_words[w].name[b];
			struct cpuid_bit bit[CPUID_FLAG_BITS_MAX];
			unsigned int n;

			if (!name)
				continue;
			n = cpuid_flag_bits(name, bit, CPUID_FLAG_BITS_MAX);
			if (!strcmp(name, "ibrs") || !strcmp(name, "stibp") ||
			    !strcmp(name, "ssbd"))
				CHECK_EQ(n, 2);
			else if (n != 1)
				test_fail(__FILE__, __LINE__, "%s: %u bits",
					  name, n);
			CHECK(!cpuid_flag_synthetic(name));
		}
	for (const struct cpuid_dep *d = cpuid_deps; d->flag; d++) {
		struct cpuid_bit bit;

		if (!cpuid_flag_bits(d->flag, &bit, 1) ||
		    !cpuid_flag_bits(d->needs, &bit, 1))
			test_fail(__FILE__, __LINE__, "%s needs %s: no bit",
				  d->flag, d->needs);
	}
}

/* Flags this machine shows that we can neither place nor explain. */
TEST(knows_the_flags_of_this_machine)
{
	static char line[8192];
	FILE *f = fopen("/proc/cpuinfo", "r");

	if (!f)
		test_skip("no /proc/cpuinfo");
	while (fgets(line, sizeof(line), f) && strncmp(line, "flags", 5))
		;
	fclose(f);
	if (strncmp(line, "flags", 5))
		test_skip("no flags line");
	strtok(line, ": \t\n");
	for (char *word; (word = strtok(NULL, ": \t\n"));) {
		struct cpuid_bit bit;

		if (!cpuid_flag_bits(word, &bit, 1) &&
		    !cpuid_flag_synthetic(word))
			test_skip("this Linux shows '%s', which is new to us",
				  word);
	}
}

TEST(supported_by_this_host)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		test_skip("/dev/kvm cannot be opened");
	CHECK_OK(cpuid_supported(fd, &full, &err), &err);
	CHECK(cpuid_flag_get(&full, "lm") && cpuid_flag_get(&full, "pae"));
	CHECK_OK(build("host"), &err);
	CHECK_OK(build("base"), &err);
	CHECK(has("lm") && has("sse2"));
	close(fd);
	CHECK(!cpuid_supported(-1, &full, &err));
	CHECK_HAS(err.msg, "KVM_GET_SUPPORTED_CPUID");
}
