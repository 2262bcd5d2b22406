/*
 * ACPI fixed power-management registers (ACPI spec, "ACPI Register Model") at
 * the ports that vmm/boot/acpi.h promises: PM1a_STS, PM1a_EN, PM1a_CNT (16 bits
 * each) and the 24-bit PM timer.
 *
 * The machine is always in ACPI mode (SCI_EN reads 1).  SLP_EN powers off with
 * the SLP_TYP that the DSDT gives \_S5, and with 5, which guests that do not
 * read the DSDT write; other sleep states are ignored, as is whatever would
 * raise an SCI.
 *
 * Threading: the caller holds the bus lock.
 */
#ifndef VMM_DEV_ACPI_PM_H
#define VMM_DEV_ACPI_PM_H

#include "vmm/boot/acpi.h"
#include "vmm/dev/bus.h"

#define ACPI_PM_LEN 12 /* bytes from ACPI_PM1A_EVT on */

struct acpi_pm {
	struct bus_device dev;
	const struct machine_ops *machine;
	uint64_t (*now)(void); /* host nanoseconds; tests replace it */
	uint64_t start;	       /* `now` at timer value 0 */
	uint64_t timer_seen;   /* timer when TMR_STS was last cleared */
	uint16_t status, enable, control;
};

/* `machine` outlives the device. */
void acpi_pm_init(struct acpi_pm *p, const struct machine_ops *machine);

#endif
