#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static bool too_big(const char *path, uint64_t max, struct err *err)
{
	return err_set(err, ERR_LIMIT, "%s has more than %" PRIu64 " bytes",
		       path, max);
}

static bool read_all(int fd, const char *path, uint64_t max, struct buf *to,
		     struct err *err)
{
	uint64_t total = 0;

	for (;;) {
		void *room = buf_reserve(to, CHUNK);
		ssize_t n;

		if (!room)
			return err_set(err, ERR_LIMIT, "%s: out of memory",
				       path);
		n = read(fd, room, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, "cannot read %s",
					     path);
		if (!n)
			return true;
		total += (uint64_t)n;
		if (total > max)
			return too_big(path, max, err);
		to->len += (size_t)n;
		to->data[to->len] = '\0';
	}
}

bool file_read(const char *path, uint64_t max, struct buf *to, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool ok;

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s", path);
	if (fstat(fd, &st))
		ok = err_set_errno(err, ERR_IO, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode))
		ok = err_set(err, ERR_IO, "%s is no regular file", path);
	else if (st.st_size > 0 && (uint64_t)st.st_size > max)
		ok = too_big(path, max, err);
	else
		ok = read_all(fd, path, max, to, err);
	close(fd);
	return ok;
}
