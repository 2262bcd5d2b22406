#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

static char path[] = "/tmp/file_test_XXXXXX";
static struct buf b = BUF_INIT;
static struct err err;

static void make_file(size_t bytes)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	for (size_t i = 0; i < bytes; i++)
		CHECK(write(fd, "x", 1) == 1);
	close(fd);
}

TEST(a_whole_file_is_appended)
{
	make_file(3);
	buf_str(&b, "before ");
	CHECK_OK(file_read(path, 3, &b, &err), &err);
	CHECK_STR(b.data, "before xxx");
	/* what an earlier use left behind the end does not show */
	buf_clear(&b);
	CHECK_OK(file_read(path, 3, &b, &err), &err);
	CHECK_STR(b.data, "xxx");
	buf_deinit(&b);
	unlink(path);
}

TEST(a_file_may_be_too_big)
{
	make_file(4);
	CHECK(!file_read(path, 3, &b, &err));
	unlink(path);
	CHECK_EQ(err.code, ERR_LIMIT);
	CHECK_HAS(err.msg, "has more than 3 bytes");
	buf_deinit(&b);
}

TEST(only_regular_files)
{
	CHECK(!file_read("/dev/zero", 10, &b, &err));
	CHECK_HAS(err.msg, "/dev/zero is no regular file");
	CHECK(!file_read("/", 10, &b, &err));
	CHECK(!file_read("/nonexistent", 10, &b, &err));
	CHECK_HAS(err.msg, "cannot open /nonexistent: No such file");
	make_file(0);
	unlink(path);
	CHECK(!mkfifo(path, 0600));
	/* a reader would wait here for ever */
	CHECK(!file_read(path, 10, &b, &err));
	unlink(path);
	CHECK_EQ(b.len, 0);
}
