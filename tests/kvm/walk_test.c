/*
 * The page walk of arch/paging/paging.c and the iterator against KVM's own
 * walk, by KVM_TRANSLATE, on page tables of random content, in every mode and
 * under CPUIDs that differ from the host's.  KVM answers for a supervisor read.
 */
#include <errno.h>

#include "arch/paging/iter.h"
#include "tests/kvm/oracle.h"
#include "tests/test.h"

#define ROUNDS	  1000 /* sets of tables */
#define ADDRESSES 10   /* looked up in each */

static struct oracle o;
static struct paging p;
static unsigned int seen[WALK_NO_TABLE + 1];

static void compare(gva_t gva, unsigned int round)
{
	const struct phys_reader mem = oracle_reader(&o);
	struct walk w;
	char text[200];
	bool ok = paging_walk(&p, &mem, gva, ACCESS_READ, &w), valid;
	gpa_t gpa;

	valid = oracle_translate(&o, gva, &gpa);
	walk_explain(&w, text, sizeof(text));
	if (ok != valid || (ok && w.gpa != gpa))
		test_fail(__FILE__, __LINE__,
			  "%s paging, seed 0x%" PRIx64 " round %u: KVM says "
			  "%s 0x%" PRIx64 "; we: %s",
			  paging_mode_name(p.mode), ORACLE_SEED, round,
			  valid ? "valid" : "fault", gpa, text);
	seen[w.result]++;
}

/* The run an address lies in, as one that asks for that page alone gets it. */
static void compare_run(gva_t gva, unsigned int round)
{
	static struct paging_iter it;
	const struct phys_reader mem = oracle_reader(&o);
	struct paging_run run;
	gpa_t gpa;
	bool valid = oracle_translate(&o, gva, &gpa), ok;

	paging_iter_init(&it, &p, &mem, gva, gva);
	CHECK(paging_iter_next(&it, &run));
	ok = run.kind == RUN_PAGES && !run.reserved;
	if (ok != valid || (ok && run.gpa + (gva - run.start) != gpa))
		test_fail(__FILE__, __LINE__,
			  "%s paging, seed 0x%" PRIx64 " round %u: linear "
			  "0x%" PRIx64 ": KVM says %s 0x%" PRIx64 "; the "
			  "iterator %s 0x%" PRIx64,
			  paging_mode_name(p.mode), ORACLE_SEED, round, gva,
			  valid ? "valid" : "fault", gpa,
			  ok ? "valid" : "fault", run.gpa);
}

/* The registers, or the test ends with the reason why not. */
static void start(uint64_t cr4, uint64_t efer)
{
	if ((cr4 & X86_CR4_LA57) && !o.info.la57)
		test_skip("this KVM has no 5-level paging");
	o.state.cr4 = cr4;
	o.state.efer = efer;
	oracle_scribble(&o, ORACLE_PAGES * 512 * 4);
	if (!oracle_mode(&o, cr4, efer))
		test_skip("KVM_SET_SREGS refuses: %s", strerror(errno));
	paging_init(&p, &o.state, &o.info);
	if (p.mode == PAGING_NONE)
		test_skip("this KVM pages in long mode only");
}

static void rounds(uint64_t cr4, uint64_t efer, unsigned int n)
{
	for (unsigned int round = 0; round < n; round++) {
		oracle_scribble(&o, 500);
		/* KVM caches PAE's pointers when it loads CR3 */
		CHECK(oracle_mode(&o, cr4, efer));
		paging_init(&p, &o.state, &o.info);
		for (unsigned int i = 0; i < ADDRESSES; i++) {
			gva_t gva = oracle_address(&o, p.mode);

			compare(gva, round);
			compare_run(gva, round);
		}
	}
}

static void differential(uint64_t cr4, uint64_t efer)
{
	test_timeout(120);
	oracle_init(&o);
	start(cr4, efer);
	rounds(cr4, efer, ROUNDS);
	if (seen[WALK_OK] < 100 || seen[WALK_NOT_PRESENT] < 100)
		test_fail(__FILE__, __LINE__,
			  "too little seen: %u translated, %u not present, %u "
			  "reserved, %u without table",
			  seen[WALK_OK], seen[WALK_NOT_PRESENT],
			  seen[WALK_RESERVED], seen[WALK_NO_TABLE]);
	if (cr4 & X86_CR4_PAE)
		CHECK(seen[WALK_RESERVED] > 100);
	oracle_deinit(&o);
}

TEST(four_level_walk_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA);
}

TEST(four_level_walk_with_nx_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(five_level_walk_is_kvms)
{
	differential(X86_CR4_PAE | X86_CR4_LA57,
		     X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(two_level_walk_is_kvms)
{
	differential(0, 0);
}

TEST(two_level_walk_with_large_pages_is_kvms)
{
	differential(X86_CR4_PSE, 0);
}

TEST(pae_walk_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_NXE);
}

/* ---- reserved bits hang on the guest's CPUID ---- */

static void set_maxphyaddr(struct cpuid_table *t, unsigned int bits)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->entry[i].function == 0x80000008)
			t->entry[i].eax = (t->entry[i].eax & ~0xffu) | bits;
}

static void with_cpuid(unsigned int maxphyaddr, bool gbpages)
{
	const uint64_t efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE;

	o.cpuid = o.supported;
	set_maxphyaddr(&o.cpuid, maxphyaddr);
	cpuid_flag_set(&o.cpuid, "pdpe1gb", gbpages);
	oracle_set_cpuid(&o);
	start(X86_CR4_PAE, efer);
	rounds(X86_CR4_PAE, efer, ROUNDS / 10);
}

TEST(reserved_bits_are_kvms_under_other_cpuids)
{
	unsigned int host;

	test_timeout(120);
	oracle_init(&o);
	host = o.info.maxphyaddr;
	for (unsigned int bits = 36; bits <= host; bits += 3)
		with_cpuid(bits, bits % 2);
	with_cpuid(host, false);
	with_cpuid(host, true);
	CHECK(seen[WALK_RESERVED] > 100);
	oracle_deinit(&o);
}

/* Bit 8 of the upper levels is reserved by the guest's vendor. */
TEST(vendor_bit_is_kvms)
{
	static const char *const vendors[] = {"GenuineIntel", "AuthenticAMD"};
	const uint64_t efer = X86_EFER_LME | X86_EFER_LMA;

	test_timeout(120);
	oracle_init(&o);
	for (unsigned int i = 0; i < ARRAY_SIZE(vendors); i++) {
		struct kvm_cpuid_entry2 *e = &o.cpuid.entry[0];

		CHECK_EQ(e->function, 0);
		memcpy(&e->ebx, vendors[i], 4);
		memcpy(&e->edx, vendors[i] + 4, 4);
		memcpy(&e->ecx, vendors[i] + 8, 4);
		oracle_set_cpuid(&o);
		CHECK_EQ(o.info.amd, i);
		start(X86_CR4_PAE, efer);
		rounds(X86_CR4_PAE, efer, ROUNDS / 10);
	}
	oracle_deinit(&o);
}
