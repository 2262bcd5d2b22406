/* Between vmm/dev/cmos.c and cmos_clock.c only. */
#ifndef VMM_DEV_CMOS_IMPL_H
#define VMM_DEV_CMOS_IMPL_H

#include "vmm/dev/cmos.h"

enum cmos_reg {
	REG_SECONDS = 0x00,
	REG_SECONDS_ALARM = 0x01,
	REG_MINUTES = 0x02,
	REG_MINUTES_ALARM = 0x03,
	REG_HOURS = 0x04,
	REG_HOURS_ALARM = 0x05,
	REG_WEEKDAY = 0x06,
	REG_DAY = 0x07,
	REG_MONTH = 0x08,
	REG_YEAR = 0x09,
	REG_A = 0x0a,
	REG_B = 0x0b,
	REG_C = 0x0c,
	REG_D = 0x0d,
	REG_EQUIPMENT = 0x14,
	REG_BASE_KB = 0x15, /* 16 bits */
	REG_EXT_KB = 0x17,  /* 16 bits, above 1 MiB, at most 64 MiB */
	REG_EXT_KB2 = 0x30, /* the same */
	REG_CENTURY = 0x32,
	REG_ABOVE_16M = 0x34, /* 16 bits, 64 KiB units, below 4 GiB */
	REG_ABOVE_4G = 0x5b,  /* 24 bits, 64 KiB units */

	A_UIP = 0x80,
	A_DEFAULT = 0x26, /* 32768 Hz, periodic rate 1024 Hz */
	A_RATE = 0x0f,
	B_24H = 0x02,
	B_BINARY = 0x04,
	B_SET = 0x80,
	C_UPDATE = 0x10, /* and its enable bit in register B; so the next two */
	C_ALARM = 0x20,
	C_PERIODIC = 0x40,
	C_FLAGS = 0x70,
	C_IRQF = 0x80,
	ALARM_ANY = 0xc0, /* from there on an alarm register fits any value */
	D_VALID = 0x80,
	HOUR_PM = 0x80,
};

/* The guest's time, in 1/32768 s since 1970. */
int64_t cmos_ticks(const struct cmos *c);
/* Write the current time into the registers. */
void cmos_latch_time(struct cmos *c);
/* Make the registers the current time. */
void cmos_set_time(struct cmos *c);
/* An update is about to happen. */
bool cmos_update_is_near(const struct cmos *c);

/*
 * Note what has happened up to now in the flags of register C, drive the line,
 * and set the timer for the next that makes an interrupt.
 */
void cmos_update(struct cmos *c);
/* The same after a jump of the clock: what lay between has not happened. */
void cmos_jumped(struct cmos *c);

#endif
