/*
 * One page-table entry in words: its bits by name, the memory type it selects,
 * and what each reserved bit in it hangs on.
 */
#ifndef ARCH_PAGING_ENTRY_H
#define ARCH_PAGING_ENTRY_H

#include "arch/paging/paging.h"
#include "base/buf.h"

/* Append "P RW US A D G NX"; address bits and ignored ones do not show. */
void entry_print_bits(const struct paging *p, int level, uint64_t entry,
		      struct buf *out);

/*
 * "WB", "UC-", ...: what a leaf selects of IA32_PAT (SDM Vol 3A, "Page
 * Attribute Table (PAT)").  The MTRRs, and under KVM the host, can make the
 * effective type another one.
 */
const char *entry_memory_type(const struct paging *p, int level, uint64_t entry,
			      uint64_t pat);

const char *page_size_name(uint64_t bytes); /* "4-KiB", ... */

/* What makes a bit reserved: change this, and the entry is good. */
enum entry_hinge {
	HINGE_NOTHING,	  /* reserved on every processor */
	HINGE_GBPAGES,	  /* CPUID 80000001.EDX[26] */
	HINGE_MAXPHYADDR, /* CPUID 80000008.EAX[7:0] */
	HINGE_VENDOR,	  /* AMD and Hygon reserve bit 8 of upper levels */
	HINGE_NXE,	  /* EFER.NXE */
	HINGE_ALIGNMENT,  /* address bits below the size of the page */
	HINGE_LEVEL,	  /* PS where no page has this size */
	ENTRY_HINGES,
};

struct entry_fault {
	enum entry_hinge hinge;
	uint64_t bits;
};

/* The reserved bits of a step, sorted by reason; how many reasons. */
unsigned int entry_faults(const struct paging *p, const struct walk_step *step,
			  struct entry_fault faults[static ENTRY_HINGES]);

/* Append "PDPTE.PS=1 but guest CPUID 80000001.EDX[26] (pdpe1gb)=0". */
void entry_fault_print(const struct paging *p, const struct walk_step *step,
		       const struct entry_fault *fault, struct buf *out);

#endif
