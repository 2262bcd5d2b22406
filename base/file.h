/* Reading a file that a user has named. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Append a whole regular file of at most max bytes.  Nothing else is read: a
 * pipe or a device could keep the caller for ever.  On failure *to may have
 * grown.
 */
bool file_read(const char *path, uint64_t max, struct buf *to,
	       struct err *err) MUST_CHECK;

#endif
