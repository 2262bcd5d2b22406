/*
 * ACPI fixed power-management registers (ACPI spec, "ACPI Register Model") at
 * the ports that vmm/boot/acpi.h promises: PM1a_STS, PM1a_EN, PM1a_CNT (16 bits
 * each) and the 24-bit PM timer.
 *
 * The machine is always in ACPI mode (SCI_EN reads 1).  SLP_EN powers off with
 * the SLP_TYP that the DSDT gives \_S5, and with 5, which guests that do not
 * read the DSDT write; that of \_S3 sends the machine to sleep, where it can.
 * The timer, the power button and the real-time clock raise an SCI, which is
 * level triggered, as far as PM1_EN lets them; the latter two wake it up.
 */
#ifndef VMM_DEV_ACPI_PM_H
#define VMM_DEV_ACPI_PM_H

#include "vmm/boot/acpi.h"
#include "vmm/dev/bus.h"

#define ACPI_PM_LEN 12 /* bytes from ACPI_PM1A_EVT on */

struct acpi_pm_state {
	uint64_t start;	     /* clock at timer value 0 */
	uint64_t timer_seen; /* timer when TMR_STS was last cleared */
	uint64_t next;	     /* when TMR_STS interrupts, ns; 0 = it won't */
	uint16_t status, enable, control;
	bool irq_level;
	bool asleep;
};

struct acpi_pm {
	struct device dev;
	const struct machine_ops *machine;
	const struct device_clock *clock;
	struct irq_line sci;
	struct acpi_pm_state s;
};

extern const struct region_ops acpi_pm_region;

/* What is pointed to outlives the device. */
void acpi_pm_init(struct acpi_pm *p, const struct machine_ops *machine,
		  const struct device_clock *clock, struct irq_line sci);

/*
 * Press the power button and let it go.  False: the guest does not listen, but
 * finds the event in PM1_STS when it looks.
 */
bool acpi_pm_press(struct acpi_pm *p);

/* The real-time clock interrupts. */
void acpi_pm_rtc(struct acpi_pm *p);

#endif
