/*
 * The command line.  One table gives the parser, the text of --help and what
 * the manual page is checked against.  Pure: opens nothing.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "stub/server.h"
#include "vmm/live.h"

enum options_action {
	OPTIONS_SERVE, /* COMM [IMAGE] */
	OPTIONS_BATCH, /* --batch: [IMAGE], no COMM */
	OPTIONS_PROBE, /* --probe: nothing else */
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_MONITOR_MAN, /* for the manual page's generator; not in --help */
};

#define OPTIONS_MAX_CATCHES 16

struct options {
	enum options_action action;
	const char *comm;  /* NULL for --batch */
	const char *image; /* NULL: the built-in demo guest; with core, none */
	const char *batch;
	const char *core; /* a saved crash takes the machine's place */
	/* The first option given that is about a running machine, or NULL. */
	const char *live_option;

	/* machine */
	uint64_t memory; /* bytes */
	unsigned int vcpus;
	const char *cpu;
	int irqchip;	    /* enum vm_irqchip */
	const char *serial; /* NULL: not said, see options_serial() */
	uint32_t recorder;  /* exits kept per vCPU; 0: not said */
	struct disk_config disk[DISKS_MAX];
	char *disk_path[DISKS_MAX]; /* owned */
	unsigned int disks;
	bool rng;
	bool assist;
	bool testdev;
	const char *bios; /* NULL: boot IMAGE */
	bool boot_menu;
	const char *symbols; /* NULL: the image's own */
	const char *hvc;     /* as serial; NULL: none */
	/* NULL: where serial goes, but nowhere with --bios */
	const char *debugcon;

	/* image */
	const char *append; /* never NULL */
	const char *initrd;
	struct boot_module module[BOOT_MAX_MODULES];
	unsigned int modules;
	bool load_addr_set, entry_set;
	gpa_t load_addr;
	uint64_t entry;
	int mode; /* 0 = not said */

	/* running and reporting */
	bool run, once, trace_packets;
	int on_error;	  /* enum server_on_error */
	const char *dump; /* where a guest that dies is saved, or NULL */
	const char *catch[OPTIONS_MAX_CATCHES]; /* arguments of `catch` */
	unsigned int catches;
	const char *log, *tdesc;
};

/*
 * Strings point into argv, except the modules', which are the struct's own.
 * On failure there is nothing to deinit.
 */
bool options_parse(struct options *o, int argc, char **argv,
		   struct err *err) MUST_CHECK;
void options_deinit(struct options *o);

/*
 * What --serial says or stands for: stdio, but none where stdout is taken (by
 * the client of COMM "-" or by the output of --batch).
 */
const char *options_serial(const struct options *o);

void options_help(struct buf *out);

/*
 * A size or address: decimal, or hexadecimal with 0x, and one of the suffixes
 * K M G T (powers of 1024, any case).  unit is what a number without a suffix
 * counts.  False when it does not parse or does not fit.
 */
bool options_parse_size(const char *text, uint64_t unit, uint64_t *value);

#endif
