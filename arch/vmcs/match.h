/* Does a line of the layout stand here in a text? */
#ifndef ARCH_VMCS_MATCH_H
#define ARCH_VMCS_MATCH_H

#include "arch/vmcs/layout.h"

enum vmcs_match_result {
	VMCS_MATCH_NO,
	VMCS_MATCH_TORN, /* it begins so, but goes on otherwise: see why */
	VMCS_MATCH_YES,
};

struct vmcs_match {
	const char *end;			   /* behind it, when YES */
	struct vmcs_value value[VMCS_LINE_FIELDS]; /* when YES */
	char why[96];				   /* when TORN */
};

/*
 * Match at p in a text that ends at `end`.  Where the line has a blank, the
 * text may go on in its next line: mail programs wrap listings.
 */
enum vmcs_match_result vmcs_match(const struct vmcs_line *l, const char *p,
				  const char *end, struct vmcs_match *m);

/* Characters of the line's own text, blanks and values left out. */
unsigned int vmcs_match_weight(const struct vmcs_line *l);

#endif
