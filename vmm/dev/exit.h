/*
 * isa-debug-exit: a write of v ends the guest with status (v << 1) | 1, cut to
 * the 8 bits a process status has, as QEMU's device of that name does.
 */
#ifndef VMM_DEV_EXIT_H
#define VMM_DEV_EXIT_H

#include "vmm/dev/bus.h"

struct debug_exit_state {
	uint32_t value; /* written last */
};

struct debug_exit {
	struct device dev;
	const struct machine_ops *machine;
	struct debug_exit_state s;
};

extern const struct region_ops debug_exit_region;

/* `machine` outlives the device. */
void debug_exit_init(struct debug_exit *d, const struct machine_ops *machine);

#endif
