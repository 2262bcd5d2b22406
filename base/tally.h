/*
 * Counting by name: how often has each text been seen?  For histograms whose
 * lines are not known in advance; any number of them.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_line {
	char *text;   /* owned */
	uint64_t tag; /* of the first that had this text */
	uint64_t count;
};

struct tally {
	struct tally_line *line;
	size_t lines;
	uint64_t total; /* of all counts, failed ones too */
	bool failed;	/* no memory: some are missing */

	uint32_t *slot; /* hash table of line numbers + 1, 0 = free */
	size_t slots;	/* a power of two */
};

#define TALLY_INIT \
	{          \
		0  \
	}

void tally_deinit(struct tally *t);

/* The same text is the same line, whatever its tag. */
void tally_add(struct tally *t, const char *text, uint64_t tag, uint64_t count);

/* Largest count first, equal ones by text; no more tally_add() after this. */
void tally_sort(struct tally *t);

#endif
