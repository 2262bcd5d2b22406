#include "base/out_file.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

static char dir[64], path[128];
static struct out_file f;
static struct err err;

static void setup(void)
{
	strcpy(dir, "/tmp/out-file-XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/name", dir);
}

static unsigned int files_left(void)
{
	struct dirent *e;
	unsigned int n = 0;
	DIR *d = opendir(dir);

	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static const char *content(void)
{
	static char text[64];
	FILE *in = fopen(path, "r");
	size_t n;

	CHECK(in);
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	fclose(in);
	return text;
}

static void put(const char *text)
{
	FILE *out = fopen(path, "w");

	CHECK(out && fputs(text, out) >= 0 && !fclose(out));
}

static void teardown(void)
{
	char other[160];

	snprintf(other, sizeof(other), "%s.link", path);
	unlink(other);
	unlink(path);
	CHECK(!rmdir(dir));
}

TEST(appears_when_it_is_complete)
{
	struct stat st;

	setup();
	umask(022);
	CHECK_OK(out_file_open(&f, path, &err), &err);
	CHECK_OK(out_file_write(&f, "abc", 3, &err), &err);
	CHECK(access(path, F_OK) < 0);
	CHECK_OK(out_file_write(&f, "def", 3, &err), &err);
	CHECK_EQ(f.size, 6);
	CHECK_OK(out_file_commit(&f, &err), &err);
	CHECK_STR(content(), "abcdef");
	CHECK(!stat(path, &st));
	CHECK_EQ(st.st_mode & 0777, 0644);
	CHECK_EQ(files_left(), 1);
	out_file_abort(&f); /* harmless */
	teardown();
}

TEST(an_abort_leaves_the_old_file)
{
	setup();
	put("old");
	CHECK_OK(out_file_open(&f, path, &err), &err);
	CHECK_OK(out_file_write(&f, "new", 3, &err), &err);
	out_file_abort(&f);
	CHECK_STR(content(), "old");
	CHECK_EQ(files_left(), 1);
	teardown();
}

TEST(a_full_disk_leaves_nothing)
{
	struct rlimit limit = {4, RLIM_INFINITY};

	setup();
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
	CHECK_OK(out_file_open(&f, path, &err), &err);
	CHECK(!out_file_write(&f, "abcdefgh", 8, &err));
	CHECK_HAS(err.msg, path);
	CHECK_EQ(err.code, ERR_IO);
	out_file_abort(&f);
	CHECK_EQ(files_left(), 0);
	teardown();
}

TEST(a_link_stays_a_link)
{
	char link[160];
	struct stat st;

	setup();
	put("old");
	snprintf(link, sizeof(link), "%s.link", path);
	CHECK(!symlink(path, link));
	CHECK_OK(out_file_open(&f, link, &err), &err);
	CHECK_OK(out_file_write(&f, "new", 3, &err), &err);
	CHECK_OK(out_file_commit(&f, &err), &err);
	CHECK(!lstat(link, &st) && S_ISLNK(st.st_mode));
	CHECK_STR(content(), "new");
	teardown();
}

TEST(what_is_no_file_is_written_to)
{
	struct stat st;

	CHECK_OK(out_file_open(&f, "/dev/null", &err), &err);
	CHECK_OK(out_file_write(&f, "x", 1, &err), &err);
	CHECK_OK(out_file_commit(&f, &err), &err);
	CHECK(!stat("/dev/null", &st) && S_ISCHR(st.st_mode));
	CHECK_OK(out_file_open(&f, "/dev/full", &err), &err);
	CHECK(!out_file_write(&f, "x", 1, &err));
	CHECK_HAS(err.msg, "/dev/full");
	out_file_abort(&f);
}

TEST(names_that_cannot_be)
{
	char name[PATH_MAX + 8];

	setup();
	CHECK(!out_file_open(&f, dir, &err));
	CHECK_HAS(err.msg, dir);
	CHECK(!out_file_open(&f, "/nonexistent/x", &err));
	CHECK_HAS(err.msg, "/nonexistent/x");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK(!out_file_open(&f, name, &err));
	name[PATH_MAX - 4] = '\0';
	CHECK(!out_file_open(&f, name, &err));
	CHECK(!out_file_open(&f, "", &err));
	teardown();
}
