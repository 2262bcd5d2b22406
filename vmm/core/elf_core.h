/*
 * An ELF core file of a machine, as a reader sees it: physical memory and
 * notes.  Ours, QEMU's dump-guest-memory (with and without -p, 32 and 64 bits)
 * and Linux's /proc/vmcore are all of that kind.
 *
 * Nothing in the file is believed: every offset is checked against its size,
 * an error names the header, segment or note and what is wrong with it, and a
 * file that shrinks while it is open gives errors too (pread, no mapping).
 */
#ifndef VMM_CORE_ELF_CORE_H
#define VMM_CORE_ELF_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_state.h"
#include "base/err.h"

struct core_load { /* a piece of physical memory that is in the file */
	gpa_t start;
	uint64_t size, offset;
	unsigned int segment; /* program header, for messages */
};

struct core_raw_note {
	const char *owner; /* NUL-terminated */
	uint32_t type;
	const uint8_t *desc;
	size_t len;
	uint64_t offset; /* of the note in the file, for messages */
};

struct note_segment {
	uint8_t *data;
	uint64_t offset, size;
};

struct elf_core {
	const char *name; /* for messages; the caller's */
	int fd;
	uint64_t size;
	bool is64, x86_64;	/* e_machine is x86-64, not i386 */
	struct core_load *load; /* by start; none overlap */
	unsigned int loads;
	struct note_segment *notes;
	unsigned int note_segments;
};

/* Takes fd over, also on failure.  name outlives *e. */
bool elf_core_open(struct elf_core *e, int fd, const char *name,
		   struct err *err) MUST_CHECK;
void elf_core_close(struct elf_core *e);

/* All or nothing. */
bool elf_core_read(const struct elf_core *e, gpa_t gpa, void *buf, size_t len,
		   struct err *err) MUST_CHECK;

/* Is every byte of [gpa, gpa + size) in the file? */
bool elf_core_has(const struct elf_core *e, gpa_t gpa, uint64_t size);

/* Holes of the file, as target_ops.extent. */
void elf_core_extent(const struct elf_core *e, gpa_t gpa, uint64_t len,
		     uint64_t *zero, uint64_t *data);

/*
 * The next note; start with a zeroed iterator.  False at the end.
 * elf_core_open() has checked that all lie within their segments.
 */
struct core_note_iter {
	unsigned int segment;
	uint64_t pos;
};
bool elf_core_note(const struct elf_core *e, struct core_note_iter *it,
		   struct core_raw_note *note);

#endif
