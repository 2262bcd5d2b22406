/* A machine without a CPU: the real devices on a bus, their requests noted. */
#ifndef TESTS_VMM_DEVICE_RIG_H
#define TESTS_VMM_DEVICE_RIG_H

#include "vmm/dev/bus.h"
#include "vmm/dev/devices.h"

struct rig {
	struct bus bus;
	struct devices devices;
	int irq_level[24];
	unsigned int irq_rises[24];
	unsigned int exits, resets;
	int exit_status;
	const char *by; /* who asked for the last exit or reset */
};

void rig_init(struct rig *rig); /* 5 GiB of RAM, no console */
uint64_t rig_in(struct rig *rig, uint16_t port, unsigned int size);
void rig_out(struct rig *rig, uint16_t port, unsigned int size, uint32_t value);

#endif
