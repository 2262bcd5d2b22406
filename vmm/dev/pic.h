/*
 * The PC's two 8259s for --irqchip user: ports 0x20, 0xa0, and the edge/level
 * registers at 0x4d0.  Pure: the output goes out through a callback.
 *
 * Always cascaded on line 2 and in 8086 mode, whatever the initialization words
 * say.  A request that an edge has made stays until it is taken.
 *
 * Sources: Intel 8259A data sheet; 82371 (PIIX) datasheet, "ELCR".
 */
#ifndef VMM_DEV_PIC_H
#define VMM_DEV_PIC_H

#include "arch/irq/chips.h"
#include "vmm/dev/bus.h"

enum {
	PIC_MASTER_PORT = 0x20,
	PIC_SLAVE_PORT = 0xa0,
	PIC_PORTS = 2,
	PIC_ELCR_PORT = 0x4d0,
	PIC_LINES = 16,
	PIC_CASCADE = 2,
};

struct pic_ops {
	void (*intr)(void *ctx, int level); /* the master's output is now */
	void *ctx;
};

struct pic_state {
	struct x86_pic chip[2]; /* master, slave */
	bool fourth_word[2];	/* ICW4 is to come */
	bool rotate_on_auto_eoi[2];
	bool intr;
};

struct pic {
	struct device dev;
	struct pic_ops ops;
	struct pic_state s;
};

extern const struct region_ops pic_master_region, pic_slave_region, elcr_region;

/* ops is copied. */
void pic_init(struct pic *p, const struct pic_ops *ops);

/* Drive a line, 0 to 15; others and the cascade are ignored. */
void pic_set_line(struct pic *p, unsigned int line, int level);

/* The processor takes what INTR announces: the vector. */
uint8_t pic_ack(struct pic *p);

#endif
