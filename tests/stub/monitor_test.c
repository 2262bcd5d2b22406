#include "stub/mon/internal.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

static struct err err;

/* A target's own commands. */
static enum mon_result echo(struct mon_ctx *ctx)
{
	buf_printf(ctx->out, "%s on %u:", ctx->command->name, ctx->vcpu);
	for (int i = 0; i < ctx->argc; i++)
		buf_printf(ctx->out, " <%s>", ctx->argv[i]);
	return MON_OK;
}

static enum mon_result fail(struct mon_ctx *ctx)
{
	err_set(&ctx->err, ERR_KVM, "the exact reason");
	return MON_ERR;
}

static enum mon_result usage(struct mon_ctx *ctx)
{
	return MON_USAGE;
}

static const struct mon_command own[] = {
	{"cat", "X Y", "h", "l", 0, 2, 2, echo},
	{"fail", "", "h", "l", 0, 0, 0, fail},
	{"info zebra", "[A]", "h", "l", 0, 0, 1, echo},
	{"poke", "X", "h", "l", MON_NEED_WRITE, 1, 1, echo},
	{"zany", "[A]", "h", "l", 0, 0, 1, usage},
	{"zx", "A", "h", "l", 0, 1, 1, echo},
	{"zxp", "A", "h", "l", MON_NEED_RUN, 1, 1, echo},
	{.name = NULL},
};

static void setup_own(void)
{
	rig_begin(2);
	f->ops.commands = own;
}

/* ---- the tables ---- */

TEST(the_builtin_table_is_in_order)
{
	for (const struct mon_group *g = mon_groups; g->title; g++)
		CHECK_OK(monitor_check_table(g->commands, &err), &err);
}

TEST(bad_tables_are_found)
{
	static const struct mon_command good = {"b", "", "h", "l",
						0,   0,	 0,   echo};
	struct mon_command table[3] = {good, good, {.name = NULL}};
	char wide[80];

	CHECK(!monitor_check_table(table, &err));
	CHECK_HAS(err.msg, "'b' is not sorted after 'b'");
	table[1].name = "c d e";
	CHECK(!monitor_check_table(table, &err));
	table[1].name = "c";
	CHECK_OK(monitor_check_table(table, &err), &err);
	memset(wide, 'x', sizeof(wide));
	wide[73] = '\0';
	table[1].help = wide;
	CHECK(!monitor_check_table(table, &err));
	wide[72] = '\0';
	CHECK_OK(monitor_check_table(table, &err), &err);
	table[1].long_help = "";
	CHECK(!monitor_check_table(table, &err));
	table[1].long_help = "l";
	table[1].max_args = 1;
	CHECK(!monitor_check_table(table, &err));
	CHECK_HAS(err.msg, "usage");
	table[1].usage = "X";
	table[1].min_args = 2;
	CHECK(!monitor_check_table(table, &err));
	table[1].min_args = 0;
	table[1].run = NULL;
	CHECK(!monitor_check_table(table, &err));
}

/* ---- finding a command ---- */

TEST(unknown_commands_are_named)
{
	rig_begin(1);
	CHECK_STR(run_fails("nosuch"), "unknown command: 'nosuch'; try "
				       "`monitor help`\n");
	CHECK_HAS(run_fails("info nosuch"), "unknown command: 'info nosuch'");
	CHECK_HAS(run_fails("a\033b"), "'a?b'");
	CHECK_STR(run_fails(""), "no command; try `monitor help`\n");
	CHECK_HAS(run_fails("\"open"), "no closing");
	rig_end();
}

TEST(near_matches_are_offered)
{
	rig_begin(1);
	CHECK_HAS(run_fails("rest"), "did you mean reset?");
	CHECK_HAS(run_fails("info regsters"), "info registers");
	CHECK_HAS(run_fails("info"), "monitor help info");
	rig_end();
}

TEST(clear_prefixes_are_enough)
{
	rig_begin(1);
	CHECK_STR(run("i v"), run("info version"));
	CHECK_STR(run("in stat"), "VM status: paused (prelaunch)\n");
	CHECK_STR(run("cap"), run("caps"));
	rig_end();
}

TEST(ambiguous_prefixes_are_listed)
{
	setup_own();
	CHECK_STR(run_fails("ca"), "'ca' can mean caps, catch, cat; type "
				   "more of it\n");
	f->ops.commands = (const struct mon_command[]){
		{"info stack", "", "h", "l", 0, 0, 0, echo}, {.name = NULL}};
	CHECK_STR(run_fails("info sta"), "'info sta' can mean info status, "
					 "info stack; type more of it\n");
	rig_end();
}

TEST(whole_names_beat_prefixes)
{
	setup_own();
	CHECK_STR(run("zx 1"), "zx on 0: <1>");
	CHECK_STR(run("zxp 1"), "zxp on 0: <1>");
	CHECK_STR(run("info z 5"), "info zebra on 0: <5>");
	rig_end();
}

TEST(words_may_be_quoted)
{
	setup_own();
	CHECK_STR(run("cat \"a b\" 'c'"), "cat on 0: <a b> <c>");
	rig_end();
}

/* ---- checks before the handler ---- */

TEST(argument_counts_are_checked)
{
	setup_own();
	CHECK_STR(run_fails("cat"), "cat: it wants an argument\nusage: cat X "
				    "Y\n");
	CHECK_STR(run_fails("cat 1"), "cat: an argument is missing\nusage: cat "
				      "X Y\n");
	CHECK_STR(run_fails("cat 1 2 3\n"), "cat: '3' is one argument too "
					    "many\nusage: cat X Y\n");
	CHECK_STR(run_fails("zany"), "usage: zany [A]\n");
	CHECK_HAS(run_fails("info status now"), "'now'");
	rig_end();
}

TEST(needs_are_checked)
{
	struct target_action a[2] = {{.kind = ACTION_CONTINUE},
				     {.kind = ACTION_CONTINUE}};

	setup_own();
	t->caps.can_write = false;
	t->caps.can_run = false;
	CHECK_HAS(run_fails("poke 1"), "the fake target can only be read");
	CHECK_HAS(run_fails("zxp 1"), "needs a guest that can run");
	t->caps.can_run = true;
	CHECK_OK(target_resume(t, a, &err), &err);
	CHECK_STR(run_fails("info registers"), "info registers: the guest is "
					       "running; interrupt it first\n");
	CHECK_HAS(run_fails("reset"), "interrupt it first");
	CHECK_STR(run("info status"), "VM status: running\n");
	CHECK_STR(run("info cpus"), "* CPU #0: thread_id=1\n  CPU #1: "
				    "thread_id=2\n");
	rig_end();
}

TEST(errors_of_handlers_are_printed)
{
	setup_own();
	CHECK_STR(run_fails("fail"), "the exact reason\n");
	rig_end();
}

TEST(dash_c_selects_the_vcpu)
{
	setup_own();
	CHECK_STR(run("-c 1 zx 5"), "zx on 1: <5>");
	CHECK_STR(run("zx -c 1 5"), "zx on 1: <5>");
	CHECK_HAS(run("-c 1 info cpus"), "* CPU #1");
	CHECK_STR(run_fails("-c 2 x 5"), "there is no vCPU 2; the last one is "
					 "1\n");
	CHECK_HAS(run_fails("-c one x 5"), "'one'");
	CHECK_HAS(run_fails("zx -c"), "'-c' wants");
	CHECK_HAS(run_fails("-c 1"), "no command");
	buf_clear(&out);
	CHECK(!monitor_run(t, 5, "zx 5", &out));
	CHECK_HAS(buf_cstr(&out), "no vCPU 5");
	rig_end();
}

/* ---- the built-in commands ---- */

TEST(help_lists_every_command)
{
	setup_own();
	run("help");
	CHECK_HAS(buf_cstr(&out), "info registers [-a] [VCPU]");
	CHECK_HAS(buf_cstr(&out), "\nzany [A]");
	CHECK_HAS(buf_cstr(&out), "General:\narch ");
	CHECK_HAS(buf_cstr(&out), "\n\nThis target:\n");
	rig_end();
}

TEST(help_explains_one)
{
	setup_own();
	CHECK_HAS(run("help info registers"), "usage: info registers [-a] "
					      "[VCPU]\n");
	CHECK_HAS(run("help why"), "whole story");
	CHECK_HAS(run("help info"), "info version");
	CHECK(!strstr(buf_cstr(&out), "reset"));
	CHECK_HAS(run_fails("help nosuch"), "unknown command: 'nosuch'");
	CHECK_HAS(run("help za"), "usage: zany [A]");
	rig_end();
}

TEST(help_fits_the_screen)
{
	const struct mon_command *c;
	struct mon_iter it = {0};
	char line[64];

	rig_begin(1);
	while ((c = mon_next(&it, NULL))) {
		snprintf(line, sizeof(line), "help %s", c->name);
		for (const char *p = run(line); *p; p += p[0] == '\n') {
			CHECK(strcspn(p, "\n") <= 80);
			p += strcspn(p, "\n");
		}
	}
	rig_end();
}

TEST(why_before_anything_happened)
{
	rig_begin(1);
	CHECK_STR(run("why"), "nothing has happened yet: the guest waits at "
			      "its first instruction\n");
	rig_end();
}

TEST(why_repeats_the_story)
{
	rig_begin(2);
	fake_push_error(f, 1, GDB_SIGNAL_SEGV, "shutdown",
			"triple fault\nRAX=0");
	fake_run(f);
	CHECK_STR(run("why"), "triple fault\nRAX=0\n");
	CHECK_STR(run("info status"), "VM status: paused (shutdown)\n");
	CHECK_STR(run("why"), "triple fault\nRAX=0\n");
	rig_end();
}

TEST(why_has_a_sentence_for_every_stop)
{
	rig_begin(2);
	fake_push_watch(f, 1, BP_ACCESS, 0x3004);
	fake_run(f);
	CHECK_STR(run("why"), "vCPU 1 stopped: access watchpoint at 0x3004\n");
	for (int kind = STOP_NONE; kind <= STOP_RESET; kind++) {
		t->last = (struct target_stop){.kind = kind, .vcpu = 1};
		CHECK(strlen(run("why")) > 10);
		CHECK(!strstr(buf_cstr(&out), "unknown"));
	}
	rig_end();
}

TEST(status_words)
{
	rig_begin(1);
	CHECK_STR(run("info status"), "VM status: paused (prelaunch)\n");
	fake_push_swbreak(f, 0, 0x2000);
	fake_run(f);
	CHECK_STR(run("info status"), "VM status: paused\n");
	fake_push_error(f, 0, GDB_SIGNAL_ILL, NULL, "x");
	fake_run(f);
	CHECK_STR(run("info status"), "VM status: paused (internal-error)\n");
	CHECK_HAS(run("reset"), "waits at its first instruction");
	CHECK_STR(run("info status"), "VM status: paused (prelaunch)\n");
	fake_push_exit(f, 0);
	fake_run(f);
	CHECK_STR(run("info status"), "VM status: paused (shutdown)\n");
	rig_end();
}

TEST(reset_says_what_went_wrong)
{
	rig_begin(1);
	fake_fail(f, FAKE_RESET, 1, ERR_IO, "vmlinux: gone");
	CHECK_STR(run_fails("reset"), "vmlinux: gone\n");
	t->caps.can_reset = false;
	CHECK_STR(run_fails("reset"), "the fake target cannot be reset\n");
	rig_end();
}

TEST(caps_come_from_the_target)
{
	rig_begin(1);
	CHECK_STR(run("caps"), "fake target: everything works\n");
	f->ops.describe_caps = NULL;
	t->caps.can_run = false;
	CHECK_HAS(run("caps"), "cannot run");
	rig_end();
}

TEST(version_is_never_empty)
{
	rig_begin(1);
	CHECK_STR(run("info version"), "kvm-gdbserver " VERSION "\n");
	rig_end();
}

TEST(registers_have_the_usual_shape)
{
	rig_begin(2);
	CHECK(!strncmp(run("info registers"), "\nCPU#0\nRAX=", 11));
	CHECK_HAS(buf_cstr(&out), "RIP=0000000000001000 RFL=00000002");
	CHECK_HAS(buf_cstr(&out), "FCW=037f");
	CHECK(!strstr(buf_cstr(&out), "CPU#1"));
	CHECK_HAS(run("info registers 1"), "\nCPU#1\n");
	CHECK(!strstr(buf_cstr(&out), "CPU#0"));
	CHECK_STR(run("-c 1 info registers"), run("info registers 1"));
	run("info registers -a");
	CHECK_HAS(buf_cstr(&out), "\nCPU#0\n");
	CHECK_HAS(buf_cstr(&out), "\nCPU#1\n");
	rig_end();
}

TEST(registers_check_their_arguments)
{
	rig_begin(2);
	CHECK_HAS(run_fails("info registers 2"), "there is no vCPU 2");
	CHECK_HAS(buf_cstr(&out), "usage: info registers [-a] [VCPU]");
	CHECK_HAS(run_fails("info registers rax"), "'rax'");
	CHECK_HAS(run_fails("info registers 0 1"), "one vCPU too many");
	CHECK_HAS(run_fails("info registers -a 1"), "exclude each other");
	fake_fail(f, FAKE_GET, 1, ERR_KVM, "KVM_GET_REGS: gone");
	CHECK_STR(run_fails("info registers 1"), "registers of vCPU 1: "
						 "KVM_GET_REGS: gone\n");
	rig_end();
}

/* ---- several commands, and the man page ---- */

TEST(a_batch_goes_on_after_a_failure)
{
	setup_own();
	CHECK(!monitor_batch(t, 0, "zx 1; fail ;; zx ';2'", &out));
	CHECK_STR(buf_cstr(&out), "zx on 0: <1>the exact reason\nzx on 0: "
				  "<;2>");
	buf_clear(&out);
	CHECK(monitor_batch(t, 1, " zx 3 ;", &out));
	CHECK_STR(buf_cstr(&out), "zx on 1: <3>");
	rig_end();
}

TEST(the_man_page_is_clean_roff)
{
	setup_own();
	monitor_man(t, &out);
	CHECK_HAS(buf_cstr(&out), ".TP\n.B info registers \\fR[\\-a] [VCPU]\n");
	CHECK_HAS(buf_cstr(&out), ".B zany");
	buf_clear(&out);
	monitor_man(NULL, &out);
	CHECK_HAS(buf_cstr(&out), ".B why\n");
	CHECK(!strstr(buf_cstr(&out), "zany"));
	rig_end();
}
