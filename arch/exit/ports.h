/*
 * The PC's well-known ports and device memory, by name: what a guest was after
 * even where no device of this machine answers.
 *
 * Sources: "ISA I/O Address Map" of Intel's I/O controller hubs, IBM's PC/AT
 * Technical Reference (DMA, PIC, PIT, CMOS, keyboard controller), the PC16550D
 * data sheet, "VGA Hardware" register descriptions, the PCI Local Bus
 * Specification (configuration mechanism #1), SDM Vol 3A "Local APIC Register
 * Address Map", the 82093AA data sheet, the IA-PC HPET Specification, QEMU's
 * fw_cfg and ACPI hot-plug documents.
 */
#ifndef ARCH_EXIT_PORTS_H
#define ARCH_EXIT_PORTS_H

#include <stdbool.h>
#include <stdint.h>

enum port_space {
	SPACE_PIO,
	SPACE_MMIO,
};

/* "pic", "16550", "lapic"; NULL where nothing is known. */
const char *port_device(enum port_space space, uint64_t addr);

/*
 * Name of the register behind an address, or NULL.  Registers that share an
 * address are told apart by the direction only; for those that depend on what
 * was written before, see arch/exit/namer.h.
 */
const char *port_register(enum port_space space, uint64_t addr, bool write);

/* The i-th device name, i = 0, 1, ..., some more than once; NULL at the end. */
const char *port_device_at(unsigned int i);

/* CMOS index: "seconds", "status A"; NULL for the battery-backed RAM. */
const char *cmos_register(unsigned int index);

/* Local APIC register at an offset from its page, as in kvm_apic's trace. */
const char *lapic_register(unsigned int offset);

/* Dword-aligned offset in PCI configuration space, or NULL. */
const char *pci_config_register(unsigned int offset);

#endif
