#include "tests/arch/paging_rig.h"

#include "tests/test.h"

/* ---- not present, reserved ---- */

TEST(not_present_at_each_level)
{
	for (int level = 4; level >= 1; level--) {
		rig_long_mode();
		rig_put64(0x1000u * (5 - (unsigned int)level), 0xdead000);
		CHECK(!rig_walk(0, ACCESS_WRITE | ACCESS_USER));
		CHECK_EQ(rig.w.result, WALK_NOT_PRESENT);
		CHECK_EQ(rig.w.level, level);
		CHECK_EQ(rig.w.pfec, PFEC_W | PFEC_U);
		CHECK_EQ(rig.w.step[rig.w.steps - 1].entry, 0xdead000);
	}
}

TEST(gigabyte_page_on_a_cpu_without_them)
{
	rig_long_mode();
	rig.info.gbpages = false;
	rig_put64(0x2000, 0x83);
	CHECK(!rig_walk(0x100000, ACCESS_FETCH));
	CHECK_EQ(rig.w.pfec, 0x19); /* P, RSVD, F */
	CHECK_EQ(rig.w.step[1].reserved, 0x80);
	CHECK_HAS(rig_said(), "PDPTE at physical 0x2000 is 0x83");
	CHECK_HAS(rig_said(), "CPUID 80000001.EDX[26]=0");
	rig.state.efer &= ~X86_EFER_NXE;
	CHECK(!rig_walk(0x100000, ACCESS_FETCH));
	CHECK_EQ(rig.w.pfec, 0x9);
	rig.info.gbpages = true;
	CHECK(rig_walk(0x100000, ACCESS_FETCH));
}

static uint64_t reserved_at(gpa_t gpa, uint64_t entry)
{
	rig_long_mode();
	rig_put64(gpa, entry);
	if (rig_walk(0, ACCESS_READ) || rig.w.result != WALK_RESERVED)
		return 0;
	CHECK_EQ(rig.w.pfec, PFEC_P | PFEC_RSVD);
	CHECK_EQ(rig.w.step[rig.w.steps - 1].entry_gpa, gpa);
	return rig.w.step[rig.w.steps - 1].reserved;
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
	rig_long_mode();
	rig.info.maxphyaddr = 52;
	rig_put64(0x4000, 0x0008000000300007);
	CHECK(rig_walk(0, ACCESS_READ));
	CHECK_EQ(rig.w.gpa, 0x8000000300000);
}

TEST(nx_is_reserved_without_nxe)
{
	rig_long_mode();
	rig.state.efer &= ~X86_EFER_NXE;
	rig_put64(0x4000, 0x5007 | BIT(63));
	CHECK(!rig_walk(0, ACCESS_READ));
	CHECK_EQ(rig.w.pfec, PFEC_P | PFEC_RSVD);
	CHECK_HAS(rig_said(), "bit 63: NX, but EFER.NXE=0");
}

TEST(bit_8_is_reserved_on_amd_above_the_pdpte)
{
	rig_long_mode();
	rig_put64(0x1000, 0x2107);
	CHECK(rig_walk(0, ACCESS_READ));
	rig.info.amd = true;
	CHECK(!rig_walk(0, ACCESS_READ));
	CHECK_EQ(rig.w.step[0].reserved, BIT(8));
	rig_put64(0x1000, 0x2007);
	rig_put64(0x4000, 0x5107); /* global */
	CHECK(rig_walk(0, ACCESS_READ));
}

/* ---- permissions ---- */

static uint32_t fault(uint32_t access)
{
	if (rig_walk(0, access))
		return 0;
	CHECK_EQ(rig.w.result, WALK_PROTECTED);
	return rig.w.pfec;
}

TEST(read_only_pages)
{
	rig_long_mode();
	rig_put64(0x3000, 0x4005); /* one level is enough */
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_WRITE), PFEC_P | PFEC_W);
	CHECK_HAS(rig_said(), "supervisor write is refused: the page is "
			      "read-only");
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), PFEC_P | PFEC_W | PFEC_U);
	rig.state.cr0 &= ~X86_CR0_WP;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), PFEC_P | PFEC_W | PFEC_U);
}

TEST(supervisor_pages)
{
	rig_long_mode();
	rig_put64(0x1000, 0x2003);
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	CHECK_EQ(fault(ACCESS_USER), PFEC_P | PFEC_U);
	CHECK_HAS(rig_said(), "the page is the supervisor's");
	CHECK_EQ(fault(ACCESS_USER | ACCESS_FETCH), PFEC_P | PFEC_U | PFEC_F);
}

TEST(no_execute_pages)
{
	rig_long_mode();
	rig_put64(0x2000, 0x3007 | BIT(63));
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_FETCH), PFEC_P | PFEC_F);
	CHECK_HAS(rig_said(), "no-execute");
	CHECK(!rig.w.executable);
}

TEST(smep)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_SMEP;
	rig.state.efer &= ~X86_EFER_NXE;
	CHECK_EQ(fault(ACCESS_READ), 0);
	CHECK_EQ(fault(ACCESS_FETCH), PFEC_P | PFEC_F);
	CHECK_HAS(rig_said(), "SMEP");
	CHECK_EQ(fault(ACCESS_FETCH | ACCESS_USER), 0);
	rig_put64(0x4000, 0x5003);
	CHECK_EQ(fault(ACCESS_FETCH), 0);
}

TEST(smap)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_SMAP;
	CHECK_EQ(fault(ACCESS_READ), PFEC_P);
	CHECK_HAS(rig_said(), "SMAP");
	CHECK_EQ(fault(ACCESS_FETCH), 0);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), 0);
	rig.state.rflags = X86_FL_AC;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
}

TEST(protection_keys)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_PKE;
	rig_put64(0x4000, 0x5007 | UINT64_C(3) << 59);
	CHECK_EQ(fault(ACCESS_WRITE | ACCESS_USER), 0);
	rig.state.fpu.pkru = 1 << 6; /* AD of key 3 */
	CHECK_EQ(fault(ACCESS_USER), PFEC_P | PFEC_U | PFEC_PK);
	CHECK_HAS(rig_said(), "protection key");
	CHECK_EQ(fault(ACCESS_READ), PFEC_P | PFEC_PK);
	CHECK_EQ(fault(ACCESS_USER | ACCESS_FETCH), 0);
	rig.state.fpu.pkru = 1 << 7; /* WD */
	CHECK_EQ(fault(ACCESS_USER), 0);
	CHECK_EQ(fault(ACCESS_WRITE), PFEC_P | PFEC_W | PFEC_PK);
	rig.state.cr0 &= ~X86_CR0_WP;
	CHECK_EQ(fault(ACCESS_WRITE), 0);
	rig_put64(0x1000, 0x2003); /* supervisor pages have no key */
	rig.state.fpu.pkru = ~0u;
	CHECK_EQ(fault(ACCESS_READ), 0);
}

TEST(debugger_ignores_rights_and_reserved_bits)
{
	rig_long_mode();
	rig.state.cr4 |= X86_CR4_SMAP;
	rig.info.gbpages = false;
	rig_put64(0x2000 + 8, 0x83 | BIT(41) | BIT(63));
	CHECK(rig_walk(0x40000abc, ACCESS_DEBUG));
	CHECK_EQ(rig.w.gpa, 0xabc);
	CHECK_EQ(rig.w.step[1].reserved, BIT(41) | BIT(7));
	CHECK_EQ(rig.w.pfec, 0);
	CHECK(!rig.w.executable && !rig.w.user);
	CHECK(rig_walk(0, ACCESS_DEBUG));
}
