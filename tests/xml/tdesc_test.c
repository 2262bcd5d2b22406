#include "xml/tdesc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/test.h"
#include "xml/embed.h"

static const struct x86_cpu_info full_cpu = {
	.maxphyaddr = 46,
	.avx = true,
	.avx512 = true,
	.pku = true,
};
static const struct x86_cpu_info plain_cpu = {.maxphyaddr = 36};

static struct tdesc *must_load(const struct x86_cpu_info *info)
{
	struct tdesc *t = NULL;
	struct err err;

	CHECK_OK(tdesc_load(NULL, info, &t, &err), &err);
	return t;
}

static unsigned int number_of(const struct tdesc *t, const char *name)
{
	const struct tdesc_reg *r = tdesc_find(t, name);

	if (!r)
		test_fail(__FILE__, __LINE__, "no register %s", name);
	return r->regnum;
}

TEST(numbers_are_gdbservers)
{
	struct tdesc *t = must_load(&full_cpu);

	CHECK_EQ(number_of(t, "rax"), 0);
	CHECK_EQ(number_of(t, "r15"), 15);
	CHECK_EQ(number_of(t, "rip"), 16);
	CHECK_EQ(number_of(t, "eflags"), 17);
	CHECK_EQ(number_of(t, "cs"), 18);
	CHECK_EQ(number_of(t, "ss"), 19);
	CHECK_EQ(number_of(t, "gs"), 23);
	CHECK_EQ(number_of(t, "st0"), 24);
	CHECK_EQ(number_of(t, "fctrl"), 32);
	CHECK_EQ(number_of(t, "fop"), 39);
	CHECK_EQ(number_of(t, "xmm0"), 40);
	CHECK_EQ(number_of(t, "mxcsr"), 56);
	CHECK(!tdesc_reg(t, 57));
	CHECK_EQ(number_of(t, "fs_base"), 58);
	CHECK_EQ(number_of(t, "gs_base"), 59);
	CHECK_EQ(number_of(t, "ymm0h"), 60);
	CHECK_EQ(number_of(t, "xmm16"), 76);
	CHECK_EQ(number_of(t, "k0"), 108);
	CHECK_EQ(number_of(t, "zmm31h"), 147);
	CHECK_EQ(number_of(t, "pkru"), 148);
	CHECK_EQ(number_of(t, "k_gs_base"), 256);
	CHECK_EQ(number_of(t, "efer"), 262);
	tdesc_free(t);
}

TEST(features_follow_the_cpu)
{
	struct x86_cpu_info info = plain_cpu;
	struct tdesc *t = must_load(&info);

	CHECK(tdesc_find(t, "xmm15") && !tdesc_find(t, "ymm0h"));
	CHECK(!tdesc_find(t, "k0") && !tdesc_find(t, "pkru"));
	tdesc_free(t);
	info.pku = true;
	info.avx512 = true; /* nothing without AVX */
	t = must_load(&info);
	CHECK(!tdesc_find(t, "zmm0h"));
	CHECK_EQ(number_of(t, "pkru"), 60);
	tdesc_free(t);
}

TEST(g_layout_is_that_of_the_numbers)
{
	struct tdesc *t = must_load(&plain_cpu);

	CHECK_EQ(tdesc_find(t, "rip")->g_offset, 128);
	CHECK_EQ(tdesc_find(t, "eflags")->g_offset, 136);
	CHECK_EQ(tdesc_find(t, "st0")->g_offset, 164);
	CHECK_EQ(tdesc_find(t, "xmm0")->g_offset, 276);
	CHECK_EQ(tdesc_find(t, "fs_base")->g_offset, 536);
	CHECK_EQ(tdesc_find(t, "k_gs_base")->g_offset, 552);
	CHECK_EQ(tdesc_find(t, "cr0")->g_offset, 560);
	tdesc_free(t);
	t = must_load(&full_cpu);
	CHECK_EQ(tdesc_find(t, "cr0")->g_offset,
		 560 + 256 + 512 + 64 + 1024 + 4);
	tdesc_free(t);
}

TEST(narrow_descriptions)
{
	struct tdesc *all = must_load(&full_cpu);
	const struct tdesc *t = tdesc_for(all, TDESC_16);
	size_t len;

	CHECK(tdesc_for(all, TDESC_64) == all);
	CHECK_EQ(tdesc_code(t), TDESC_16);
	CHECK_EQ(number_of(t, "eax"), 0);
	CHECK_EQ(number_of(t, "eip"), 8);
	CHECK_EQ(number_of(t, "st0"), 16);
	CHECK_EQ(number_of(t, "xmm0"), 32);
	CHECK_EQ(number_of(t, "mxcsr"), 40);
	CHECK_EQ(number_of(t, "ymm7h"), 48);
	CHECK(!tdesc_find(t, "rax") && !tdesc_find(t, "xmm8"));
	CHECK_EQ(tdesc_find(t, "gs_base")->g_offset + 8, tdesc_g_size(t));
	CHECK_HAS(tdesc_xml(t, &len), "<architecture>i8086<");
	CHECK_HAS(tdesc_xml(t, &len), "<osabi>none<");
	/* gdb's pointers have 32 bits there, the register has not */
	CHECK_HAS(tdesc_xml(t, &len), "\"cr2\" bitsize=\"64\" type=\"int64\"");
	t = tdesc_for(all, TDESC_32);
	CHECK_HAS(tdesc_xml(t, &len), "<architecture>i386<");
	tdesc_free(all);
}

TEST(every_register_is_bound_and_of_its_size)
{
	struct tdesc *t = must_load(&full_cpu);
	unsigned int n = 0;

	for (unsigned int i = 0; i < tdesc_reg_count(t); i++) {
		const struct tdesc_reg *r = tdesc_reg(t, i);

		if (!r)
			continue;
		n++;
		CHECK_EQ(r->regnum, i);
		CHECK(r->def == reg_find(r->name));
		CHECK_EQ(r->bits, r->def->bits);
	}
	CHECK_EQ(n, 148 + 52);
	tdesc_free(t);
}

TEST(every_known_register_is_described)
{
	struct tdesc *t = must_load(&full_cpu);

	for (const struct reg_def *reg = reg_table; reg->name; reg++)
		if (!tdesc_find(t, reg->name) && strcmp(reg->name, "tsc"))
			test_fail(__FILE__, __LINE__, "%s is in no XML file",
				  reg->name);
	tdesc_free(t);
}

TEST(document_is_flat_and_names_the_architecture)
{
	struct tdesc *t = must_load(&full_cpu);
	size_t len;
	const char *xml = tdesc_xml(t, &len);

	CHECK_EQ(strlen(xml), len);
	CHECK_HAS(xml, "<architecture>i386:x86-64</architecture>");
	CHECK_HAS(xml, "<feature name=\"org.gnu.gdb.i386.sse\">");
	CHECK_HAS(xml, "<reg name=\"fs_base\" bitsize=\"64\" type=\"int64\" "
		       "regnum=\"58\"/>");
	CHECK(!strstr(xml, "xi:include") && !strstr(xml, "orig_rax"));
	tdesc_free(t);
}

/* Named in the tables, but left to the plain value in gdb. */
static bool is_left_out(const char *name)
{
	return !strcmp(name, "1") || !strcmp(name, "IOPL") ||
	       !strcmp(name, "BASE");
}

/* The XML's bit names are those of the tables that other text uses. */
static void check_flags(const char *xml, const char *id,
			const struct bit_name *table)
{
	char text[128], *flags;
	const char *at;

	snprintf(text, sizeof(text), "<flags id=\"%s\"", id);
	at = strstr(xml, text);
	CHECK(at);
	flags = strndup(at, (size_t)(strstr(at, "</flags>") - at));
	CHECK(flags);
	for (; table->name; table++) {
		if (is_left_out(table->name))
			continue;
		snprintf(text, sizeof(text), "\"%s\" start=\"%d\" end=\"%d\"",
			 table->name, __builtin_ctzll(table->mask),
			 63 - __builtin_clzll(table->mask));
		CHECK_HAS(flags, text);
	}
	free(flags);
}

TEST(bit_names_match_the_tables)
{
	struct tdesc *t = must_load(&plain_cpu);
	size_t len;
	const char *xml = tdesc_xml(t, &len);

	check_flags(xml, "i386_eflags", rflags_bits);
	check_flags(xml, "x64_cr0", cr0_bits);
	check_flags(xml, "x64_cr4", cr4_bits);
	check_flags(xml, "x64_efer", efer_bits);
	check_flags(xml, "x64_dr6", dr6_bits);
	check_flags(xml, "x64_dr7", dr7_bits);
	check_flags(xml, "x64_xcr0", xcr0_bits);
	check_flags(xml, "x64_apic_base", apic_base_bits);
	check_flags(xml, "x64_seg_attr", seg_attr_bits);
	tdesc_free(t);
}

/* ---- a directory of the user's ---- */

static void put_file(const char *dir, const char *name, const void *data,
		     size_t len)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, data, len) == (ssize_t)len);
	close(fd);
}

/* A copy of the compiled-in files in a fresh directory. */
static const char *fresh_dir(void)
{
	static char dir[32];

	strcpy(dir, "/tmp/tdesc-test-XXXXXX");

	CHECK(mkdtemp(dir));
	for (const struct xml_file *f = xml_embedded; f->name; f++)
		put_file(dir, f->name, f->data, f->size);
	return dir;
}

static void remove_dir(const char *dir)
{
	char path[300];

	for (const struct xml_file *f = xml_embedded; f->name; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, f->name);
		unlink(path);
	}
	rmdir(dir);
}

/* Replace 64bit-segments.xml and see it refused with these texts. */
static void refuse(const void *data, size_t len, const char *place,
		   const char *why)
{
	const char *dir = fresh_dir();
	struct tdesc *t = NULL;
	struct err err = {0};
	bool ok;

	put_file(dir, "64bit-segments.xml", data, len);
	ok = tdesc_load(dir, &plain_cpu, &t, &err);
	remove_dir(dir);
	CHECK(!ok && !t);
	CHECK_HAS(err.msg, place);
	CHECK_HAS(err.msg, why);
}

#define FEATURE			 "<feature name=\"org.gnu.gdb.i386.segments\">\n"
#define FS_BASE			 "<reg name=\"fs_base\" bitsize=\"64\" regnum=\"58\"/>\n"
#define REFUSE(text, place, why) refuse(text, strlen(text), place, why)

TEST(directory_replaces_the_compiled_in_files)
{
	static const char text[] = FEATURE
		"<reg name=\"gs_base\" bitsize=\"64\" "
		"type=\"data_ptr\" regnum=\"58\"/>" FS_BASE "</feature>";
	static const char good[] = FEATURE
		"<reg name=\"gs_base\" bitsize=\"64\" "
		"type=\"data_ptr\" regnum=\"59\"/>" FS_BASE "</feature>";
	const char *dir = fresh_dir();
	struct tdesc *t = NULL;
	struct err err;
	bool ok;

	put_file(dir, "64bit-segments.xml", text, strlen(text));
	CHECK(!tdesc_load(dir, &plain_cpu, &t, &err));
	CHECK_HAS(err.msg, "register number 58 is given to gs_base and "
			   "fs_base");
	put_file(dir, "64bit-segments.xml", good, strlen(good));
	ok = tdesc_load(dir, &plain_cpu, &t, &err);
	remove_dir(dir);
	CHECK_OK(ok, &err);
	CHECK_EQ(number_of(t, "gs_base"), 59);
	tdesc_free(t);
}

TEST(missing_file_is_named)
{
	struct tdesc *t = NULL;
	struct err err = {0};

	CHECK(!tdesc_load("/nonexistent", &plain_cpu, &t, &err));
	CHECK_HAS(err.msg, "/nonexistent/64bit-core.xml");
	CHECK_EQ(err.os_errno, ENOENT);
}

TEST(refuses_bad_elements)
{
	REFUSE(FEATURE "<xi:include href=\"x\"/></feature>",
	       "64bit-segments.xml:2:1", "unknown element <xi:include>");
	REFUSE(FEATURE FS_BASE "  <field name=\"x\"/></feature>",
	       "64bit-segments.xml:3:3", "<field> cannot stand here");
	REFUSE("<reg name=\"fs_base\" bitsize=\"64\"/>",
	       "64bit-segments.xml:1:1", "cannot stand here");
	REFUSE("<feature name=\"org.x\"/>", ":1:1",
	       "\"org.gnu.gdb.i386.segments\" is expected");
	REFUSE(FEATURE "<reg name=\"fs_base\"/></feature>", ":2:1",
	       "needs the attribute \"bitsize\"");
	REFUSE(FEATURE "<reg name=\"fs_base\" colour=\"red\"/></feature>",
	       ":2:1", "no attribute \"colour\"");
	REFUSE(FEATURE "hello</feature>", ":2:1", "text between elements");
}

TEST(refuses_bad_registers)
{
	REFUSE(FEATURE "<reg name=\"fs_bass\" bitsize=\"64\"/></feature>",
	       ":2:1", "no register \"fs_bass\"");
	REFUSE(FEATURE "<reg name=\"fs_base\" bitsize=\"32\"/></feature>",
	       ":2:1", "register fs_base has 64 bits, not 32");
	REFUSE(FEATURE FS_BASE FS_BASE "</feature>", ":3:1",
	       "register fs_base appears twice");
	REFUSE(FEATURE "<reg name=\"rax\" bitsize=\"64\"/></feature>", ":2:1",
	       "register rax appears twice");
	REFUSE(FEATURE "<reg name=\"fs_base\" bitsize=\"64\" regnum=\"3\"/>"
		       "</feature>",
	       ":2:1", "register number 3 is given to rdx and fs_base");
	REFUSE(FEATURE "<reg name=\"fs_base\" bitsize=\"64\" regnum=\"9999\"/>"
		       "</feature>",
	       ":2:1", "not between 0 and 1023");
	REFUSE(FEATURE FS_BASE "</feature>", ":3:11",
	       "register gs_base is missing");
}

TEST(refuses_bad_types)
{
	REFUSE(FEATURE "<reg name=\"fs_base\" bitsize=\"64\" type=\"quux\"/>"
		       "</feature>",
	       ":2:1", "unknown type \"quux\"");
	REFUSE(FEATURE "<reg name=\"fs_base\" bitsize=\"64\" type=\"int32\"/>"
		       "</feature>",
	       ":2:1", "its type \"int32\" 32");
	REFUSE(FEATURE "<flags id=\"f\" size=\"4\"><field name=\"x\" "
		       "start=\"0\" end=\"32\"/></flags></feature>",
	       ":2:", "not between 0 and 31");
	REFUSE(FEATURE "<union id=\"u\"><field name=\"x\"/></union></feature>",
	       ":2:", "needs a type");
	REFUSE(FEATURE "<vector id=\"v\" type=\"v\" count=\"2\"/></feature>",
	       ":2:1", "unknown type \"v\"");
	REFUSE(FEATURE "<vector id=\"v\" type=\"int8\" "
		       "count=\"-1\"/></feature>",
	       ":2:1", "not a decimal number");
}

TEST(refuses_entities_and_encodings)
{
	static const char utf16[] = "\xff\xfe<\0f\0";

	REFUSE("<!DOCTYPE feature [<!ENTITY a \"aaaa\">]>\n<feature/>",
	       "64bit-segments.xml:1:", "entities");
	REFUSE("<!DOCTYPE feature SYSTEM \"x\">\n" FEATURE "&a;</feature>",
	       ":3:1", "entity &a;");
	REFUSE("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<feature/>",
	       "64bit-segments.xml:1:1", "\"ISO-8859-1\" is not supported");
	refuse(utf16, sizeof(utf16), "64bit-segments.xml:1:1", "not UTF-8");
	REFUSE(FEATURE "<!-- \xff\xff --></feature>", ":2:", "not well-formed");
	REFUSE("", "64bit-segments.xml:1:1", "no element found");
	REFUSE(FEATURE, "64bit-segments.xml:2:1", "no element found");
}

TEST(refuses_files_that_are_too_big_or_no_files)
{
	const size_t size = 1024 * 1024 + 1;
	const char *dir = fresh_dir();
	struct tdesc *t = NULL;
	struct err err = {0};
	char path[300], *big;

	big = malloc(size);
	CHECK(big);
	memset(big, ' ', size);
	put_file(dir, "64bit-segments.xml", big, size);
	free(big);
	CHECK(!tdesc_load(dir, &plain_cpu, &t, &err));
	CHECK_HAS(err.msg, "64bit-segments.xml");
	CHECK_HAS(err.msg, "more than 1048576 bytes");
	snprintf(path, sizeof(path), "%s/64bit-segments.xml", dir);
	unlink(path);
	CHECK(!mkfifo(path, 0600));
	CHECK(!tdesc_load(dir, &plain_cpu, &t, &err));
	remove_dir(dir);
	CHECK_HAS(err.msg, "not a regular file");
}
