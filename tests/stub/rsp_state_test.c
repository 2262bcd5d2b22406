/* Memory, registers and breakpoints as the client reads and writes them. */
#include "tests/test.h"

#include "tests/stub/rsp_rig.h"

static struct rsp_rig r;

#define GOLDEN(...)                                                      \
	do {                                                             \
		static const struct rsp_rig_golden t_[] = {__VA_ARGS__}; \
		rsp_rig_check(&r, t_, sizeof(t_) / sizeof(*t_));         \
	} while (0)

TEST(memory)
{
	rsp_rig_init(&r, 1);
	memcpy(fake_ram(r.fake, 0x2000, 4), "\x01\xff#$", 4);
	GOLDEN({"m2000,4", "01ff2324"}, {"m2000,1", "01"},
	       {"M2000,2:abCD", "OK"}, {"m2000,3", "abcd23"},
	       {"M2000,0:", "OK"}, {"X2000,0:", "OK"},
	       {"X2000,3:z}\003}]", "OK"}, {"m2000,3", "7a237d"},
	       {"x2000,2", "bz}\003"}, {"x2000,0", "b"});
}

/* A read is cut where memory ends; it fails only when nothing can be read. */
TEST(partial_reads)
{
	rsp_rig_init(&r, 1);
	fake_map(r.fake, 0x10000000, 0x5000, FAKE_PTE_P);
	memset(fake_ram(r.fake, 0x5ffe, 2), 0xaa, 2);
	GOLDEN({"m10000ffe,4", "aaaa"}, {"m10000fff,1", "aa"},
	       {"m10001000,1", "E0e"}, {"x10000ffe,100", "b\xaa\xaa"},
	       {"m10001000,ffffffffffffffff", "E0e"});
}

/* Pages that follow each other in linear memory need not do so in physical. */
TEST(reads_and_writes_cross_pages)
{
	rsp_rig_init(&r, 1);
	fake_map(r.fake, 0x10000000, 0x5000, FAKE_PTE_P);
	fake_map(r.fake, 0x10001000, 0x3000, FAKE_PTE_P);
	GOLDEN({"M10000ffe,4:01020304", "OK"}, {"m10000ffe,4", "01020304"});
	CHECK(!memcmp(fake_ram(r.fake, 0x5ffe, 2), "\1\2", 2));
	CHECK(!memcmp(fake_ram(r.fake, 0x3000, 2), "\3\4", 2));
	/* all or nothing */
	GOLDEN({"M10001ffe,4:0a0b0c0d", "E0e"}, {"m10001ffe,2", "0000"});
}

TEST(address_zero_is_an_address)
{
	rsp_rig_init(&r, 1);
	memset(fake_ram(r.fake, 0, 2), 0x77, 2);
	GOLDEN({"m0,2", "7777"});
	fake_map(r.fake, 0, 0, 0);
	GOLDEN({"m0,2", "E0e"});
}

TEST(the_end_of_the_address_space)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"mffffffffffffffff,2", "E0e"},
	       {"Mffffffffffffffff,2:0000", "E22"},
	       {"qCRC:ffffffffffffffff,2", "E22"},
	       {"qSearch:memory:ffffffffffffffff;2;a", "E0e"});
}

TEST(physical_memory_mode)
{
	rsp_rig_init(&r, 1);
	fake_map(r.fake, 0x6000, 0x5000, FAKE_PTE_P);
	memset(fake_ram(r.fake, 0x5000, 1), 0x55, 1);
	memset(fake_ram(r.fake, 0x6000, 1), 0x66, 1);
	GOLDEN({"qqemu.PhyMemMode", "0"}, {"m6000,1", "55"},
	       {"Qqemu.PhyMemMode:1", "OK"}, {"qqemu.PhyMemMode", "1"},
	       {"m6000,1", "66"}, {"M6000,1:67", "OK"},
	       {"Qqemu.PhyMemMode:0", "OK"}, {"m6000,1", "55"});
	/* unbacked memory is an error, not zeroes */
	GOLDEN({"Qqemu.PhyMemMode:1", "OK"}, {"mff000000,4", "E0e"});
}

TEST(large_reads_fill_a_packet)
{
	rsp_rig_init(&r, 1);
	CHECK_EQ(strlen(rsp_rig_ask(&r, "m0,10000")), 0x20000);
	CHECK_EQ(strlen(rsp_rig_ask(&r, "m0,ffffff")), 0x20000);
	rsp_rig_ask(&r, "x0,ffffff");
	CHECK_EQ(r.reply.len, 0x20000);
	memset(fake_ram(r.fake, 0, 0x30000), '#', 0x30000);
	rsp_rig_ask(&r, "x0,1ffff");
	CHECK_EQ(r.reply.len, 0x1ffff); /* whole escapes only */
}

TEST(search)
{
	rsp_rig_init(&r, 1);
	memcpy(fake_ram(r.fake, 0x1fffe, 4), "need", 4);
	GOLDEN({"qSearch:memory:0;40000;need", "1,1fffe"},
	       {"qSearch:memory:1fffe;4;need", "1,1fffe"},
	       {"qSearch:memory:1ffff;1000;need", "0"},
	       {"qSearch:memory:0;20001;need", "0"},
	       {"qSearch:memory:0;20002;need", "1,1fffe"},
	       {"qSearch:memory:0;0;need", "0"});
	memset(fake_ram(r.fake, 0x100, 1), '#', 1);
	GOLDEN({"qSearch:memory:0;1000;}\003", "1,100"});
	GOLDEN({"qSearch:memory:0;ffffffffffffffff;nowhere", "E0e"});
}

TEST(crc)
{
	rsp_rig_init(&r, 1);
	memcpy(fake_ram(r.fake, 0x2000, 9), "123456789", 9);
	GOLDEN({"qCRC:2000,9", "C376e6e7"}, {"qCRC:2000,0", "Cffffffff"},
	       {"qCRC:10000000,9", "E0e"});
}

TEST(registers)
{
	rsp_rig_init(&r, 2);
	GOLDEN({"p0", "1111000000000000"}, {"p10", "0010000000000000"},
	       {"p11", "02000000"}, {"p12", "08000000"}, /* eflags, cs */
	       {"p38", "801f0000"},			 /* mxcsr */
	       {"p28", "10101010101010101010101010101010"},
	       {"p3b", "0050000000000000"}, /* gs_base, not fs_base */
	       {"p3a", "0000000000000000"});
	GOLDEN({"P0=0102030405060708", "OK"}, {"p0", "0102030405060708"},
	       {"P10=0020000000000000", "OK"}, {"p10", "0020000000000000"},
	       {"P28=000102030405060708090a0b0c0d0e0f", "OK"},
	       {"p28", "000102030405060708090a0b0c0d0e0f"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x2000);
	CHECK_EQ(r.fake->cpu[1].rip, 0x1100);
}

TEST(all_registers)
{
	char body[20000] = "G";
	const char *g;

	rsp_rig_init(&r, 1);
	g = rsp_rig_ask(&r, "g");
	CHECK_EQ(strlen(g), 2 * tdesc_g_size(r.tdesc));
	CHECK(!strncmp(g, "111100000000000022220000", 24));
	/* r12 to r15 are all there */
	CHECK(!strncmp(g + 2 * 12 * 8, "dddd000000000000", 16));
	strcat(body, g);
	fake_log_clear(r.fake);
	CHECK_STR(rsp_rig_ask(&r, body), "OK");
	CHECK_STR(fake_log(r.fake), ""); /* nothing changed, nothing written */
	body[1] = 'f';
	CHECK_STR(rsp_rig_ask(&r, body), "OK");
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RAX], 0x11f1);
	body[strlen(body) - 2] = '\0'; /* a byte short */
	CHECK_STR(rsp_rig_ask(&r, body), "E16");
	strcat(body, "0000");
	CHECK_STR(rsp_rig_ask(&r, body), "E16");
}

/* One bad value and none of the others is written. */
TEST(registers_all_or_nothing)
{
	char body[20000] = "G";

	rsp_rig_init(&r, 1);
	strcat(body, rsp_rig_ask(&r, "g"));
	body[1] = 'f';
	body[1 + 2 * 136 + 1] = '0'; /* eflags without its fixed bit */
	CHECK_STR(rsp_rig_ask(&r, body), "E16");
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RAX], 0x1111);
}

TEST(a_refused_value_names_the_field)
{
	rsp_rig_init(&r, 1);
	rsp_rig_ask(&r, "qSupported:error-message+");
	CHECK_HAS(rsp_rig_ask(&r, "P11=00000000"), "E.");
	CHECK_HAS(rsp_rig_ask(&r, "P11=00000000"), "bit 1");
	CHECK_HAS(rsp_rig_ask(&r, "P0=00"), "rax takes 8 bytes");
}

TEST(registers_that_cannot_be_had_are_unavailable)
{
	const char *g;

	rsp_rig_init(&r, 1);
	fake_fail(r.fake, FAKE_GET, 1, ERR_KVM, "no FPU today");
	g = rsp_rig_ask(&r, "g");
	CHECK_EQ(strlen(g), 2 * tdesc_g_size(r.tdesc));
	CHECK(!strncmp(g, "1111000000000000", 16));
}

TEST(threads_select_registers)
{
	rsp_rig_init(&r, 3);
	GOLDEN({"Hg2", "OK"}, {"p10", "0011000000000000"}, {"qC", "QC2"},
	       {"Hg0", "OK"}, {"qC", "QC2"}, {"Hg-1", "OK"}, {"qC", "QC2"},
	       {"Hgp1.3", "OK"}, {"p10", "0012000000000000"}, {"Hgp0.0", "OK"},
	       {"Hgp1.-1", "OK"}, {"Hgp1", "OK"}, {"Hc1", "OK"}, {"Hc-1", "OK"},
	       {"qC", "QC3"});
	GOLDEN({"QThreadSuffixSupported", "OK"},
	       {"p10;thread:0002;", "0011000000000000"},
	       {"P0=0100000000000000;thread:0001;", "OK"},
	       {"p0;thread:1", "0100000000000000"});
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RAX], 1);
	CHECK_EQ(strlen(rsp_rig_ask(&r, "g;thread:0002;")),
		 2 * tdesc_g_size(r.tdesc));
}

TEST(breakpoints)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"Z0,2000,1", "OK"}, {"Z0,2000,1", "OK"}, {"Z1,3000,1", "OK"},
	       {"Z2,4000,4", "OK"}, {"Z3,4000,8", "OK"}, {"Z4,4000,20", "OK"});
	CHECK(fake_has_bp(r.fake, BP_SW, 0x2000));
	CHECK(fake_has_bp(r.fake, BP_READ, 0x4000));
	CHECK_EQ(bp_count(&r.bps), 5);
	GOLDEN({"z0,2000,1", "OK"}, {"z0,2000,1", "OK"}, {"z1,9999,1", "OK"});
	CHECK_EQ(bp_count(&r.bps), 4);
}

TEST(a_refused_breakpoint_says_why)
{
	rsp_rig_init(&r, 1);
	rsp_rig_ask(&r, "qSupported:error-message+");
	fake_fail(r.fake, FAKE_INSERT, 1, ERR_LIMIT, "no slot is free");
	CHECK_STR(rsp_rig_ask(&r, "Z1,2000,1"), "E.no slot is free");
	CHECK_EQ(bp_count(&r.bps), 0);
}

/* A planted byte is the client's own business, never the guest's. */
TEST(the_stop_query_removes_nothing)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"Z0,2000,1", "OK"}, {"?", "T05*"}, {"?", "T05*"});
	CHECK(fake_has_bp(r.fake, BP_SW, 0x2000));
	CHECK_EQ(bp_count(&r.bps), 1);
}
