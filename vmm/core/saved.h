/*
 * The notes of a core file, understood: vCPUs, the last stop and whatever else
 * was saved.
 *
 * Our own notes (stub/core/format.h) are all decoded once when the file is
 * opened, so what is wrong with any of them is told then; they are decoded
 * again, note by note, when somebody asks.  A file without them gives what
 * QEMU's and Linux's notes have, and `about` tells what is missing or assumed.
 */
#ifndef VMM_CORE_SAVED_H
#define VMM_CORE_SAVED_H

#include "base/buf.h"
#include "stub/core/format.h"
#include "vmm/core/elf_core.h"

#define SAVED_VCPUS_MAX 4096

struct saved_note { /* one of ours that this program understands */
	enum core_note note;
	uint32_t vcpu, version;
	uint64_t arg;
	const uint8_t *data; /* the first struct */
	uint32_t count;	     /* structs */
	uint64_t offset;     /* in the file, for messages */
};

struct saved {
	struct elf_core elf;
	bool ours; /* our notes are there */
	struct wire_strings strings;
	struct saved_note *note; /* sorted by note, vcpu, arg */
	unsigned int notes;

	unsigned int vcpus;
	struct core_vcpu *vcpu;	     /* [vcpus] */
	struct core_machine machine; /* ours */
	struct target_stop stop;
	struct buf about; /* lines: who saved it when, what is missing */
};

/* Takes fd over, also on failure.  name outlives *s. */
bool saved_open(struct saved *s, int fd, const char *name,
		struct err *err) MUST_CHECK;
void saved_close(struct saved *s);

/* The note, or NULL.  arg counts for CORE_CPUID only. */
const struct saved_note *saved_find(const struct saved *s, enum core_note note,
				    uint32_t vcpu, uint64_t arg);

/* The i-th struct of a note; false past the end and for a NULL note. */
bool saved_get(const struct saved *s, const struct saved_note *n, uint32_t i,
	       void *to);

/*
 * The one struct of this note; or the error that the target gave when it was
 * asked while saving; or that there is none.
 */
bool saved_one(const struct saved *s, enum core_note note, uint32_t vcpu,
	       void *to, struct err *err) MUST_CHECK;
/* That error alone.  Always false. */
bool saved_absent(const struct saved *s, enum core_note note, uint32_t vcpu,
		  uint64_t arg, struct err *err);

/* ---- between saved.c and foreign.c ---- */

/* Make vCPUs of the notes of QEMU and Linux. */
bool saved_take_foreign(struct saved *s, struct err *err) MUST_CHECK;

#endif
