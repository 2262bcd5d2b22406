/* Threads, objects, monitor commands and what LLDB asks. */
#include "tests/test.h"

#include "stub/mon/monitor.h"
#include "tests/stub/rsp_rig.h"

static struct rsp_rig r;

#define GOLDEN(...)                                                      \
	do {                                                             \
		static const struct rsp_rig_golden t_[] = {__VA_ARGS__}; \
		rsp_rig_check(&r, t_, sizeof(t_) / sizeof(*t_));         \
	} while (0)

TEST(threads)
{
	rsp_rig_init(&r, 3);
	GOLDEN({"qfThreadInfo", "m1,2,3"}, {"qsThreadInfo", "l"}, {"T3", "OK"},
	       {"T4", "E02"}, {"qThreadExtraInfo,2", "76637075312*"});
	GOLDEN({"qSupported:multiprocess+", "P*"},
	       {"qfThreadInfo", "mp1.1,p1.2,p1.3"}, {"Tp1.3", "OK"});
}

TEST(thread_list_object)
{
	rsp_rig_init(&r, 2);
	r.fake->cpu[1].run_state = X86_WAIT_SIPI;
	CHECK_STR(rsp_rig_ask(&r, "qXfer:threads:read::0,1000"),
		  "l<?xml version=\"1.0\"?>\n<threads>\n"
		  "<thread id=\"1\" core=\"0\" name=\"vcpu0\">long64 CPL0"
		  "</thread>\n<thread id=\"2\" core=\"1\" name=\"vcpu1\">"
		  "long64 CPL0 waiting for SIPI</thread>\n</threads>\n");
	GOLDEN({"qXfer:threads:read::0,5", "m<?xml"},
	       {"qXfer:threads:read::5,3", "m ve"});
}

static void read_object(const char *object, struct buf *out)
{
	char ask[100];
	size_t len;

	do {
		snprintf(ask, sizeof(ask), "qXfer:%s:%zx,7b", object, out->len);
		rsp_rig_ask(&r, ask);
		CHECK(r.reply.len > 1 || r.reply.data[0] == 'l');
		CHECK(frame_unescape(r.reply.data + 1, r.reply.len - 1, &len));
		buf_append(out, r.reply.data + 1, len);
	} while (r.reply.data[0] == 'm');
	CHECK_EQ(r.reply.data[0], 'l');
}

TEST(description_object_in_pieces)
{
	struct buf xml = BUF_INIT;
	size_t len;

	rsp_rig_init(&r, 1);
	read_object("features:read:target.xml", &xml);
	tdesc_xml(r.tdesc, &len);
	CHECK_EQ(xml.len, len);
	CHECK_STR(buf_cstr(&xml), tdesc_xml(r.tdesc, &len));
	CHECK_HAS(buf_cstr(&xml), "i386:x86-64");
	buf_deinit(&xml);
}

TEST(monitor)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"qRcmd,696e666f2076657273696f6e", "OK"}); /* info version */
	CHECK_HAS(buf_cstr(&r.console), VERSION);
	buf_clear(&r.console);
	GOLDEN({"qRcmd,6e6f6e73656e7365", "OK"});
	CHECK_HAS(buf_cstr(&r.console), "nonsense");
	GOLDEN({"qRcmd,", "OK"});
}

TEST(lldb)
{
	rsp_rig_init(&r, 2);
	GOLDEN({"qHostInfo", "triple:7838365f36342d70632d6c696e75782d676e75;*"},
	       {"qProcessInfo", "pid:1;triple:78*"},
	       {"QThreadSuffixSupported", "OK"},
	       {"QListThreadsInStopReply", "OK"}, {"QEnableErrorStrings", "OK"},
	       {"qEcho:12", "qEcho:12"},
	       {"qGDBServerVersion", "name:kvm-gdbserver;version:*"},
	       {"qWatchpointSupportInfo:", "num:4;"},
	       {"qMemoryRegionInfo:", "OK"}, {"QSetDetachOnError:1", "OK"},
	       {"x0,0", "b"});
	CHECK(r.s.detach_on_error);
	CHECK_HAS(rsp_rig_ask(&r, "?"), "threads:1,2;thread-pcs:1000,1100;");
}

TEST(lldb_stops)
{
	rsp_rig_init(&r, 2);
	GOLDEN({"QThreadSuffixSupported", "OK"});
	fake_push_error(r.fake, 1, GDB_SIGNAL_SEGV, "shutdown", "Boom\nmore");
	CHECK_HAS(rsp_rig_ask(&r, "c"), "reason:exception;description:"
					"426f6f6d;");
	GOLDEN({"qThreadStopInfo2", "T0bthread:2;*"},
	       {"qThreadStopInfo1", "T00thread:1;*"});
	CHECK_HAS(rsp_rig_ask(&r, "jThreadsInfo"), "{\"tid\":2,\"name\":"
						   "\"vcpu1\",\"reason\":"
						   "\"exception\","
						   "\"signal\":11,"
						   "\"registers\":{\"6\":"
						   "\"80800000");
}

TEST(lldb_memory_regions)
{
	rsp_rig_init(&r, 1);
	fake_map(r.fake, 0x10000000, 0x5000, FAKE_PTE_P | FAKE_PTE_RW);
	fake_map(r.fake, 0x10001000, 0x3000, FAKE_PTE_P | FAKE_PTE_RW);
	fake_map(r.fake, 0x10002000, 0x3000, FAKE_PTE_P);
	GOLDEN({"qMemoryRegionInfo:10000800", "start:10000000;size:2000;"
					      "permissions:rwx;"},
	       {"qMemoryRegionInfo:10002000", "start:10002000;size:1000;"
					      "permissions:rx;"},
	       {"qMemoryRegionInfo:800000000000", "start:800000000000;size:"
						  "ffff000000000000;"},
	       {"qMemoryRegionInfo:10003000", "start:10003000;size:*"});
	CHECK(!strstr(buf_cstr(&r.reply), "permissions"));
}

static struct buf sent;

/* The connection: sends at once, and loses its client after two times. */
static bool pump(void *ctx)
{
	struct session *s = ctx;

	buf_append(&sent, s->out.data, s->out.len);
	buf_clear(&s->out);
	return sent.len < 50;
}

static enum mon_result run_long(struct mon_ctx *ctx)
{
	int n = 0;

	while (ctx->sink->progress(ctx->sink->arg, "working") && n < 9)
		n++;
	buf_printf(ctx->out, "worked %d times\n", n);
	return MON_OK;
}

static const struct mon_command long_commands[] = {
	{.name = "zz",
	 .usage = "",
	 .help = "long",
	 .long_help = "long",
	 .run = run_long},
	{.name = NULL},
};

TEST(a_long_command_sends_what_it_has)
{
	rsp_rig_init(&r, 1);
	r.fake->ops.commands = long_commands;
	r.s.config.pump = pump;
	r.s.config.pump_ctx = &r.s;
	CHECK_STR(rsp_rig_ask(&r, "qRcmd,7a7a"), "OK");
	CHECK_STR(buf_cstr(&sent), "$O776f726b696e670a#62"
				   "$O776f726b696e670a#62"
				   "$O776f726b696e670a#62");
	CHECK_STR(buf_cstr(&r.console), "worked 2 times\n");
	buf_deinit(&sent);
	rsp_rig_deinit(&r);
}

TEST(exec_file)
{
	rsp_rig_init(&r, 1);
	GOLDEN({"qXfer:exec-file:read::0,100", "E*"});
	r.fake->inspect.image = "/boot/vmlinux";
	GOLDEN({"qXfer:exec-file:read::0,100", "l/boot/vmlinux"},
	       {"qXfer:exec-file:read:1:0,5", "m/boot"},
	       {"qXfer:exec-file:read:1:5,100", "l/vmlinux"},
	       {"qXfer:exec-file:read:x:0,5", "E*"},
	       {"qXfer:exec-file:read:", "E*"});
}

/* "/proc/1/maps" as clients of Linux servers ask for it */
#define OPEN_MAPS "vFile:open:2f70726f632f312f6d617073,0,1c0"

TEST(maps_file)
{
	rsp_rig_init(&r, 1);
	GOLDEN({OPEN_MAPS, "F3"}, {"vFile:pread:3,9,0", "F9;00000000-"},
	       {"vFile:pread:3,1c,9", "F1c;00400000 rwxp 00000000 00:00"},
	       {"vFile:pread:3,10,1000000", "F0;"}, {"vFile:close:3", "F0"});
	GOLDEN({"vFile:close:3", "E02"}, {"vFile:pread:3,9,0", "E02"},
	       {"vFile:pread:3,9", "E*"}, {"vFile:pread", "E*"});
}

TEST(no_other_file)
{
	rsp_rig_init(&r, 1);
	/* gdb's "just probing", /proc/1/map, /proc/1/maps2, nothing */
	GOLDEN({"vFile:open:6a7573742070726f62696e67,0,1c0", ""},
	       {"vFile:open:2f70726f632f312f6d6170,0,1c0", ""},
	       {"vFile:open:2f70726f632f312f6d61707332,0,1c0", ""},
	       {"vFile:open", "E*"}, {"vFile:setfs:0", ""},
	       {"vFile:unlink:2f70726f632f312f6d617073", ""});
}
