/* Resuming, stopping, dying, and the client's comings and goings. */
#include "tests/test.h"

#include "tests/stub/rsp_rig.h"

static struct rsp_rig r;

#define GOLDEN(...)                                                      \
	do {                                                             \
		static const struct rsp_rig_golden t_[] = {__VA_ARGS__}; \
		rsp_rig_check(&r, t_, sizeof(t_) / sizeof(*t_));         \
	} while (0)

/* The line of the log that begins with "resume". */
static const char *resumed(void)
{
	static char line[200];
	const char *at = strstr(fake_log(r.fake), "resume");

	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0,
		 at ? at : "");
	fake_log_clear(r.fake);
	return line;
}

static void init(unsigned int nvcpus)
{
	if (r.fake)
		rsp_rig_deinit(&r);
	rsp_rig_init(&r, nvcpus);
	rsp_rig_ask(&r, "qSupported:multiprocess+;swbreak+;hwbreak+");
}

TEST(vcont_actions)
{
	static const struct {
		const char *packet, *resume;
	} table[] = {
		{"vCont;s:p1.1;c", "resume s c c"},
		{"vCont;s:p1.2;c", "resume c s c"},
		{"vCont;s:p1.2", "resume h s h"}, /* scheduler-locking */
		{"vCont;s:0002", "resume h s h"},
		{"vCont;S05:p1.3;c:p1.1", "resume c h s"},
		{"vCont;r1000,1010:p1.1;c", "resume r0x1000-0x1010 c c"},
		{"vCont;r1000,1000:p1.1", "resume s h h"},
		{"vCont;s:p1.1;c:p1.1;s", "resume s s s"}, /* leftmost */
		{"vCont;t:p1.2;s", "resume s h s"},
		{"vCont;s:p1.-1", "resume s s s"},
		{"vCont;s:-1", "resume s s s"},
		{"vCont;s:p1", "resume s s s"},
	};

	init(3);
	CHECK_STR(rsp_rig_ask(&r, "vCont?"), "vCont;c;C;s;S;t;r");
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++) {
		fake_log_clear(r.fake);
		if (rsp_rig_ask(&r, table[i].packet)[0] != 'T' ||
		    strcmp(resumed(), table[i].resume))
			test_fail(__FILE__, __LINE__, "%s: %s", table[i].packet,
				  buf_cstr(&r.reply));
	}
}

TEST(old_packets)
{
	init(2);
	GOLDEN({"s", "T05*"});
	CHECK_STR(resumed(), "resume s c");
	GOLDEN({"Hc2", "OK"}, {"s", "T05*"});
	CHECK_STR(resumed(), "resume c s");
	GOLDEN({"S05", "T05*"}, {"Hg1", "OK"}, {"Hc1", "OK"},
	       {"s5000", "T05*"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x5001);
	GOLDEN({"S05;6000", "T05*"});
	CHECK_EQ(r.fake->cpu[0].rip, 0x6001);
	CHECK_STR(rsp_rig_ask(&r, "c"), "(none)");
	CHECK_HAS(rsp_rig_raw(&r, "\003", 1), "T02thread:p1.1;");
}

TEST(stop_replies)
{
	init(2);
	GOLDEN({"Z0,1040,1", "OK"}, {"Z1,1140,1", "OK"});
	fake_push_swbreak(r.fake, 0, 0x1040);
	CHECK_STR(rsp_rig_ask(&r, "vCont;c"), "T05thread:p1.1;core:0;swbreak:;"
					      "06:8080000000000000;"
					      "07:0080000000000000;10:"
					      "4010000000000000;11:02000000;");
	fake_push_hwbreak(r.fake, 1, 0x1140);
	GOLDEN({"vCont;c", "T05thread:p1.2;core:1;hwbreak:;06:*"}, {"qC", "QCp1"
									  "."
									  "2"});
	fake_push_watch(r.fake, 0, BP_WRITE, 0x4002);
	GOLDEN({"vCont;c", "T05thread:p1.1;core:0;watch:4002;06:*"});
	fake_push_watch(r.fake, 0, BP_READ, 0x4002);
	GOLDEN({"vCont;c", "T05thread:p1.1;core:0;rwatch:4002;06:*"});
	fake_push_watch(r.fake, 0, BP_ACCESS, 0x4002);
	GOLDEN({"vCont;c", "T05thread:p1.1;core:0;awatch:4002;06:*"},
	       {"?", "T05thread:p1.1;core:0;awatch:4002;06:*"});
}

/*
 * swbreak promises a breakpoint that the client knows: one that did not ask
 * for the word, or has only just come, would resume for ever.
 */
TEST(swbreak_only_for_who_understands)
{
	init(1);
	fake_push_swbreak(r.fake, 0, 0x1040);
	GOLDEN({"vCont;c", "T05thread:p1.1;core:0;swbreak:;*"});
	rsp_rig_reconnect(&r);
	GOLDEN({"qSupported:swbreak+", "P*"}, {"?", "T05thread:1;core:0;06:*"});
	rsp_rig_reconnect(&r);
	fake_push_swbreak(r.fake, 0, 0x1040);
	GOLDEN({"vCont;c", "T05thread:1;core:0;06:*"});
}

/* The vCPU that died is blamed, not the last one that ran. */
TEST(an_error_stop_tells_its_story_and_goes_on_telling)
{
	init(2);
	fake_push_error(r.fake, 0, GDB_SIGNAL_SEGV, "shutdown",
			"Triple fault.\nRAX=0\n");
	GOLDEN({"vCont;c", "T0bthread:p1.1;core:0;06:*"});
	CHECK_STR(buf_cstr(&r.console), "Triple fault.\nRAX=0\n");
	GOLDEN({"?", "T0bthread:p1.1;*"}, {"?", "T0bthread:p1.1;*"},
	       {"p0", "1111000000000000"}, {"m1000,1", "00"});
}

static void stop_by_hand(void)
{
	struct target_stop stop = {.kind = STOP_INTERRUPT,
				   .signal = GDB_SIGNAL_INT};

	fake_push_stop(r.fake, &stop);
	buf_clear(&r.console);
	GOLDEN({"vCont;c", "T02*"});
}

/* Ctrl-C on a guest that hangs: the line that says so, and none for others. */
TEST(a_hopeless_guest_is_told_at_the_interrupt)
{
	static const char loop[] = "\xeb\xfe";

	init(1);
	stop_by_hand();
	CHECK_STR(buf_cstr(&r.console), "");
	memcpy(fake_ram(r.fake, r.fake->cpu[0].rip, 2), loop, 2);
	r.fake->cpu[0].rflags = 2;
	stop_by_hand();
	CHECK_HAS(buf_cstr(&r.console), "loops for ever with interrupts off");
	CHECK(strchr(buf_cstr(&r.console), '\n')[1] == '\0');
	r.fake->cpu[0].run_state = X86_HALTED;
	stop_by_hand();
	CHECK_HAS(buf_cstr(&r.console), "does nothing more");
	r.fake->cpu[0].rflags |= X86_FL_IF; /* as every kernel idles */
	stop_by_hand();
	CHECK_STR(buf_cstr(&r.console), "");
}

/* Every resume is answered, with the reason; nothing hangs. */
TEST(resume_after_death_is_refused)
{
	init(1);
	fake_push_error(r.fake, 0, GDB_SIGNAL_ABRT, "internal-error",
			"KVM internal error.\n");
	GOLDEN({"vCont;c", "T06*"});
	buf_clear(&r.console);
	GOLDEN({"vCont;c", "E10"}, {"vCont;s:1", "E10"}, {"c", "E10"},
	       {"s", "E10"}, {"C05", "E10"}, {"c1000", "E10"});
	CHECK_HAS(buf_cstr(&r.console), "dead");
	CHECK_EQ(r.fake->cpu[0].rip, 0x1000);
	CHECK_STR(rsp_rig_raw(&r, "\003", 1), "");
	rsp_rig_ask(&r, "qSupported:error-message+");
	CHECK_HAS(rsp_rig_ask(&r, "vCont;c"), "E.");
	GOLDEN({"?", "T06*"});
}

TEST(the_guest_exits)
{
	init(1);
	fake_push_exit(r.fake, 5);
	GOLDEN({"vCont;c", "W05;process:1"}, {"?", "W05;process:1"},
	       {"vCont;c", "E10"});
	rsp_rig_reconnect(&r);
	GOLDEN({"?", "W05"});
}

TEST(a_reset_by_the_guest_is_a_stop)
{
	const struct target_stop stop = {.kind = STOP_RESET,
					 .signal = GDB_SIGNAL_TRAP,
					 .text = "The guest reset itself.\n"};

	init(1);
	fake_push_stop(r.fake, &stop);
	GOLDEN({"vCont;c", "T05thread:p1.1;*"});
	CHECK_HAS(buf_cstr(&r.console), "reset");
}

static void monitor_reset(void)
{
	CHECK_STR(rsp_rig_ask(&r, "qRcmd,7265736574"), "OK");
}

/* It knows of the reset by then, or the step would lose an instruction. */
TEST(a_step_after_monitor_reset_shows_where_the_guest_is)
{
	init(2);
	GOLDEN({"vCont;s:p1.2;c", "T05thread:p1.2;*"});
	monitor_reset();
	GOLDEN({"vCont;s:p1.1", "T05thread:p1.1;*"});
	CHECK(!strstr(strstr(fake_log(r.fake), "reset"), "resume"));
	GOLDEN({"vCont;s:p1.1", "T05thread:p1.1;*"});
	CHECK_HAS(strstr(fake_log(r.fake), "reset"), "resume");
}

static void check_resumed_after_reset(const char *look, const char *how)
{
	init(1);
	monitor_reset();
	if (look)
		rsp_rig_ask(&r, look);
	rsp_rig_ask(&r, how);
	CHECK_HAS(strstr(fake_log(r.fake), "reset"), "resume");
}

TEST(after_a_look_at_the_pc_or_at_continue_the_guest_runs)
{
	check_resumed_after_reset(NULL, "vCont;c");
	check_resumed_after_reset("g", "s");
	check_resumed_after_reset("p10", "vCont;s:1");
	check_resumed_after_reset("?", "vCont;r0,1000:1");
}

TEST(run_again)
{
	init(2);
	GOLDEN({"!", "OK"}, {"P0=ff00000000000000", "OK"}, {"vKill;1", "OK"},
	       {"vRun;", "T05thread:p1.1;*"}, {"p0", "1111000000000000"},
	       {"vCont;s:p1.1", "T05*"});
	fake_push_exit(r.fake, 0);
	GOLDEN({"vCont;c", "W00;process:1"}, {"vRun;", "T05*"},
	       {"vCont;s:p1.1", "T05*"});
	CHECK_STR(rsp_rig_ask(&r, "R00"), "(none)");
	CHECK_HAS(fake_log(r.fake), "reset");
	CHECK_EQ(r.s.end, SESSION_OPEN);
}

TEST(an_image_by_name_is_refused_with_the_reason)
{
	init(1);
	rsp_rig_ask(&r, "qSupported:error-message+");
	CHECK_HAS(rsp_rig_ask(&r, "vRun;2f62696e2f6c73"), "exec-file");
	CHECK_HAS(rsp_rig_ask(&r, "vRun;;61"), "--append");
	CHECK(!strstr(fake_log(r.fake), "reset"));
}

TEST(detach)
{
	init(1);
	GOLDEN({"Z0,1040,1", "OK"}, {"D;1", "OK"});
	CHECK_STR(resumed(), "resume c");
	CHECK(!fake_has_bp(r.fake, BP_SW, 0x1040));
	CHECK_EQ(r.s.end, SESSION_DETACHED);
}

TEST(detach_and_attach_again)
{
	init(1);
	GOLDEN({"!", "OK"}, {"D;1", "OK"}, {"g", "E10"}, {"vAttach;1", "T05*"},
	       {"p0", "1111000000000000"});
	CHECK_EQ(r.s.end, SESSION_OPEN);
}

TEST(detach_and_stay_stopped)
{
	init(1);
	GOLDEN({"qSupportsDetachAndStayStopped:", "OK"}, {"D1;1", "OK"});
	CHECK_STR(fake_log(r.fake), "");
	CHECK_EQ(r.s.end, SESSION_LEFT);
}

TEST(kill_)
{
	init(1);
	GOLDEN({"vKill;1", "OK"});
	CHECK_EQ(r.s.end, SESSION_KILLED);
	rsp_rig_deinit(&r);
	rsp_rig_init(&r, 1); /* gdb's invented process id */
	GOLDEN({"vKill;a410", "OK"});
	CHECK_EQ(r.s.end, SESSION_KILLED);
	init(1);
	CHECK_STR(rsp_rig_ask(&r, "k"), "(none)");
	CHECK_EQ(r.s.end, SESSION_KILLED);
	init(1);
	GOLDEN({"!", "OK"}, {"vKill;1", "OK"});
	CHECK_EQ(r.s.end, SESSION_OPEN);
	init(1);
	r.s.config.kill_halts = true;
	GOLDEN({"vKill;1", "OK"});
	CHECK_EQ(r.s.end, SESSION_LEFT);
}

/* LLDB says k when its user only quits. */
TEST(lldb_leaves_the_guest_halted)
{
	init(1);
	GOLDEN({"QThreadSuffixSupported", "OK"}, {"k", "X09"});
	CHECK_EQ(r.s.end, SESSION_LEFT);
}

TEST(the_program_ends_while_the_guest_runs)
{
	init(1);
	rsp_rig_ask(&r, "vCont;c");
	buf_clear(&r.s.out);
	session_killed(&r.s, GDB_SIGNAL_TERM);
	CHECK_STR(buf_cstr(&r.s.out), "$X0f;process:1#93");
}

TEST(single_step_mask)
{
	init(1);
	GOLDEN({"qqemu.Supported", "sstepbits;sstep;PhyMemMode"},
	       {"qqemu.sstepbits", "ENABLE=1,NOIRQ=2"},
	       {"Qqemu.sstepbits", "ENABLE=1,NOIRQ=2"}, {"qqemu.sstep", "0x3"},
	       {"vCont;s:1", "T05*"});
	CHECK_HAS(fake_log(r.fake), "step-irqs 1");
	GOLDEN({"Qqemu.sstep=1", "OK"}, {"qqemu.sstep", "0x1"},
	       {"Qqemu.sstep=4", "E22"}, {"qqemu.sstep", "0x1"},
	       {"vCont;s:1", "T05*"});
	CHECK_HAS(fake_log(r.fake), "step-irqs 0");
	GOLDEN({"Qqemu.sstep:0x3", "OK"}, {"qqemu.sstep", "0x3"});
}

TEST(attached)
{
	init(1);
	GOLDEN({"qAttached", "1"}, {"qAttached:1", "1"}, {"vAttach;1", "T05*"});
	r.s.config.owned = true;
	GOLDEN({"qAttached", "0"}, {"qAttached:1", "0"});
}

TEST(a_catchpoint_tells_its_story_before_the_stop)
{
	init(1);
	fake_push_catch(r.fake, 0, 1, "catchpoint 1: pio_write\n");
	CHECK_HAS(rsp_rig_ask(&r, "c"), "T05thread:p1.1;");
	CHECK_STR(buf_cstr(&r.console), "catchpoint 1: pio_write\n");
	CHECK_HAS(rsp_rig_ask(&r, "?"), "T05thread:p1.1;");
}

TEST(notes_that_a_slow_client_does_not_read_are_counted)
{
	struct buf *sent = &r.s.out;

	init(1);
	session_note(&r.s, "one\n", 4);
	CHECK_HAS(buf_cstr(sent), "$O6f6e650a#");
	while (sent->len < SESSION_OUT_HIGH)
		buf_byte(sent, 'x');
	session_note(&r.s, "two\nthree\n", 10);
	CHECK_EQ(r.s.notes_lost, 2);
	buf_clear(sent);
	session_note(&r.s, "four\n", 5);
	CHECK_HAS(buf_cstr(sent), "$O2832206c696e6573"); /* (2 lines */
	CHECK_EQ(r.s.notes_lost, 0);
}
