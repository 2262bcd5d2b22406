/*
 * A file that appears under its name whole, or not at all.
 */
#ifndef STUB_CORE_FILE_H
#define STUB_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct core_file {
	int fd;
	bool replace;
	char *path, *temp; /* owned; temp is NULL once it has its name */
	uint64_t size;	   /* it will have, set by the writer */
};

/*
 * Begin.  Refuses at once what would be refused at the end: a name that is
 * taken (unless `replace`) or is no regular file, a folder that is not there.
 */
bool core_file_create(struct core_file *f, const char *path, bool replace,
		      struct err *err) MUST_CHECK;

/* What is never written reads as zeroes. */
bool core_file_write(struct core_file *f, uint64_t offset, const void *data,
		     size_t len, struct err *err) MUST_CHECK;

/* Set the size, wait for the disk, and give the file its name. */
bool core_file_finish(struct core_file *f, struct err *err) MUST_CHECK;

/* Always, after core_file_create(); removes what was not finished. */
void core_file_close(struct core_file *f);

#endif
