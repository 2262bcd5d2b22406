/*
 * Which records a person wants to see.  Kinds are or'ed with kinds, devices
 * with devices; everything else must hold too.
 */
#ifndef ARCH_EXIT_FILTER_H
#define ARCH_EXIT_FILTER_H

#include "arch/exit/namer.h"
#include "arch/exit/record.h"

#define FILTER_DEVICES 8

struct exit_filter {
	uint64_t kinds;	    /* BIT(exit_counter(e)); 0 = all */
	bool restarts;	    /* of EXIT_COUNT_ERRNO only EINTR */
	bool reads, writes; /* neither: both, and what is no access */
	bool unclaimed;
	bool has_where, has_value, has_rip;
	uint64_t where, where_last;
	uint64_t value, mask;
	uint64_t rip, rip_last;
	const char *device[FILTER_DEVICES]; /* not owned */
	unsigned int devices;
	const char *reg; /* part of the register's name, any case; or NULL */
};

/*
 * One word of a filter that needs no arithmetic: a kind ("pio", "hlt",
 * "KVM_EXIT_HLT"), "r", "w", "read", "write", "unclaimed".  False: it is none.
 */
bool exit_filter_word(struct exit_filter *f, const char *word);

/* The i-th word that exit_filter_word() takes, for "did you mean". */
const char *exit_filter_word_at(unsigned int i);

/* False when there is no room for another. */
bool exit_filter_device(struct exit_filter *f, const char *device);

/* name: what exit_namer_next() said. */
bool exit_filter_match(const struct exit_filter *f, const struct exit_record *e,
		       const struct exit_name *name);

#endif
