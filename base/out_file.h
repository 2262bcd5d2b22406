/*
 * A file that is under its name only when it is complete: it is written beside
 * it and renamed at the end.  Whatever goes wrong before, an older file of that
 * name stays as it was, and nothing half-written is left.
 *
 * A name that is no regular file (a pipe, /dev/stdout) is written to directly.
 */
#ifndef BASE_OUT_FILE_H
#define BASE_OUT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct out_file {
	int fd;		     /* -1: not open */
	char path[PATH_MAX]; /* where it will be */
	char temp[PATH_MAX]; /* where it is; "" when written directly */
	uint64_t size;	     /* bytes written */
};

/* Nothing is open on failure.  Every error text names the file. */
bool out_file_open(struct out_file *f, const char *path,
		   struct err *err) MUST_CHECK;
/* After a failure only out_file_abort() makes sense. */
bool out_file_write(struct out_file *f, const void *data, size_t len,
		    struct err *err) MUST_CHECK;
/* The file is there, or on failure it is not; either way f is closed. */
bool out_file_commit(struct out_file *f, struct err *err) MUST_CHECK;
/* Away with it; harmless when nothing is open. */
void out_file_abort(struct out_file *f);

#endif
