#include "vmm/batch.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct buf out;
static struct err err;

static int commands(const char *text, int on_error)
{
	buf_clear(&out);
	return batch_commands(&f->target, text, on_error, &out);
}

TEST(commands_in_order_and_a_failure_is_the_status)
{
	f = fake_create(1);
	CHECK_EQ(commands("info version; info cpus", 0), 0);
	CHECK_HAS(buf_cstr(&out), "CPU #0");
	CHECK_EQ(commands("frobnicate; info cpus", 0), 1);
	CHECK_HAS(buf_cstr(&out), "frobnicate");
	CHECK_HAS(buf_cstr(&out), "CPU #0");
	fake_destroy(f);
	buf_deinit(&out);
}

TEST(the_guests_own_status_is_ours)
{
	f = fake_create(2);
	fake_push_exit(f, 42);
	CHECK_OK(batch_run_guest(&f->target, &err), &err);
	CHECK_EQ(commands("info version", 0), 42);
	CHECK_HAS(fake_log(f), "resume c c");
	fake_destroy(f);
	buf_deinit(&out);
}

TEST(a_death_is_a_failure_only_on_demand)
{
	f = fake_create(1);
	fake_push_error(f, 0, GDB_SIGNAL_SEGV, "shutdown", "triple fault\n");
	CHECK_OK(log_open("/dev/null", &err), &err);
	CHECK_OK(batch_run_guest(&f->target, &err), &err);
	CHECK_EQ(commands("why", SERVER_ERROR_HALT), 0);
	CHECK_HAS(buf_cstr(&out), "triple fault");
	CHECK_EQ(commands("why", SERVER_ERROR_EXIT), 3);
	CHECK(!batch_run_guest(&f->target, &err));
	fake_destroy(f);
	buf_deinit(&out);
}

TEST(an_interrupt_stops_the_guest_and_not_the_commands)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f = fake_create(1);
	kill(getpid(), SIGINT);
	CHECK_OK(batch_run_guest(&f->target, &err), &err);
	CHECK(f->target.last.kind == STOP_INTERRUPT);
	CHECK_EQ(commands("info status", 0), 0);
	fake_destroy(f);
	buf_deinit(&out);
}

TEST(a_refused_resume_is_an_error)
{
	f = fake_create(1);
	fake_fail(f, FAKE_RESUME, 1, ERR_KVM, "no such luck");
	CHECK(!batch_run_guest(&f->target, &err));
	CHECK_HAS(err.msg, "no such luck");
	fake_destroy(f);
}
