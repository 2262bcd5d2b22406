/*
 * MC146818 real-time clock with the PC's CMOS memory, ports 0x70 and 0x71.
 *
 * The time is the host's UTC plus what the guest has set; binary and BCD, 12-
 * and 24-hour forms, SET and update-in-progress work, as do the alarm, the
 * periodic and the update-ended interrupt on IRQ 8.  The divider bits of
 * register A and the square wave are kept and do nothing.  Memory size bytes
 * are those a PC's firmware leaves; a reset keeps the rest of the memory and
 * the time, as its battery does.
 */
#ifndef VMM_DEV_CMOS_H
#define VMM_DEV_CMOS_H

#include <time.h>

#include "vmm/dev/bus.h"

struct cmos_state {
	int64_t offset;	 /* seconds the guest's clock is ahead of the host's */
	int64_t seen;	 /* up to when events are in the flags, cmos_ticks() */
	uint64_t next;	 /* when to look for some, by the clock; 0 = never */
	uint8_t flags;	 /* of register C, without IRQF */
	uint8_t index;	 /* 7 bits */
	bool nmi_masked; /* bit 7 of port 0x70; kept, and not acted on */
	bool irq_level;
	uint8_t ram[128]; /* time registers are valid while SET is on */
};

struct cmos {
	struct device dev;
	void (*now)(struct timespec *ts); /* host UTC; tests replace it */
	const struct device_clock *clock;
	struct irq_line irq;
	uint64_t memory; /* bytes of RAM */
	struct cmos_state s;
};

extern const struct region_ops cmos_region;

/* The clock outlives the device. */
void cmos_init(struct cmos *c, uint64_t memory,
	       const struct device_clock *clock, struct irq_line irq);

#endif
