/* The feature files as bytes of the program; see embed.S. */
#ifndef XML_EMBED_H
#define XML_EMBED_H

#include <stdint.h>

struct xml_file {
	const char *name; /* without directory */
	const char *data;
	uint64_t size;
};

extern const struct xml_file xml_embedded[]; /* ends with a NULL name */

#endif
