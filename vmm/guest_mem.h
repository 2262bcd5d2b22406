/*
 * Guest-physical memory: the only way host code touches guest RAM.
 *
 * Pure: no KVM here, so loaders and devices are tested and fuzzed without it.
 * vmm/slots.c tells KVM about the regions.  Every access is checked by
 * subtraction; nobody gets a pointer without its length.
 *
 * Layout made by guest_mem_init(): RAM from 0 up to min(size, 3 GiB), the PC
 * hole from 3 GiB to 4 GiB, the rest of RAM from 4 GiB.
 *
 * Threading: the region table is fixed after init.  Copies may race with
 * running vCPUs as any DMA does; callers copy first, then look.
 */
#ifndef VMM_GUEST_MEM_H
#define VMM_GUEST_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "arch/x86_state.h"
#include "base/err.h"

#define GUEST_MEM_MIN	UINT64_C(0x100000) /* 1 MiB */
#define GUEST_HOLE_BASE UINT64_C(0xc0000000)
#define GUEST_HOLE_END	UINT64_C(0x100000000)

struct guest_region {
	gpa_t base;
	uint64_t size; /* bytes, whole pages */
	uint8_t *host;
	const char *name;
	bool rom; /* the guest cannot write it */
};

struct guest_mem {
	struct guest_region region[4];
	unsigned int regions;
	uint64_t ram_size; /* bytes in all */
};

/* Reserve size bytes (rounded up to pages); nothing is touched yet. */
bool guest_mem_init(struct guest_mem *m, uint64_t size,
		    struct err *err) MUST_CHECK;
/* Memory that ends at 4 GiB; the guest only reads it, size is whole pages. */
bool guest_mem_add_rom(struct guest_mem *m, uint64_t size,
		       struct err *err) MUST_CHECK;
void guest_mem_deinit(struct guest_mem *m);

/* All or nothing.  Zero length is fine anywhere. */
bool guest_mem_read(const struct guest_mem *m, gpa_t gpa, void *buf, size_t len,
		    struct err *err) MUST_CHECK;
bool guest_mem_write(struct guest_mem *m, gpa_t gpa, const void *buf,
		     size_t len, struct err *err) MUST_CHECK;
bool guest_mem_fill(struct guest_mem *m, gpa_t gpa, uint8_t byte, size_t len,
		    struct err *err) MUST_CHECK;

/*
 * Host address of [gpa, gpa + len) when it lies whole in one region, else
 * NULL and *err.
 */
void *guest_mem_span(const struct guest_mem *m, gpa_t gpa, size_t len,
		     struct err *err);

/*
 * What is known of [gpa, gpa + len) without a look at it: from gpa on, *zero
 * bytes were never touched and are zero; *data bytes behind may be anything.
 */
void guest_mem_extent(const struct guest_mem *m, gpa_t gpa, uint64_t len,
		      uint64_t *zero, uint64_t *data);

/* Is every byte of [gpa, gpa + len) RAM? */
bool guest_mem_is_ram(const struct guest_mem *m, gpa_t gpa, uint64_t len);

/* Give the pages back: all RAM reads as zero again (reset). */
bool guest_mem_zero(struct guest_mem *m, struct err *err) MUST_CHECK;

#endif
