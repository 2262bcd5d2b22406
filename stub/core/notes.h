/*
 * Everything a target can tell, as the notes of a core file: those that other
 * tools know, then our own.  The guest's memory is not in here.
 */
#ifndef STUB_CORE_NOTES_H
#define STUB_CORE_NOTES_H

#include "base/buf.h"
#include "base/err.h"

struct target;

/*
 * Append one ELF note, padded to 4 bytes.  desc may hold up to 4 GiB; len + pad
 * is the caller's concern.
 */
void core_put_note(struct buf *out, const char *owner, uint32_t type,
		   const void *desc, size_t len);

/*
 * Append the notes of a stopped target.  What it cannot tell is noted with its
 * reason; fails only where not even a vCPU's registers can be had, or out of
 * memory.
 */
bool core_put_notes(struct buf *out, struct target *t,
		    struct err *err) MUST_CHECK;

#endif
