/*
 * By how much Linux was moved from where it was linked (KASLR): registers and
 * gates that hold the address of a function whose name is known, or
 * VMCOREINFO.
 */
#ifndef STUB_LINUX_SLIDE_H
#define STUB_LINUX_SLIDE_H

#include "stub/target.h"

#define SLIDE_CLUES 6

struct slide_clue {
	const char *where, *symbol; /* "MSR_LSTAR", "entry_SYSCALL_64" */
	uint64_t addr, slide;
};

/*
 * What speaks for a slide that Linux could have chosen, on this vCPU; returns
 * how many.  With `scan`, and when nothing else is there, memory is looked
 * through for VMCOREINFO.
 */
unsigned int slide_clues(struct target *t, unsigned int vcpu, bool scan,
			 struct slide_clue clue[SLIDE_CLUES]);

/* How many agree with the i-th. */
unsigned int slide_votes(const struct slide_clue *clue, unsigned int n,
			 unsigned int i);

/* The one that most agree with; n is not 0. */
unsigned int slide_best(const struct slide_clue *clue, unsigned int n);

#endif
