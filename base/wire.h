/*
 * Structs as bytes, by field tables: one table a struct, walked in both
 * directions, so that what is written and what is read cannot disagree.  Saved
 * crashes (stub/core/format.h) and the state of devices (vmm/dev/device.h) are
 * made of it.
 *
 * Everything is little-endian, every width stands in the table, and nothing is
 * aligned.  A number that is narrower in memory than in the file is checked
 * when it is read, as are limits (`max`): what came through wire_get() can be
 * used as an index or a switch.  Strings are interned (struct wire_strings).
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum wire_kind {
	WIRE_NUMBER, /* size bytes in memory, width in the file */
	WIRE_BOOL,   /* one byte, 0 or 1 */
	WIRE_BYTES,  /* as they are */
	WIRE_CHARS,  /* char[size], NUL-terminated, printable */
	WIRE_STRING, /* const char *; 32 bits in the file, 0 = NULL */
	WIRE_STRUCT,
	WIRE_PAD, /* zeroes in the file, nothing in memory */
	WIRE_END,
};

struct wire_field {
	enum wire_kind kind;
	const char *name;
	uint32_t offset; /* in the struct */
	uint32_t size;	 /* of one element there, bytes */
	uint32_t width;	 /* of one element in the file, bytes */
	uint32_t count;	 /* elements, one after the other in both */
	uint32_t since;	 /* format version that brought it; 0 = the first */
	uint64_t max;	 /* NUMBER: largest value that is valid; 0 = any */
	bool needed;	 /* STRING: is never NULL */
	const struct wire_layout *layout; /* STRUCT */
};

struct wire_layout {
	const char *name;
	size_t size;			/* of the struct */
	const struct wire_field *field; /* ended by WIRE_END */
};

/* ---- what tables are made of ---- */

#define WIRE_AT_(type, f) \
	.name = #f, .offset = offsetof(type, f), .size = sizeof(((type *)0)->f)

/* A number of `bytes` bytes in memory and in the file. */
#define WIRE_NUM_(type, f, bytes, ...)                                        \
	{                                                                     \
		.kind = WIRE_NUMBER, WIRE_AT_(type, f), .width = (bytes),     \
		.count = 1 / (sizeof(((type *)0)->f) == (bytes)), __VA_ARGS__ \
	}
#define WIRE_U8(type, f, ...)	 WIRE_NUM_(type, f, 1, __VA_ARGS__)
#define WIRE_U16(type, f, ...)	 WIRE_NUM_(type, f, 2, __VA_ARGS__)
#define WIRE_U32(type, f, ...)	 WIRE_NUM_(type, f, 4, __VA_ARGS__)
#define WIRE_U64(type, f, ...)	 WIRE_NUM_(type, f, 8, __VA_ARGS__)
/* An enum whose last value is `last`. */
#define WIRE_ENUM(type, f, last) WIRE_NUM_(type, f, 4, .max = (last))
/* A number of any width in memory, `bytes` bytes in the file. */
#define WIRE_AS(type, f, bytes)                                           \
	{                                                                 \
		.kind = WIRE_NUMBER, WIRE_AT_(type, f), .width = (bytes), \
		.count = 1                                                \
	}
/* An array of numbers of `bytes` bytes. */
#define WIRE_ARRAY(type, f, bytes)                                            \
	{                                                                     \
		.kind = WIRE_NUMBER, .name = #f, .offset = offsetof(type, f), \
		.size = (bytes), .width = (bytes),                            \
		.count = sizeof(((type *)0)->f) / (bytes)                     \
	}
#define WIRE_FLAG(type, f, ...)                                        \
	{                                                              \
		.kind = WIRE_BOOL, WIRE_AT_(type, f), .width = 1,      \
		.count = 1 / (sizeof(((type *)0)->f) == sizeof(bool)), \
		__VA_ARGS__                                            \
	}
#define WIRE_RAW(type, f)                                   \
	{                                                   \
		.kind = WIRE_BYTES, WIRE_AT_(type, f),      \
		.width = sizeof(((type *)0)->f), .count = 1 \
	}
#define WIRE_TEXT(type, f)                                  \
	{                                                   \
		.kind = WIRE_CHARS, WIRE_AT_(type, f),      \
		.width = sizeof(((type *)0)->f), .count = 1 \
	}
#define WIRE_STR(type, f, ...)                                      \
	{                                                           \
		.kind = WIRE_STRING, WIRE_AT_(type, f), .width = 4, \
		.count = 1, __VA_ARGS__                             \
	}
#define WIRE_NAME(type, f) WIRE_STR(type, f, .needed = true)
/* One struct, or an array of `n`. */
#define WIRE_SUB(type, f, n, sub)                                             \
	{                                                                     \
		.kind = WIRE_STRUCT, .name = #f, .offset = offsetof(type, f), \
		.size = sizeof(((type *)0)->f) / (n), .count = (n),           \
		.layout = (sub)                                               \
	}
#define WIRE_SKIP(bytes)                                       \
	{                                                      \
		.kind = WIRE_PAD, .width = (bytes), .count = 1 \
	}

/* ---- strings ---- */

/*
 * Every distinct string once.  Numbers begin at 1; 0 is NULL.  A zeroed struct
 * is an empty table.
 */
struct wire_strings {
	struct buf text;  /* each with its NUL, one after the other */
	uint32_t count;	  /* strings */
	uint32_t *offset; /* [count], into text */
	uint32_t *slot;	  /* hash table of numbers, 0 = free */
	uint32_t slots;	  /* a power of two, or 0 */
	uint32_t room;	  /* of offset[] */
	bool failed;	  /* out of memory: the numbers are wrong */
};

void wire_strings_deinit(struct wire_strings *s);
/* The number of this string (0 for NULL), new or old. */
uint32_t wire_intern(struct wire_strings *s, const char *text);
/* The string of a number; NULL for 0 and for numbers that do not exist. */
const char *wire_string(const struct wire_strings *s, uint32_t number);
/*
 * Take the table from a file's bytes.  What is not printable, newline or tab
 * becomes '?': no saved crash sends escape codes to a terminal.
 */
bool wire_strings_read(struct wire_strings *s, const void *data, size_t len,
		       struct err *err) MUST_CHECK;

/* ---- walking a table ---- */

/* Append the struct at `from`. */
void wire_put(struct buf *out, const struct wire_layout *layout,
	      const void *from, struct wire_strings *strings);

/* The format version a reader must know: the youngest field's, at least 1. */
uint32_t wire_version(const struct wire_layout *layout);

/* Bytes that the struct takes in a file of this version. */
size_t wire_size(const struct wire_layout *layout, uint32_t version);

/*
 * Fill *to from wire_size() bytes.  Fields younger than `version` become 0.
 * strings may be NULL when the layout has none.  The error names the field.
 */
bool wire_get(const struct wire_layout *layout, uint32_t version,
	      const void *data, void *to, const struct wire_strings *strings,
	      struct err *err) MUST_CHECK;

/* Single numbers, for headers. */
void wire_put_number(struct buf *out, uint64_t value, unsigned int width);
uint64_t wire_number(const void *data, unsigned int width);

#endif
