#include "tests/kvm/kvm_trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "tests/test.h"

#define PREFIX "kvm-gdbserver-test-"

static const char *const events[] = {"kvm_mmu_pagetable_walk",
				     "kvm_mmu_paging_element",
				     "kvm_mmu_walker_error"};

static int instances = -1, pipe_fd = -1;
static char name[64];

/* tracefs' folder of instances; the mount is gone before anybody sees it. */
static int open_instances(void)
{
	int fd = open("/sys/kernel/tracing/instances", O_RDONLY | O_DIRECTORY);
	char path[] = "/tmp/kvm-trace-XXXXXX", sub[64];

	if (fd >= 0)
		return fd;
	if (!mkdtemp(path))
		return -1;
	if (!mount("none", path, "tracefs", 0, NULL)) {
		snprintf(sub, sizeof(sub), "%s/instances", path);
		fd = open(sub, O_RDONLY | O_DIRECTORY);
		umount2(path, MNT_DETACH);
	}
	rmdir(path);
	return fd;
}

/* Of tests that were killed. */
static void remove_stale(void)
{
	int copy = dup(instances);
	DIR *dir = fdopendir(copy);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		size_t n = strlen(PREFIX);

		if (!strncmp(e->d_name, PREFIX, n) &&
		    kill(atoi(e->d_name + n), 0) < 0 && errno == ESRCH)
			unlinkat(instances, e->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

/*
 * A process that removes the instance when this one is gone, however it goes:
 * a failing test does not come back, and a hanging one is killed.
 */
static void leave_cleaner(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		test_fail(__FILE__, __LINE__, "pipe: %s", strerror(errno));
	fflush(NULL);
	if (fork() != 0) {
		close(ends[0]); /* ends[1] stays open as long as we live */
		return;
	}
	close(ends[1]);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	unlinkat(instances, name, AT_REMOVEDIR);
	_exit(0);
}

static bool put(const char *file, const char *text)
{
	char path[256];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", name, file);
	fd = openat(instances, path, O_WRONLY);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text));
	close(fd);
	return done > 0;
}

static bool configure(void)
{
	char text[96];

	snprintf(text, sizeof(text), "%d", gettid());
	if (!put("set_event_pid", text) || !put("buffer_size_kb", "4096"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(text, sizeof(text), "events/kvmmmu/%s/enable",
			 events[i]);
		if (!put(text, "1"))
			return false;
	}
	snprintf(text, sizeof(text), "%s/trace_pipe", name);
	pipe_fd = openat(instances, text, O_RDONLY | O_NONBLOCK);
	return pipe_fd >= 0;
}

void kvm_trace_start(void)
{
	instances = open_instances();
	if (instances < 0)
		test_skip("tracefs cannot be used: %s", strerror(errno));
	remove_stale();
	snprintf(name, sizeof(name), PREFIX "%d", getpid());
	if (mkdirat(instances, name, 0700) < 0)
		test_skip("no tracefs instance: %s", strerror(errno));
	leave_cleaner();
	if (!configure())
		test_skip("this kernel has no kvmmmu events");
}

/* Keep from each line what begins with the event's name. */
static void strip(char *text)
{
	char *from = text, *to = text, *newline;

	while ((newline = strchr(from, '\n'))) {
		char *event, *end = newline;

		*newline = '\0';
		event = strstr(from, "kvm_mmu_");
		from = newline + 1;
		if (!event)
			continue;
		/* "pferr 0 " has no flags to tell */
		while (end > event && end[-1] == ' ')
			end--;
		memmove(to, event, (size_t)(end - event));
		to += end - event;
		*to++ = '\n';
	}
	*to = '\0';
}

const char *kvm_trace_read(void)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 &&
	       (n = read(pipe_fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	strip(text);
	return text;
}
