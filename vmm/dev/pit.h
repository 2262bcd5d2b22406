/*
 * The PC's 8254 for --irqchip user: ports 0x40 to 0x43, and port 0x61 with the
 * gate of channel 2.  Pure: time and the interrupt go through callbacks.
 *
 * Channel 0's gate is high for good; channel 1 counts and refreshes nothing;
 * the speaker makes no sound.  An interrupt is its rising edge: the line is
 * left up until the next.
 *
 * Sources: Intel 8254 data sheet; 82801 (ICH) datasheet, "NMI_SC".
 *
 * Threading: the caller holds the bus lock; the callbacks run under it.
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

struct pit_ops {
	uint64_t (*now)(void *ctx); /* ns of a clock that never goes back */
	void (*rearm)(void *ctx);   /* pit_next() says something else now */
	void *ctx;
};

struct pit_channel {
	uint32_t count;	 /* 1 to 65536 (10000 in BCD); 0: none yet */
	uint64_t start;	 /* when it was loaded, ns */
	uint64_t gone;	 /* gate low: ns that it had counted */
	uint16_t latch;	 /* what reads give while latched */
	uint8_t latched; /* bytes of it still to be read */
	uint8_t status;
	bool status_latched;
	uint8_t mode; /* 0 to 5 */
	uint8_t rw;   /* 1 low, 2 high, 3 low then high byte */
	bool bcd, gate;
	bool read_high, write_high; /* the second byte of two is next */
	uint8_t write_low;
};

/* All that a snapshot has to keep. */
struct pit_state {
	struct pit_channel channel[PIT_CHANNELS];
	uint64_t next; /* when channel 0 interrupts, ns; 0 = it won't */
	bool speaker;
};

struct pit {
	struct bus_device dev, port61;
	struct pit_ops ops;
	struct irq_line irq;
	struct pit_state s;
};

/* ops and irq are copied. */
void pit_init(struct pit *p, const struct pit_ops *ops, struct irq_line irq);

/* When pit_run() has something to do, UINT64_MAX for never. */
uint64_t pit_next(const struct pit *p);
void pit_run(struct pit *p);

/* For people to look at. */
void pit_show(const struct pit *p, struct x86_pit *to);

#endif
