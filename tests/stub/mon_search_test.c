#include "stub/mon/monitor.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

TEST(bytes_texts_and_numbers)
{
	rig_begin(2);
	put(0x7100, "say 12\x78\x56\x34\x12\xfe", 11);
	CHECK_STR(run("search 0x7000+0x1000 736179"), "0x7100 (physical "
						      "0x7100)\n1 found in "
						      "4096 bytes of "
						      "memory\n");
	CHECK_HAS(run("search 0x7000+0x1000 \"say 1\""), "0x7100 ");
	CHECK_HAS(run("search 0x7000+0x1000 \"12\""), "0x7104 ");
	CHECK_HAS(run("search 0x7000+0x1000 -w 0x12345678"), "0x7106 ");
	CHECK_HAS(run("search 0x7000+0x1000 -b -2"), "0x710a ");
	CHECK_HAS(run("search 0x7000+0x1000 20 \"12\" -h 0x5678"), "0x7103 ");
	CHECK_HAS(run("search 0x7000+0x1000 -g 0x12345678"), "0 found");
	CHECK_HAS(run("search -p 0x7000+0x1000 736179"), "0x7100\n1 found");
	CHECK_HAS(run("search 0x7101+0x1000 736179"), "0 found");
	CHECK_HAS(run("search 0x7100-0x7101 736179"), "0 found");
	CHECK_HAS(run("search 0x7100-0x7102 736179"), "1 found");
	rig_end();
}

TEST(matches_cross_pages_and_chunks)
{
	rig_begin(2);
	/* linear 0xffff, 0x10000 are far apart in physical memory */
	fake_map(f, 0x10000, 0x50000, FAKE_PTE_P);
	put(0xfffe, "ab", 2);
	put(0x50000, "cd", 2);
	CHECK_STR(run("search 0-0x1ffff \"abcd\""), "0xfffe (physical "
						    "0xfffe)\n1 found in "
						    "131072 bytes of "
						    "memory\n");
	CHECK_HAS(run("search -p 0-0xfffff \"abcd\""), "0 found");
	/* overlapping ones, each once, also over the end of a chunk */
	put(0x8ffff, "zzz", 3);
	CHECK_HAS(run("search -p 0x80000-0x9ffff \"zz\""), "0x8ffff\n0x90000\n2"
							   " found");
	/* what is not in a row is no match */
	fake_map(f, 0x11000, 0, 0);
	put(0x50fff, "e", 1);
	put(0x12000, "f", 1);
	CHECK_HAS(run("search 0x10000-0x12fff \"ef\""), "0 found in 8192");
	rig_end();
}

TEST(devices_and_holes_are_passed_over)
{
	static const struct target_io_range io = {.mmio = true,
						  .base = 0xfec00000,
						  .len = 4096,
						  .name = "ioapic"};

	rig_begin(2);
	f->inspect.io_range = &io;
	f->inspect.io_ranges = 1;
	f->inspect.io_value = 0x11;
	fake_map(f, 0x600000, 0xfec00000, FAKE_PTE_P);
	fake_map(f, 0x601000, 0x5000, FAKE_PTE_P);
	put(0x5000, "\x11", 1);
	CHECK_STR(run("search 0x600000-0xffffffffffffffff 11"), "0x601000 "
								"(physical "
								"0x5000)\n1 "
								"found in 4096 "
								"bytes of "
								"memory\n");
	CHECK_HAS(run("search -p 0xf0000000-0xffffffff 11"), "0 found in 0 ");
	CHECK_STR(fake_log(f), "");
	rig_end();
}

TEST(many_matches_are_cut)
{
	rig_begin(2);
	CHECK_HAS(run("search 0x7000-0x7fff 00"), "0x7063 (physical 0x7063)\n"
						  "100 found in 4096 bytes of "
						  "memory; cut at 0x7064, go "
						  "on "
						  "with the range "
						  "0x7064-0x7fff\n");
	rig_end();
}

/* Terabytes of one page must not take for ever. */
TEST(repeated_pages_are_looked_at_for_a_while)
{
	rig_begin(2);
	for (unsigned int i = 0; i < 512; i++)
		*(uint64_t *)fake_ram(f, 0x5000 + 8 * i, 8) = 0x5003;
	f->cpu[0].cr3 = 0x5000;
	target_forget(&f->target);
	CHECK_HAS(run("search 0-0xffffffffffffffff 1122334455"), "0 found in ");
	CHECK_HAS(buf_cstr(&out), "cut at 0x");
	rig_end();
}

TEST(bad_words_are_named)
{
	rig_begin(2);
	CHECK_HAS(run_fails("search 0-1"), "an argument is missing");
	CHECK_HAS(run_fails("search 0-1 -p"), "no bytes to search for");
	CHECK_HAS(run_fails("search -p -p"), "no range");
	CHECK_HAS(run_fails("search 0-1 0f0"), "'0f0' is no bytes");
	CHECK_HAS(run_fails("search 0-1 text"), "'text' is no bytes");
	CHECK_HAS(run_fails("search 0-1 \"\""), "no bytes to search for");
	CHECK_HAS(run_fails("search 0-1 -w"), "'-w' wants a value");
	CHECK_HAS(run_fails("search 0-1 -b 256"), "'256' does not fit 1 byte");
	CHECK_HAS(run_fails("search 0-1 -w zork"), "'zork' is neither");
	CHECK_HAS(run_fails("search zork 00"), "'zork' is neither");
	CHECK_HAS(run_fails("search 0-1 -z 00"), "'-z' is no bytes");
	rig_end();
}
