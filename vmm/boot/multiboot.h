/*
 * What Multiboot 1 and 2 share.  Inside load_multiboot1.c and
 * load_multiboot2.c only.  Sources: "Multiboot Specification version 0.6.96"
 * and "Multiboot2 Specification version 2.0".
 */
#ifndef VMM_MULTIBOOT_H
#define VMM_MULTIBOOT_H

#include "vmm/boot/loader.h"

/*
 * Offset of a header: `words` little-endian words at a multiple of `align`
 * within the first `limit` bytes, the first `magic`, their sum zero.
 */
bool multiboot_find(const struct boot_request *req, uint32_t magic,
		    unsigned int words, unsigned int align, size_t limit,
		    size_t *offset);

/* The address fields ("a.out kludge"): how to load a file that is no ELF. */
struct mb_address {
	uint32_t header, load, load_end, bss_end;
};

/* What goes where: filled by multiboot_plan_*(). */
struct mb_plan {
	bool is_elf;
	struct elf elf;
	size_t file_offset; /* address fields: start in the file */
	gpa_t base;	    /* lowest byte */
	uint64_t filesz;    /* address fields */
	uint64_t memsz;	    /* from base to the last byte */
	gpa_t entry;
};

/* From address fields; offset is the header's.  The entry is left alone. */
bool multiboot_plan_address(const struct boot_request *req, size_t offset,
			    const struct mb_address *a, struct mb_plan *plan,
			    struct err *err) MUST_CHECK;

/* From an ELF file; entry = physical address of e_entry. */
bool multiboot_plan_elf(const struct boot_request *req, struct mb_plan *plan,
			struct err *err) MUST_CHECK;

/* Load it, moved by `bias` bytes. */
bool multiboot_put(struct loader *l, const struct mb_plan *plan, uint64_t bias,
		   struct err *err) MUST_CHECK;

/* The memory below and above 1 MiB in KiB. */
uint32_t multiboot_mem_lower(void);
uint32_t multiboot_mem_upper(const struct guest_mem *mem);

/* The section header table, with symbol and string tables in memory. */
struct mb_sections {
	unsigned int num, entsize, shndx;
	struct buf headers; /* num * entsize bytes; empty when there are none */
};

/* Never fails: without room or with a broken table there are no sections. */
void multiboot_sections(struct loader *l, const struct mb_plan *plan,
			struct mb_sections *sec);

/* "image arguments", as boot loaders pass it. */
void put_cmdline(struct buf *b, const char *path, const char *args);
size_t cmdline_size(const char *path, const char *args);

#endif
