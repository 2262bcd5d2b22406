/* Between the files of arch/paging: what the modes look like. */
#ifndef ARCH_PAGING_IMPL_H
#define ARCH_PAGING_IMPL_H

#include "arch/paging/paging.h"

#define ENTRY_P	   BIT(0)
#define ENTRY_W	   BIT(1)
#define ENTRY_U	   BIT(2)
#define ENTRY_PWT  BIT(3)
#define ENTRY_PCD  BIT(4)
#define ENTRY_PS   BIT(7)
#define ENTRY_NX   BIT(63)
#define PAGE_SHIFT 12

struct paging_shape {
	int levels;
	unsigned int entry_size; /* bytes */
	unsigned int index_bits; /* of every level but the top one of PAE */
	unsigned int width;	 /* bits of a linear address */
};

extern const struct paging_shape paging_shapes[]; /* by enum paging_mode */

static inline unsigned int paging_shift(const struct paging_shape *shape,
					int level)
{
	return PAGE_SHIFT + (unsigned int)(level - 1) * shape->index_bits;
}

/* Sign-extended from the mode's width. */
static inline gva_t paging_canonical(const struct paging_shape *shape,
				     gva_t gva)
{
	unsigned int unused = 64 - shape->width;

	return (gva_t)((int64_t)(gva << unused) >> unused);
}

/* Where the top table lies. */
gpa_t paging_root(const struct paging *p);

/* Does this present entry map a page? */
bool paging_is_leaf(const struct paging *p, int level, uint64_t entry);

/* The table that an entry which is no leaf points to. */
gpa_t paging_next_table(const struct paging *p, uint64_t entry);

enum paging_right {
	RIGHT_W = 1 << 0,
	RIGHT_U = 1 << 1,
	RIGHT_X = 1 << 2,
	RIGHTS_ALL = RIGHT_W | RIGHT_U | RIGHT_X,
};

/* What this entry allows; ANDed over the levels it is what the page allows. */
unsigned int paging_rights(const struct paging *p, int level, uint64_t entry);

/* The page that a leaf maps. */
gpa_t paging_frame(const struct paging *p, int level, uint64_t entry);

#endif
