/*
 * A page walk told entry by entry, in the words of KVM's kvm_mmu_* tracepoints
 * (arch/x86/kvm/mmu/mmutrace.h), with what each entry means and, at the end,
 * one sentence that says what to do.
 */
#ifndef ARCH_PAGING_EXPLAIN_H
#define ARCH_PAGING_EXPLAIN_H

#include "arch/paging/paging.h"
#include "base/buf.h"

/*
 * By what else the same tables may be walked.  KVM's software walk goes by the
 * guest's CPUID and what KVM supports; a processor with two-dimensional paging
 * (EPT, NPT) walks by its own.
 */
struct walk_rules {
	const struct paging *guest;
	const struct x86_cpu_info *supported; /* by KVM here; NULL: not known */
	const struct x86_cpu_info *host;      /* NULL: not known */
	int two_dimensional; /* 1 the processor walks, 0 KVM, -1 not known */
	bool has_pat;
	uint64_t pat; /* IA32_PAT */
};

/* Walk by the guest's rules, append the story and fill *w. */
void walk_tell(const struct walk_rules *rules, const struct phys_reader *mem,
	       gva_t gva, uint32_t access, struct walk *w, struct buf *out);

/*
 * The closing sentence for a walk that failed; for one that did not, what it
 * reached, up to the physical address: "supervisor read reaches physical 0x...".
 */
void walk_advise(const struct walk_rules *rules, const struct walk *w,
		 struct buf *out);

/*
 * Has an entry of the walk bits that one CPU may take and another refuse?  If
 * not, the rules need no CPUIDs but the guest's.
 */
bool walk_hangs_on_cpuid(const struct paging *p, const struct walk *w);

/* Append KVM's flags of an error code: "P|W|U". */
void pfec_print(uint32_t pfec, struct buf *out);

#endif
