/* Fixed hardware that the ACPI tables promise and devices provide. */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

enum {
	ACPI_PM1A_EVT = 0x600, /* 4 bytes: status, enable */
	ACPI_PM1A_CNT = 0x604, /* 2 bytes */
	ACPI_PM_TMR = 0x608,   /* 4 bytes, 24 bits count at 3.579545 MHz */
	ACPI_S3_TYPE = 1,      /* SLP_TYP of suspend to RAM */
	ACPI_S5_TYPE = 0,      /* SLP_TYP of power-off */
	ACPI_SCI_IRQ = 9,      /* level triggered */
};

#endif
