/*
 * PCI configuration space by ports 0xcf8 and 0xcfc (PCI Local Bus 3.0,
 * "Configuration Mechanism #1") with one device, the i440FX host bridge: what
 * PC firmware looks for before it believes to be on a PC.
 *
 * The bridge's PAM and SMRAM registers keep what is written and do nothing:
 * the memory they would switch is always RAM.
 */
#ifndef VMM_DEV_PCI_HOST_H
#define VMM_DEV_PCI_HOST_H

#include "vmm/dev/bus.h"
#include "vmm/dev/ports.h"

#define PCI_HOST_PORT  0xcf8
#define PCI_HOST_PORTS 8

struct pci_host_state {
	uint32_t address;
	uint8_t config[256];
};

struct pci_host {
	struct device dev;
	/* 0xcf9, whose byte lies inside CONFIG_ADDRESS */
	struct port *reset;
	struct pci_host_state s;
};

extern const struct region_ops pci_host_region;

/* reset answers single bytes at 0xcf9; it outlives the bridge. */
void pci_host_init(struct pci_host *p, struct port *reset);

#endif
