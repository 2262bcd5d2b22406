/*
 * Starting a guest's own firmware (--bios): the file ends at 4 GiB and, as far
 * as it fits, at 1 MiB; the processor starts at its reset vector; what the
 * machine is like comes through fw_cfg.
 */
#ifndef VMM_BOOT_FIRMWARE_H
#define VMM_BOOT_FIRMWARE_H

#include "vmm/boot/boot.h"
#include "vmm/dev/fw_cfg.h"

#define FIRMWARE_MAX (UINT64_C(16) << 20) /* bytes */

/* Bytes of read-only memory that end at 4 GiB; an error names the file. */
bool firmware_rom_size(const struct boot_request *req, uint64_t *size,
		       struct err *err) MUST_CHECK;

/*
 * How many processors there are and how much memory lies below the PC hole:
 * what kernels that know QEMU look up themselves (kvm-unit-tests').
 */
bool firmware_describe_size(struct fw_cfg *f, const struct guest_mem *mem,
			    unsigned int vcpus, struct err *err) MUST_CHECK;

/*
 * What else firmware needs: memory map, ACPI tables with the script that links
 * them, the serial console.
 */
bool firmware_describe(struct fw_cfg *f, const struct guest_mem *mem,
		       unsigned int vcpus, const struct boot_wiring *wiring,
		       bool menu, struct err *err) MUST_CHECK;

#endif
