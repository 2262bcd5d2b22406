/*
 * Three single-register ports of the PC's chipset:
 *   0x80   POST code; kept, for whoever wants to see how far a boot came
 *   0x92   system control port A: fast A20 (kept; A20 is always on) and reset
 *   0xcf9  reset control register
 */
#ifndef VMM_DEV_PORTS_H
#define VMM_DEV_PORTS_H

#include "vmm/dev/bus.h"

struct port_state {
	uint8_t value;
};

struct port {
	struct device dev;
	const struct machine_ops *machine;
	struct port_state s;
};

extern const struct region_ops post_region, port92_region, reset_port_region;

/* `machine` outlives the devices. */
void post_port_init(struct port *p);
void port92_init(struct port *p, const struct machine_ops *machine);
void reset_port_init(struct port *p, const struct machine_ops *machine);

#endif
