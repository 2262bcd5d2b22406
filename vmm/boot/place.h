/*
 * Who occupies which guest memory while an image is loaded: claims that must
 * not overlap, and room found for what the loader adds (modules, boot
 * information, page tables).
 */
#ifndef VMM_PLACE_H
#define VMM_PLACE_H

#include "vmm/guest_mem.h"

#define PLACE_MAX 512

struct place_range {
	gpa_t base;
	uint64_t len;
	const char *what; /* for messages; a literal or outlives the place */
};

struct place {
	const struct guest_mem *mem;
	unsigned int n;
	struct place_range used[PLACE_MAX];
};

void place_init(struct place *p, const struct guest_mem *mem);

/*
 * Take exactly these bytes.  Fails when they are not RAM or somebody else has
 * some of them; the message names both.
 */
bool place_claim(struct place *p, gpa_t base, uint64_t len, const char *what,
		 struct err *err) MUST_CHECK;

/* Where a search starts. */
enum place_order {
	PLACE_TOP_DOWN,
	PLACE_BOTTOM_UP,
};

/* What to look for: size bytes inside [min, max), align a power of two. */
struct place_want {
	const char *what;
	uint64_t size, align;
	gpa_t min, max;
	enum place_order order;
};

/* Find room and claim it. */
bool place_find(struct place *p, const struct place_want *want, gpa_t *at,
		struct err *err) MUST_CHECK;
/* Find room, for somebody who claims it piece by piece. */
bool place_search(const struct place *p, const struct place_want *want,
		  gpa_t *at, struct err *err) MUST_CHECK;

/*
 * Room for small boot structures: low memory outside page 0 and outside
 * 0x4000-0xdfff, where guests that start other CPUs or return to real mode
 * put their own code before they have read ours.
 */
bool place_info(struct place *p, const char *what, uint64_t size,
		uint64_t align, gpa_t *at, struct err *err) MUST_CHECK;

/* End of RAM below the PC hole. */
gpa_t place_low_end(const struct place *p);

#endif
