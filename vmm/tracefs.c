#include "vmm/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define PREFIX	      "kvm-gdbserver-"
#define MAX_INSTANCES 16		   /* of one process */
#define BUFFER_KB     8192		   /* all processors together */
#define BUFFER_MIN_KB 256		   /* one processor */
#define TEXT_MAX      (UINT32_C(64) << 20) /* of what is read */
#define INIT_PID_NS   UINT64_C(0xeffffffc) /* inode, PROC_PID_INIT_INO */

struct tracefs {
	int root;      /* the file system */
	int instances; /* its folder of that name */
	int dir;       /* our instance */
	int anchor;    /* a file in it: while it is open, nobody removes it */
	char name[48];
};

/* ---- small files ---- */

static bool put(int dir, const char *file, const char *text, struct err *err)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;

	if (!ok)
		err_set_errno(err, ERR_IO, "tracefs: writing '%.40s' to %s",
			      text, file);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool read_file(int dir, const char *file, struct buf *text)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	ssize_t n = 1;

	while (fd >= 0 && n && text->len < TEXT_MAX) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_append(text, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			break;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 && n >= 0 && !text->failed;
}

/* ---- the file system ---- */

/* Mounted nowhere: it is gone when its descriptors are closed. */
static int mount_privately(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC), dir = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		dir = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return dir;
}

static int open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool find_tracefs(struct tracefs *t, struct err *err)
{
	static const char *const places[] = {
		"/sys/kernel/tracing",
		"/sys/kernel/debug/tracing",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		t->root = open_folder(AT_FDCWD, places[i]);
		if (t->root < 0)
			continue;
		t->instances = open_folder(t->root, "instances");
		if (t->instances >= 0)
			return true;
		close(t->root);
	}
	t->root = geteuid() ? -1 : mount_privately();
	if (t->root >= 0)
		t->instances = open_folder(t->root, "instances");
	if (t->instances >= 0)
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "no tracefs that can be read: run this program as root, "
		       "or have an administrator mount one (mount -t tracefs "
		       "none /sys/kernel/tracing) and let you write to its "
		       "instances");
}

/* ---- the instance ---- */

/* The instances of programs that are gone; EBUSY keeps those in use. */
static void clear_stale(int instances)
{
	int fd = dup(instances);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	rewinddir(d);
	while ((e = readdir(d))) {
		int pid;

		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		pid = atoi(e->d_name + strlen(PREFIX));
		if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH &&
		    !unlinkat(instances, e->d_name, AT_REMOVEDIR))
			log_msg(LOG_INFO, "tracefs: %s was left over, removed",
				e->d_name);
	}
	closedir(d);
}

static bool make_instance(struct tracefs *t, struct err *err)
{
	for (int i = 0; i < MAX_INSTANCES; i++) {
		snprintf(t->name, sizeof(t->name), PREFIX "%d", (int)getpid());
		if (i) /* another machine in this process */
			snprintf(t->name + strlen(t->name), 8, ".%d", i);
		if (!mkdirat(t->instances, t->name, 0700)) {
			t->dir = open_folder(t->instances, t->name);
			t->anchor = openat(t->dir, "tracing_on",
					   O_RDONLY | O_CLOEXEC);
			if (t->anchor >= 0)
				return true;
			break;
		}
		if (errno != EEXIST)
			break;
	}
	return err_set_errno(err, ERR_UNSUPPORTED,
			     "tracefs: making the instance %s%s", t->name,
			     geteuid() ? " (it takes root, or the right to "
					 "write there)"
				       : "");
}

static bool set_threads(struct tracefs *t, const pid_t *tids, size_t n,
			struct err *err)
{
	struct buf list = BUF_INIT;
	bool ok;

	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%d ", (int)tids[i]);
	ok = !list.failed && put(t->dir, "set_event_pid", buf_cstr(&list), err);
	buf_deinit(&list);
	return ok;
}

/* Not every kernel has every event and option. */
static void try_put(int dir, const char *file, const char *text)
{
	struct err err;

	if (!put(dir, file, text, &err))
		log_msg(LOG_DEBUG, "%s", err.msg);
}

static bool set_up(struct tracefs *t, const pid_t *tids, size_t n,
		   const char *const *without, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char kb[24], file[96];

	snprintf(kb, sizeof(kb), "%" PRIu64,
		 max_u64(BUFFER_KB / (uint64_t)(cpus > 0 ? cpus : 1),
			 BUFFER_MIN_KB));
	try_put(t->dir, "options/irq-info", "0"); /* less to read */
	if (!put(t->dir, "trace_clock", "mono", err) ||
	    !put(t->dir, "buffer_size_kb", kb, err) ||
	    !set_threads(t, tids, n, err) ||
	    !put(t->dir, "events/kvm/enable", "1", err))
		return false;
	for (; *without; without++) {
		snprintf(file, sizeof(file), "events/kvm/%s/enable", *without);
		try_put(t->dir, file, "0");
	}
	return true;
}

/* The kernel knows threads by the numbers of the outermost namespace. */
static bool check_namespace(struct err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == INIT_PID_NS)
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "the kernel's trace is by the host's thread numbers, "
		       "which a program in a PID namespace (a container) does "
		       "not know of its own threads");
}

bool tracefs_open(const pid_t *tids, size_t n, const char *const *without,
		  struct tracefs **out, struct err *err)
{
	struct tracefs *t;

	if (!check_namespace(err))
		return false;
	t = malloc(sizeof(*t));
	if (!t)
		return err_set(err, ERR_LIMIT, "no memory");
	*t = (struct tracefs){-1, -1, -1, -1, ""};
	if (find_tracefs(t, err)) {
		clear_stale(t->instances);
		if (make_instance(t, err) && set_up(t, tids, n, without, err)) {
			*out = t;
			return true;
		}
	}
	tracefs_close(t);
	return false;
}

void tracefs_close(struct tracefs *t)
{
	if (!t)
		return;
	if (t->dir >= 0) {
		try_put(t->dir, "events/kvm/enable", "0");
		if (t->anchor >= 0)
			close(t->anchor);
		close(t->dir);
		if (unlinkat(t->instances, t->name, AT_REMOVEDIR) < 0)
			log_msg(LOG_WARN, "tracefs: %s stays behind: %s",
				t->name, strerror(errno));
	}
	if (t->instances >= 0)
		close(t->instances);
	if (t->root >= 0)
		close(t->root);
	free(t);
}

/* "overrun: 12" and "dropped events: 3" of each processor. */
static uint64_t lost_events(const struct tracefs *t)
{
	static const char *const keys[] = {"\noverrun: ", "\ndropped events: "};
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct buf text = BUF_INIT;
	uint64_t lost = 0;
	char name[48];

	for (long cpu = 0; cpu < cpus; cpu++) {
		buf_clear(&text);
		snprintf(name, sizeof(name), "per_cpu/cpu%ld/stats", cpu);
		if (!read_file(t->dir, name, &text))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			const char *at = strstr(buf_cstr(&text), keys[i]);

			if (at)
				lost += strtoull(at + strlen(keys[i]), NULL,
						 10);
		}
	}
	buf_deinit(&text);
	return lost;
}

bool tracefs_read(struct tracefs *t, struct buf *text, uint64_t *lost,
		  struct err *err)
{
	if (!read_file(t->dir, "trace", text))
		return err_set_errno(err, ERR_IO, "tracefs: reading the trace");
	*lost = lost_events(t);
	return true;
}
