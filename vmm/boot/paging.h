/*
 * 4-level page tables for images entered in 64-bit mode: the first 4 GiB
 * identity-mapped with 2 MiB pages (1 GiB pages are not everywhere), and
 * ranges of the image's own with 4 KiB pages.  All are writable, executable
 * and for the supervisor only.
 */
#ifndef VMM_BOOT_PAGING_H
#define VMM_BOOT_PAGING_H

#include "vmm/boot/place.h"

struct boot_map {
	gva_t vaddr;
	gpa_t paddr; /* the same offset in its page as vaddr */
	uint64_t len;
};

/* Later maps win over earlier ones and all win over the identity. */
bool boot_page_tables(struct guest_mem *mem, struct place *place,
		      const struct boot_map *map, unsigned int maps, gpa_t *cr3,
		      struct err *err) MUST_CHECK;

#endif
