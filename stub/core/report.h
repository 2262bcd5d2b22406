/* What there is to say of a dump, while it is made and when it is done. */
#ifndef STUB_CORE_REPORT_H
#define STUB_CORE_REPORT_H

#include "base/buf.h"
#include "stub/core/write.h"

/* A dump this long says how far it is, this often. */
#define CORE_PROGRESS_MS 1000

/* "dump: 512 of 8192 MiB", no newline. */
void core_progress_line(struct buf *out, uint64_t done, uint64_t total);

/* Where the file is, what is in it and how to look at it. */
void core_report(struct buf *out, struct target *t, const char *path,
		 const struct core_summary *sum);

/*
 * Save a guest that nobody watches, in place of an older file of that name.
 * The log tells how it went; false when it failed.
 */
bool core_write_logged(struct target *t, const char *path);

#endif
