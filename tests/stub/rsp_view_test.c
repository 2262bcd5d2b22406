/*
 * How a client sees registers: descriptions of other code, linear pc and sp,
 * registers kept for it.
 */
#include "stub/mon/monitor.h"
#include "tests/stub/rsp_rig.h"
#include "tests/test.h"

static struct rsp_rig r;

#define GOLDEN(...)                                                       \
	do {                                                              \
		const struct rsp_rig_golden table[] = {__VA_ARGS__};      \
		rsp_rig_check(&r, table, sizeof(table) / sizeof(*table)); \
	} while (0)

#define READ_XML "qXfer:features:read:target.xml:0,fff"

static void real_mode(unsigned int vcpu)
{
	struct x86_state *s = &r.fake->cpu[vcpu];

	s->cr0 &= ~(X86_CR0_PE | X86_CR0_PG);
	s->efer = 0;
	s->seg[X86_CS] = (struct x86_seg){
		.base = 0x12340, .limit = 0xffff, .sel = 0x1234, .attr = 0x9b};
	s->seg[X86_SS] = (struct x86_seg){
		.base = 0x20000, .limit = 0xffff, .sel = 0x2000, .attr = 0x93};
	s->rip = 0x10;
	s->gpr[X86_RSP] = 0x77770100;
	target_forget(&r.fake->target);
}

static bool say(const char *line)
{
	struct buf out = BUF_INIT;
	bool ok = monitor_run(&r.fake->target, 0, line, &out);

	buf_deinit(&out);
	return ok;
}

TEST(a_description_holds_from_its_reading_on)
{
	rsp_rig_init(&r, 1);
	CHECK(say("arch 32"));
	CHECK_EQ(strlen(rsp_rig_ask(&r, "g")), 2 * tdesc_g_size(r.tdesc));
	CHECK_HAS(rsp_rig_ask(&r, READ_XML), "<architecture>i386</arch");
	CHECK_EQ(strlen(rsp_rig_ask(&r, "g")),
		 2 * tdesc_g_size(tdesc_for(r.tdesc, TDESC_32)));
	GOLDEN({"p8", "00100000"}, {"P0=04030201", "OK"}, {"p0", "04030201"},
	       {"P8=00200000", "OK"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x2000);
	CHECK_HAS(rsp_rig_ask(&r, "?"), "08:00200000;"); /* eip, expedited */
	/* a piece further on leaves all as it is */
	CHECK(say("arch 64"));
	rsp_rig_ask(&r, "qXfer:features:read:target.xml:10,20");
	GOLDEN({"p8", "00200000"});
	rsp_rig_reconnect(&r);
	GOLDEN({"p10", "0020000000000000"});
}

TEST(a_low_half_leaves_the_upper_one)
{
	rsp_rig_init(&r, 1);
	r.fake->cpu[0].gpr[X86_RBX] = 0x1122334455667788;
	CHECK(say("arch 32"));
	rsp_rig_reconnect(&r);
	GOLDEN({"p3", "88776655"}, {"P3=01000000", "OK"});
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RBX], 0x1122334400000001);
}

TEST(auto_goes_by_the_mode)
{
	rsp_rig_init(&r, 2);
	CHECK(say("arch auto"));
	CHECK_HAS(rsp_rig_ask(&r, READ_XML), ">i386:x86-64<");
	real_mode(1);
	CHECK_HAS(rsp_rig_ask(&r, READ_XML), ">i386:x86-64<");
	rsp_rig_ask(&r, "Hg2");
	CHECK_HAS(rsp_rig_ask(&r, READ_XML), ">i8086<");
	r.fake->cpu[1].cr0 |= X86_CR0_PE;
	r.fake->cpu[1].seg[X86_CS].attr |= X86_AR_DB;
	target_forget(&r.fake->target);
	CHECK_HAS(rsp_rig_ask(&r, READ_XML), ">i386<");
}

TEST(linear_pc_and_sp)
{
	rsp_rig_init(&r, 1);
	real_mode(0);
	GOLDEN({"p10", "1000000000000000"});
	CHECK(say("arch 16") && say("arch linear on"));
	GOLDEN({"p10", "1000000000000000"});
	rsp_rig_reconnect(&r);
	/* SS.B is clear: the upper half of ESP is not part of the address */
	GOLDEN({"p8", "50230100"}, {"p4", "00010200"}, {"P8=60230100", "OK"},
	       {"P4=00020200", "OK"}, {"P8=60230100", "OK"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x20);
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RSP], 0x77770200);
	CHECK_HAS(rsp_rig_ask(&r, "?"), "08:60230100;");
	GOLDEN({"P8=00000000", "E*"}, {"P8=40230200", "E*"},
	       {"P4=00000300", "E*"}, {"p8", "60230100"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x20);
}

/* gdb resumes by itself at a breakpoint that is not one of its own. */
TEST(no_breakpoint_is_told_of_where_the_pc_is_not)
{
	const struct target_stop stop = {.kind = STOP_HWBREAK,
					 .signal = GDB_SIGNAL_TRAP};

	rsp_rig_init(&r, 1);
	real_mode(0);
	fake_push_stop(r.fake, &stop);
	GOLDEN({"qSupported:hwbreak+", "P*"}, {"vCont;c", "T05thread:1;core:0;"
							  "06:*"});
	CHECK_HAS(buf_cstr(&r.console), "linear address 0x12350");
	CHECK_HAS(buf_cstr(&r.console), "base 0x12340");
	CHECK(say("arch linear on"));
	rsp_rig_ask(&r, READ_XML);
	buf_clear(&r.console);
	fake_push_stop(r.fake, &stop);
	GOLDEN({"vCont;c", "T05thread:1;core:0;hwbreak:;*"});
	CHECK_EQ(r.console.len, 0);
}

TEST(linear_changes_nothing_in_64_bit_code)
{
	rsp_rig_init(&r, 1);
	r.fake->cpu[0].seg[X86_CS].base = 0x5000; /* ignored by the processor */
	CHECK(say("arch linear on"));
	rsp_rig_reconnect(&r);
	GOLDEN({"p10", "0010000000000000"}, {"P10=0020000000000000", "OK"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x2000);
}

TEST(lldb_is_told_the_same)
{
	rsp_rig_init(&r, 1);
	CHECK_HAS(rsp_rig_ask(&r, "qHostInfo"), "ptrsize:8;");
	CHECK(say("arch 16"));
	rsp_rig_reconnect(&r);
	CHECK_HAS(rsp_rig_ask(&r, "qHostInfo"), "ptrsize:4;");
	CHECK_HAS(rsp_rig_ask(&r, "qProcessInfo"), "triple:69333836"); /*i386*/
}

TEST(words_of_arch)
{
	struct buf out = BUF_INIT;

	rsp_rig_init(&r, 1);
	CHECK(!say("arch 17") && !say("arch linear") && !say("arch 16 32"));
	CHECK(!say("arch linear maybe"));
	CHECK(say("arch 16") && say("arch linear on"));
	CHECK(monitor_run(&r.fake->target, 0, "arch", &out));
	CHECK_STR(buf_cstr(&out), "arch 16, linear on; vCPU 0 runs long64 "
				  "code\n");
	buf_deinit(&out);
}

TEST(registers_kept_and_put_back)
{
	rsp_rig_init(&r, 2);
	rsp_rig_ask(&r, "QThreadSuffixSupported");
	GOLDEN({"QSaveRegisterState;thread:0002;", "1"},
	       {"QSaveRegisterState;thread:0001;", "2"},
	       {"P0=0102030405060708;thread:0002;", "OK"},
	       {"P10=0020000000000000;thread:0002;", "OK"},
	       {"P0=0102030405060708;thread:0001;", "OK"});
	fake_log_clear(r.fake);
	GOLDEN({"QRestoreRegisterState:1;thread:0001;", "E*"});
	CHECK_STR(fake_log(r.fake), "");
	GOLDEN({"QRestoreRegisterState:1;thread:0002;", "OK"},
	       {"p10;thread:0002;", "0011000000000000"},
	       {"p0;thread:0001;", "0102030405060708"},
	       {"QRestoreRegisterState:1;thread:0002;", "E*"});
	CHECK_EQ(r.fake->cpu[1].gpr[X86_RAX], 0x100001111);
}

/* Nothing grows with what a client forgets: the oldest goes. */
TEST(registers_kept_and_forgotten)
{
	rsp_rig_init(&r, 1);
	for (unsigned int i = 0; i < SESSION_SAVED + 1; i++)
		rsp_rig_ask(&r, "QSaveRegisterState");
	GOLDEN({"QRestoreRegisterState:1", "E*"},
	       {"QRestoreRegisterState:9", "OK"},
	       {"QRestoreRegisterState:2", "OK"}, {"QSaveRegisterState", "10"});
	rsp_rig_reconnect(&r);
	GOLDEN({"QRestoreRegisterState:3", "E*"}, {"QSaveRegisterState", "1"});
}

TEST(registers_that_cannot_be_put_back)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"QSaveRegisterState", "1"}, {"P0=0102030405060708", "OK"});
	fake_fail(r.fake, FAKE_SET, 1, ERR_KVM, "not now");
	GOLDEN({"QRestoreRegisterState:1", "E*"},
	       {"QRestoreRegisterState:1", "OK"});
	CHECK_EQ(r.fake->cpu[0].gpr[X86_RAX], 0x1111);
}
