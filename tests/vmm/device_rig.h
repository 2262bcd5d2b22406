/* A machine without a CPU: the real devices on a bus, their requests noted. */
#ifndef TESTS_VMM_DEVICE_RIG_H
#define TESTS_VMM_DEVICE_RIG_H

#include "vmm/dev/bus.h"
#include "vmm/dev/devices.h"

#define RIG_RAM 0x10000

struct rig {
	struct bus bus;
	struct devices devices;
	int irq_level[24];
	unsigned int irq_rises[24];
	unsigned int exits, resets;
	uint8_t ram[RIG_RAM]; /* for DMA, at 0 */
	uint64_t now;	      /* the devices' clock, ns */
	unsigned int rearms;
	int exit_status;
	const char *by; /* who asked for the last exit or reset */
};

void rig_init(struct rig *rig); /* 5 GiB of RAM, no console */
/*
 * One of every device there is: two vCPUs with --irqchip user, what firmware
 * needs, every virtio device.
 */
void rig_init_full(struct rig *rig);
/* For a rig on the stack. */
void rig_deinit(struct rig *rig);
uint64_t rig_in(struct rig *rig, uint16_t port, unsigned int size);
void rig_out(struct rig *rig, uint16_t port, unsigned int size, uint32_t value);

#endif
