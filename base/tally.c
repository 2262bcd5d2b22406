#include "base/tally.h"

#include <stdlib.h>
#include <string.h>

void tally_deinit(struct tally *t)
{
	for (size_t i = 0; i < t->lines; i++)
		free(t->line[i].text);
	free(t->line);
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

/* FNV-1a */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* Where the text is, or the free slot where it belongs; not full. */
static uint32_t *find(const struct tally *t, const char *text)
{
	size_t at = hash(text) & (t->slots - 1);

	while (t->slot[at] && strcmp(t->line[t->slot[at] - 1].text, text) != 0)
		at = (at + 1) & (t->slots - 1);
	return &t->slot[at];
}

/* Twice the room; lines fill half of the slots at most. */
static bool grow(struct tally *t)
{
	size_t slots = t->slots ? 2 * t->slots : 64;
	struct tally_line *line;

	line = realloc(t->line, slots / 2 * sizeof(*line));
	if (!line)
		return false;
	t->line = line;
	free(t->slot);
	t->slot = calloc(slots, sizeof(*t->slot));
	t->slots = t->slot ? slots : 0;
	for (size_t i = 0; i < t->lines && t->slot; i++)
		*find(t, t->line[i].text) = (uint32_t)i + 1;
	return t->slot;
}

void tally_add(struct tally *t, const char *text, uint64_t tag, uint64_t count)
{
	uint32_t *slot;
	char *copy;

	t->total += count;
	if (t->failed || (t->lines >= t->slots / 2 && !grow(t))) {
		t->failed = true;
		return;
	}
	slot = find(t, text);
	if (*slot) {
		t->line[*slot - 1].count += count;
		return;
	}
	copy = strdup(text);
	if (!copy) {
		t->failed = true;
		return;
	}
	t->line[t->lines++] = (struct tally_line){copy, tag, count};
	*slot = (uint32_t)t->lines;
}

static int larger_first(const void *a, const void *b)
{
	const struct tally_line *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->text, y->text);
}

void tally_sort(struct tally *t)
{
	if (t->lines)
		qsort(t->line, t->lines, sizeof(*t->line), larger_first);
}
