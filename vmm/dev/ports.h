/*
 * Three single-register ports of the PC's chipset:
 *   0x80   POST code; kept, for whoever wants to see how far a boot came
 *   0x92   system control port A: fast A20 (kept; A20 is always on) and reset
 *   0xcf9  reset control register
 *
 * Threading: the caller holds the bus lock.
 */
#ifndef VMM_DEV_PORTS_H
#define VMM_DEV_PORTS_H

#include "vmm/dev/bus.h"

struct post_port {
	struct bus_device dev;
	uint8_t code;
};

struct port92 {
	struct bus_device dev;
	const struct machine_ops *machine;
	uint8_t value;
};

struct reset_port {
	struct bus_device dev;
	const struct machine_ops *machine;
	uint8_t value;
};

/* `machine` outlives the devices. */
void post_port_init(struct post_port *p);
void port92_init(struct port92 *p, const struct machine_ops *machine);
void reset_port_init(struct reset_port *p, const struct machine_ops *machine);

#endif
