#include "base/text.h"

#include <string.h>

#define WORD_MAX 63

unsigned int text_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned int row[WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return ~0u;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

void text_near_init(struct text_near *near, const char *word)
{
	*near = (struct text_near){.word = word};
}

/* Cost of offering name for word, or ~0u when it is not close. */
static unsigned int cost_of(const char *word, const char *name)
{
	size_t lw = strlen(word), ln = strlen(name);
	unsigned int d = text_distance(word, name);
	size_t allowed = lw <= 2 ? 1 : lw <= 5 ? 2 : 3;

	if (d <= allowed && d < lw && d < ln)
		return d;
	/* a word cut short, or one with too much at its end */
	if (lw >= 2 && !strncmp(word, name, lw))
		return 4;
	if (ln >= 3 && !strncmp(word, name, ln))
		return 5;
	return ~0u;
}

void text_near_offer(struct text_near *near, const char *name)
{
	unsigned int cost = cost_of(near->word, name), i;

	if (cost == ~0u)
		return;
	for (i = 0; i < near->n; i++)
		if (!strcmp(near->best[i], name))
			return;
	for (i = near->n; i > 0 && near->cost[i - 1] > cost; i--) {
		if (i == TEXT_NEAR_MAX)
			continue;
		near->best[i] = near->best[i - 1];
		near->cost[i] = near->cost[i - 1];
	}
	if (i == TEXT_NEAR_MAX)
		return;
	near->best[i] = name;
	near->cost[i] = cost;
	if (near->n < TEXT_NEAR_MAX)
		near->n++;
}

void text_near_print(const struct text_near *near, struct buf *out)
{
	for (unsigned int i = 0; i < near->n; i++)
		buf_printf(out, "%s%s", i ? ", " : "", near->best[i]);
}
