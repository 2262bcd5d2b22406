/*
 * Debug console port: each byte written goes to the host; reads give 0xe9, by
 * which guests find out that it is there (Bochs and QEMU do the same).
 */
#ifndef VMM_DEV_DEBUGCON_H
#define VMM_DEV_DEBUGCON_H

#include "vmm/dev/bus.h"

struct debugcon {
	struct bus_device dev;
	struct byte_sink out;
};

void debugcon_init(struct debugcon *d, struct byte_sink out);

#endif
