/*
 * The program's log: one line a call, to stderr or to the --log file.
 *
 * Threading: any thread; a line is written with one write(2).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/bits.h"
#include "base/err.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,  /* default threshold */
	LOG_DEBUG, /* packets, with --trace-packets */
};

/* Send the log to this file (appended, created 0600).  Main thread, early. */
bool log_open(const char *path, struct err *err) MUST_CHECK;
void log_close(void);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* "kvm-gdbserver: text\n" to stderr; with a time stamp in a file. */
void log_msg(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* Text of several lines (a crash story), each line as it is. */
void log_text(enum log_level level, const char *text);

#endif
