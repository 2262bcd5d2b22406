#include "arch/paging/maps.h"

#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct maps_options options;
static struct paging_iter it;
static struct maps_end end;
static struct buf out;

static void begin(void)
{
	paging_init(&rig.paging, &rig.state, &rig.info);
	paging_iter_init(&it, &rig.paging, &rig_mem, 0, UINT64_MAX);
	buf_clear(&out);
}

static const char *maps(void)
{
	begin();
	maps_print(&it, &options, &out, &end);
	return buf_cstr(&out);
}

static const char *qemu_mem(void)
{
	begin();
	maps_print_qemu_mem(&it, 1000, &out, &end);
	return buf_cstr(&out);
}

static const char *qemu_tlb(void)
{
	begin();
	maps_print_qemu_tlb(&it, 1000, &out, &end);
	return buf_cstr(&out);
}

static void setup(void)
{
	rig_long_mode();
	options = (struct maps_options){
		.max_lines = 100, .has_pat = true, .pat = 0x0007040600070406};
}

static const char *proc_maps(void)
{
	begin();
	maps_print_proc(&it, 3, &out);
	return buf_cstr(&out);
}

/* ---- maps ---- */

TEST(like_pages_make_one_line)
{
	setup();
	rig_put64(0x4000 + 8 * 0, 0x5163); /* G D A */
	rig_put64(0x4000 + 8 * 1, 0x6163);
	rig_put64(0x4000 + 8 * 2, 0x9143); /* elsewhere, A clear */
	rig_put64(0x4000 + 8 * 3, 0xa003 | BIT(63));
	rig_put64(0x4000 + 8 * 4, 0xb01b | BIT(63)); /* UC */
	rig_put64(0x4000 + 8 * 6, 0xc007);
	rig_put64(0x3000 + 8 * 1, 0x40000007); /* no memory there */
	rig_put64(0x1000 + 8 * 511, 0x7007);
	rig_put64(0x7000 + 8 * 511, 0xc0000083);
	CHECK_STR(maps(),
		  "0x0000000000000000-0x0000000000002fff rwx-      3 x 4K  WB "
		  "GaD -> 0x5000 and 1 other place\n"
		  "0x0000000000003000-0x0000000000003fff rw--      1 x 4K  WB "
		  "--- -> 0xa000\n"
		  "0x0000000000004000-0x0000000000004fff rw--      1 x 4K  UC "
		  "--- -> 0xb000\n"
		  "0x0000000000006000-0x0000000000006fff rwxu      1 x 4K  WB "
		  "--- -> 0xc000\n"
		  "0x0000000000200000-0x00000000003fffff PDE at 0x3008 points "
		  "to 0x40000000, where no memory is\n"
		  "0xffffffffc0000000-0xffffffffffffffff rwx-      1 x 1G  WB "
		  "--- -> 0xc0000000\n"
		  "6 ranges, 1048600 KiB mapped, 6 tables gone through\n");
	CHECK(!end.cut);
	options.split = true;
	CHECK_HAS(maps(), "0x0000000000000000-0x0000000000001fff rwx-      2 x "
			  "4K  WB GAD -> 0x5000\n"
			  "0x0000000000002000-0x0000000000002fff rwx-      1 x "
			  "4K  WB G-D -> 0x9000\n");
}

TEST(keys_and_repeats)
{
	setup();
	rig.state.cr4 |= X86_CR4_PKE;
	rig_put64(0x4000 + 8 * 1, 0x6007 | UINT64_C(3) << 59);
	for (unsigned int i = 0; i < 512; i++)
		rig_put64(0x8000 + 8 * i, 0x9005);
	rig_put64(0x3000 + 8 * 1, 0x8007);
	rig_put64(0x3000 + 8 * 2, 0x8007);
	CHECK_HAS(maps(), "0x0000000000001000-0x0000000000001fff rwxu      1 x "
			  "4K  WB --- PK=3 -> 0x6000\n"
			  "0x0000000000200000-0x00000000005fffff r-xu   1024 x "
			  "4K  WB --- -> 0x9000 each\n");
}

TEST(marks_where_the_cpus_disagree)
{
	static const struct x86_cpu_info host = {.maxphyaddr = 40,
						 .gbpages = true};

	setup();
	rig.info.gbpages = false;
	rig_put64(0x2000 + 8 * 1, 0x83);
	rig_put64(0x2000 + 8 * 2, 0x2083);
	begin();
	paging_iter_compare(&it, &host);
	maps_print(&it, &options, &out, &end);
	CHECK_HAS(buf_cstr(&out), "-> 0x0  RESERVED by the guest's CPUID "
				  "only\n");
	CHECK_HAS(buf_cstr(&out), "-> 0x0  RESERVED bits\n");
}

/* RAM up to 0x8000, a device of two pages, nothing. */
static bool owner(void *ctx, gpa_t gpa, uint64_t *same, struct buf *name)
{
	*same = gpa < 0x8000   ? 0x8000 - gpa
		: gpa < 0xa000 ? 0xa000 - gpa
			       : UINT64_MAX - gpa;
	if (name)
		buf_str(name, gpa < 0x8000   ? "RAM"
			      : gpa < 0xa000 ? "device x"
					     : "nothing");
	return gpa < 0x8000;
}

TEST(devices_have_lines_of_their_own)
{
	setup();
	options.owner = owner;
	for (unsigned int i = 0; i < 8; i++)
		rig_put64(0x4000 + 8 * i, 0x5003 + 0x1000 * i);
	rig_put64(0x4000 + 8 * 8, 0x8003);
	CHECK_HAS(maps(), "rwx-      3 x 4K  WB --- -> 0x5000\n");
	CHECK_HAS(maps(), "rwx-      2 x 4K  WB --- -> 0x8000 (device x)\n");
	CHECK_HAS(maps(), "rwx-      3 x 4K  WB --- -> 0xa000 (nothing)\n");
	CHECK_HAS(maps(), "rwx-      1 x 4K  WB --- -> 0x8000 (device x)\n");
	CHECK_HAS(maps(), "4 ranges, 36 KiB mapped");
}

TEST(long_lists_are_cut)
{
	setup();
	for (unsigned int i = 0; i < 8; i++)
		rig_put64(0x4000 + 8 * i, (i % 2 ? 0x5001 : 0x6003));
	options.max_lines = 3;
	maps();
	CHECK(end.cut);
	CHECK_EQ(end.at, 0x3000);
	CHECK(!strstr(buf_cstr(&out), "mapped"));
	begin();
	maps_print_qemu_tlb(&it, 3, &out, &end);
	CHECK(end.cut);
	CHECK_EQ(end.at, 0x3000);
	begin();
	maps_print_qemu_mem(&it, 3, &out, &end);
	CHECK(end.cut);
	CHECK_EQ(end.at, 0x3000);
	begin();
	maps_print_qemu_mem(&it, 8, &out, &end);
	CHECK(!end.cut);
}

/* ---- QEMU's shapes, as QEMU 7.2 prints them for these tables ---- */

TEST(info_mem)
{
	setup();
	rig_put64(0x4000 + 8 * 5, 0x5001);
	rig_put64(0x4000 + 8 * 6, 0x9007);
	rig_put64(0x4000 + 8 * 7, 0x6007);
	rig_put64(0x4000 + 8 * 8, 0x7007 | BIT(63));
	rig_put64(0x4000, 0);
	rig_put64(0x2000 + 8 * 3, 0xc0000083);
	rig_put64(0x1000 + 8 * 511, 0x2007);
	rig_put64(0x2000 + 8 * 511, 0x40000083);
	CHECK_STR(qemu_mem(),
		  "0000000000005000-0000000000006000 0000000000001000 -r-\n"
		  "0000000000006000-0000000000009000 0000000000003000 urw\n"
		  "00000000c0000000-0000000100000000 0000000040000000 -rw\n"
		  "0000007fc0000000-0000008000000000 0000000040000000 -rw\n"
		  "ffffff8000005000-ffffff8000006000 0000000000001000 -r-\n"
		  "ffffff8000006000-ffffff8000009000 0000000000003000 urw\n"
		  "ffffff80c0000000-ffffff8100000000 0000000040000000 -rw\n"
		  "ffffffffc0000000-0001000000000000 0000000040000000 -rw\n");
}

TEST(info_mem_with_five_levels)
{
	setup();
	rig.state.cr4 |= X86_CR4_LA57;
	rig.state.cr3 = 0x8000;
	rig_put64(0x8000 + 8 * 0x100, 0x1003);
	CHECK_STR(qemu_mem(), "ff00000000000000-ff00000000001000 "
			      "0000000000001000 -rw\n");
}

TEST(info_tlb)
{
	setup();
	rig_put64(0x4000 + 8 * 0, 0x5000 | 0x1ff | BIT(63));
	rig_put64(0x4000 + 8 * 1, 0x7027);
	rig_put64(0x4000 + 8 * 2, 0x7027);
	rig_put64(0x3000 + 8 * 1, 0x2001 + 0x1fe182); /* PAT, G */
	rig_put64(0x1000 + 8 * 511, 0x2001);
	rig_put64(0x3000 + 8 * 2, 0x90000007); /* a table in no memory */
	CHECK_HAS(qemu_tlb(), "0000000000000000: 0000000000005000 XG-DACTUW\n"
			      "0000000000001000: 0000000000007000 ----A--UW\n"
			      "0000000000002000: 0000000000007000 ----A--UW\n"
			      "0000000000200000: 0000000000200000 -GP-----W\n"
			      "ffffff8000000000: 0000000000005000 XG-DACTUW\n");
}

TEST(info_tlb_in_legacy_mode)
{
	setup();
	rig.state.efer = 0;
	rig.state.cr4 = X86_CR4_PSE;
	memset(rig.ram, 0, sizeof(rig.ram));
	rig_put32(0x1000 + 4 * 2, 0x00401087);
	rig_put32(0x1000 + 4 * 0x3ff, 0x2007);
	rig_put32(0x2000 + 4 * 0x3ff, 0x5083);
	CHECK_STR(qemu_tlb(), "0000000000800000: 0000000000400000 --P----UW\n"
			      "00000000fffff000: 0000000000005000 --------W\n");
	CHECK_STR(qemu_mem(), "0000000000800000-0000000000c00000 "
			      "0000000000400000 urw\n"
			      "00000000fffff000-0000000100000000 "
			      "0000000000001000 -rw\n");
}

/* ---- /proc/PID/maps ---- */

TEST(proc_lists_rights_only)
{
	setup();
	rig_put64(0x4000 + 8 * 0, 0x5003);
	rig_put64(0x4000 + 8 * 1, 0x9063);
	rig_put64(0x4000 + 8 * 3, 0xa005 | BIT(63));
	rig_put64(0x1000 + 8 * 511, 0x7007);
	rig_put64(0x7000 + 8 * 511, 0xc0000083);
	CHECK_STR(proc_maps(), "00000000-00002000 rwxp 00000000 00:00 0  "
			       "[kernel]\n"
			       "00003000-00004000 r--p 00000000 00:00 0  "
			       "[user]\n"
			       "ffffffffc0000000-ffffffffffffffff rwxp "
			       "00000000 00:00 0  "
			       "[kernel]\n");
	rig_put64(0x4000 + 8 * 5, 0xb003);
	CHECK(!strstr(proc_maps(), "ffff")); /* three lines */
}

TEST(proc_without_paging)
{
	setup();
	rig.state.cr0 &= ~(uint64_t)X86_CR0_PG;
	rig.state.efer = 0;
	CHECK_STR(proc_maps(), "00000000-100000000 rwxp 00000000 00:00 0\n");
}
