/*
 * Why the guest died: the text of an error stop, made from what the target
 * kept of it, for a live machine, a saved crash and a fake alike.
 *
 * The order is that of a reader in a hurry: the verdict with the cause, what
 * led there, what to do, the instruction, then every word the exit carries and
 * the registers in QEMU's shape.
 */
#ifndef STUB_WHY_H
#define STUB_WHY_H

#include <stdbool.h>

#include "base/buf.h"

struct target;

/* Append the story of the last error stop.  False when nothing was kept. */
bool why_error(struct target *t, struct buf *out);

#endif
