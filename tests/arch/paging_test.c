#include "arch/paging.h"

#include "tests/test.h"

/* 256 KiB of guest memory at physical 0. */
static uint8_t ram[256 * 1024];
static unsigned int reads;

static bool read_ram(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	reads++;
	if (!range_ok(0, sizeof(ram), gpa, len))
		return err_set_fault(err, gpa, "no memory at 0x%llx",
				     (unsigned long long)gpa);
	memcpy(buf, ram + gpa, len);
	return true;
}

static const struct phys_reader mem = {.read = read_ram};

static void put64(gpa_t gpa, uint64_t value)
{
	memcpy(ram + gpa, &value, 8);
}

static void put32(gpa_t gpa, uint32_t value)
{
	memcpy(ram + gpa, &value, 4);
}

/* What the tests vary. */
static struct x86_state state;
static struct x86_cpu_info info;
static struct paging paging;
static struct walk w;

static bool walk(gva_t gva, uint32_t access)
{
	paging_init(&paging, &state, &info);
	return paging_walk(&paging, &mem, gva, access, &w);
}

static const char *said(void)
{
	static char text[300];

	walk_explain(&w, text, sizeof(text));
	return text;
}

/*
 * Long mode: PML4 at 0x1000, PDPT 0x2000, PD 0x3000, PT 0x4000, all with every
 * right; linear 0 is the page at 0x5000.
 */
static void long_mode(void)
{
	memset(ram, 0, sizeof(ram));
	state = (struct x86_state){
		.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP,
		.cr3 = 0x1000,
		.cr4 = X86_CR4_PAE,
		.efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE,
	};
	info = (struct x86_cpu_info){.maxphyaddr = 40, .gbpages = true};
	put64(0x1000, 0x2007);
	put64(0x2000, 0x3007);
	put64(0x3000, 0x4007);
	put64(0x4000, 0x5007);
}

/* ---- modes ---- */

TEST(without_paging_linear_is_physical)
{
	long_mode();
	state.cr0 = X86_CR0_PE;
	CHECK(walk(0x123456789, ACCESS_WRITE | ACCESS_USER));
	CHECK_EQ(w.gpa, 0x123456789);
	CHECK_EQ(w.level, 0);
	CHECK_EQ(w.steps, 0);
	CHECK_STR(paging_mode_name(paging.mode), "none");
	CHECK_HAS(said(), "paging is off");
}

TEST(four_levels_of_4k)
{
	long_mode();
	put64(0x1000 + 8 * 0x1ff, 0x2007);
	put64(0x2000 + 8 * 0x1fe, 0x3007);
	put64(0x3000 + 8 * 8, 0x4007);
	put64(0x4000 + 8 * 1, 0x6007);
	CHECK(walk(0xffffffff81001abc, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x6abc);
	CHECK_EQ(w.page_size, 4096);
	CHECK_EQ(w.steps, 4);
	CHECK_EQ(w.level, 1);
	CHECK_EQ(w.step[0].entry_gpa, 0x1ff8);
	CHECK_EQ(w.step[1].entry_gpa, 0x2ff0);
	CHECK_EQ(w.step[2].entry_gpa, 0x3040);
	CHECK_EQ(w.step[3].entry_gpa, 0x4008);
	CHECK_EQ(w.step[3].entry, 0x6007);
	CHECK_STR(walk_level_name(&paging, w.step[0].level), "PML4E");
	CHECK_STR(paging_mode_name(paging.mode), "4-level");
	CHECK_HAS(said(), "physical 0x6abc, 4-KiB page, user, writable, "
			  "executable");
}

TEST(large_pages)
{
	long_mode();
	put64(0x3000 + 8, 0x200083);
	CHECK(walk(0x2abcde, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x2abcde);
	CHECK_EQ(w.page_size, 0x200000);
	CHECK(!w.user);
	put64(0x2000 + 8, 0x80000083 | BIT(12)); /* bit 12 is PAT */
	CHECK(walk(0x40001234, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x80001234);
	CHECK_EQ(w.page_size, 0x40000000);
	CHECK_EQ(w.level, 3);
}

TEST(five_levels)
{
	long_mode();
	state.cr4 |= X86_CR4_LA57;
	state.cr3 = 0x8000;
	put64(0x8000, 0x1007);
	put64(0x8000 + 8 * 0x1ff, 0x1007);
	CHECK(walk(0x10, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x5010);
	CHECK_EQ(w.steps, 5);
	CHECK_STR(walk_level_name(&paging, w.step[0].level), "PML5E");
	CHECK(walk(0xffff000000000010, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x5010);
	CHECK(!walk(0x0100000000000000, ACCESS_READ));
	CHECK_EQ(w.result, WALK_NOT_CANONICAL);
	CHECK(!walk(0x800000000000, ACCESS_READ));
	CHECK_EQ(w.result, WALK_NOT_PRESENT);
	CHECK_EQ(w.level, 4);
}

static void pae_mode(void)
{
	long_mode();
	state.efer = X86_EFER_NXE;
	state.cr3 = 0x2020; /* 32-byte aligned */
	memset(ram + 0x2000, 0, 0x1000);
	put64(0x2020, 0x3001);
	put64(0x2038, 0x3001);
}

TEST(pae_reads_its_pointers_from_memory)
{
	pae_mode();
	CHECK(walk(0xc0000123, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x5123);
	CHECK_EQ(w.steps, 3);
	CHECK_EQ(w.step[0].entry_gpa, 0x2038);
	CHECK(w.writable && w.user);
	CHECK(walk(0xffffffffc0000123, ACCESS_READ)); /* sign-extended */
	CHECK_EQ(w.gpa, 0x5123);
	CHECK(!walk(0x1c0000123, ACCESS_READ));
	CHECK_EQ(w.result, WALK_NOT_CANONICAL);
	CHECK(!walk(0x40000000, ACCESS_READ));
	CHECK_EQ(w.pfec, 0);
	CHECK_HAS(said(), "PDPTE at physical 0x2028 is not present");
}

TEST(pae_prefers_the_cached_pointers)
{
	pae_mode();
	put64(0x2020, 0);
	state.pdptr[0] = 0x3001;
	state.pdptr_valid = true;
	CHECK(walk(0x123, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x5123);
	CHECK_EQ(w.step[0].entry, 0x3001);
	CHECK(!walk(0xc0000123, ACCESS_READ)); /* in memory, not in cache */
}

TEST(pae_large_page)
{
	pae_mode();
	put64(0x3000 + 8, 0x600087);
	CHECK(walk(0x2abcde, ACCESS_USER));
	CHECK_EQ(w.gpa, 0x6abcde);
	CHECK_EQ(w.page_size, 0x200000);
	put64(0x3000 + 8, 0x600087 | BIT(55));
	CHECK(!walk(0x2abcde, ACCESS_READ));
	CHECK_EQ(w.pfec, PFEC_P | PFEC_RSVD);
}

static void mode_32(void)
{
	long_mode();
	state.efer = 0;
	state.cr4 = X86_CR4_PSE;
	state.cr3 = 0x8018; /* PWT and PCD set */
	put32(0x8000 + 4 * 0x300, 0x9007);
	put32(0x9000 + 4 * 0x3ff, 0xa007);
	put32(0x8000 + 4, 0x00400087);
}

TEST(two_levels)
{
	mode_32();
	CHECK(walk(0xc03ff123, ACCESS_WRITE | ACCESS_USER));
	CHECK_EQ(w.gpa, 0xa123);
	CHECK_EQ(w.steps, 2);
	CHECK_EQ(w.step[0].entry_gpa, 0x8c00);
	CHECK_EQ(w.step[1].entry_gpa, 0x9ffc);
	CHECK_EQ(w.page_size, 4096);
}

TEST(page_size_extension)
{
	mode_32();
	CHECK(walk(0x4abcde, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x4abcde);
	CHECK_EQ(w.page_size, 0x400000);
	put32(0x8000 + 4, 0x00400087 | 1 << 13 | 1 << 16); /* PSE-36 */
	CHECK(walk(0x4abcde, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x9004abcde);
	put32(0x8000 + 4, 0x00400087 | 1 << 17);
	CHECK(!walk(0x4abcde, ACCESS_WRITE));
	CHECK_EQ(w.result, WALK_RESERVED);
	CHECK_EQ(w.pfec, PFEC_P | PFEC_W | PFEC_RSVD);
}

TEST(without_pse_bit_7_means_nothing)
{
	mode_32();
	state.cr4 = 0;
	put32(0x8000 + 4, 0x9087);
	CHECK(walk(0x7ff010, ACCESS_READ));
	CHECK_EQ(w.gpa, 0xa010);
}

TEST(no_nx_in_two_levels)
{
	mode_32();
	state.efer = X86_EFER_NXE;
	CHECK(walk(0xc03ff123, ACCESS_FETCH));
	CHECK(!walk(0, ACCESS_FETCH));
	CHECK_EQ(w.pfec, 0); /* I/D is not reported either */
}

/* ---- addresses ---- */

TEST(canonical_addresses)
{
	long_mode();
	CHECK(!walk(0x800000000000, ACCESS_READ));
	CHECK_EQ(w.result, WALK_NOT_CANONICAL);
	CHECK_EQ(w.steps, 0);
	CHECK_EQ(w.pfec, 0);
	CHECK_HAS(said(), "not canonical");
	CHECK(!walk(0xffff7fffffffffff, ACCESS_DEBUG));
	CHECK_EQ(w.result, WALK_NOT_CANONICAL);
	CHECK(!walk(0xffff800000000000, ACCESS_READ));
	CHECK_EQ(w.result, WALK_NOT_PRESENT);
}

TEST(linear_zero_is_not_physical_zero)
{
	long_mode();
	put64(0x4000, 0);
	CHECK(!walk(0, ACCESS_DEBUG));
	CHECK_HAS(said(), "PTE at physical 0x4000 is not present (0x0)");
}

TEST(cr3_low_bits_are_not_an_address)
{
	long_mode();
	state.cr3 = 0x1000 | 0xfff; /* PCID */
	CHECK(walk(0, ACCESS_READ));
	CHECK_EQ(w.step[0].entry_gpa, 0x1000);
}

TEST(tables_outside_memory)
{
	long_mode();
	put64(0x2000, 0x40000007);
	CHECK(!walk(0, ACCESS_WRITE));
	CHECK_EQ(w.result, WALK_NO_TABLE);
	CHECK_EQ(w.level, 2);
	CHECK_EQ(w.steps, 2);
	CHECK_EQ(w.pfec, PFEC_W);
	CHECK_HAS(said(), "its PDE would lie at physical 0x40000000, where "
			  "there is no memory");
	state.cr3 = 0x80000000;
	CHECK(!walk(0, ACCESS_READ));
	CHECK_EQ(w.steps, 0);
	CHECK_HAS(said(), "PML4E");
}

/* ---- not present, reserved ---- */

TEST(not_present_at_each_level)
{
	for (int level = 4; level >= 1; level--) {
		long_mode();
		put64(0x1000u * (5 - (unsigned int)level), 0xdead000);
		CHECK(!walk(0, ACCESS_WRITE | ACCESS_USER));
		CHECK_EQ(w.result, WALK_NOT_PRESENT);
		CHECK_EQ(w.level, level);
		CHECK_EQ(w.pfec, PFEC_W | PFEC_U);
		CHECK_EQ(w.step[w.steps - 1].entry, 0xdead000);
	}
}

TEST(gigabyte_page_on_a_cpu_without_them)
{
	long_mode();
	info.gbpages = false;
	put64(0x2000, 0x83);
	CHECK(!walk(0x100000, ACCESS_FETCH));
	CHECK_EQ(w.pfec, 0x19); /* P, RSVD, F */
	CHECK_EQ(w.step[1].reserved, 0x80);
	CHECK_HAS(said(), "PDPTE at physical 0x2000 is 0x83");
	CHECK_HAS(said(), "CPUID 80000001.EDX[26]=0");
	state.efer &= ~X86_EFER_NXE;
	CHECK(!walk(0x100000, ACCESS_FETCH));
	CHECK_EQ(w.pfec, 0x9);
	info.gbpages = true;
	CHECK(walk(0x100000, ACCESS_FETCH));
}

static uint64_t reserved_at(gpa_t gpa, uint64_t entry)
{
	long_mode();
	put64(gpa, entry);
	if (walk(0, ACCESS_READ) || w.result != WALK_RESERVED)
		return 0;
	CHECK_EQ(w.pfec, PFEC_P | PFEC_RSVD);
	CHECK_EQ(w.step[w.steps - 1].entry_gpa, gpa);
	return w.step[w.steps - 1].reserved;
}

TEST(reserved_bits)
{
	for (gpa_t gpa = 0x1000; gpa <= 0x4000; gpa += 0x1000)
		CHECK_EQ(reserved_at(gpa, (gpa + 0x1007) | BIT(40)), BIT(40));
	CHECK_EQ(reserved_at(0x4000, 0x5007 | BIT(51)), BIT(51));
	CHECK_EQ(reserved_at(0x4000, 0x5007 | BIT(52)), 0); /* ignored */
	CHECK_EQ(reserved_at(0x4000, 0x5007 | BIT(39)), 0);
	CHECK_EQ(reserved_at(0x4000, 0x5007 | BIT(63)), 0); /* NXE is set */
	CHECK_EQ(reserved_at(0x1000, 0x2087), BIT(7));
	CHECK_EQ(reserved_at(0x2000, 0x83 | BIT(13) | BIT(29)),
		 BIT(13) | BIT(29));
	CHECK_EQ(reserved_at(0x3000, 0x83 | BIT(13) | BIT(20)),
		 BIT(13) | BIT(20));
	CHECK_EQ(reserved_at(0x3000, 0x83 | BIT(12)), 0); /* PAT */
	CHECK_EQ(reserved_at(0x4000, 0x5087), 0);	  /* PAT */
}

TEST(widest_physical_addresses)
{
	long_mode();
	info.maxphyaddr = 52;
	put64(0x4000, 0x0008000000300007);
	CHECK(walk(0, ACCESS_READ));
	CHECK_EQ(w.gpa, 0x8000000300000);
}

TEST(nx_is_reserved_without_nxe)
{
	long_mode();
	state.efer &= ~X86_EFER_NXE;
	put64(0x4000, 0x5007 | BIT(63));
	CHECK(!walk(0, ACCESS_READ));
	CHECK_EQ(w.pfec, PFEC_P | PFEC_RSVD);
	CHECK_HAS(said(), "bit 63: NX, but EFER.NXE=0");
}

TEST(bit_8_is_reserved_on_amd_above_the_pdpte)
{
	long_mode();
	put64(0x1000, 0x2107);
	CHECK(walk(0, ACCESS_READ));
	info.amd = true;
	CHECK(!walk(0, ACCESS_READ));
	CHECK_EQ(w.step[0].reserved, BIT(8));
	put64(0x1000, 0x2007);
	put64(0x4000, 0x5107); /* global */
	CHECK(walk(0, ACCESS_READ));
}

/* ---- permissions ---- */

static uint32_t fault(uint32_t access)
{
	if (walk(0, access))
		return 0;
	CHECK_EQ(w.result, WALK_PROTECTED);
	return w.pfec;
}

TEST(read_only_pages)
{
	long_mode();
	put64(0x3000, 0x4005); /* one level is enough */
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_WRITE), PFEC_P | PFEC_W);
	CHECK_HAS(said(), "supervisor write is refused: the page is read-only");
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), PFEC_P | PFEC_W | PFEC_U);
	state.cr0 &= ~X86_CR0_WP;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), PFEC_P | PFEC_W | PFEC_U);
}

TEST(supervisor_pages)
{
	long_mode();
	put64(0x1000, 0x2003);
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	CHECK_EQ(fault(ACCESS_USER), PFEC_P | PFEC_U);
	CHECK_HAS(said(), "the page is the supervisor's");
	CHECK_EQ(fault(ACCESS_USER | ACCESS_FETCH), PFEC_P | PFEC_U | PFEC_F);
}

TEST(no_execute_pages)
{
	long_mode();
	put64(0x2000, 0x3007 | BIT(63));
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_FETCH), PFEC_P | PFEC_F);
	CHECK_HAS(said(), "no-execute");
	CHECK(!w.executable);
}

TEST(smep)
{
	long_mode();
	state.cr4 |= X86_CR4_SMEP;
	state.efer &= ~X86_EFER_NXE;
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_FETCH), PFEC_P | PFEC_F);
	CHECK_HAS(said(), "SMEP");
	CHECK_EQ(fault(ACCESS_FETCH | ACCESS_USER), 0);
	put64(0x4000, 0x5003);
	CHECK_EQ(fault(ACCESS_FETCH), 0);
}

TEST(smap)
{
	long_mode();
	state.cr4 |= X86_CR4_SMAP;
	CHECK_EQ(fault(ACCESS_READ), PFEC_P);
	CHECK_HAS(said(), "SMAP");
	CHECK_EQ(fault(ACCESS_FETCH), 0);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), 0);
	state.rflags = X86_FL_AC;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
}

TEST(protection_keys)
{
	long_mode();
	state.cr4 |= X86_CR4_PKE;
	put64(0x4000, 0x5007 | UINT64_C(3) << 59);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), 0);
	state.fpu.pkru = 1 << 6; /* AD of key 3 */
	CHECK_EQ(fault(ACCESS_USER), PFEC_P | PFEC_U | PFEC_PK);
	CHECK_HAS(said(), "protection key");
	CHECK_EQ(fault(ACCESS_READ), PFEC_P | PFEC_PK);
	CHECK_EQ(fault(ACCESS_USER | ACCESS_FETCH), 0);
	state.fpu.pkru = 1 << 7; /* WD */
	CHECK_EQ(fault(ACCESS_USER), 0);
	CHECK_EQ(fault(ACCESS_WRITE), PFEC_P | PFEC_W | PFEC_PK);
	state.cr0 &= ~X86_CR0_WP;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	put64(0x1000, 0x2003); /* supervisor pages have no key */
	state.fpu.pkru = ~0u;
	CHECK_EQ(fault(ACCESS_READ), 0);
}

TEST(debugger_ignores_rights_and_reserved_bits)
{
	long_mode();
	state.cr4 |= X86_CR4_SMAP;
	info.gbpages = false;
	put64(0x2000 + 8, 0x83 | BIT(41) | BIT(63));
	CHECK(walk(0x40000abc, ACCESS_DEBUG));
	CHECK_EQ(w.gpa, 0xabc);
	CHECK_EQ(w.step[1].reserved, BIT(41) | BIT(7));
	CHECK_EQ(w.pfec, 0);
	CHECK(!w.executable && !w.user);
	CHECK(walk(0, ACCESS_DEBUG));
}

/* ---- reading ---- */

static bool read_linear(gva_t gva, void *to, size_t len, size_t *done,
			struct err *err)
{
	paging_init(&paging, &state, &info);
	return paging_read(&paging, &mem, gva, to, len, done, err);
}

TEST(read_walks_every_page)
{
	char text[16];
	size_t done;
	struct err err;

	long_mode();
	put64(0x4008, 0x9007); /* the next page is elsewhere */
	memcpy(ram + 0x5ffc, "abcd", 4);
	memcpy(ram + 0x9000, "efgh", 4);
	CHECK_OK(read_linear(0xffc, text, 8, &done, &err), &err);
	CHECK_EQ(done, 8);
	CHECK(!memcmp(text, "abcdefgh", 8));
}

TEST(read_stops_at_the_first_bad_page)
{
	char text[0x2000];
	size_t done;
	struct err err;

	long_mode();
	CHECK(!read_linear(0x800, text, sizeof(text), &done, &err));
	CHECK_EQ(done, 0x800);
	CHECK_EQ(err.code, ERR_FAULT);
	CHECK_EQ(err.addr, 0x1000);
	CHECK_HAS(err.msg, "linear 0x1000: PTE at physical 0x4008 is not "
			   "present");
}

TEST(read_stops_where_memory_ends)
{
	static char big[512 * 1024];
	size_t done;
	struct err err;

	long_mode();
	put64(0x3000, 0x83); /* 2 MiB at 0, of which 256 KiB exist */
	CHECK(!read_linear(0x100, big, sizeof(big), &done, &err));
	CHECK_EQ(done, sizeof(ram) - 0x100);
	CHECK_EQ(err.addr, sizeof(ram));
}

TEST(read_does_not_wrap)
{
	char text[32];
	size_t done;
	struct err err;

	long_mode();
	put64(0x1ff8, 0x2007);
	put64(0x2ff8, 0x3007);
	put64(0x3ff8, 0x4007);
	put64(0x4ff8, 0x5007);
	CHECK(!read_linear(-16ull, text, sizeof(text), &done, &err));
	CHECK_EQ(done, 16);
	CHECK_HAS(err.msg, "end at 2^64");
}

TEST(read_takes_a_large_page_at_once)
{
	static char big[128 * 1024];
	size_t done;
	struct err err;

	long_mode();
	put64(0x3000, 0x83);
	reads = 0;
	CHECK_OK(read_linear(0, big, sizeof(big), &done, &err), &err);
	CHECK_EQ(reads, 4);
}
