/* Any bytes as a feature file are read or refused with the place named. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "xml/tdesc_feature.h"

static const struct tdesc_feature feature = {
	.file = "fuzz.xml",
	.name = "org.kvm-gdbserver.system",
};

/* What was accepted must bind: to the right size and to one number each. */
static void check(const struct tdesc *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		const struct tdesc_reg *r = &t->reg[i];

		if (r->name && (r->regnum != i || r->bits != r->def->bits))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdesc *t = calloc(1, sizeof(*t));
	struct err err = {0};

	if (!t)
		return 0;
	if (tdesc_feature_read(t, &feature, "fuzz.xml", (const char *)data,
			       size, &err))
		check(t);
	else if (strncmp(err.msg, "fuzz.xml:", 9))
		abort();
	tdesc_free(t);
	return 0;
}
