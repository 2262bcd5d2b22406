/*
 * Words of a monitor command line, and what may stand in them.  Every error
 * names the offending word, with unprintable bytes shown as '?'.
 */
#ifndef STUB_MON_ARGS_H
#define STUB_MON_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MON_LINE_MAX 4096 /* bytes */
#define MON_WORDS    64

struct mon_words {
	int n;
	const char *word[MON_WORDS];
	uint64_t quoted; /* bit i: word[i] began with a quote */
	char text[MON_LINE_MAX + MON_WORDS]; /* where word[] points */
};

/*
 * Split at blanks.  "..." and '...' keep blanks; in "..." a backslash takes
 * the next byte as it is.
 */
bool mon_split(const char *line, struct mon_words *w,
	       struct err *err) MUST_CHECK;

/*
 * Make "x/4xb" at word[i] two words, "x" and "/4xb", as QEMU and gdb take it.
 * Other words stay as they are.
 */
bool mon_split_format(struct mon_words *w, int i, struct err *err) MUST_CHECK;

/* Copy for a message: printable, cut with "..." when it does not fit. */
const char *mon_printable(char *to, size_t size, const char *word);

/* 0x1f (or 0X1F) or decimal, the whole word, 64 bits. */
bool mon_number(const char *word, uint64_t *value, struct err *err) MUST_CHECK;

/* A number that may end in K, M, G or T (powers of 1024). */
bool mon_size(const char *word, uint64_t *bytes, struct err *err) MUST_CHECK;

/* A number below `count`; `what` names the thing: "vCPU". */
bool mon_index(const char *word, const char *what, unsigned int count,
	       unsigned int *index, struct err *err) MUST_CHECK;

#endif
