/* The kernel's own trace buffer: needs root, and a kernel with kvm events. */
#include "vmm/tracefs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

static const char *const nothing[] = {NULL};
static struct err err;
static int instances = -1;

/* A view of our own of all instances there are. */
static void look(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC), root;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		test_skip("no tracefs can be mounted here: it takes root");
	root = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	instances = openat(root, "instances", O_RDONLY | O_DIRECTORY);
	if (instances < 0)
		test_skip("this tracefs has no instances");
	close(root);
	close(fs);
}

static bool is_there(const char *name)
{
	return !faccessat(instances, name, F_OK, 0);
}

static struct tracefs *open_one(void)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	struct tracefs *t;

	if (!tracefs_open(&tid, 1, nothing, &t, &err))
		test_skip("%s", err.msg);
	return t;
}

TEST(the_instance_goes_away_with_close)
{
	struct buf text = BUF_INIT;
	struct tracefs *t, *second;
	uint64_t lost = 1;
	char name[64];

	look();
	snprintf(name, sizeof(name), "kvm-gdbserver-%d", (int)getpid());
	t = open_one();
	CHECK(is_there(name));
	CHECK_OK(tracefs_read(t, &text, &lost, &err), &err);
	CHECK_HAS(buf_cstr(&text), "# tracer: nop");
	CHECK_EQ(lost, 0);
	/* another machine of this process has its own */
	second = open_one();
	tracefs_close(t);
	CHECK(!is_there(name));
	strcat(name, ".1");
	CHECK(is_there(name));
	tracefs_close(second);
	CHECK(!is_there(name));
	tracefs_close(NULL);
	buf_deinit(&text);
}

TEST(what_a_crash_leaves_is_cleared_away)
{
	char name[64];
	pid_t child;
	int status;

	look();
	tracefs_close(open_one()); /* or skip */
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		open_one();
		_exit(0); /* no close: the descriptors go, the instance stays */
	}
	CHECK(waitpid(child, &status, 0) == child && !status);
	snprintf(name, sizeof(name), "kvm-gdbserver-%d", (int)child);
	CHECK(is_there(name));
	tracefs_close(open_one());
	CHECK(!is_there(name));
}
