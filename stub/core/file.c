#include "stub/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* May the name be given to the new file?  (Asked before the work.) */
static bool check_name(const char *path, bool replace, struct err *err)
{
	struct stat st;

	if (!*path)
		return err_set(err, ERR_USAGE, "the name of the file is empty");
	if (stat(path, &st)) {
		if (errno == ENOENT)
			return true;
		return err_set_errno(err, ERR_IO, "cannot write '%s'", path);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "cannot write '%s': it is there and no regular "
			       "file",
			       path);
	if (!replace)
		return err_set(err, ERR_STATE,
			       "'%s' is there already; take another name, or "
			       "-f to replace it",
			       path);
	return true;
}

bool core_file_create(struct core_file *f, const char *path, bool replace,
		      struct err *err)
{
	if (!check_name(path, replace, err))
		return false;
	*f = (struct core_file){.fd = -1, .replace = replace};
	f->path = strdup(path);
	if (!f->path || asprintf(&f->temp, "%s.XXXXXX", path) < 0) {
		f->temp = NULL;
		free(f->path);
		return err_set(err, ERR_LIMIT, "no memory for a file name");
	}
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd >= 0)
		return true;
	err_set_errno(err, ERR_IO, "cannot write '%s'", path);
	free(f->temp);
	free(f->path);
	return false;
}

static bool failed(const struct core_file *f, uint64_t offset, struct err *err)
{
	return err_set_errno(err, ERR_IO,
			     "cannot write '%s' at 0x%llx of 0x%llx; nothing "
			     "is left of it",
			     f->path, (unsigned long long)offset,
			     (unsigned long long)f->size);
}

bool core_file_write(struct core_file *f, uint64_t offset, const void *data,
		     size_t len, struct err *err)
{
	const char *from = data;

	while (len) {
		ssize_t n = pwrite(f->fd, from, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return failed(f, offset, err);
		}
		from += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* Not under a name that somebody else has taken meanwhile. */
static bool give_name(struct core_file *f)
{
	if (f->replace)
		return !rename(f->temp, f->path);
	if (!renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, RENAME_NOREPLACE))
		return true;
	/* File systems without that flag: the check at the start must do. */
	return errno == EINVAL && !rename(f->temp, f->path);
}

static void sync_folder(const struct core_file *f)
{
	char *copy = strdup(f->path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(copy);
}

bool core_file_finish(struct core_file *f, struct err *err)
{
	if (ftruncate(f->fd, (off_t)f->size) || fsync(f->fd))
		return failed(f, f->size, err);
	if (!give_name(f))
		return err_set_errno(err, ERR_IO, "cannot name the file '%s'",
				     f->path);
	free(f->temp);
	f->temp = NULL;
	sync_folder(f);
	return true;
}

void core_file_close(struct core_file *f)
{
	close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
}
