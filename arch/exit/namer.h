/*
 * Who an access was for.  Our devices name their registers when they answer;
 * for addresses that none of them has, the well-known PC is asked, and what an
 * index, command or configuration address means is told from the accesses
 * before it.  So a namer is fed every record, in the order of time, and says
 * less where the beginning is missing.
 */
#ifndef ARCH_EXIT_NAMER_H
#define ARCH_EXIT_NAMER_H

#include "arch/exit/record.h"

#define NAMER_PAIRS 16

struct exit_namer {
	struct {
		bool known;
		uint32_t index;
	} pair[NAMER_PAIRS]; /* as in namer.c's table */
	bool pci_known;
	uint32_t pci_address; /* last written to 0xcf8 */
	struct {
		uint8_t icw; /* which initialization word comes next, 0 none */
		bool single, wants_icw4, reads_isr;
	} pic[2]; /* master, slave */
	struct {
		uint8_t access; /* bits 5:4 of the control word, 0 not known */
		bool high;	/* the next byte written is the high one */
	} pit[3];
};

struct exit_name {
	const char *device; /* static; NULL: neither ours nor well known */
	bool claimed;	    /* a device of this machine answered */
	char reg[80];	    /* "" when there is no name */
};

/* Nothing seen yet. */
void exit_namer_init(struct exit_namer *n);

/* The next record; *name is filled. */
void exit_namer_next(struct exit_namer *n, const struct exit_record *e,
		     struct exit_name *name);

/*
 * "16550 THR", "unclaimed: pci CONFIG_DATA[00:02.0 BAR0]", "IA32_EFER"; nothing
 * for an exit that is no access and has no device.
 */
void exit_name_print(struct buf *out, const struct exit_record *e,
		     const struct exit_name *name);

#endif
