/*
 * One feature file being read: the state and the table of elements.  Internal
 * to xml/tdesc_feature.c and xml/tdesc_elements.c.
 */
#ifndef XML_TDESC_PARSER_H
#define XML_TDESC_PARSER_H

#include <expat.h>

#include "xml/tdesc_feature.h"

#define TDESC_MAX_TYPES 64
#define TDESC_MAX_ATTRS 6

struct type {
	char id[48];
	unsigned int bits; /* 0: takes the size of its register */
};

enum element_id {
	IN_NOTHING, /* outside the root element */
	IN_FEATURE,
	IN_REG,
	IN_VECTOR,
	IN_UNION,
	IN_STRUCT,
	IN_FLAGS,
	IN_ENUM,
	IN_FIELD,
	IN_EVALUE,
};

struct parser {
	XML_Parser expat;
	struct tdesc *t;
	const struct tdesc_feature *feature;
	const char *path;
	struct err *err;
	bool failed;

	enum element_id open[4]; /* elements we are inside of */
	unsigned int depth;
	struct type types[TDESC_MAX_TYPES];
	unsigned int ntypes;
	struct type making;		 /* the type whose element is open */
	bool seen[TDESC_MAX_REGNUM + 1]; /* registers of this feature */
};

struct element {
	const char *name;
	unsigned int parents;  /* mask of enum element_id */
	unsigned int required; /* how many of attrs, from the front */
	const char *attrs[TDESC_MAX_ATTRS + 1];
	bool (*start)(struct parser *p, const char **values);
	bool (*end)(struct parser *p);
};

extern const struct element tdesc_elements[IN_EVALUE + 1];

/*
 * Put the place before the message that err_set() has just set, and stop.
 * Always returns false.
 */
bool tdesc_fail(struct parser *p, bool set);

/* Only the first complaint counts: expat may call on for a little. */
#define FAIL(p, fmt, ...)                                                  \
	((p)->failed ? false                                               \
		     : tdesc_fail(p, err_set((p)->err, ERR_MALFORMED, fmt, \
					     ##__VA_ARGS__)))

#endif
