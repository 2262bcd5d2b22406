/*
 * Writing a saved crash: an ELF core of a stopped target (see format.h).
 *
 * Memory goes from the target to the file a piece at a time, and pages of
 * zeroes become holes.  The file grows under another name beside the one
 * asked for, which it gets when everything is safe on disk: whatever goes
 * wrong, there is no half file.
 */
#ifndef STUB_CORE_WRITE_H
#define STUB_CORE_WRITE_H

#include "base/err.h"

struct target;

struct core_options {
	bool replace; /* a file of that name gives way, when all went well */
	/* By the linear addresses of this vCPU too (stub/core/plan.h). */
	bool linear;
	unsigned int vcpu;
	/*
	 * Called now and then with the bytes of guest memory done; false ends
	 * the dump with an error.  May be NULL.
	 */
	bool (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct core_summary {
	uint64_t memory; /* bytes of guest memory, and those not in holes */
	uint64_t written;
	bool vmcoreinfo; /* Linux's note was found */
	bool cut;	 /* linear: addresses from cut_at on are left out */
	uint64_t cut_at;
};

/*
 * Save a stopped target.  The file belongs to its owner alone (0600): it has
 * everything the guest knew.
 */
bool core_write(struct target *t, const char *path,
		const struct core_options *options, struct core_summary *sum,
		struct err *err) MUST_CHECK;

#endif
