/*
 * What a set of page tables maps, as text: our own merged list, and the two of
 * QEMU's monitor (hmp-commands-info.hx, "info mem" and "info tlb").
 */
#ifndef ARCH_PAGING_MAPS_H
#define ARCH_PAGING_MAPS_H

#include "arch/paging/iter.h"
#include "base/buf.h"

struct maps_options {
	unsigned int max_lines;
	bool has_pat;
	uint64_t pat; /* IA32_PAT */
	bool split;   /* a line for each piece that is one in physical memory */
	/*
	 * Is gpa in RAM?  *same is how many bytes from there on have the same
	 * owner.  With a buffer, append who it is.  NULL: all is RAM.
	 */
	bool (*owner)(void *ctx, gpa_t gpa, uint64_t *same, struct buf *name);
	void *ctx;
};

/* Where a listing ended before its range did. */
struct maps_end {
	bool cut;
	gva_t at;	 /* the first address it has not told about */
	const char *why; /* "after 5000 lines" */
};

/*
 *	0x0000000000100000-0x00000000001fffff rwx-  256 x 4K  WB gAD -> 0x100000
 *
 * Adjacent pages of the same rights, size, memory type and protection key make
 * one line.  G, A, D: all its pages are global, accessed, dirty; g, a, d: some
 * are.  Ends with a line of totals.
 */
void maps_print(struct paging_iter *it, const struct maps_options *o,
		struct buf *out, struct maps_end *end);

/* A piece of the list above: "0x...-0x... rwx-  256 x 4K", for other lists. */
void maps_print_run(const struct paging_iter *it, const struct paging_run *run,
		    struct buf *out);

/* "start-end size urw", the end excluded; QEMU prints nothing under LA57. */
void maps_print_qemu_mem(struct paging_iter *it, unsigned int max_lines,
			 struct buf *out, struct maps_end *end);

/* "linear: physical XGPDACTUW", one line a page. */
void maps_print_qemu_tlb(struct paging_iter *it, unsigned int max_lines,
			 struct buf *out, struct maps_end *end);

/*
 * As Linux' /proc/PID/maps, for clients that know that list (proc(5)): adjacent
 * pages of the same rights make one line, "[user]" or "[kernel]" is its name.
 */
void maps_print_proc(struct paging_iter *it, unsigned int max_lines,
		     struct buf *out);

#endif
