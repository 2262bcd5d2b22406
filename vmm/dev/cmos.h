/*
 * MC146818 real-time clock with the PC's CMOS memory, ports 0x70 and 0x71.
 *
 * The time is the host's UTC plus what the guest has set; binary and BCD, 12-
 * and 24-hour forms, SET and update-in-progress work.  Register C's flags
 * follow the time but raise no interrupt: there is no alarm or periodic IRQ 8.
 * Memory size bytes are those a PC's firmware leaves.
 */
#ifndef VMM_DEV_CMOS_H
#define VMM_DEV_CMOS_H

#include <time.h>

#include "vmm/dev/bus.h"

struct cmos_state {
	int64_t offset; /* seconds the guest's clock is ahead of the host's */
	int64_t flags_read; /* guest second when register C was last read */
	uint8_t index;	    /* 7 bits */
	bool nmi_masked;    /* bit 7 of port 0x70; kept, and not acted on */
	uint8_t ram[128];   /* time registers are valid while SET is on */
};

struct cmos {
	struct device dev;
	void (*now)(struct timespec *ts); /* host UTC; tests replace it */
	uint64_t memory;		  /* bytes of RAM */
	struct cmos_state s;
};

extern const struct region_ops cmos_region;

void cmos_init(struct cmos *c, uint64_t memory);

#endif
