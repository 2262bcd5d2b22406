/* dmesg and where: a log made by hand, as Linux keeps it. */
#include <string.h>

#include "stub/linux/kernel.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

/* Where things lie in this guest; the layout is not that of any kernel. */
enum {
	PRB_POINTER = 0x20000,
	PRB = 0x20100,
	DESCS = 0x21000,
	INFOS = 0x22000,
	TEXT = 0x23000,
	INFO_PAGE = 0x30000,
	COUNT_BITS = 2,
	SIZE_BITS = 7,
	DESC_SIZE = 32,
	INFO_SIZE = 64,
};

static const char vmcoreinfo[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n"
				 "SYMBOL(prb)=20000\n"
				 "OFFSET(printk_ringbuffer.desc_ring)=0\n"
				 "OFFSET(printk_ringbuffer.text_data_ring)=64\n"
				 "OFFSET(prb_desc_ring.count_bits)=4\n"
				 "OFFSET(prb_desc_ring.descs)=8\n"
				 "OFFSET(prb_desc_ring.infos)=16\n"
				 "OFFSET(prb_desc_ring.head_id)=24\n"
				 "OFFSET(prb_desc_ring.tail_id)=32\n"
				 "SIZE(prb_desc)=32\n"
				 "OFFSET(prb_desc.state_var)=0\n"
				 "OFFSET(prb_desc.text_blk_lpos)=8\n"
				 "OFFSET(prb_data_blk_lpos.begin)=0\n"
				 "OFFSET(prb_data_blk_lpos.next)=8\n"
				 "SIZE(printk_info)=64\n"
				 "OFFSET(printk_info.ts_nsec)=8\n"
				 "OFFSET(printk_info.text_len)=16\n"
				 "OFFSET(prb_data_ring.size_bits)=0\n"
				 "OFFSET(prb_data_ring.data)=8\n";

static void number(gpa_t at, uint64_t value, size_t width)
{
	memcpy(fake_ram(f, at, width), &value, width);
}

static void setup(void)
{
	rig_begin(2);
	strcpy(fake_ram(f, INFO_PAGE, 4096), vmcoreinfo);
	number(PRB_POINTER, PRB, 8);
	number(PRB + 4, COUNT_BITS, 4);
	number(PRB + 8, DESCS, 8);
	number(PRB + 16, INFOS, 8);
	number(PRB + 64, SIZE_BITS, 4);
	number(PRB + 72, TEXT, 8);
}

/* A record at [begin, next) of the text ring; state as in the top two bits. */
static void record(uint64_t id, uint64_t state, uint64_t begin, uint64_t next,
		   uint64_t ns, const char *text)
{
	const gpa_t desc = DESCS + DESC_SIZE * (id & 3);
	const gpa_t info = INFOS + INFO_SIZE * (id & 3);
	const uint64_t size = 1 << SIZE_BITS;
	const uint64_t at = begin % size > next % size ? 0 : begin % size;

	number(desc, id | state << 62, 8);
	number(desc + 8, begin, 8);
	number(desc + 16, next, 8);
	number(info + 8, ns, 8);
	number(info + 16, strlen(text), 2);
	if (!(begin & 1))
		memcpy(fake_ram(f, TEXT + at + 8, strlen(text)), text,
		       strlen(text));
	number(PRB + 24, id, 8);
}

/* Ids 5 to 8; the third wraps to the start of the text; the last is open. */
static void fill(void)
{
	number(PRB + 32, 5, 8);
	record(5, 2, 16, 32, 1500000000, "first");
	record(6, 2, 32, 104, 2000001000, "two\nlines");
	record(7, 1, 104, 128 + 16, UINT64_C(12345678901000), "a\x1b\xff");
	record(8, 0, 128 + 16, 128 + 32, 3, "");
}

TEST(records_as_they_lie_in_the_ring)
{
	setup();
	fill();
	CHECK_STR(run("dmesg"), "[    1.500000] first\n"
				"[    2.000001] two\n"
				"[    2.000001] lines\n"
				"[12345.678901] a\\x1b\\xff\n");
	CHECK_STR(run("dmesg 2"), "[12345.678901] a\\x1b\\xff\n");
	CHECK_HAS(run_fails("dmesg x"), "'x'");
	rig_end();
}

TEST(an_empty_line_and_a_lost_one)
{
	setup();
	number(PRB + 32, 0, 8);
	record(0, 2, 3, 3, 0, "");
	record(1, 2, 1, 1, 0, "lost");
	record(2, 2, 0, 16, 0, "longer than its block");
	CHECK_STR(run("dmesg"), "[    0.000000] \n"
				"[    0.000000] longer t\n");
	rig_end();
}

TEST(what_is_no_log_is_named)
{
	setup();
	memset(fake_ram(f, INFO_PAGE, 8), 0, 8);
	CHECK_HAS(run_fails("dmesg"), "no VMCOREINFO in memory");
	strcpy(fake_ram(f, INFO_PAGE, 64), "OSRELEASE=4.4.0\nPAGESIZE="
					   "4096\nSYMBOL(log_buf)=1\n");
	CHECK_HAS(run_fails("dmesg"), "no SYMBOL(prb)");
	strcpy(fake_ram(f, INFO_PAGE, 4096), vmcoreinfo);
	number(PRB + 4, 60, 4);
	CHECK_HAS(run_fails("dmesg"), "makes no sense: 2^60 records");
	number(PRB_POINTER, UINT64_C(0x7000000000), 8);
	CHECK_HAS(run_fails("dmesg"), "0x7000000004");
	rig_end();
}

/* The kernel's tables are used, not those of the process that runs. */
TEST(tables_are_the_kernels)
{
	char text[1024];

	setup();
	fill();
	snprintf(text, sizeof(text),
		 "%sSYMBOL(init_top_pgt)=%llx\nNUMBER(phys_base)=%d\n",
		 vmcoreinfo, 0xffffffff80000000ULL + f->cr3 + 0x1000, -0x1000);
	strcpy(fake_ram(f, INFO_PAGE, 4096), text);
	f->cpu[0].cr3 = 0x50000; /* nothing is mapped there */
	CHECK_HAS(run("dmesg"), "first\n");
	rig_end();
}

TEST(last_words)
{
	struct buf words = BUF_INIT;

	setup();
	fill();
	linux_last_words(t, 0, false, &words);
	CHECK_STR(buf_cstr(&words), "Linux's log ends: [12345.678901] "
				    "a\\x1b\\xff\n");
	buf_clear(&words);
	record(6, 2, 32, 104, 1000, "Kernel panic - not syncing: x");
	number(PRB + 24, 8, 8);
	linux_last_words(t, 0, false, &words);
	CHECK_STR(buf_cstr(&words), "Linux has panicked: [    0.000001] Kernel "
				    "panic - not "
				    "syncing: x\n");
	number(PRB + 4, 0, 4);
	buf_clear(&words);
	linux_last_words(t, 0, false, &words);
	CHECK_STR(buf_cstr(&words), "");
	buf_deinit(&words);
	rig_end();
}
