/*
 * HPET (IA-PC HPET Specification 1.0a): a 64-bit counter of 100 MHz and three
 * comparators, one-shot or periodic, edge or level, at 0xfed00000.
 *
 * Interrupts go to IOAPIC pins 20 to 23 as each comparator's route says; there
 * is no legacy replacement route (the capability says so: IRQ 0 and IRQ 8 stay
 * the 8254's and the clock's) and no delivery as messages.
 */
#ifndef VMM_DEV_HPET_H
#define VMM_DEV_HPET_H

#include "vmm/dev/bus.h"

#define HPET_BASE	   UINT64_C(0xfed00000)
#define HPET_TICK_NS	   UINT64_C(10)
/* A comparator that is faster than this is slowed down: one thread serves. */
#define HPET_MIN_PERIOD_NS UINT64_C(100000)

enum {
	HPET_LEN = 0x400,
	HPET_TIMERS = 3,
	HPET_FIRST_LINE = 20,
	HPET_LINES = 4,
};

struct hpet_timer {
	uint64_t config; /* what can be written */
	uint64_t comparator;
	uint64_t period; /* ticks; 0 = none written yet */
	uint64_t next;	 /* when it is due, ns; 0 = never */
};

struct hpet_state {
	uint64_t config, status;
	uint64_t counter; /* while it stands; else what it was at `start` */
	uint64_t start;	  /* clock, ns */
	struct hpet_timer timer[HPET_TIMERS];
};

struct hpet {
	struct device dev;
	const struct device_clock *clock;
	struct irq_line irq; /* gsi is not used */
	struct hpet_state s;
};

extern const struct region_ops hpet_region;

/* What is pointed to outlives the device; irq is copied. */
void hpet_init(struct hpet *h, const struct device_clock *clock,
	       struct irq_line irq);

/* The capabilities' low half, for the ACPI table. */
uint32_t hpet_block_id(void);

#endif
