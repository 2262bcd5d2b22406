/* What a real gdb makes of target.xml: its g layout must be ours. */
#include "xml/tdesc.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

static char path[32];

static void put_xml(const struct tdesc *t)
{
	size_t len;
	const char *xml = tdesc_xml(t, &len);
	FILE *f;
	int fd;

	strcpy(path, "/tmp/tdesc-gdb-XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	CHECK(f && fwrite(xml, 1, len, f) == len && !fclose(f));
}

/*
 * A line of "maint print remote-registers":
 *   name number relative offset size type rmt-number g-offset
 */
static unsigned int check_line(const struct tdesc *t, const char *line)
{
	unsigned int nr, rel, at, size, number, g_offset;
	char name[32], type[64];
	const struct tdesc_reg *r;

	if (sscanf(line, " %31s %u %u %u %u %63s %u %u", name, &nr, &rel, &at,
		   &size, type, &number, &g_offset) != 8) {
		char note[64];

		if (sscanf(line, " %31s %u %u %u %u %63s %63s %u %u", name, &nr,
			   &rel, &at, &size, type, note, &number,
			   &g_offset) != 9)
			return 0;
	}
	r = tdesc_find(t, name);
	if (!r)
		return 0;
	CHECK_EQ(r->regnum, number);
	CHECK_EQ(r->bits / 8, size);
	CHECK_EQ(r->g_offset, g_offset);
	return 1;
}

static void compare_with_gdb(const struct x86_cpu_info *info,
			     enum tdesc_code code, unsigned int expected)
{
	char line[512], command[200];
	unsigned int seen = 0;
	struct tdesc *all = NULL;
	const struct tdesc *t;
	struct err err;
	FILE *gdb;

	if (system("gdb --version >/dev/null 2>&1"))
		test_skip("no gdb");
	CHECK_OK(tdesc_load(NULL, info, &all, &err), &err);
	t = tdesc_for(all, code);
	put_xml(t);
	snprintf(command, sizeof(command),
		 "gdb -nx -batch -ex 'set tdesc filename %s' -ex 'maint print "
		 "remote-registers' 2>&1",
		 path);
	gdb = popen(command, "r");
	CHECK(gdb);
	while (fgets(line, sizeof(line), gdb)) {
		if (strstr(line, "warning") || strstr(line, "rror"))
			test_fail(__FILE__, __LINE__, "gdb: %s", line);
		seen += check_line(t, line);
	}
	CHECK_EQ(WEXITSTATUS(pclose(gdb)), 0);
	unlink(path);
	CHECK_EQ(seen, expected);
	tdesc_free(all);
}

TEST(gdb_computes_our_g_layout)
{
	static const struct x86_cpu_info info = {
		.avx = true, .avx512 = true, .pku = true};

	compare_with_gdb(&info, TDESC_64, 200);
}

TEST(gdb_computes_our_g_layout_without_avx)
{
	static const struct x86_cpu_info info = {.maxphyaddr = 36};

	compare_with_gdb(&info, TDESC_64, 59 + 52);
}

TEST(gdb_computes_our_g_layout_of_narrow_code)
{
	static const struct x86_cpu_info plain = {.maxphyaddr = 36};
	static const struct x86_cpu_info full = {.avx = true, .avx512 = true};

	compare_with_gdb(&plain, TDESC_32, 41 + 52 + 2);
	compare_with_gdb(&plain, TDESC_16, 41 + 52 + 2);
	compare_with_gdb(&full, TDESC_32, 41 + 8 + 16 + 52 + 2);
}
