/*
 * The reader of one feature file.  Internal to xml/: see tdesc.h.
 */
#ifndef XML_TDESC_FEATURE_H
#define XML_TDESC_FEATURE_H

#include "base/buf.h"
#include "xml/tdesc.h"

#define TDESC_MAX_FILE (1024 * 1024) /* bytes */

struct tdesc {
	struct buf xml;
	struct tdesc_reg reg[TDESC_MAX_REGNUM + 1]; /* name NULL: a gap */
	unsigned int next;			    /* number to give next */
	unsigned int count;			    /* highest + 1 */
	size_t g_size;
	enum tdesc_code code;
	struct tdesc *narrow[TDESC_CODES]; /* owned; [TDESC_64] is NULL */
};

/* A row of names that a feature must have: text, or text0suffix ... */
struct tdesc_names {
	const char *text;
	const char *suffix; /* NULL: `text` is the whole name */
	unsigned int first, last;
};

struct tdesc_feature {
	const char *file;		    /* name of the file */
	const char *name;		    /* name of the feature in it */
	const struct tdesc_names *required; /* ends with a NULL text */
	bool (*wanted)(const struct x86_cpu_info *info); /* NULL: always */
};

/*
 * Check the document text[0..len), add its registers to t->reg and its
 * elements to t->xml.  `path` is for messages.  On failure t is to be thrown
 * away.
 */
bool tdesc_feature_read(struct tdesc *t, const struct tdesc_feature *feature,
			const char *path, const char *text, size_t len,
			struct err *err) MUST_CHECK;

#endif
