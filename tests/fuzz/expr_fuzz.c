/*
 * Expressions and ranges: each line of the input is one word.  It is refused
 * with a text or it has a value, the same each time; a range is in order.
 */
#include "stub/mon/expr.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/stub/fake_target.h"

static void check_word(struct target *t, const char *word)
{
	struct mon_ctx ctx = {.target = t}, again = {.target = t};
	uint64_t a = 0, b = 0, first = 1, last = 0;

	if (mon_value(&ctx, word, &a) != mon_value(&again, word, &b) || a != b)
		abort();
	if (ctx.err.code != again.err.code ||
	    (ctx.err.code != ERR_NONE && !*ctx.err.msg))
		abort();
	ctx = (struct mon_ctx){.target = t};
	if (mon_range(&ctx, word, &first, &last)) {
		if (last < first || ctx.err.code != ERR_NONE)
			abort();
	} else if (ctx.err.code == ERR_NONE || first != 1 || last != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct target_symbol symbols[] = {
		{"start_kernel", 0x2000, 16}, {"x.y_9", 0x3000, 0}};
	struct fake_target *f = fake_create(1);
	char *text = malloc(size + 1), *word, *rest;

	if (!text)
		return -1;
	f->inspect.symbol = symbols;
	f->inspect.symbols = ARRAY_SIZE(symbols);
	memcpy(text, data, size);
	text[size] = '\0';
	for (word = strtok_r(text, "\n", &rest); word;
	     word = strtok_r(NULL, "\n", &rest))
		check_word(&f->target, word);
	free(text);
	fake_destroy(f);
	return 0;
}
