#include "arch/paging/explain.h"

#include "arch/paging/entry.h"
#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct walk_rules rules;
static struct buf out;

/* Walk, and everything that is said of it. */
static const char *told(gva_t gva, uint32_t access)
{
	paging_init(&rig.paging, &rig.state, &rig.info);
	rules.guest = &rig.paging;
	buf_clear(&out);
	walk_tell(&rules, &rig_mem, gva, access, &rig.w, &out);
	walk_advise(&rules, &rig.w, &out);
	return buf_cstr(&out);
}

static void setup(void)
{
	rig_long_mode();
	rules = (struct walk_rules){.two_dimensional = -1};
}

TEST(a_walk_in_tracepoint_words)
{
	setup();
	rules.has_pat = true;
	rules.pat = 0x0007040600070406;
	rig.state.cr4 |= X86_CR4_PCIDE;
	rig.state.cr3 |= 5;
	rig_put64(0x4000, 0x8000000000005161);
	CHECK_STR(told(0x123, ACCESS_READ),
		  "kvm_mmu_pagetable_walk: addr 123 pferr 0\n"
		  "  supervisor read, 4-level paging, CR3=0x1005 (PCID 5) WP "
		  "NXE\n"
		  "kvm_mmu_paging_element: pte 2007 level 4\n"
		  "  PML4E[0] at 0x1000: P RW US; table at 0x2000; so far "
		  "rwxu\n"
		  "kvm_mmu_paging_element: pte 3007 level 3\n"
		  "  PDPTE[0] at 0x2000: P RW US; table at 0x3000; so far "
		  "rwxu\n"
		  "kvm_mmu_paging_element: pte 4007 level 2\n"
		  "  PDE[0] at 0x3000: P RW US; table at 0x4000; so far rwxu\n"
		  "kvm_mmu_paging_element: pte 8000000000005161 level 1\n"
		  "  PTE[0] at 0x4000: P A D G NX; 4-KiB page at 0x5000, WB; "
		  "so far r---\n"
		  "the supervisor read reaches physical 0x5123");
}

TEST(emulator_keeps_to_the_guests_width)
{
	static const struct x86_cpu_info host = {.maxphyaddr = 46,
						 .gbpages = true};

	setup();
	rig_put64(0x4000, 0x5007 | BIT(44));
	rules.host = &host;
	rules.two_dimensional = 1;
	CHECK_HAS(told(0, ACCESS_READ), "; so here, and only KVM's emulator "
					"goes by the guest's\n");
}

TEST(most_walks_need_no_other_cpuid)
{
	setup();
	told(0, ACCESS_READ);
	CHECK(!walk_hangs_on_cpuid(&rig.paging, &rig.w));
	rig_put64(0x4000, 0x5007 | BIT(36));
	told(0, ACCESS_READ);
	CHECK(walk_hangs_on_cpuid(&rig.paging, &rig.w));
	rig_put64(0x2000, 0x83);
	told(0, ACCESS_READ);
	CHECK(walk_hangs_on_cpuid(&rig.paging, &rig.w));
}

/* An identity map by 1-GiB pages, on a guest CPU without them. */
TEST(reserved_bit_names_its_cpuid_bit)
{
	static const struct x86_cpu_info host = {.maxphyaddr = 40,
						 .gbpages = true};
	const char *text;

	setup();
	rig.info.gbpages = false;
	rig_put64(0x2000, 0x83);
	rules.host = &host;
	text = told(0x100000, ACCESS_FETCH);
	CHECK_HAS(text, "addr 100000 pferr 10 F\n");
	CHECK_HAS(text, "pte 83 level 3\n  PDPTE[0] at 0x2000: P RW PS; 1-GiB "
			"page at 0x0; so far rwx-\n"
			"  reserved: PDPTE.PS=1 but guest CPUID "
			"80000001.EDX[26] (pdpe1gb)=0\n");
	CHECK_HAS(text, "kvm_mmu_walker_error: pferr 19 P|RSVD|F\n");
	CHECK_HAS(text, "  guest CPUID says pdpe1gb=0; hardware with "
			"two-dimensional paging uses the host's pdpe1gb=1: "
			"there this reaches physical 0x100000; KVM's emulator "
			"and shadow paging go by the guest's\n");
	CHECK_HAS(text, "#PF(0x19) with CR2=0x100000: the PDPTE at 0x2000 has "
			"reserved bits set: map this with 2-MiB pages, or give "
			"the guest the feature (--cpu host,+pdpe1gb)");
	rules.two_dimensional = 1;
	CHECK_HAS(told(0x100000, ACCESS_FETCH), "; so here, from Linux 5.14 on "
						"for KVM's emulator too\n");
	rules.two_dimensional = 0;
	rules.supported = &rig.info;
	CHECK_HAS(told(0x100000, ACCESS_FETCH), "2-MiB pages; KVM on this host "
						"gives no guest 1-GiB ones");
	CHECK_HAS(told(0x100000, ACCESS_FETCH), "this host's KVM has none");
}

TEST(host_that_has_less_than_the_guest)
{
	static const struct x86_cpu_info host = {.maxphyaddr = 36};
	const char *text;

	setup();
	rig_put64(0x2000, 0x83);
	rules.host = rules.supported = &host;
	text = told(0x100000, ACCESS_READ);
	CHECK(rig.w.result == WALK_OK);
	CHECK_HAS(text, "guest CPUID says pdpe1gb=1 MAXPHYADDR=40; ");
	CHECK_HAS(text, "host's pdpe1gb=0 MAXPHYADDR=36: there this gives "
			"#PF(0x9) P|RSVD");
	CHECK_HAS(text, "guest CPUID says pdpe1gb=1 but KVM on this host "
			"supports none: its own walk gives #PF(0x9)");
	/* What does not touch this walk is not told. */
	CHECK(!strstr(told(0x40000000, ACCESS_READ), "guest CPUID"));
}

static const char *reserved(gpa_t gpa, uint64_t entry)
{
	setup();
	rig_put64(gpa, entry);
	return told(0, ACCESS_READ);
}

TEST(what_each_reserved_bit_hangs_on)
{
	CHECK_HAS(reserved(0x4000, 0x5007 | BIT(40) | BIT(51)),
		  "reserved: PTE & 0x8010000000000 != 0 but guest CPUID "
		  "80000008.EAX[7:0] (MAXPHYADDR)=40\n");
	CHECK_HAS(reserved(0x1000, 0x2087), "reserved: PML4E.PS=1 but no page "
					    "has this size\n");
	CHECK_HAS(reserved(0x3000, 0x2083), "reserved: PDE & 0x2000 != 0: "
					    "address bits below the size of "
					    "a 2-MiB page\n");
	setup();
	rig.state.efer &= ~X86_EFER_NXE;
	rig.info.amd = true;
	rig_put64(0x1000, 0x2107 | BIT(63));
	CHECK_HAS(told(0, ACCESS_READ), "reserved: PML4E & 0x100 != 0: bit 8 "
					"is reserved here on "
					"AMD");
	CHECK_HAS(told(0, ACCESS_READ), "reserved: PML4E.NX=1 but "
					"EFER.NXE=0\n");
	CHECK_HAS(told(0, ACCESS_READ), "set EFER.NXE (MSR 0xc0000080 bit 11)");
}

TEST(what_to_do_about_rights)
{
	setup();
	rig_put64(0x1000, 0x2003);
	rig_put64(0x4000, 0x5003);
	CHECK_HAS(told(0, ACCESS_USER), "set US in the PML4E at 0x1000 and in "
					"1 below it, or do it at CPL 0");
	setup();
	rig_put64(0x3000, 0x4001);
	CHECK_HAS(told(0, ACCESS_WRITE), "#PF(0x3) with CR2=0x0: the page is "
					 "read-only: set RW in the "
					 "PDE at 0x3000, or clear CR0.WP");
	CHECK_HAS(told(0, ACCESS_USER), "the page is the supervisor's: set US "
					"in the PDE at 0x3000");
	setup();
	rig_put64(0x4000, 0x5007 | BIT(63));
	CHECK_HAS(told(0, ACCESS_FETCH), "no-execute: clear NX in the PTE at "
					 "0x4000");
	rig_put64(0x4000, 0x5007);
	rig.state.cr4 |= X86_CR4_SMEP | X86_CR4_SMAP;
	CHECK_HAS(told(0, ACCESS_FETCH), "SMEP: ");
	CHECK_HAS(told(0, ACCESS_READ), "set EFLAGS.AC (STAC)");
	rig.state.cr4 = X86_CR4_PAE | X86_CR4_PKE;
	rig.state.fpu.pkru = 1 << 10;
	rig_put64(0x4000, 0x5007 | UINT64_C(5) << 59);
	CHECK_HAS(told(0, ACCESS_READ), "P RW US PK=5; ");
	CHECK_HAS(told(0, ACCESS_READ), "pferr 21 P|PK\n");
	CHECK_HAS(told(0, ACCESS_READ), "PKRU=0x400 denies protection key 5");
}

TEST(what_to_do_about_missing_tables)
{
	setup();
	rig_put64(0x4000, 0xdead000);
	CHECK_HAS(told(0, ACCESS_READ), "not present; the other bits are the "
					"guest's own\n");
	CHECK_HAS(told(0, ACCESS_READ), "the PTE at 0x4000 is kept with P=0");
	CHECK_HAS(told(0x1000, ACCESS_READ), "fill the PTE at 0x4008");
	rig_put64(0x2000, 0x40000007);
	CHECK_HAS(told(0, ACCESS_READ), "the PDPTE at 0x2000 points to a table "
					"outside memory");
	rig.state.cr3 = 0x80000000;
	CHECK_HAS(told(0, ACCESS_READ), "PML4E would lie at 0x80000000, where "
					"there is no memory\n");
	CHECK_HAS(told(0, ACCESS_READ), "CR3 points outside memory");
}

TEST(no_walk_no_tracepoint)
{
	setup();
	CHECK_HAS(told(0x800000000000, ACCESS_READ), "bits 63:47 must be "
						     "equal");
	CHECK(!strstr(buf_cstr(&out), "kvm_mmu"));
	rig.state.cr0 = X86_CR0_PE;
	CHECK_STR(told(0x5000, ACCESS_WRITE), "  supervisor write, paging is "
					      "off (CR0.PG=0): linear is "
					      "physical\nthe supervisor write "
					      "reaches physical 0x5000");
}

TEST(cached_pae_pointers_say_so)
{
	setup();
	rig.state.efer = X86_EFER_NXE;
	rig.state.cr3 = 0x2020;
	rig.state.pdptr[1] = 0x3001;
	rig.state.pdptr_valid = true;
	CHECK_HAS(told(0x40000000, ACCESS_READ), "pte 3001 level 3\n  PDPTE[1] "
						 "as the CPU has cached it: P; "
						 "table at 0x3000; so far "
						 "rwxu\n");
}

/* ---- linear-address masking ---- */

static gva_t walked(gva_t gva, uint32_t access)
{
	told(gva, access);
	return rig.w.linear;
}

TEST(lam_drops_metadata)
{
	setup();
	rig.state.seg[X86_CS].attr = X86_AR_L;
	CHECK_EQ(walked(UINT64_C(0x7a) << 56, ACCESS_READ), UINT64_C(0x7a)
								    << 56);
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	rig.state.cr3 |= X86_CR3_LAM_U48;
	CHECK_EQ(walked(UINT64_C(0x7abc) << 48, ACCESS_READ), 0);
	CHECK_EQ(rig.w.result, WALK_OK);
	CHECK_EQ(rig.w.gpa, 0x5000);
	CHECK_HAS(buf_cstr(&out), "LAM drops the metadata bits: "
				  "0x7abc000000000000 is walked as 0x0\n");
	CHECK_HAS(buf_cstr(&out), "kvm_mmu_pagetable_walk: addr 0 pferr 0\n");
	/* Fetches and kernel pointers are not masked by it. */
	CHECK_EQ(walked(UINT64_C(0x7abc) << 48, ACCESS_FETCH), UINT64_C(0x7abc)
								       << 48);
	CHECK_EQ(walked(UINT64_C(0xfabc) << 48, ACCESS_READ), UINT64_C(0xfabc)
								      << 48);
	/* U57 leaves bits 56:47, and wins over U48. */
	rig.state.cr3 |= X86_CR3_LAM_U57;
	CHECK_EQ(walked(UINT64_C(0x7a01) << 48, ACCESS_READ), UINT64_C(1)
								      << 48);
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	CHECK_EQ(walked(UINT64_C(0x7a) << 56, ACCESS_READ), 0);
	/* Not in compatibility mode. */
	rig.state.seg[X86_CS].attr = 0;
	CHECK_EQ(walked(UINT64_C(0x7a) << 57, ACCESS_READ), UINT64_C(0x7a)
								    << 57);
}

TEST(lam_of_kernel_pointers)
{
	setup();
	rig.state.seg[X86_CS].attr = X86_AR_L;
	rig.state.cr4 |= X86_CR4_LAM_SUP;
	CHECK_EQ(walked(0x8000800000000000, ACCESS_WRITE), 0xffff800000000000);
	CHECK_EQ(rig.w.result, WALK_NOT_PRESENT);
	/* Bit 63 says whose it is and must agree with bit 47. */
	CHECK_EQ(walked(0x8000000000000000, ACCESS_WRITE), 0x8000000000000000);
	CHECK_EQ(rig.w.result, WALK_NOT_CANONICAL);
	rig.state.cr4 |= X86_CR4_LA57;
	CHECK_EQ(walked(0x8100000000000000, ACCESS_WRITE), 0xff00000000000000);
}

/* ---- entries ---- */

TEST(memory_types)
{
	const uint64_t pat = 0x0007040600070406; /* as at reset */

	setup();
	paging_init(&rig.paging, &rig.state, &rig.info);
	CHECK_STR(entry_memory_type(&rig.paging, 1, 0x01, pat), "WB");
	CHECK_STR(entry_memory_type(&rig.paging, 1, 0x09, pat), "WT");
	CHECK_STR(entry_memory_type(&rig.paging, 1, 0x11, pat), "UC-");
	CHECK_STR(entry_memory_type(&rig.paging, 1, 0x19, pat), "UC");
	CHECK_STR(entry_memory_type(&rig.paging, 1, 0x81, pat | 1ull << 32),
		  "UC-");
	CHECK_STR(entry_memory_type(&rig.paging, 2, 0x81, pat), "WB");
	CHECK_STR(entry_memory_type(&rig.paging, 2, 0x1081,
				    0x0100000000000000 >> 24),
		  "WC");
}
