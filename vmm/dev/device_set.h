/*
 * The state of all devices of a machine as bytes, for a checkpoint.
 *
 *	clock:64 count:32 {name:24 version:32 size:32 state} ...
 *
 * clock is the machine's at that moment.  States are by the devices' own
 * tables (vmm/dev/device.h).  What is read back is not trusted.
 */
#ifndef VMM_DEV_DEVICE_SET_H
#define VMM_DEV_DEVICE_SET_H

#include "vmm/dev/bus.h"

/* Append it.  The guest is stopped; takes the lock. */
void device_set_save(struct bus *b, const struct device_clock *clock,
		     struct buf *out);

/*
 * Give all devices these states, or none: they must be just those that were
 * saved, and every state must be one that its device takes.  Their times are
 * moved by what the clock has gone on since.  Interrupt lines are not driven.
 * The guest is stopped; takes the lock.
 */
bool device_set_load(struct bus *b, const struct device_clock *clock,
		     const void *data, size_t len, struct err *err) MUST_CHECK;

#endif
