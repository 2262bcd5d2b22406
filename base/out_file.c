#include "base/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A link stays a link: the file behind it is what gets replaced. */
static bool resolve(struct out_file *f, const char *path, struct err *err)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISLNK(st.st_mode) && !stat(path, &st) &&
	    S_ISREG(st.st_mode) && realpath(path, f->path))
		return true;
	if (strlen(path) >= sizeof(f->path))
		return err_set(err, ERR_IO, "the file's name is too long");
	strcpy(f->path, path);
	return true;
}

static bool open_temp(struct out_file *f, struct err *err)
{
	mode_t mask = umask(0);
	int n;

	umask(mask);
	n = snprintf(f->temp, sizeof(f->temp), "%s.XXXXXX", f->path);
	if (n < 0 || (size_t)n >= sizeof(f->temp))
		return err_set(err, ERR_IO, "the file's name is too long");
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0)
		return err_set_errno(err, ERR_IO, "creating %.300s", f->path);
	/* as a file that open() makes */
	if (fchmod(f->fd, 0666 & ~mask) < 0) {
		err_set_errno(err, ERR_IO, "%.300s", f->path);
		out_file_abort(f);
		return false;
	}
	return true;
}

bool out_file_open(struct out_file *f, const char *path, struct err *err)
{
	struct stat st;

	f->fd = -1;
	f->temp[0] = '\0';
	f->size = 0;
	if (!*path)
		return err_set(err, ERR_IO, "the file's name is empty");
	if (!resolve(f, path, err))
		return false;
	if (stat(f->path, &st) < 0 || S_ISREG(st.st_mode))
		return open_temp(f, err);
	if (S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "%.300s is %s", f->path,
			       S_ISDIR(st.st_mode) ? "a directory" : "a disk");
	/* a pipe that nobody reads is an error, not a wait */
	f->fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0)
		return err_set_errno(err, ERR_IO, "%.300s", f->path);
	fcntl(f->fd, F_SETFL, 0);
	return true;
}

bool out_file_write(struct out_file *f, const void *data, size_t len,
		    struct err *err)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(f->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return err_set_errno(err, ERR_IO, "writing %.300s",
					     f->path);
		}
		at += n;
		len -= (size_t)n;
		f->size += (size_t)n;
	}
	return true;
}

bool out_file_commit(struct out_file *f, struct err *err)
{
	int fd = f->fd;

	f->fd = -1;
	/* some file systems find out here that they are full */
	if (close(fd) < 0 || (f->temp[0] && rename(f->temp, f->path) < 0)) {
		err_set_errno(err, ERR_IO, "writing %.300s", f->path);
		out_file_abort(f);
		return false;
	}
	f->temp[0] = '\0';
	return true;
}

void out_file_abort(struct out_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp[0])
		unlink(f->temp);
	f->fd = -1;
	f->temp[0] = '\0';
}
