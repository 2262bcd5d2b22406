/*
 * Debug console port: each byte written goes to the host; reads give 0xe9, by
 * which guests find out that it is there (Bochs and QEMU do the same).
 */
#ifndef VMM_DEV_DEBUGCON_H
#define VMM_DEV_DEBUGCON_H

#include "vmm/dev/bus.h"

struct debugcon_state {
	uint64_t bytes; /* written since the reset */
	uint8_t last;	/* of those */
};

struct debugcon {
	struct device dev;
	struct byte_sink out;
	struct debugcon_state s;
};

extern const struct region_ops debugcon_region;

void debugcon_init(struct debugcon *d, const char *name, struct byte_sink out);

#endif
