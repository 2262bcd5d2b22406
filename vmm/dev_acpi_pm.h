/*
 * ACPI fixed power-management registers (ACPI spec, "ACPI Register Model"):
 *   0x600  PM1a_STS, 0x602 PM1a_EN, 0x604 PM1a_CNT (16 bits each)
 *   0x608  PM timer, 3.579545 MHz, 32 bits
 *
 * The machine is always in ACPI mode (SCI_EN reads 1).  SLP_EN with SLP_TYP 5,
 * the value that the DSDT gives \_S5, powers off; other sleep states are
 * ignored, as is whatever would raise an SCI.
 *
 * Threading: the caller holds the bus lock.
 */
#ifndef VMM_DEV_ACPI_PM_H
#define VMM_DEV_ACPI_PM_H

#include "vmm/bus.h"

enum {
	ACPI_PM1_EVT_PORT = 0x600,  /* 4 bytes */
	ACPI_PM1_CNT_PORT = 0x604,  /* 2 bytes */
	ACPI_PM_TIMER_PORT = 0x608, /* 4 bytes */
	ACPI_SLP_TYP_S5 = 5,
};

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
