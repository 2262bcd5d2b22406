/*
 * ACPI fixed power-management registers (ACPI spec, "ACPI Register Model") at
 * the ports that vmm/boot/acpi.h promises: PM1a_STS, PM1a_EN, PM1a_CNT (16 bits
 * each) and the 24-bit PM timer.
 *
 * The machine is always in ACPI mode (SCI_EN reads 1).  SLP_EN powers off with
 * the SLP_TYP that the DSDT gives \_S5, and with 5, which guests that do not
 * read the DSDT write; other sleep states are ignored, as is whatever would
 * raise an SCI.
 */
#ifndef VMM_DEV_ACPI_PM_H
#define VMM_DEV_ACPI_PM_H

#include "vmm/boot/acpi.h"
#include "vmm/dev/bus.h"

#define ACPI_PM_LEN 12 /* bytes from ACPI_PM1A_EVT on */

struct acpi_pm_state {
	uint64_t start;	     /* clock at timer value 0 */
	uint64_t timer_seen; /* timer when TMR_STS was last cleared */
	uint16_t status, enable, control;
};

struct acpi_pm {
	struct device dev;
	const struct machine_ops *machine;
	const struct device_clock *clock;
	struct acpi_pm_state s;
};

extern const struct region_ops acpi_pm_region;

/* What is pointed to outlives the device. */
void acpi_pm_init(struct acpi_pm *p, const struct machine_ops *machine,
		  const struct device_clock *clock);

#endif
