/* The packet table, the answers to nonsense, and the framing of replies. */
#include "tests/test.h"

#include "stub/rsp/packets.h"
#include "tests/stub/rsp_rig.h"

static struct rsp_rig r;

TEST(no_row_hides_a_later_one)
{
	for (const struct packet *p = packet_table; p->text; p++)
		if (packet_find(p->text, strlen(p->text)) != p)
			test_fail(__FILE__, __LINE__, "%s is hidden", p->text);
}

/* Each row's own text, bare, is known: never the empty reply. */
TEST(known_packets_never_get_the_empty_reply)
{
	for (const struct packet *p = packet_table; p->text; p++) {
		rsp_rig_init(&r, 2);
		rsp_rig_ask(&r, "QThreadSuffixSupported");
		if (!*rsp_rig_ask(&r, p->text))
			test_fail(__FILE__, __LINE__, "%s gets nothing",
				  p->text);
		rsp_rig_deinit(&r);
	}
}

/* gdb stops with a protocol error when an announced packet is not answered. */
TEST(announced_features_are_answered)
{
	static const struct {
		const char *feature, *packet;
	} table[] = {
		{"QStartNoAckMode+", "QStartNoAckMode"},
		{"binary-upload+", "x0,0"},
		{"error-message+", "?"},
		{"hwbreak+", "Z1,1000,1"},
		{"multiprocess+", "Hgp1.1"},
		{"qEcho+", "qEcho:1"},
		{"qXfer:exec-file:read+", "qXfer:exec-file:read::0,10"},
		{"qXfer:features:read+", "qXfer:features:read:target.xml:0,10"},
		{"qXfer:threads:read+", "qXfer:threads:read::0,10"},
		{"swbreak+", "Z0,1000,1"},
		{"vContSupported+", "vCont?"},
		{"SupportedWatchpointTypes=x86_64", "Z2,1000,1"},
	};
	unsigned int features = 0;

	for (const struct packet *p = packet_table; p->text; p++)
		features += p->feature != NULL;
	CHECK_EQ(features, sizeof(table) / sizeof(*table));
	rsp_rig_init(&r, 1);
	for (unsigned int i = 0; i < features; i++) {
		CHECK_HAS(rsp_rig_ask(&r, "qSupported:xmlRegisters=i386"),
			  table[i].feature);
		if (!*rsp_rig_ask(&r, table[i].packet))
			test_fail(__FILE__, __LINE__, "%s gets nothing",
				  table[i].packet);
	}
}

TEST(packet_size_is_announced)
{
	rsp_rig_init(&r, 1);
	CHECK_HAS(rsp_rig_ask(&r, "qSupported"), "PacketSize=20000;");
}

TEST(a_target_that_cannot_run_does_not_announce_it)
{
	rsp_rig_init(&r, 1);
	r.fake->target.caps.can_run = false;
	CHECK(!strstr(rsp_rig_ask(&r, "qSupported"), "swbreak"));
	CHECK_HAS(rsp_rig_ask(&r, "vCont;c"), "E");
	CHECK_HAS(buf_cstr(&r.console), "the fake target cannot run");
	CHECK_HAS(rsp_rig_ask(&r, "Z0,1000,1"), "E");
}

TEST(a_saved_exit_is_a_stop)
{
	rsp_rig_init(&r, 1);
	r.fake->target.last =
		(struct target_stop){.kind = STOP_EXITED, .status = 7};
	CHECK_STR(rsp_rig_ask(&r, "?"), "W07");
	r.fake->target.caps.can_run = false;
	CHECK_HAS(rsp_rig_ask(&r, "?"), "T05thread:1;");
}

TEST(lldb_stays_when_the_guest_is_not_resumed)
{
	rsp_rig_init(&r, 1);
	r.fake->target.caps.can_run = false;
	rsp_rig_ask(&r, "QThreadSuffixSupported");
	CHECK_HAS(rsp_rig_ask(&r, "vCont;c"), "T05thread:1;");
	CHECK_HAS(buf_cstr(&r.console), "the fake target cannot run");
}

TEST(unknown_packets_get_the_empty_reply)
{
	static const char *const unknown[] = {
		"",
		"vMustReplyEmpty",
		"vFile:setfs:0",
		"qTStatus",
		"qSymbol::",
		"qOffsets",
		"qL1200000",
		"b",
		"bs",
		"bc",
		"A6,0,2f",
		"vCtrlC",
		"vStopped",
		"QNonStop:0",
		"qSupportedX",
		"jThreads",
		"_M1000,r",
		"qRegisterInfo0",
		"F0",
		"Z5,0,1",
		"!!",
		"qCrash",
	};

	rsp_rig_init(&r, 1);
	for (unsigned int i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		if (*rsp_rig_ask(&r, unknown[i]))
			test_fail(__FILE__, __LINE__, "'%s' gets '%s'",
				  unknown[i], buf_cstr(&r.reply));
}

static const char *const malformed[] = {"m",
					"mzz,1",
					"m1000",
					"m1000,",
					"m1000,1,2",
					"m1000,0",
					"m1000,fffffffffffffffff",
					"M1000,4:12",
					"M1000,1:zz",
					"M1000,1:1234",
					"M1000,40001:00",
					"X1000,5:a",
					"X1000,1:}",
					"X1000,1",
					"x1000",
					"p",
					"pzz",
					"pffff",
					"pffffffffff",
					"P",
					"P0",
					"P0=1",
					"P0=112233445566778899",
					"Pzz=00",
					"P1=zzzzzzzzzzzzzzzz",
					"G",
					"G00",
					"Z0",
					"Z0,1000",
					"Z0,zz,1",
					"Z0,1000,1;X1,27",
					"Z0,1000,1;cmds:0,X1,27",
					"Z2,1000,0",
					"Z2,ffffffffffffffff,8",
					"Z2,0,ffffffffffffffff",
					"z0,zz,1",
					"z1",
					"vCont",
					"vCont;",
					"vCont;x",
					"vCont;c:9",
					"vCont;c:p5.-1",
					"vCont;c:p5.1",
					"vCont;r1000:1",
					"vCont;r1000,",
					"vCont;C",
					"vCont;Czz",
					"vCont;t",
					"vCont;c;",
					"vCont;s:p-1.1",
					"H",
					"Hx1",
					"Hg",
					"Hg9",
					"Hgzz",
					"Hgp1.9",
					"Hgp9.1",
					"Hg1,",
					"T",
					"T9",
					"T-9",
					"Tp2.1",
					"c!",
					"szz",
					"C",
					"Cz",
					"C05;zz",
					"S5",
					"D;9",
					"D;",
					"Dx",
					"D;1;1",
					"vKill",
					"vAttach",
					"vAttach;9",
					"vRun",
					"vRun;2f",
					"vRun;;61",
					"R",
					"Rzz",
					"qAttached:9",
					"qAttached:",
					"qThreadExtraInfo",
					"qThreadExtraInfo,9",
					"qThreadExtraInfo,p1.9",
					"qThreadExtraInfo,-1",
					"qRcmd",
					"qRcmd,0",
					"qRcmd,zz",
					"qRcmd,00",
					"qXfer:threads:read",
					"qXfer:threads:read:0,10",
					"qXfer:threads:read::0",
					"qXfer:features:read:nope:0,10",
					"qXfer:features:read:../x:0,10",
					"qXfer:features:read:target."
					"xml:zz,10",
					"qXfer:features:read:target."
					"xml:ffffff,10",
					"qXfer:features:read:target."
					"xml:0,0",
					"qSearch:memory",
					"qSearch:memory:1000;10;",
					"qSearch:memory:1000;10;}",
					"qCRC",
					"qCRC:1000",
					"QStartNoAckMode:1",
					"Qqemu.sstep",
					"Qqemu.sstep=8",
					"Qqemu.sstep=zz",
					"Qqemu.PhyMemMode",
					"Qqemu.PhyMemMode:2",
					"qMemoryRegionInfo:zz",
					"qThreadStopInfo",
					"qThreadStopInfo9",
					"QSetDetachOnError:2",
					"QRestoreRegisterState",
					"QRestoreRegisterState:",
					"QRestoreRegisterState:0",
					"QRestoreRegisterState:1",
					"QRestoreRegisterState:1x",
					"QSaveRegisterState;thread:9;",
					"qSupported;",
					"g;thread:9;",
					"p0;thread:",
					"qC:1"};

/* An error, and neither the target nor the session is any different. */
TEST(malformed_packets_change_nothing)
{
	rsp_rig_init(&r, 2);
	CHECK_STR(rsp_rig_ask(&r, "Z0,2000,1"), "OK");
	for (unsigned int i = 0; i < sizeof(malformed) / sizeof(*malformed);
	     i++) {
		fake_log_clear(r.fake);
		if (rsp_rig_ask(&r, malformed[i])[0] != 'E')
			test_fail(__FILE__, __LINE__, "'%s' gets '%s'",
				  malformed[i], buf_cstr(&r.reply));
		if (*fake_log(r.fake))
			test_fail(__FILE__, __LINE__, "'%s' does: %s",
				  malformed[i], fake_log(r.fake));
		CHECK_EQ(r.s.end, SESSION_OPEN);
		CHECK(!r.s.awaiting);
		CHECK_EQ(r.s.hg, 0);
		CHECK_EQ(bp_count(&r.bps), 1);
	}
	CHECK_STR(rsp_rig_ask(&r, "qqemu.sstep"), "0x3");
	CHECK_STR(rsp_rig_ask(&r, "qqemu.PhyMemMode"), "0");
}

/* "E1" or "E.x" would be read as memory by a client that knows numbers only. */
TEST(errors_in_the_client_s_own_form)
{
	rsp_rig_init(&r, 1);
	CHECK_STR(rsp_rig_ask(&r, "m7f0000000000,4"), "E0e");
	rsp_rig_ask(&r, "qSupported:error-message+");
	CHECK_HAS(rsp_rig_ask(&r, "m7f0000000000,4"), "E.");
	CHECK_HAS(rsp_rig_ask(&r, "m7f0000000000,4"), "7f0000000000");
	rsp_rig_ask(&r, "QEnableErrorStrings");
	CHECK_HAS(rsp_rig_ask(&r, "m7f0000000000,4"), "E0e;");
}

TEST(acknowledgements)
{
	rsp_rig_init(&r, 1);
	r.s.no_ack = false;
	CHECK_STR(rsp_rig_raw(&r, "$qC#b4", 6), "+$QC1#c5");
	CHECK_STR(rsp_rig_raw(&r, "-", 1), "$QC1#c5");
	CHECK_STR(rsp_rig_raw(&r, "+", 1), "");
	CHECK_STR(rsp_rig_raw(&r, "-", 1), ""); /* it has arrived */
	CHECK_STR(rsp_rig_raw(&r, "$qC#b5", 6), "-");
	CHECK_STR(rsp_rig_raw(&r, "$QStartNoAckMode#b0", 19), "+$OK#9a");
	CHECK_STR(rsp_rig_raw(&r, "+$qC#b4", 7), "$QC1#c5");
	CHECK_STR(rsp_rig_raw(&r, "-", 1), ""); /* gdb's impatience */
}

TEST(an_overlong_packet_gets_an_error)
{
	char *text = malloc(3000000);

	rsp_rig_init(&r, 1);
	memset(text, 'a', 3000000);
	text[0] = '$';
	memcpy(text + 2999997, "#00", 3);
	CHECK_STR(rsp_rig_raw(&r, text, 3000000), "$E1c#d9");
	CHECK_STR(rsp_rig_ask(&r, "qC"), "QC1");
	free(text);
}

TEST(an_interrupt_with_nothing_running_is_ignored)
{
	rsp_rig_init(&r, 1);
	CHECK_STR(rsp_rig_raw(&r, "\003", 1), "");
	CHECK_STR(fake_log(r.fake), "");
}

/* A client that does not read: input waits, memory does not grow. */
TEST(output_that_nobody_reads_is_bounded)
{
	char *text = malloc(1000000);
	size_t n = 0, used;

	rsp_rig_init(&r, 1);
	while (n + 16 < 1000000)
		n += (size_t)sprintf(text + n, "$m1000,4000#20");
	r.s.in.check = false;
	used = session_input(&r.s, text, n);
	CHECK(used < n);
	CHECK(r.s.out.len < SESSION_OUT_HIGH + FRAME_BODY_MAX + 16);
	free(text);
}

TEST(packets_while_the_guest_runs)
{
	rsp_rig_init(&r, 1);
	CHECK_STR(rsp_rig_ask(&r, "vCont;c"), "(none)");
	CHECK_STR(rsp_rig_ask(&r, "g"), "E10");
	CHECK_STR(rsp_rig_ask(&r, "M1000,1:00"), "E10");
	CHECK_STR(rsp_rig_ask(&r, "Z0,1000,1"), "E10");
	CHECK_STR(rsp_rig_ask(&r, "vCont;c"), "E10");
	CHECK_STR(rsp_rig_ask(&r, "qC"), "QC1");
	CHECK_HAS(rsp_rig_raw(&r, "\003", 1), "$T02thread:1;");
}
