/*
 * Who called: return addresses on the stack of a processor in 64-bit kernel
 * mode, found without debugging information.
 *
 * With frame pointers the chain is followed.  Without them, the stack is
 * looked through for addresses of executable memory behind a call; those may be
 * left from earlier calls, so they are told as what lies there.  Pure, bounded.
 */
#ifndef ARCH_DIAG_CALLERS_H
#define ARCH_DIAG_CALLERS_H

#include "arch/show/show.h"

#define CALLERS_MAX 8

struct callers {
	unsigned int n;
	bool chained; /* by frame pointers */
	gva_t at[CALLERS_MAX];
};

void callers_find(const struct x86_view *v, struct callers *c);

/* "called from <f+8> <g+64>", without newline; nothing when there are none. */
void callers_print(struct buf *out, const struct callers *c,
		   const struct show_names *names);

#endif
