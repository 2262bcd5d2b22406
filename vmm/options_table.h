/* The table of the command line; only vmm/options.c uses it. */
#ifndef VMM_OPTIONS_TABLE_H
#define VMM_OPTIONS_TABLE_H

#include "vmm/options.h"

struct choice {
	const char *word;
	int value;
};

/* One row: how it is written, what it takes, where it goes. */
struct option {
	const char *name; /* NULL: a heading, only help is set */
	char letter;	  /* 0 = none */
	const char *arg;  /* what the value is called; NULL = takes none */
	const char *help; /* lines for --help; NULL = hidden */
	/* value is NULL for options that take none */
	bool (*set)(struct options *o, const struct option *opt,
		    const char *value, struct err *err);
	size_t field;		     /* offset in struct options */
	const struct choice *choice; /* ended by a NULL word */
	int value;		     /* enum options_action */
	bool anywhere;		     /* good for a saved crash too */
};

extern const struct option options_table[];
extern const size_t options_table_size;

#endif
