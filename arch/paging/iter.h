/*
 * The linear address space of a set of page tables, in order, as runs: pages
 * that follow each other, gaps where nothing is present, and holes where a
 * table should be but no memory is.
 *
 * Whole table pages are read at once, so a million leaves cost little more
 * than copying their tables.  Hostile tables cannot make it long: tables that
 * only repeat one page are taken as one run however many levels of them there
 * are, and after ITER_TABLES tables it ends and says where (paging_iter.cut).
 *
 * It follows entries as a debugger wants it, reserved bits and rights
 * notwithstanding; each run tells of them.
 */
#ifndef ARCH_PAGING_ITER_H
#define ARCH_PAGING_ITER_H

#include "arch/paging/paging.h"

#define ITER_TABLES (1u << 15)

enum run_kind {
	RUN_PAGES,
	RUN_GAP,
	RUN_NO_TABLE, /* gpa is where the missing table would be */
};

struct paging_run {
	enum run_kind kind;
	gva_t start, last; /* canonical, both included */
	int level;	   /* of the entries */
	uint64_t entry;	   /* the first one; the others have the same flags */
	gpa_t entry_gpa;   /* where the first one lies */
	gpa_t gpa;	   /* RUN_PAGES: what start is mapped to */
	uint64_t page_size;
	bool repeats; /* every page of the run is mapped to gpa, not in a row */
	bool writable, user, executable; /* ANDed over the levels */
	/* A bit is set, here or above, that the rules reserve */
	bool reserved;	     /* ... of the paging itself */
	bool other_reserved; /* ... of paging_iter_compare() */
};

struct iter_table {
	unsigned int shift, count;
	uint64_t frame; /* address bits of a page's entry; 0: ask */
	uint64_t leaf_reserved, leaf_other; /* bits no page's entry may have */
	gpa_t gpa;
	bool loaded;
	unsigned int rights; /* ANDed down to here */
	bool reserved, other_reserved;
};

/* Callers own it, look at cut and tables, and may lower the limit. */
struct paging_iter {
	const struct paging *p;
	const struct phys_reader *mem;
	bool has_other;
	struct paging other;
	gva_t at, last; /* inside the width of the mode, not sign-extended */
	bool done;
	bool cut;	     /* the limit ended it before the range did */
	unsigned int tables; /* page-table pages gone through */
	unsigned int limit;  /* of them; ITER_TABLES */
	int level;
	struct iter_table table[6]; /* by level */
	uint64_t entry[5 * 512];
};

/* Runs that touch [first, last]; *p and *mem stay the caller's. */
void paging_iter_init(struct paging_iter *it, const struct paging *p,
		      const struct phys_reader *mem, gva_t first, gva_t last);

/* Tell in other_reserved what another CPU would refuse. */
void paging_iter_compare(struct paging_iter *it,
			 const struct x86_cpu_info *other);

/*
 * The next run, cut to whole pages that touch the range.  False at the end.
 * Without paging there is one run, of 2^32 bytes or what of them was asked.
 */
bool paging_iter_next(struct paging_iter *it, struct paging_run *run);

/* Where it stands: the first address no run has been about. */
gva_t paging_iter_at(const struct paging_iter *it);

#endif
