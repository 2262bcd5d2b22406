/*
 * What `walk` tells against what KVM's tracepoints tell of the same walk, word
 * by word: of KVM_TRANSLATE on random tables, and where KVM's emulator runs
 * kernel-mode code, of a guest's own reads, writes and fetches.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch/paging/explain.h"
#include "tests/kvm/kvm_trace.h"
#include "tests/kvm/oracle.h"
#include "tests/test.h"
#include "vmm/convert.h"

#define ROUNDS	    300
#define ROUNDS_SLOW 40 /* in an emulated machine */

static struct oracle o;
static struct paging p;
static struct buf told, expected;
static unsigned int told_of, refused; /* accesses */

/* The lines of walk_tell() that are tracepoints. */
static const char *tell(gva_t gva, uint32_t access, struct walk *w)
{
	const struct walk_rules rules = {.guest = &p, .two_dimensional = -1};
	const struct phys_reader mem = oracle_reader(&o);
	const char *line, *end;

	buf_clear(&told);
	buf_clear(&expected);
	walk_tell(&rules, &mem, gva, access, w, &told);
	for (line = buf_cstr(&told); (end = strchr(line, '\n')); line = end + 1)
		if (!strncmp(line, "kvm_mmu_", 8))
			buf_append(&expected, line, (size_t)(end - line) + 1);
	return buf_cstr(&expected);
}

/*
 * KVM sets the accessed bit in each entry after the walk, and begins again when
 * one is not as it was: so it is where one entry serves two levels.
 */
static bool begins_again(const struct walk *w)
{
	for (unsigned int i = 0; i < w->steps; i++)
		for (unsigned int k = 0; k < i; k++)
			if (w->step[i].entry_gpa == w->step[k].entry_gpa)
				return true;
	return false;
}

/* KVM's walk begins with ours and goes no further than it. */
static void same(const char *kernel, const char *ours, const struct walk *w,
		 unsigned int round)
{
	size_t n = strlen(ours);
	const char *rest = kernel + n;

	if (strncmp(kernel, ours, n) ||
	    (!strncmp(rest, "kvm_mmu_paging_element", 22) &&
	     !begins_again(w)) ||
	    !strncmp(rest, "kvm_mmu_walker_error", 20))
		test_fail(__FILE__, __LINE__,
			  "seed 0x%" PRIx64 " round %u: KVM: %.300s; we: "
			  "%.300s",
			  ORACLE_SEED, round, kernel, ours);
}

static void start(uint64_t cr4, uint64_t efer)
{
	test_timeout(120);
	oracle_init(&o);
	if ((cr4 & X86_CR4_LA57) && !o.info.la57)
		test_skip("this KVM has no 5-level paging");
	kvm_trace_start();
	o.state.cr4 = cr4;
	o.state.efer = efer;
	oracle_scribble(&o, ORACLE_PAGES * 512 * 4);
	if (!oracle_mode(&o, cr4, efer))
		test_skip("KVM_SET_SREGS refuses: %s", strerror(errno));
	paging_init(&p, &o.state, &o.info);
	if (p.mode == PAGING_NONE)
		test_skip("this KVM pages in long mode only");
}

/* ---- KVM_TRANSLATE ---- */

static void translate(uint64_t cr4, uint64_t efer)
{
	unsigned int rounds = getenv("KVMTEST_EMULATOR") ? ROUNDS_SLOW : ROUNDS;
	unsigned int errors = 0;
	struct walk w;
	gpa_t gpa;

	start(cr4, efer);
	for (unsigned int round = 0; round < rounds; round++) {
		oracle_scribble(&o, 500);
		CHECK(oracle_mode(&o, cr4, efer));
		paging_init(&p, &o.state, &o.info);
		for (unsigned int i = 0; i < 10; i++) {
			gva_t gva = oracle_address(&o, p.mode);
			const char *ours = tell(gva, ACCESS_READ, &w);

			kvm_trace_read();
			oracle_translate(&o, gva, &gpa);
			same(kvm_trace_read(), ours, &w, round);
			errors += !!strstr(ours, "walker_error");
		}
	}
	CHECK(errors > rounds / 3);
	oracle_deinit(&o);
}

TEST(four_levels_in_kvms_words)
{
	translate(X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(five_levels_in_kvms_words)
{
	translate(X86_CR4_PAE | X86_CR4_LA57, X86_EFER_LME | X86_EFER_LMA);
}

TEST(pae_in_kvms_words)
{
	translate(X86_CR4_PAE, X86_EFER_NXE);
}

TEST(two_levels_in_kvms_words)
{
	translate(X86_CR4_PSE, 0);
}

/* ---- a guest's accesses ---- */

#define CODE	  0x8000u /* mapped at the same linear address */
#define CODE_PML4 0x9000u /* tables for it: this and the two pages after */

/* PML4[0] leads to the code; the rest of the top table is a random one's. */
static void map_code(void)
{
	const uint64_t chain[][2] = {
		{ORACLE_TABLES, CODE_PML4 | 3},
		{CODE_PML4, (CODE_PML4 + 0x1000) | 3},
		{CODE_PML4 + 0x1000, (CODE_PML4 + 0x2000) | 3},
		{CODE_PML4 + 0x2000 + 8 * (CODE >> 12), CODE | 3},
	};
	/* mov (%rbx),%al; mov %al,(%rbx) */
	static const uint8_t code[] = {0x8a, 0x03, 0x90, 0x90,
				       0x88, 0x03, 0x90, 0x90};

	for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
		memcpy(o.ram + chain[i][0], &chain[i][1], 8);
	memcpy(o.ram + CODE, code, sizeof(code));
}

static void must(int result, const char *what)
{
	if (result < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", what, strerror(errno));
}

/* Load everything; false: KVM refuses these bits of CR4. */
static bool load(uint64_t cr4, uint64_t efer)
{
	struct kvm_sregs s;

	must(ioctl(o.vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP | 0x30;
	s.cr3 = ORACLE_TABLES;
	s.cr4 = cr4;
	s.efer = efer;
	s.cs = (struct kvm_segment){.limit = UINT32_MAX,
				    .selector = 8,
				    .type = 11,
				    .present = 1,
				    .s = 1,
				    .l = 1,
				    .g = 1};
	s.ss = (struct kvm_segment){.limit = UINT32_MAX,
				    .selector = 16,
				    .type = 3,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1};
	s.ds = s.es = s.ss;
	s.tr = (struct kvm_segment){
		.limit = 0x67, .selector = 24, .type = 11, .present = 1};
	s.idt.limit = 0; /* a fault ends the guest */
	if (ioctl(o.vcpu, KVM_SET_SREGS, &s))
		return false;
	must(ioctl(o.vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	convert_from_sregs(&o.state, &s);
	o.state.rflags = 2;
	paging_init(&p, &o.state, &o.info);
	return true;
}

/* One instruction at rip, with rbx = gva; the trace of what it did. */
static const char *step(uint64_t rip, gva_t gva)
{
	struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE |
						   KVM_GUESTDBG_SINGLESTEP};
	struct kvm_regs regs = {.rip = rip, .rflags = 2, .rbx = gva};

	must(ioctl(o.vcpu, KVM_SET_GUEST_DEBUG, &debug), "KVM_SET_GUEST_DEBUG");
	must(ioctl(o.vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	kvm_trace_read();
	must(ioctl(o.vcpu, KVM_RUN, NULL), "KVM_RUN");
	return kvm_trace_read();
}

/* The guest has written where it could: start again from clean memory. */
static void restore(const uint8_t *copy)
{
	struct kvm_vcpu_events events;

	memcpy(o.ram, copy, 0x40000);
	must(ioctl(o.vcpu, KVM_GET_VCPU_EVENTS, &events), "events");
	memset(&events.exception, 0, sizeof(events.exception));
	must(ioctl(o.vcpu, KVM_SET_VCPU_EVENTS, &events), "events");
}

/* Compare one access; false: KVM has not walked for it. */
static bool compare(gva_t gva, uint32_t access, unsigned int round)
{
	uint64_t rip = access == ACCESS_FETCH	? gva
		       : access == ACCESS_WRITE ? CODE + 4
						: CODE;
	const char *ours, *trace, *at;
	char first[80];
	struct walk w;

	ours = tell(gva, access, &w);
	trace = step(rip, gva);
	snprintf(first, sizeof(first), "%.*s\n", (int)strcspn(ours, "\n"),
		 ours);
	at = strstr(trace, first);
	if (!at)
		return false;
	same(at, ours, &w, round);
	refused += w.result == WALK_PROTECTED;
	return true;
}

/* Nine accesses on one set of tables. */
static void access_some(uint64_t cr4, uint64_t efer, unsigned int round)
{
	const uint32_t kinds[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH};
	static uint8_t copy[0x40000];

	memset(o.ram, 0, ORACLE_TABLES);
	oracle_scribble(&o, 500);
	map_code();
	memcpy(copy, o.ram, sizeof(copy));
	for (unsigned int i = 0; i < 9; i++) {
		/* not in the code's 512 GiB */
		gva_t gva = oracle_address(&o, PAGING_4LEVEL) | BIT(39);

		CHECK(load(cr4, efer));
		told_of += compare(gva, kinds[i % 3], round);
		restore(copy);
	}
}

/* SMEP and SMAP, where KVM takes them though it may not list them. */
static uint64_t extra_cr4(void)
{
	uint64_t cr4 = X86_CR4_PAE | X86_CR4_SMEP | X86_CR4_SMAP;

	cpuid_flag_set(&o.cpuid, "smep", true);
	cpuid_flag_set(&o.cpuid, "smap", true);
	oracle_set_cpuid(&o);
	if (load(cr4, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE))
		return X86_CR4_SMEP | X86_CR4_SMAP;
	return 0;
}

TEST(guest_accesses_in_kvms_words)
{
	const uint64_t efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE;
	uint64_t extra;

	start(X86_CR4_PAE, efer);
	if (o.two_dimensional)
		test_skip("the processor walks for this guest, not KVM");
	extra = extra_cr4();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t cr4 = X86_CR4_PAE, off = 0;

		if (round & 1)
			cr4 |= extra & X86_CR4_SMEP;
		if (round & 2)
			cr4 |= extra & X86_CR4_SMAP;
		if (round & 4)
			off = X86_EFER_NXE;
		access_some(cr4, efer & ~off, round);
	}
	if (told_of < ROUNDS * 9 * 9 / 10)
		test_fail(__FILE__, __LINE__, "KVM told of %u accesses of %u",
			  told_of, ROUNDS * 9);
	CHECK(refused > 100);
	oracle_deinit(&o);
}
