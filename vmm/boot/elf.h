/*
 * A reader of little-endian x86 ELF files (System V gABI; x86-64 psABI).
 * Everything in the file is checked when it is asked for; an error names the
 * file, the field and its value.  Nothing is allocated.
 */
#ifndef VMM_ELF_H
#define VMM_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct elf {
	const char *name; /* for messages */
	const uint8_t *data;
	size_t size;
	bool is64;
	uint64_t entry;
	uint64_t phoff, shoff;
	unsigned int phnum, phentsize;
	unsigned int shnum, shentsize, shstrndx;
};

struct elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_section {
	uint32_t type, link;
	uint64_t flags, addr, offset, size, entsize;
};

struct elf_note {
	uint32_t type;
	const char *name; /* namesz bytes, not terminated */
	uint32_t namesz;
	const uint8_t *desc;
	uint32_t descsz;
};

/* Does it start with ELF's magic number? */
bool elf_is(const void *data, size_t size);

/*
 * Check the header.  Accepts executables and shared objects for i386 (32-bit)
 * and x86-64 (32- or 64-bit).  The data outlives *e.
 */
bool elf_open(struct elf *e, const char *name, const void *data, size_t size,
	      struct err *err) MUST_CHECK;

/* Program header i < phnum.  PT_LOAD and PT_NOTE lie within the file. */
bool elf_segment(const struct elf *e, unsigned int i, struct elf_segment *seg,
		 struct err *err) MUST_CHECK;

/* Section header i < shnum.  The contents are not checked. */
bool elf_section(const struct elf *e, unsigned int i, struct elf_section *sec,
		 struct err *err) MUST_CHECK;

/*
 * The first note of this type and owner, e.g. "Xen".  note->desc is NULL when
 * there is none; false means that the file is malformed.
 */
bool elf_find_note(const struct elf *e, const char *owner, uint32_t type,
		   struct elf_note *note, struct err *err) MUST_CHECK;

#endif
