/*
 * The symbol table of an ELF image.  The first eight bytes are an address to
 * look up; the rest is the file.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/boot/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct symbol *found;
	struct symbols s;
	uint64_t addr, start;
	struct err err;

	if (size < 8)
		return -1;
	memcpy(&addr, data, 8);
	if (!symbols_load(&s, "image", data + 8, size - 8, &err))
		return 0;
	found = symbols_at(&s, addr, &start);
	if (found && start > addr)
		abort();
	for (size_t i = 0; i < s.n; i++) {
		const struct symbol *same = symbols_find(&s, s.symbol[i].name);

		if (!same || strcmp(same->name, s.symbol[i].name))
			abort();
		symbols_at(&s, s.symbol[i].addr, &start);
	}
	symbols_deinit(&s);
	return 0;
}
