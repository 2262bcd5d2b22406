/*
 * i8042 keyboard controller, ports 0x60 and 0x64, with nothing plugged in.
 *
 * Commands of the PC's controller work: self test, interface tests, command
 * byte, output port, loop-backs, and the reset pulse guests use to reboot.
 * Bytes for the keyboard are answered as by real hardware without one: resend
 * (0xfe) with the time-out bit, so that drivers give up at once.
 */
#ifndef VMM_DEV_I8042_H
#define VMM_DEV_I8042_H

#include "vmm/dev/bus.h"

struct i8042_state {
	uint8_t status;
	uint8_t out;	 /* output buffer */
	uint8_t command; /* waiting for its data byte at 0x60, or 0 */
	uint8_t ram[32]; /* ram[0] is the command byte */
	uint8_t output_port;
	bool irq_level;
};

struct i8042 {
	struct device dev;
	const struct machine_ops *machine;
	struct irq_line irq; /* keyboard, IRQ 1 */
	struct i8042_state s;
};

extern const struct region_ops i8042_data_region;    /* port 0x60 */
extern const struct region_ops i8042_control_region; /* port 0x64 */

/* `machine` outlives the device. */
void i8042_init(struct i8042 *k, const struct machine_ops *machine,
		struct irq_line irq);

#endif
