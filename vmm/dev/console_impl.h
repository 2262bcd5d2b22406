/* Shared by console.c (queue, thread) and console_open.c (back ends). */
#ifndef VMM_CONSOLE_IMPL_H
#define VMM_CONSOLE_IMPL_H

#include <pthread.h>

#include "vmm/dev/console.h"

#define CONSOLE_QUEUE  65536
#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */

/*
 * Locking: `lock` guards everything but in_fd and listen_fd, which are the
 * server thread's.  out_fd never blocks.
 */
struct console {
	pthread_mutex_t lock;
	pthread_cond_t work; /* the queue has bytes and out_fd may take them */
	pthread_t drainer;
	bool has_drainer, stopping;

	int in_fd;     /* to read from, or -1 */
	int out_fd;    /* to write to, or -1 */
	int keep_fd;   /* our end of a pty's slave, keeps it from hanging up */
	int listen_fd; /* unix:PATH, or -1 */
	bool out_broken;   /* a write failed for good; bytes are discarded */
	bool has_terminal; /* stdin's modes are changed */
	bool has_escape;   /* CONSOLE_ESCAPE in the input ends the program */
	char *unlink_path; /* socket to remove, owned */

	/* Bytes out_fd did not take yet. */
	char queue[CONSOLE_QUEUE];
	size_t head, len;
	uint64_t dropped;
};

/* Fill in the descriptors; console.c undoes what a failing opener left. */
bool console_open_stdio(struct console *con, const char *arg, struct err *err);
bool console_open_tty(struct console *con, const char *arg, struct err *err);
bool console_open_file(struct console *con, const char *path, struct err *err);
bool console_open_unix(struct console *con, const char *path, struct err *err);
bool console_open_pty(struct console *con, const char *arg, struct err *err);

#endif
