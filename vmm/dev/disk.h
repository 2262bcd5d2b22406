/*
 * The file behind a disk: raw, read-only, or with the writes kept apart.
 *
 * With snapshot the file itself is never written: changed clusters go to an
 * unnamed temporary file and are gone with the program.
 *
 * Threading: one thread at a time.
 */
#ifndef VMM_DEV_DISK_H
#define VMM_DEV_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DISK_SECTOR 512 /* bytes */

struct disk_config {
	const char *path;
	bool read_only, snapshot;
};

struct disk;

/*
 * "FILE[,ro][,snapshot=on|off]"; a comma in the name is written twice.  *path
 * is allocated, the caller frees it.
 */
bool disk_parse(const char *spec, struct disk_config *config, char **path,
		struct err *err) MUST_CHECK;

/* A regular file or block device; its size in whole sectors is the disk's. */
bool disk_open(const struct disk_config *config, struct disk **disk,
	       struct err *err) MUST_CHECK;
void disk_close(struct disk *d);

uint64_t disk_sectors(const struct disk *d);
bool disk_read_only(const struct disk *d); /* for the guest */
const char *disk_path(const struct disk *d);

/* Bytes; the range lies inside the disk. */
bool disk_read(struct disk *d, uint64_t offset, void *buf, size_t len,
	       struct err *err) MUST_CHECK;
bool disk_write(struct disk *d, uint64_t offset, const void *buf, size_t len,
		struct err *err) MUST_CHECK;
/* What was written is on stable storage. */
bool disk_flush(struct disk *d, struct err *err) MUST_CHECK;

#endif
