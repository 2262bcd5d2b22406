/*
 * The Multiboot 2 boot information ("Boot information format" of the
 * specification).  Inside load_multiboot2.c only.
 */
#ifndef VMM_MULTIBOOT2_INFO_H
#define VMM_MULTIBOOT2_INFO_H

#include "vmm/boot/multiboot.h"

#define MB2_LAST_TYPE 21 /* the last that the specification defines */
#define MB2_MAX_E820  8

struct mb2_info {
	const struct loader *l;
	struct loaded_module mod[BOOT_MAX_MODULES + 1];
	unsigned int mods;
	struct mb_sections sec;
	bool relocated;
	gpa_t load_base;
};

/* A struct loader_blob's compose(); ctx is a struct mb2_info. */
void mb2_compose(const void *ctx, gpa_t base, struct buf *out);

#endif
