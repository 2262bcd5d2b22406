/* Between acpi.c, which makes the tables, and firmware.c, which passes them. */
#ifndef VMM_BOOT_ACPI_IMPL_H
#define VMM_BOOT_ACPI_IMPL_H

#include "base/buf.h"
#include "vmm/boot/boot.h"

#define ACPI_TABLES_AT 64 /* offset of the first table, behind the RSDP */

/* Where each table lies; guest-physical. */
struct acpi_layout {
	gpa_t base; /* of the RSDP, which comes first */
	gpa_t facs, dsdt, fadt, madt, hpet, rsdt, xsdt, end;
};

/* Compose everything for at->base; the rest of *at is filled in. */
void acpi_compose(struct buf *b, struct acpi_layout *at, unsigned int vcpus,
		  const struct boot_wiring *wiring);

#endif
