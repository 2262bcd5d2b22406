#include "stub/core/wire.h"

#include "stub/core/compat.h"
#include "stub/core/elf.h"
#include "stub/core/format.h"
#include "tests/test.h"

static struct err err;

struct small {
	uint32_t n;
	bool flag;
	const char *text;
	uint64_t late;
};

static const struct wire_layout small_layout = {
	.name = "small",
	.size = sizeof(struct small),
	.field = (const struct wire_field[]){
		WIRE_U32(struct small, n, .max = 9),
		WIRE_FLAG(struct small, flag),
		WIRE_SKIP(3),
		WIRE_STR(struct small, text),
		WIRE_U64(struct small, late, .since = 2),
		{.kind = WIRE_END}}};

static struct wire_strings strings;
static struct buf bytes;

static void write_small(const struct small *s)
{
	buf_clear(&bytes);
	wire_put(&bytes, &small_layout, s, &strings);
}

TEST(numbers_are_little_endian)
{
	wire_put_number(&bytes, 0x0102030405060708, 8);
	wire_put_number(&bytes, 0xabcd, 2);
	CHECK_EQ(bytes.len, 10);
	CHECK(!memcmp(bytes.data, "\x08\x07\x06\x05\x04\x03\x02\x01\xcd\xab",
		      10));
	CHECK_EQ(wire_number(bytes.data, 8), 0x0102030405060708);
	buf_deinit(&bytes);
}

TEST(a_struct_goes_there_and_back)
{
	const struct small from = {7, true, "seven", 77};
	struct small to;

	write_small(&from);
	CHECK_EQ(bytes.len, wire_size(&small_layout, 2));
	CHECK_OK(wire_get(&small_layout, 2, bytes.data, &to, &strings, &err),
		 &err);
	CHECK_EQ(to.n, 7);
	CHECK(to.flag);
	CHECK_STR(to.text, "seven");
	CHECK_EQ(to.late, 77);
	buf_deinit(&bytes);
	wire_strings_deinit(&strings);
}

TEST(an_older_version_lacks_the_younger_field)
{
	const struct small from = {1, false, NULL, 5};
	struct small to;

	write_small(&from);
	CHECK_EQ(wire_version(&small_layout), 2);
	CHECK_EQ(wire_size(&small_layout, 1) + 8, wire_size(&small_layout, 2));
	CHECK_OK(wire_get(&small_layout, 1, bytes.data, &to, &strings, &err),
		 &err);
	CHECK_EQ(to.n, 1);
	CHECK_EQ(to.late, 0);
	CHECK(!to.text);
	buf_deinit(&bytes);
	wire_strings_deinit(&strings);
}

/* Change one byte and read: what does it say? */
static const char *broken(size_t at, uint8_t byte)
{
	const struct small from = {1, true, "x", 0};
	struct small to;

	write_small(&from);
	bytes.data[at] = (char)byte;
	CHECK(!wire_get(&small_layout, 2, bytes.data, &to, &strings, &err));
	return err.msg;
}

TEST(what_cannot_be_is_refused_by_name)
{
	CHECK_HAS(broken(0, 10), "n is 0xa");
	CHECK_HAS(broken(4, 2), "flag is 2");
	CHECK_HAS(broken(8, 9), "text is string 9, and there are only 1");
	buf_deinit(&bytes);
	wire_strings_deinit(&strings);
}

TEST(strings_are_kept_once)
{
	uint32_t first = wire_intern(&strings, "a");
	char name[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %d", i % 500);
		wire_intern(&strings, name);
	}
	CHECK_EQ(wire_intern(&strings, "a"), first);
	CHECK_EQ(strings.count, 501);
	CHECK_STR(wire_string(&strings, 500), "name 498");
	CHECK_EQ(wire_intern(&strings, NULL), 0);
	CHECK(!wire_string(&strings, 0) && !wire_string(&strings, 502));
	wire_strings_deinit(&strings);
}

TEST(strings_of_a_file_are_harmless)
{
	CHECK_OK(wire_strings_read(&strings, "\x1b[2Jx\n\0\0y", 10, &err),
		 &err);
	CHECK_EQ(strings.count, 3);
	CHECK_STR(wire_string(&strings, 1), "?[2Jx\n");
	CHECK_STR(wire_string(&strings, 2), "");
	CHECK_STR(wire_string(&strings, 3), "y");
	wire_strings_deinit(&strings);
	CHECK(!wire_strings_read(&strings, "abc", 3, &err));
	CHECK_HAS(err.msg, "does not end");
	wire_strings_deinit(&strings);
}

/* ---- the tables ---- */

static size_t alignment(const struct wire_field *f);

static size_t layout_alignment(const struct wire_layout *l)
{
	size_t most = 1;

	for (const struct wire_field *f = l->field; f->kind != WIRE_END; f++)
		if (alignment(f) > most)
			most = alignment(f);
	return most;
}

static size_t alignment(const struct wire_field *f)
{
	switch (f->kind) {
	case WIRE_NUMBER:
	case WIRE_STRING:
		return f->size;
	case WIRE_STRUCT:
		return layout_alignment(f->layout);
	default:
		return 1;
	}
}

/* Is every byte of the struct in a field, but for what the compiler pads? */
static void check_covers(const struct wire_layout *l)
{
	size_t end = 0, all = layout_alignment(l);

	for (const struct wire_field *f = l->field; f->kind != WIRE_END; f++) {
		size_t align = alignment(f), want = (end + align - 1) & -align;

		if (f->kind == WIRE_PAD)
			continue;
		if (f->offset != want)
			test_fail(__FILE__, __LINE__,
				  "%s: saved crashes miss the bytes %zu to %u, "
				  "before '%s': add a row to stub/core/",
				  l->name, want, f->offset, f->name);
		end = f->offset + (size_t)f->size * f->count;
		if (f->kind == WIRE_STRUCT)
			check_covers(f->layout);
	}
	if (((end + all - 1) & -all) != l->size)
		test_fail(__FILE__, __LINE__,
			  "%s: saved crashes miss the bytes %zu to %zu, its "
			  "last: add a row to stub/core/",
			  l->name, end, l->size);
}

TEST(every_byte_of_the_structs_is_saved)
{
	for (int i = 0; core_layouts[i]; i++)
		check_covers(core_layouts[i]);
}

TEST(other_tools_sizes)
{
	CHECK_EQ(wire_size(&elf64_ehdr_layout, 1), 64);
	CHECK_EQ(wire_size(&elf32_ehdr_layout, 1), 52);
	CHECK_EQ(wire_size(&elf64_phdr_layout, 1), 56);
	CHECK_EQ(wire_size(&elf32_phdr_layout, 1), 32);
	CHECK_EQ(wire_size(&elf64_shdr_layout, 1), 64);
	CHECK_EQ(wire_size(&elf32_shdr_layout, 1), 40);
	CHECK_EQ(wire_size(&prstatus_layout, 1), PRSTATUS64_BYTES);
	CHECK_EQ(wire_size(&prstatus32_layout, 1), PRSTATUS32_BYTES);
	CHECK_EQ(wire_size(&qemu_cpu_layout, 1), QEMU_CPU_OLD);
	CHECK_EQ(wire_size(&qemu_cpu_layout, 2), QEMU_CPU_BYTES);
}
