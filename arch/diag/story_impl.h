/* Shared by the story_*.c files: one kind of death each. */
#ifndef ARCH_DIAG_STORY_IMPL_H
#define ARCH_DIAG_STORY_IMPL_H

#include "arch/diag/story.h"
#include "arch/msr_text.h"

void story_shutdown(const struct story_in *in, struct story_out *out);
void story_emulation(const struct story_in *in, struct story_out *out);
/* Suberrors 2, 3 and 4. */
void story_delivery(const struct story_in *in, struct story_out *out);
void story_entry(const struct story_in *in, struct story_out *out);
void story_errno(const struct story_in *in, struct story_out *out);

/* ---- accesses to MSRs ---- */

struct story_msr {
	uint32_t index;
	bool write, mc_bank; /* the second: of the machine-check banks */
	uint64_t value;
	char name[MSR_NAME_MAX];
};

/* Is the instruction at rip such an access? */
bool story_msr_find(const struct story_in *in, struct story_msr *a);
/* A line: does a correct host inject #GP for it? */
void story_msr_judge(const struct story_in *in, const struct story_msr *a,
		     struct buf *out);

/* ---- words they share ---- */

/* " at rip 0x1234 <name+4>" */
void story_at_rip(const struct story_in *in, struct buf *out);
void story_symbol(const struct story_in *in, gva_t addr, struct buf *out);

/* One piece of advice; what is there already is not said twice. */
void story_fix(struct story_out *out, const char *fmt, ...) PRINTF(2, 3);

/* Who answers gpa, appended; true when it is RAM. */
bool story_place(const struct story_in *in, gpa_t gpa, struct buf *out);

/*
 * A line (or a whole walk) about one address the instruction uses:
 *   "  operand 0xb8000 (write, 2 bytes): ..."
 */
void story_operand(const struct story_in *in, const struct decode_mem *m,
		   struct buf *out);

/* The walk of gva, entry by entry where the caller can, else a sentence. */
void story_walk(const struct story_in *in, gva_t gva, uint32_t access,
		struct buf *out);

/*
 * The checks of VM entry: their findings go to *out, the first violated one's
 * field and value, in one line, to `first` (empty when none is).  False: they
 * cannot be made here.
 */
bool story_checks(const struct story_in *in, struct buf *out, struct buf *first,
		  struct vmcs_tally *tally);

/*
 * Where did it come from?  Lines on registers that hold rip too, and on the
 * call behind the top of the stack.
 */
void story_caller(const struct story_in *in, struct buf *out);

#endif
