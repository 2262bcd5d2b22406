#include "arch/decode.h"
#include "stub/mon/monitor.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

static const struct target_io_range io[] = {
	{.base = 0x20, .len = 2, .name = "pic", .in_kernel = true},
	{.base = 0x60, .len = 1, .name = "i8042", .reads = 3, .writes = 1},
	{.mmio = true, .base = 0xfec00000, .len = 4096, .name = "ioapic"},
	{.mmio = true,
	 .base = 0xfee00000,
	 .len = 4096,
	 .name = "lapic",
	 .in_kernel = true},
};

static void setup(void)
{
	rig_begin(2);
	f->cpu[0].msr.pat = 0x0007040600070406;
	f->inspect.io_range = io;
	f->inspect.io_ranges = ARRAY_SIZE(io);
}

/* ---- x, xp: the shapes of QEMU's monitor ---- */

TEST(cells_of_every_size)
{
	setup();
	put(0x7000,
	    "\x66\xb8\x10\x00\x8e\xd8\xff\xff\x01\x02\x03\x04\x05\x06"
	    "\x07\x88",
	    16);
	CHECK_STR(run("x 0x7000"), "0000000000007000: 0x0010b866\n");
	CHECK_STR(run("x /4xb 0x7000"), "0000000000007000: 0x66 0xb8 0x10 "
					"0x00\n");
	CHECK_STR(run("xp/10xb 0x7000"), "0000000000007000: 0x66 0xb8 0x10 "
					 "0x00 0x8e 0xd8 0xff 0xff\n"
					 "0000000000007008: 0x01 0x02\n");
	CHECK_STR(run("x/2xg 0x7000"), "0000000000007000: 0xffffd88e0010b866 "
				       "0x8807060504030201\n");
	CHECK_STR(run("x/2dh 0x7004"), "0000000000007004: -10098    -1\n");
	CHECK_STR(run("x/2uh 0x7004"), "0000000000007004: 55438 65535\n");
	CHECK_STR(run("x/1ob 0x7000"), "0000000000007000: 0146\n");
	CHECK_STR(run("x/1dg 0x7008"), "0000000000007008: "
				       "-8644934341102468607\n");
	rig_end();
}

TEST(characters_and_strings)
{
	setup();
	put(0x7000, "a'\n\\\x01", 6);
	CHECK_STR(run("x/6c 0x7000"), "0000000000007000: 'a' '\\'' '\\n' "
				      "'\\\\' '\\x01' '\\x00'\n");
	put(0x7000, "say \"hi\"\0next\t", 14);
	CHECK_STR(run("x/2s 0x7000"), "0000000000007000: \"say \\\"hi\\\"\"\n"
				      "0000000000007009: \"next\\t\"\n");
	memset(fake_ram(f, 0x9000, 8192), 'A', 8192);
	CHECK_HAS(run("x/s 0x9000"), "AAA\"... (goes on)\n");
	rig_end();
}

TEST(instructions)
{
	setup();
	put(0x1000, "\x85\xc9\xc3\x0f\xff", 5);
	if (!decode_available()) {
		CHECK_HAS(run_fails("x/2i $pc"), "no instruction decoder");
		rig_end();
		return;
	}
	CHECK_HAS(run("x/2i $pc"), "0x00001000:  85 c9                    "
				   "test   %ecx,%ecx\n"
				   "0x00001002:  c3 ");
	put(0x1000, "\x06", 1); /* none in 64-bit mode */
	CHECK_HAS(run("x/i $pc"), "(bad)\n");
	rig_end();
}

TEST(where_memory_ends)
{
	setup();
	CHECK_HAS(run_fails("x/4xg 0x3ffff0"), "00000000003ffff0: "
					       "0x0000000000000000 "
					       "0x0000000000000000\n"
					       "0000000000400000: Cannot "
					       "access memory\n"
					       "linear 0x400000: PDE at");
	CHECK_HAS(run_fails("xp/2xg 0x3ffffc"), "00000000003ffffc: Cannot "
						"access memory\n");
	CHECK_HAS(run_fails("x/s 0xffffffffffffffff"), "Cannot access");
	CHECK_HAS(run_fails("x/i 0x400000"), "Cannot access memory");
	rig_end();
}

TEST(devices_are_read_only_when_asked_for)
{
	setup();
	f->inspect.io_value = 0x11;
	fake_map(f, 0x700000, 0xfec00000, FAKE_PTE_P);
	CHECK_HAS(run_fails("x/2x 0x700010"), "0000000000700010: Cannot access "
					      "memory\n"
					      "physical 0xfec00010 is a "
					      "register of device ioapic; `xp "
					      "-d "
					      "0xfec00010` reads it, with its "
					      "side effects\n");
	CHECK_HAS(run_fails("xp 0xfee00020"), "a register of KVM's own lapic; "
					      "`info lapic` shows its state");
	CHECK_STR(fake_log(f), "");
	CHECK_STR(run("xp -d /2xw 0xfec00000"), "00000000fec00000: 0x00000011 "
						"0x00000011\n");
	CHECK_STR(fake_log(f), "io r mmio 0xfec00000 4\n"
			       "io r mmio 0xfec00004 4\n");
	CHECK_HAS(run_fails("xp -d /i 0xfec00000"), "'/i': a device");
	CHECK_HAS(run_fails("x -d 0xfec00000"), "'-d': 'd' is neither");
	rig_end();
}

TEST(formats_name_the_bad_letter)
{
	setup();
	CHECK_HAS(run_fails("x/4z 0"), "'/4z': 'z' is no format");
	CHECK_HAS(buf_cstr(&out), "usage: x [/FMT] ADDR");
	CHECK_HAS(run_fails("x/99999999999x 0"), "the count is 1 to 65536");
	CHECK_HAS(run_fails("xp -d /0xw 0"), "'/0xw': the count is 1 to");
	CHECK_HAS(run_fails("x /4x"), "x: no address");
	CHECK_HAS(run_fails("x 0 1"), "'1' is one word too many");
	CHECK_HAS(run_fails("x/4x zork"), "'zork' is neither");
	CHECK_HAS(run_fails("nosuch/4x 0"), "unknown command: 'nosuch'");
	rig_end();
}

/* ---- what is mapped ---- */

TEST(info_mem_and_tlb)
{
	setup();
	CHECK_STR(run("info mem"), "0000000000000000-0000000000400000 "
				   "0000000000400000 -rw\n");
	fake_map(f, 0x1000, 0x5000, FAKE_PTE_P | FAKE_PTE_US);
	CHECK_STR(run("info mem 0x1000-0x1fff"), "0000000000001000-"
						 "0000000000002000 "
						 "0000000000001000 ur-\n");
	CHECK_STR(run("info tlb 0x1000-0x2fff"), "0000000000001000: "
						 "0000000000005000 -------U-\n"
						 "0000000000002000: "
						 "0000000000002000 "
						 "--------W\n");
	CHECK_STR(run("info tlb 1G+1G"), "nothing is mapped\n");
	CHECK_HAS(run_fails("info tlb zork"), "'zork' is neither");
	f->cpu[0].cr0 = X86_CR0_PE;
	target_forget(&f->target);
	CHECK_STR(run("info mem"), "PG disabled\n");
	CHECK_STR(run("info tlb"), "PG disabled\n");
	CHECK_HAS(run("maps"), "paging is off");
	CHECK_HAS(run("gpa2gva 5"), "paging is off");
	rig_end();
}

TEST(maps_of_ram_and_devices)
{
	setup();
	fake_map(f, 0x700000, 0xfee00000, FAKE_PTE_P | FAKE_PTE_RW | 0x18);
	CHECK_STR(run("maps"), "0x0000000000000000-0x00000000003fffff rwx-   "
			       "1024 x 4K  WB "
			       "--- -> 0x0\n"
			       "0x0000000000700000-0x0000000000700fff rwx-     "
			       " 1 x 4K  UC "
			       "--- -> 0xfee00000 (device lapic, inside KVM)\n"
			       "2 ranges, 4100 KiB mapped, 6 tables gone "
			       "through\n");
	CHECK_HAS(run("maps -v 0x3ff000-0x3fffff"), "1 x 4K");
	*(uint64_t *)fake_ram(f, 0x5000, 8) = 0x90000003;
	CHECK_HAS(run("maps -cr3 0x5000"), "PML4E at 0x5000 points to "
					   "0x90000000, where no memory is");
	CHECK_HAS(run_fails("maps -cr3"), "'-cr3' wants a value");
	CHECK_HAS(run_fails("maps 0 1"), "'1' is one range too many");
	CHECK_HAS(run_fails("maps -x"), "'-x': 'x' is neither");
	rig_end();
}

TEST(long_lists_say_how_to_go_on)
{
	test_timeout(120);
	setup();
	/* one table again and again, with no two neighbours alike */
	for (unsigned int i = 0; i < 512; i++)
		*(uint64_t *)fake_ram(f, 0x5000 + 8 * i, 8) = i % 2 ? 0x5003
								    : 0x5001;
	f->cpu[0].cr3 = 0x5000;
	target_forget(&f->target);
	CHECK_HAS(run("maps"), "cut at 0x");
	CHECK_HAS(buf_cstr(&out), "after that many page tables; go on with "
				  "`maps 0x");
	CHECK_HAS(run("info tlb"), "go on with `info tlb 0x");
	CHECK_HAS(run("info mem"), "go on with `info mem 0x");
	CHECK_HAS(run("gpa2gva 0x5000"), "after that many lines");
	rig_end();
}

TEST(gpa2gva_finds_every_mapping)
{
	setup();
	fake_map(f, 0xffff800000001000, 0x5000, FAKE_PTE_P);
	CHECK_STR(run("gpa2gva 0x5123"), "0x5123 rwx-, PTE at 0x303028\n"
					 "0xffff800000001123 r-x-, PTE at "
					 "0x307008\n");
	CHECK_STR(run("gpa2gva 0x90000000"), "no linear address of this vCPU "
					     "maps it\n");
	CHECK_HAS(run_fails("gpa2gva zork"), "'zork' is neither");
	rig_end();
}

/* ---- who answers ---- */

TEST(iobus_counts_and_marks)
{
	setup();
	CHECK_STR(run("iobus"), "port 0x0020-0x0021          pic               "
				"inside KVM, "
				"accesses n/a (kernel-private)\n"
				"port 0x0060                 i8042             "
				"3 reads, 1 "
				"writes\n"
				"mmio 0xfec00000-0xfec00fff  ioapic            "
				"0 reads, 0 "
				"writes\n"
				"mmio 0xfee00000-0xfee00fff  lapic             "
				"inside KVM, "
				"accesses n/a (kernel-private)\n"
				"what KVM answers itself shows in tracefs: "
				"kvm_pio, kvm_mmio, "
				"kvm_apic\n");
	f->inspect.io_ranges = 0;
	CHECK_HAS(run("iobus"), "the fake target does not tell its devices");
	rig_end();
}

TEST(info_mtree_in_qemus_shape)
{
	setup();
	fake_add_region(f, 0xffe00000, 0x1000, true, "bios");
	CHECK_STR(run("info mtree"),
		  "address-space: memory\n"
		  "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
		  "    0000000000000000-00000000003fffff (prio 0, ram): ram "
		  "KVM\n"
		  "    00000000fec00000-00000000fec00fff (prio 0, i/o): "
		  "ioapic\n"
		  "    00000000fee00000-00000000fee00fff (prio 0, i/o): "
		  "kvm-lapic\n"
		  "    00000000ffe00000-00000000ffe00fff (prio 0, rom): bios "
		  "KVM\n"
		  "\n"
		  "address-space: I/O\n"
		  "  0000000000000000-000000000000ffff (prio 0, i/o): io\n"
		  "    0000000000000020-0000000000000021 (prio 0, i/o): "
		  "kvm-pic\n"
		  "    0000000000000060-0000000000000060 (prio 0, i/o): "
		  "i8042\n");
	CHECK_HAS(run("info mtree -f"), "FlatView #0\n AS \"memory\", root: "
					"system\n");
	CHECK_HAS(run_fails("info mtree x"), "'x' is not -f");
	rig_end();
}
