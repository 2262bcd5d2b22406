/* Near matches: the names a mistyped word may have meant. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/buf.h"

#define TEXT_NEAR_MAX 5

/*
 * Offer every known name, then print the best few.  The offered strings must
 * live until the print.
 */
struct text_near {
	const char *word;
	const char *best[TEXT_NEAR_MAX];
	unsigned int cost[TEXT_NEAR_MAX]; /* ascending */
	unsigned int n;
};

void text_near_init(struct text_near *near, const char *word);
void text_near_offer(struct text_near *near, const char *name);
/* "avx, avx2"; nothing when no name was close. */
void text_near_print(const struct text_near *near, struct buf *out);

/*
 * Letters to insert, delete or replace to turn a into b; words longer than 63
 * letters count as far apart (~0u).
 */
unsigned int text_distance(const char *a, const char *b);

#endif
