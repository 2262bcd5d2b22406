/*
 * KVM memory slots over struct guest_mem, with page protection.
 *
 * A protected page gets a slot of its own (read-only: writes become MMIO
 * exits) or none (reads and writes do), and its region is cut around it.  That
 * is how watchpoints work where debug registers do not fire, and how more than
 * four of them work anywhere.
 *
 * Threading: the server thread, with every vCPU parked (KVM drops all mappings
 * of a slot that changes).  slots_protection() may be read by vCPU threads.
 */
#ifndef VMM_SLOTS_H
#define VMM_SLOTS_H

#include "vmm/guest_mem.h"

enum page_protection {
	PAGE_OPEN,
	PAGE_READ_ONLY, /* writes exit */
	PAGE_HOLE,	/* reads and writes exit; no code fetch from it */
};

#define SLOTS_MAX_PROTECTED 64

struct protected_page {
	gpa_t gpa; /* page base */
	enum page_protection protection;
};

struct slots {
	int vm_fd;
	struct guest_mem *mem;
	unsigned int in_use; /* KVM slot numbers 0..in_use-1 are set */
	struct protected_page page[SLOTS_MAX_PROTECTED]; /* ordered by gpa */
	unsigned int pages;
};

/* Map all RAM, no protection. */
bool slots_init(struct slots *s, int vm_fd, struct guest_mem *mem,
		struct err *err) MUST_CHECK;

/* Change one page; PAGE_OPEN takes the protection away. */
bool slots_protect(struct slots *s, gpa_t page, enum page_protection protection,
		   struct err *err) MUST_CHECK;

enum page_protection slots_protection(const struct slots *s, gpa_t gpa);

/* Tell KVM the layout with (or, for a moment, without) the protections. */
bool slots_apply(struct slots *s, bool protect, struct err *err) MUST_CHECK;

#endif
