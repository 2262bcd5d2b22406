/*
 * The PC's 8254 for --irqchip user: ports 0x40 to 0x43, and port 0x61 with the
 * gate of channel 2.  Pure: time and the interrupt go through callbacks.
 *
 * Channel 0's gate is high for good; channel 1 counts and refreshes nothing;
 * the speaker makes no sound.  An interrupt is its rising edge: the line is
 * left up until the next.
 *
 * Sources: Intel 8254 data sheet; 82801 (ICH) datasheet, "NMI_SC".
 */
#ifndef VMM_DEV_PIT_H
#define VMM_DEV_PIT_H

#include "arch/irq/chips.h"
#include "vmm/dev/bus.h"

#define PIT_HZ		  UINT64_C(1193182)
/* A timer that is faster than this is slowed down: one host thread serves. */
#define PIT_MIN_PERIOD_NS UINT64_C(100000)

enum {
	PIT_PORT = 0x40,
	PIT_PORTS = 4,
	PIT_SPEAKER_PORT = 0x61,
};

struct pit_channel {
	uint64_t start;	 /* when it was loaded, ns */
	uint64_t gone;	 /* gate low: ns that it had counted */
	uint32_t count;	 /* 1 to 65536 (10000 in BCD); 0: none yet */
	uint16_t latch;	 /* what reads give while latched */
	uint8_t latched; /* bytes of it still to be read */
	uint8_t status;
	uint8_t mode; /* 0 to 5 */
	uint8_t rw;   /* 1 low, 2 high, 3 low then high byte */
	uint8_t write_low;
	bool status_latched;
	bool bcd, gate;
	bool read_high, write_high; /* the second byte of two is next */
};

struct pit_state {
	uint64_t next; /* when channel 0 interrupts, ns; 0 = it won't */
	struct pit_channel channel[PIT_CHANNELS];
	bool speaker;
};

struct pit {
	struct device dev;
	const struct device_clock *clock;
	struct irq_line irq;
	struct pit_state s;
};

extern const struct region_ops pit_region, pit_speaker_region;

/* The clock outlives the device. */
void pit_init(struct pit *p, const struct device_clock *clock,
	      struct irq_line irq);

/* For people to look at. */
void pit_show(const struct pit *p, struct x86_pit *to);

#endif
