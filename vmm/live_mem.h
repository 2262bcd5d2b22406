/*
 * The memory half of the live target: ops of stub/target.h, for vmm/live.c's
 * table only.
 */
#ifndef VMM_LIVE_MEM_H
#define VMM_LIVE_MEM_H

#include "stub/target.h"

bool live_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
		    struct err *err);
bool live_write_phys(struct target *t, gpa_t gpa, const void *buf, size_t len,
		     struct err *err);
const void *live_span(struct target *t, gpa_t gpa, size_t len);
void live_extent(struct target *t, gpa_t gpa, uint64_t len, uint64_t *zero,
		 uint64_t *data);
bool live_region(struct target *t, unsigned int index,
		 struct target_region *region);

#endif
