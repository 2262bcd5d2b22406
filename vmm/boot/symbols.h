/*
 * The symbols of an ELF image: names for addresses, addresses for names.
 *
 * The image is hostile input: what does not fit is left out, and a table that
 * makes no sense is an error.  Names stay in the image, which must outlive the
 * table.
 */
#ifndef VMM_SYMBOLS_H
#define VMM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SYMBOLS_MAX (1u << 22) /* an image may have; a vmlinux has 200000 */

struct symbol {
	const char *name;
	uint64_t addr;
	uint64_t size; /* bytes; 0 = not known */
	uint64_t end;  /* of its section; 0 = no address in memory */
	uint8_t rank;  /* which of several at one address: the highest */
};

struct symbols {
	struct symbol *symbol; /* ascending by address, then rank */
	uint32_t *by_name;     /* made by the first symbols_find() */
	size_t n;
	/* PT_LOAD segments that are linked elsewhere than they are loaded. */
	struct {
		uint64_t vaddr, paddr, size;
	} moved[8];
	unsigned int moves;
};

/*
 * Read the symbol table.  An image that is no ELF file, or has been stripped,
 * has none: that is success.
 */
bool symbols_load(struct symbols *s, const char *image, const void *data,
		  size_t size, struct err *err) MUST_CHECK;
void symbols_deinit(struct symbols *s);

/*
 * The symbol that covers addr, and where it starts: beside addr also when that
 * is a physical address of an image linked for a higher one (the code that
 * runs before paging is on).
 */
const struct symbol *symbols_at(const struct symbols *s, uint64_t addr,
				uint64_t *start);
const struct symbol *symbols_find(struct symbols *s, const char *name);

#endif
