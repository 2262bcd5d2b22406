/*
 * Reading the listings of dump_vmcs() and dump_vmcb() back from a log: any
 * layout of Linux 5.19 to 6.18, whatever stands before the text on its line
 * (time stamps, "kvm_intel: ", syslog dates), lines that pr_cont() has torn
 * apart, other messages in between, several listings in a file, cut ones.
 * Also what vmcs_print() prints.
 *
 * The text is hostile: everything is bounded, nothing is believed.
 */
#ifndef ARCH_VMCS_IMPORT_H
#define ARCH_VMCS_IMPORT_H

#include "arch/vmcs/vmcs.h"
#include "base/err.h"

#define VMCS_IMPORT_LISTINGS 64
#define VMCS_IMPORT_MSRS     64
#define VMCS_IMPORT_NOTES    16

/* One of the listings found, in short. */
struct vmcs_listing {
	enum vmcs_kind kind;
	unsigned int first_line, last_line; /* of the text, from 1 */
	unsigned int lines;		    /* pieces recognised */
	unsigned int missing; /* pieces that every kernel prints */
	struct vmcs_value pointer, cpu;
	struct vmcs_tally checks;
};

/* An entry of one of the three lists that VM entry and exit work through. */
struct vmcs_msr {
	const char *list; /* "MSR guest autoload:" */
	uint32_t index;
	uint64_t value;
};

struct vmcs_import {
	unsigned int count; /* listings found; the first ones are kept */
	struct vmcs_listing listing[VMCS_IMPORT_LISTINGS];

	/* The chosen one. */
	unsigned int chosen; /* from 1 */
	struct vmcs_listing summary;
	struct vmcs_model model;
	unsigned int msrs; /* entries found; the first ones are kept */
	struct vmcs_msr msr[VMCS_IMPORT_MSRS];
	/* "line 12: ..." for each line that could not be understood. */
	unsigned int notes; /* found; the first ones are in note */
	struct buf note;
};

/*
 * Find the listings in len bytes of text and read number `which` (from 1; 0 =
 * the last).  ERR_NOT_FOUND when there is none, ERR_RANGE when there are fewer.
 * On success vmcs_import_deinit() must follow.
 */
bool vmcs_import(struct vmcs_import *im, const char *text, size_t len,
		 unsigned int which, struct err *err) MUST_CHECK;
void vmcs_import_deinit(struct vmcs_import *im);

/* One line a listing: number, where, what, the chosen one marked. */
void vmcs_import_print_list(struct buf *out, const struct vmcs_import *im);

/* What the chosen listing lacks and what in it was not understood. */
void vmcs_import_print_notes(struct buf *out, const struct vmcs_import *im);

/*
 * The fields of a listing beside those of another model of the same kind, a
 * star where they differ.
 */
void vmcs_print_beside(struct buf *out, const struct vmcs_model *imported,
		       const struct vmcs_model *live);

#endif
