#include "base/wire.h"

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

/* The layout of that name, wherever in `in` it is used. */
static const struct wire_layout *find(const struct wire_layout *in,
				      const char *name)
{
	const struct wire_layout *found = NULL;

	if (!in || !strcmp(in->name, name))
		return in;
	for (const struct wire_field *f = in->field;
	     !found && f->kind != WIRE_END; f++)
		if (f->kind == WIRE_STRUCT)
			found = find(f->layout, name);
	return found;
}

static size_t alignment(const struct wire_layout *l)
{
	size_t most = 1, one;

	for (const struct wire_field *f = l->field; f->kind != WIRE_END; f++) {
		one = f->kind == WIRE_NUMBER || f->kind == WIRE_STRING ? f->size
		      : f->kind == WIRE_STRUCT ? alignment(f->layout)
					       : 1;
		if (one > most)
			most = one;
	}
	return most;
}

static void missing(const struct wire_layout *l, size_t at, const char *before)
{
	test_fail(__FILE__, __LINE__,
		  "struct %s: byte %zu, behind '%s', is not saved: its table "
		  "in stub/core/ lacks a row",
		  l->name, at, before);
}

/*
 * Is every byte in a field, or padding?  `members` is not 0 where the struct
 * has a member; without it, what alignment explains passes for padding.
 */
static void check_covers(const struct wire_layout *l, const uint8_t *members)
{
	const char *before = "its start";
	size_t end = 0, all = alignment(l);

	for (const struct wire_field *f = l->field;; f++) {
		size_t align = f->kind == WIRE_STRUCT ? alignment(f->layout)
			       : f->kind == WIRE_END  ? all
			       : f->kind == WIRE_BOOL ? 1
						      : f->size;
		size_t next = f->kind == WIRE_END ? l->size : f->offset;

		if (f->kind == WIRE_BYTES || f->kind == WIRE_CHARS)
			align = 1;
		for (size_t i = end; i < next; i++)
			if (members ? members[i]
				    : i >= ((end + align - 1) & -align))
				missing(l, i, before);
		if (f->kind == WIRE_END)
			return;
		end = f->offset + (size_t)f->size * f->count;
		before = f->name;
	}
}

static const struct wire_layout *layout_of(const char *name)
{
	const struct wire_layout *l = NULL;

	for (int i = 1; !l && i < CORE_NOTES; i++)
		l = find(core_notes[i].layout, name);
	if (!l)
		test_fail(__FILE__, __LINE__, "no table is for %s", name);
	return l;
}

/* gcc 12 gets it wrong for structs with arrays of structs: GAPS for those. */
#if defined(__has_builtin) && __has_builtin(__builtin_clear_padding)
#define COVERS(type)                                              \
	do {                                                      \
		struct type t_;                                   \
		memset(&t_, 0xff, sizeof(t_));                    \
		__builtin_clear_padding(&t_);                     \
		check_covers(layout_of(#type),                    \
			     (const uint8_t *)(const void *)&t_); \
	} while (0)
#else
#define COVERS(type) GAPS(type)
#endif
#define GAPS(type) check_covers(layout_of(#type), NULL)

TEST(every_byte_of_the_structs_is_saved)
{
	COVERS(core_machine);
	GAPS(core_vcpu);
	COVERS(target_region);
	COVERS(target_stop);
	GAPS(target_evidence);
	COVERS(exit_info);
	COVERS(core_msr);
	COVERS(target_stat);
	COVERS(core_exit_counts);
	COVERS(exit_record);
	COVERS(exit_counts);
	COVERS(target_kernel_trace);
	COVERS(target_kernel_event);
	COVERS(target_io_range);
	COVERS(target_device);
	COVERS(target_device_reg);
	COVERS(core_absent);
}

TEST(every_byte_of_archs_structs_is_saved)
{
	COVERS(x86_seg);
	COVERS(x86_dtable);
	COVERS(x86_fpu);
	COVERS(x86_msrs);
	COVERS(x86_events);
	GAPS(x86_state);
	COVERS(x86_cpu_info);
	COVERS(x86_cpuid_entry);
	COVERS(x86_lapic);
	COVERS(x86_pic);
	COVERS(x86_ioapic);
	COVERS(x86_pit_channel);
	GAPS(x86_pit);
	GAPS(x86_chips);
	COVERS(x86_clock);
	COVERS(x86_host);
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
