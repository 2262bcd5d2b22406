/*
 * What lies where in a core file: the head, the notes, and guest memory, each
 * piece of it once.  Program headers name that memory by physical address, or
 * also by the linear addresses of one vCPU, which is what debuggers without
 * page walks read (as QEMU's dump-guest-memory -p).
 */
#ifndef STUB_CORE_PLAN_H
#define STUB_CORE_PLAN_H

#include "arch/x86_state.h"
#include "base/buf.h"
#include "base/err.h"

struct target;

/* PT_LOADs; the count in the ELF header has 16 bits, and one is PT_NOTE's. */
#define CORE_LOADS_MAX 0xfff0

struct core_piece {
	gpa_t start;
	uint64_t size, offset;
};

struct core_load_plan {
	gva_t vaddr;
	gpa_t paddr;
	uint64_t size;
};

struct core_plan {
	struct core_piece *piece;
	unsigned int pieces;
	struct core_load_plan *load;
	unsigned int loads, room;
	uint64_t memory;	 /* bytes of guest memory */
	uint64_t notes_at, size; /* after core_plan_place() */
	bool cut; /* linear addresses from `cut_at` on have no PT_LOAD */
	gva_t cut_at;
};

/* By physical address.  A zeroed struct needs no deinit. */
bool core_plan_init(struct core_plan *p, struct target *t,
		    struct err *err) MUST_CHECK;
void core_plan_deinit(struct core_plan *p);

/*
 * By the linear addresses of this vCPU instead; memory that it does not map
 * has addresses that no processor can form: bit 63 of the physical ones.
 */
bool core_plan_linear(struct core_plan *p, struct target *t, unsigned int vcpu,
		      struct err *err) MUST_CHECK;

/* Give places to the notes, with this much room, and the memory behind. */
void core_plan_place(struct core_plan *p, uint64_t notes);

/* Append the ELF header and program headers; the notes have this size. */
void core_plan_put_head(const struct core_plan *p, uint64_t notes,
			struct buf *out);

#endif
