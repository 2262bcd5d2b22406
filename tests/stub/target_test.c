#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target *t;
static struct err err;

static void setup(unsigned int nvcpus)
{
	f = fake_create(nvcpus);
	t = &f->target;
}

static bool resume(enum target_action_kind kind)
{
	struct target_action a[FAKE_VCPUS];

	for (int i = 0; i < FAKE_VCPUS; i++)
		a[i] = (struct target_action){.kind = kind};
	return target_resume(t, a, &err);
}

static const struct target_bp sw = {.type = BP_SW, .addr = 0x1234, .len = 1};

/* ---- registers ---- */

TEST(state_is_cached_by_group)
{
	const struct x86_state *s;

	setup(2);
	s = target_state(t, 1, X86_GROUP_GPR, &err);
	CHECK(s && s->rip == 0x1100);
	CHECK(target_state(t, 1, X86_GROUP_GPR, &err) == s);
	CHECK_EQ(f->calls[FAKE_GET], 1);
	s = target_state(t, 1, X86_GROUP_GPR | X86_GROUP_SYS, &err);
	CHECK(s && s->cr3 == f->cr3 && s->rip == 0x1100);
	CHECK_EQ(f->calls[FAKE_GET], 2);
	CHECK(target_state(t, 0, X86_GROUP_GPR, &err));
	CHECK_EQ(f->calls[FAKE_GET], 3);
	fake_destroy(f);
}

TEST(a_write_is_read_back)
{
	struct x86_state s;

	setup(1);
	s = *target_state(t, 0, X86_GROUP_ALL, &err);
	s.gpr[X86_RAX] = 42;
	CHECK_OK(target_set_state(t, 0, X86_GROUP_GPR, &s, &err), &err);
	f->cpu[0].event.exception_pending = true;
	CHECK_EQ(target_state(t, 0, X86_GROUP_GPR, &err)->gpr[X86_RAX], 42);
	CHECK(target_state(t, 0, X86_GROUP_EVENT, &err)
		      ->event.exception_pending);
	fake_destroy(f);
}

TEST(a_failed_write_drops_the_cache_too)
{
	struct x86_state s;

	setup(1);
	s = *target_state(t, 0, X86_GROUP_GPR, &err);
	fake_fail(f, FAKE_SET, 1, ERR_REFUSED, "cr4: reserved bit");
	CHECK(!target_set_state(t, 0, X86_GROUP_GPR, &s, &err));
	CHECK_STR(err.msg, "cr4: reserved bit");
	f->cpu[0].rip = 0x77;
	CHECK_EQ(target_state(t, 0, X86_GROUP_GPR, &err)->rip, 0x77);
	fake_destroy(f);
}

TEST(a_failed_read_is_not_cached)
{
	setup(1);
	fake_fail(f, FAKE_GET, 1, ERR_KVM, "KVM_GET_REGS: gone");
	CHECK(!target_state(t, 0, X86_GROUP_GPR, &err));
	CHECK_STR(err.msg, "KVM_GET_REGS: gone");
	CHECK(target_state(t, 0, X86_GROUP_GPR, &err));
	fake_destroy(f);
}

TEST(registers_are_fresh_after_a_stop_and_a_reset)
{
	setup(1);
	CHECK_EQ(target_state(t, 0, X86_GROUP_GPR, &err)->rip, 0x1000);
	fake_push_swbreak(f, 0, 0x2000);
	CHECK_EQ(fake_run(f).kind, STOP_SWBREAK);
	CHECK_EQ(target_state(t, 0, X86_GROUP_GPR, &err)->rip, 0x2000);
	CHECK_OK(target_reset(t, &err), &err);
	CHECK_EQ(target_state(t, 0, X86_GROUP_GPR, &err)->rip, 0x1000);
	fake_destroy(f);
}

TEST(vcpu_numbers_are_checked)
{
	struct x86_state s = {.rip = 1};
	struct x86_cpu_info info;

	setup(2);
	CHECK(!target_state(t, 2, X86_GROUP_GPR, &err));
	CHECK_STR(err.msg, "there is no vCPU 2; the last one is 1");
	CHECK(!target_set_state(t, UINT32_MAX, X86_GROUP_GPR, &s, &err));
	CHECK(!target_insert_bp(t, 2, &sw, &err));
	CHECK_EQ(f->calls[FAKE_GET] + f->calls[FAKE_SET], 0);
	target_cpu_info(t, 99, &info);
	CHECK_EQ(info.maxphyaddr, 36);
	fake_destroy(f);
}

/* ---- running ---- */

TEST(nothing_but_interrupt_works_while_running)
{
	struct target_stop stop;
	struct x86_state s = {.rip = 0};
	uint8_t byte = 0;

	setup(1);
	CHECK(resume(ACTION_CONTINUE) && t->running);
	CHECK(!resume(ACTION_CONTINUE));
	CHECK_EQ(err.code, ERR_STATE);
	CHECK(!target_state(t, 0, X86_GROUP_GPR, &err));
	CHECK_STR(err.msg, "the guest is running; interrupt it first");
	CHECK(!target_set_state(t, 0, X86_GROUP_GPR, &s, &err));
	CHECK(!target_read_phys(t, 0, &byte, 1, NULL, &err));
	CHECK(!target_write_phys(t, 0, &byte, 1, &err));
	CHECK(!target_insert_bp(t, 0, &sw, &err));
	CHECK(!target_remove_bp(t, &sw, &err));
	CHECK(!target_reset(t, &err));
	CHECK_EQ(err.code, ERR_STATE);
	CHECK(!target_next_stop(t, &stop));
	target_interrupt(t, 0);
	CHECK(target_next_stop(t, &stop));
	CHECK_EQ(stop.kind, STOP_INTERRUPT);
	CHECK_EQ(stop.signal, GDB_SIGNAL_INT);
	CHECK(!t->running);
	CHECK_OK(target_read_phys(t, 0, &byte, 1, NULL, &err), &err);
	fake_destroy(f);
}

TEST(an_interrupt_of_a_stopped_guest_is_nothing)
{
	setup(1);
	target_interrupt(t, 0);
	CHECK_EQ(f->calls[FAKE_INTERRUPT], 0);
	fake_destroy(f);
}

TEST(actions_reach_the_target)
{
	struct target_action a[2] = {{.kind = ACTION_HOLD},
				     {ACTION_RANGE, 0x1100, 0x1108}};
	struct target_stop stop;

	setup(2);
	CHECK_OK(target_resume(t, a, &err), &err);
	CHECK_STR(fake_log(f), "resume h r0x1100-0x1108\n");
	CHECK(target_next_stop(t, &stop));
	CHECK_EQ(stop.vcpu, 1);
	CHECK_EQ(target_state(t, 1, X86_GROUP_GPR, &err)->rip, 0x1108);
	fake_destroy(f);
}

TEST(a_resume_of_nobody_is_refused)
{
	setup(2);
	CHECK(!resume(ACTION_HOLD));
	CHECK_EQ(err.code, ERR_USAGE);
	CHECK(!t->running);
	CHECK_EQ(f->calls[FAKE_RESUME], 0);
	fake_destroy(f);
}

TEST(a_failed_resume_leaves_the_guest_stopped)
{
	setup(1);
	fake_push_watch(f, 0, BP_WRITE, 0x3000);
	fake_run(f);
	fake_fail(f, FAKE_RESUME, 1, ERR_KVM, "no thread");
	CHECK(!resume(ACTION_STEP));
	CHECK(!t->running);
	CHECK_EQ(t->last.kind, STOP_WATCH);
	fake_destroy(f);
}

TEST(the_last_stop_is_kept)
{
	struct target_stop stop;

	setup(2);
	CHECK_EQ(t->last.kind, STOP_NONE);
	fake_push_watch(f, 1, BP_READ, 0x3004);
	stop = fake_run(f);
	CHECK_EQ(stop.vcpu, 1);
	CHECK_EQ(t->last.vcpu, 1);
	CHECK_EQ(t->last.bp_type, BP_READ);
	CHECK_EQ(t->last.addr, 0x3004);
	CHECK(!t->dead);
	fake_destroy(f);
}

TEST(a_stop_on_an_impossible_vcpu_is_contained)
{
	struct target_stop stop = {.kind = STOP_STEP, .vcpu = 77};

	setup(2);
	fake_push_stop(f, &stop);
	CHECK_EQ(fake_run(f).vcpu, 0);
	fake_destroy(f);
}

TEST(the_event_fd_follows_the_stop)
{
	struct target_stop stop = {.kind = STOP_STEP};

	setup(1);
	CHECK_EQ(target_event_fd(t), f->event_fd);
	CHECK(resume(ACTION_CONTINUE));
	CHECK(!target_next_stop(t, &stop));
	fake_stop_now(f, &stop);
	CHECK(target_next_stop(t, &stop));
	CHECK(!target_next_stop(t, &stop));
	fake_destroy(f);
}

/* ---- death ---- */

TEST(the_dead_do_not_run_and_say_why)
{
	uint8_t byte = 1;

	setup(1);
	fake_push_error(f, 0, GDB_SIGNAL_SEGV, "shutdown",
			"triple fault at 0x1000\nRAX=0");
	fake_run(f);
	CHECK(t->dead);
	CHECK(!resume(ACTION_CONTINUE));
	CHECK_EQ(err.code, ERR_STATE);
	CHECK_HAS(err.msg, "(triple fault at 0x1000)");
	CHECK_HAS(err.msg, "monitor reset");
	CHECK(!strstr(err.msg, "RAX"));
	CHECK(!resume(ACTION_STEP));
	CHECK_EQ(t->last.kind, STOP_ERROR);
	CHECK(target_state(t, 0, X86_GROUP_GPR, &err));
	CHECK_OK(target_read_phys(t, 0, &byte, 1, NULL, &err), &err);
	CHECK_OK(target_reset(t, &err), &err);
	CHECK(!t->dead && t->last.kind == STOP_NONE);
	CHECK(resume(ACTION_CONTINUE));
	fake_destroy(f);
}

TEST(death_without_a_story_or_reset)
{
	setup(1);
	t->caps.can_reset = false;
	fake_push_error(f, 0, GDB_SIGNAL_ABRT, NULL, NULL);
	fake_run(f);
	CHECK(!resume(ACTION_CONTINUE));
	CHECK_HAS(err.msg, "reason unknown");
	CHECK(!strstr(err.msg, "monitor reset"));
	fake_destroy(f);
}

TEST(the_ended_do_not_run_either)
{
	setup(1);
	fake_push_exit(f, 3);
	fake_run(f);
	CHECK(t->dead);
	CHECK(!resume(ACTION_CONTINUE));
	CHECK_HAS(err.msg, "exit status 3");
	fake_destroy(f);
}

TEST(a_reset_of_the_guest_is_a_new_generation)
{
	struct target_stop stop = {.kind = STOP_RESET};
	unsigned int before;

	setup(1);
	before = t->generation;
	fake_push_stop(f, &stop);
	fake_run(f);
	CHECK_EQ(t->generation, before + 1);
	CHECK(!t->dead);
	CHECK_OK(target_reset(t, &err), &err);
	CHECK_EQ(t->generation, before + 2);
	fake_destroy(f);
}

TEST(a_failed_reset_leaves_the_dead_dead)
{
	setup(1);
	fake_push_exit(f, 0);
	fake_run(f);
	fake_fail(f, FAKE_RESET, 1, ERR_IO, "image gone");
	CHECK(!target_reset(t, &err));
	CHECK(t->dead && t->last.kind == STOP_EXITED);
	fake_destroy(f);
}

/* ---- what a target cannot ---- */

TEST(missing_ops_are_named)
{
	struct target_stop stop;
	struct target_region region;
	struct buf out = BUF_INIT;
	uint8_t byte = 0;

	setup(1);
	f->ops = (struct target_ops){.name = "a saved crash"};
	CHECK(!target_state(t, 0, X86_GROUP_GPR, &err));
	CHECK_STR(err.msg, "a saved crash cannot read registers");
	CHECK(!target_read_phys(t, 0, &byte, 1, NULL, &err));
	CHECK_STR(err.msg, "a saved crash cannot read memory");
	CHECK(!target_write_phys(t, 0, &byte, 1, &err));
	CHECK(!resume(ACTION_CONTINUE));
	CHECK_STR(err.msg, "a saved crash cannot run");
	CHECK(!target_reset(t, &err));
	CHECK(!target_insert_bp(t, 0, &sw, &err));
	CHECK_EQ(err.code, ERR_UNSUPPORTED);
	CHECK(!target_remove_bp(t, &sw, &err));
	CHECK(!target_next_stop(t, &stop));
	CHECK(!target_region(t, 0, &region));
	CHECK_EQ(target_event_fd(t), (uint64_t)-1);
	target_interrupt(t, 0);
	target_set_step_irqs(t, true);
	CHECK(!target_describe_caps(t, &out));
	CHECK_EQ(target_thread_id(t, 0), 1);
	fake_destroy(f);
}

TEST(read_only_targets_refuse_writes)
{
	struct x86_state s = {.rip = 0};
	uint8_t byte = 0;

	setup(1);
	t->caps = (struct target_caps){.can_write = false};
	CHECK(!target_write_phys(t, 0, &byte, 1, &err));
	CHECK_EQ(err.code, ERR_UNSUPPORTED);
	CHECK(!target_set_state(t, 0, X86_GROUP_GPR, &s, &err));
	CHECK(!resume(ACTION_CONTINUE));
	CHECK(!target_reset(t, &err));
	CHECK_EQ(f->calls[FAKE_WRITE] + f->calls[FAKE_SET], 0);
	fake_destroy(f);
}

TEST(a_target_needs_a_vcpu)
{
	struct target none;

	setup(1);
	CHECK(!target_init(&none, &f->ops, NULL, 0, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	fake_destroy(f);
}
