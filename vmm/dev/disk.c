#include "vmm/dev/disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"

#define CLUSTER 65536 /* bytes that move to the overlay together */

struct disk {
	char *path;
	int fd, overlay; /* overlay: -1 without snapshot */
	uint64_t size;	 /* bytes, whole sectors */
	bool read_only;
	uint8_t *moved; /* a bit for each cluster that lies in the overlay */
};

/* ---- --disk ---- */

static bool take_word(struct disk_config *c, const char *spec, const char *word,
		      struct err *err)
{
	if (!strcmp(word, "ro"))
		c->read_only = true;
	else if (!strcmp(word, "snapshot=on"))
		c->snapshot = true;
	else if (!strcmp(word, "snapshot=off"))
		c->snapshot = false;
	else
		return err_set(err, ERR_USAGE,
			       "disk '%s': '%s' is not ro, snapshot=on or "
			       "snapshot=off (a comma in the file's name is "
			       "written twice)",
			       spec, word);
	return true;
}

/* Split off the part before the next single comma; ",," stands for one. */
static char *next_part(char **rest)
{
	char *part = *rest, *to = part, *at = part;

	while (*at && (at[0] != ',' || at[1] == ',')) {
		at += at[0] == ',';
		*to++ = *at++;
	}
	*rest = *at ? at + 1 : NULL;
	*to = '\0';
	return part;
}

bool disk_parse(const char *spec, struct disk_config *config, char **path,
		struct err *err)
{
	struct disk_config c = {0};
	char *copy = strdup(spec), *rest = copy;

	if (!copy)
		return err_set(err, ERR_LIMIT, "disk '%s': no memory", spec);
	c.path = next_part(&rest);
	if (!*c.path) {
		err_set(err, ERR_USAGE, "disk '%s': FILE is missing", spec);
		free(copy);
		return false;
	}
	while (rest)
		if (!take_word(&c, spec, next_part(&rest), err)) {
			free(copy);
			return false;
		}
	*config = c;
	*path = copy;
	return true;
}

/* ---- opening ---- */

static bool file_size(int fd, const char *path, uint64_t *size, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set_errno(err, ERR_IO, "disk %s", path);
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, size))
			return err_set_errno(err, ERR_IO,
					     "disk %s: its size cannot be read",
					     path);
	} else if (S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
	} else {
		return err_set(err, ERR_USAGE,
			       "disk %s: neither a file nor a block device",
			       path);
	}
	if (*size >= DISK_SECTOR)
		return true;
	return err_set(err, ERR_USAGE,
		       "disk %s: it has %llu bytes, less than one sector", path,
		       (unsigned long long)*size);
}

static bool open_overlay(struct disk *d, struct err *err)
{
	const char *dir = getenv("TMPDIR");

	d->overlay = open(dir ? dir : "/var/tmp",
			  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (d->overlay < 0)
		return err_set_errno(err, ERR_IO,
				     "disk %s: snapshot=on needs a temporary "
				     "file in %s (set TMPDIR to another "
				     "folder)",
				     d->path, dir ? dir : "/var/tmp");
	d->moved = calloc(1, d->size / CLUSTER / 8 + 1);
	return d->moved || err_set(err, ERR_LIMIT,
				   "disk %s: no memory for "
				   "snapshot=on",
				   d->path);
}

bool disk_open(const struct disk_config *config, struct disk **out,
	       struct err *err)
{
	bool writes = !config->read_only && !config->snapshot;
	struct disk *d = calloc(1, sizeof(*d));

	if (!d)
		return err_set(err, ERR_LIMIT, "disk: no memory");
	d->overlay = d->fd = -1;
	d->read_only = config->read_only;
	d->path = strdup(config->path);
	if (d->path)
		d->fd = open(d->path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (d->fd < 0) {
		err_set_errno(err, ERR_IO, "disk %s%s", config->path,
			      writes ? " (to write; there are ,ro and "
				       ",snapshot=on)"
				     : "");
		goto fail;
	}
	if (!file_size(d->fd, d->path, &d->size, err) ||
	    (config->snapshot && !config->read_only && !open_overlay(d, err)))
		goto fail;
	d->size -= d->size % DISK_SECTOR;
	*out = d;
	return true;
fail:
	disk_close(d);
	return false;
}

void disk_close(struct disk *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	if (d->overlay >= 0)
		close(d->overlay);
	free(d->moved);
	free(d->path);
	free(d);
}

uint64_t disk_sectors(const struct disk *d)
{
	return d->size / DISK_SECTOR;
}

bool disk_read_only(const struct disk *d)
{
	return d->read_only;
}

const char *disk_path(const struct disk *d)
{
	return d->path;
}

/* ---- bytes ---- */

/* A file that has become shorter reads as zeros behind its end. */
static bool read_all(struct disk *d, int fd, uint64_t at, void *buf, size_t len,
		     struct err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done,
				  (off_t)(at + done));

		if (n < 0)
			return err_set_errno(err, ERR_IO,
					     "disk %s: reading at 0x%llx",
					     d->path, (unsigned long long)at);
		if (!n) {
			memset((char *)buf + done, 0, len - done);
			break;
		}
		done += (size_t)n;
	}
	return true;
}

static bool write_all(struct disk *d, int fd, uint64_t at, const void *buf,
		      size_t len, struct err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, (const char *)buf + done, len - done,
				   (off_t)(at + done));

		if (n <= 0)
			return err_set_errno(err, ERR_IO,
					     "disk %s: writing at 0x%llx",
					     d->path, (unsigned long long)at);
		done += (size_t)n;
	}
	return true;
}

static bool is_moved(const struct disk *d, uint64_t cluster)
{
	return d->moved && d->moved[cluster / 8] & 1 << cluster % 8;
}

/* Bytes up to the end of the cluster that `at` lies in. */
static size_t in_cluster(uint64_t at, size_t len)
{
	return (size_t)min_u64(len, CLUSTER - at % CLUSTER);
}

bool disk_read(struct disk *d, uint64_t offset, void *buf, size_t len,
	       struct err *err)
{
	size_t part;

	for (size_t done = 0; done < len; done += part) {
		uint64_t at = offset + done;
		int fd = is_moved(d, at / CLUSTER) ? d->overlay : d->fd;

		part = d->moved ? in_cluster(at, len - done) : len;
		if (!read_all(d, fd, at, (char *)buf + done, part, err))
			return false;
	}
	return true;
}

/* The overlay gets the whole cluster before the first write to it. */
static bool move_cluster(struct disk *d, uint64_t cluster, struct err *err)
{
	uint64_t at = cluster * CLUSTER;
	size_t len = (size_t)min_u64(CLUSTER, d->size - at);
	uint8_t *copy;
	bool ok;

	if (is_moved(d, cluster))
		return true;
	copy = malloc(CLUSTER);
	if (!copy)
		return err_set(err, ERR_LIMIT, "disk %s: no memory", d->path);
	ok = read_all(d, d->fd, at, copy, len, err) &&
	     write_all(d, d->overlay, at, copy, len, err);
	free(copy);
	if (ok)
		d->moved[cluster / 8] |= (uint8_t)(1 << cluster % 8);
	return ok;
}

bool disk_write(struct disk *d, uint64_t offset, const void *buf, size_t len,
		struct err *err)
{
	size_t part;

	if (d->read_only)
		return err_set(err, ERR_STATE, "disk %s is read-only", d->path);
	if (!d->moved)
		return write_all(d, d->fd, offset, buf, len, err);
	for (size_t done = 0; done < len; done += part) {
		uint64_t at = offset + done;

		part = in_cluster(at, len - done);
		if (!move_cluster(d, at / CLUSTER, err) ||
		    !write_all(d, d->overlay, at, (const char *)buf + done,
			       part, err))
			return false;
	}
	return true;
}

bool disk_flush(struct disk *d, struct err *err)
{
	/* an overlay dies with the program: there is nothing to keep */
	if (d->read_only || d->moved || !fdatasync(d->fd))
		return true;
	return err_set_errno(err, ERR_IO, "disk %s: fdatasync", d->path);
}
