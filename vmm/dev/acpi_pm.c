#include "vmm/dev/acpi_pm.h"

#include <time.h>

enum {
	STS_TIMER = 0x0001,
	CNT_SCI_EN = 0x0001,
	CNT_SLP_TYP_SHIFT = 10,
	CNT_SLP_EN = 0x2000,
	CNT_KEPT = 0x1c02, /* SLP_TYP and BM_RLD */

	SLP_TYP_GUESSED = 5, /* S5 by name rather than by DSDT */

	OFF_STATUS = 0,
	OFF_ENABLE = 2,
	OFF_CONTROL = ACPI_PM1A_CNT - ACPI_PM1A_EVT,
	OFF_TIMER = ACPI_PM_TMR - ACPI_PM1A_EVT,
	OFF_END = ACPI_PM_LEN,

	TIMER_TOP_BIT = 23,
};

#define TIMER_HZ  3579545
#define SECOND_NS 1000000000

static struct acpi_pm *to_pm(struct bus_device *dev)
{
	return (struct acpi_pm *)(void *)dev;
}

static uint64_t timer_ticks(const struct acpi_pm *p)
{
	uint64_t ns = p->now() - p->start;

	return ns / SECOND_NS * TIMER_HZ +
	       ns % SECOND_NS * TIMER_HZ / SECOND_NS;
}

/* TMR_STS is set whenever the timer's top bit has changed. */
static uint16_t read_status(const struct acpi_pm *p)
{
	bool toggled = p->timer_seen >> TIMER_TOP_BIT !=
		       timer_ticks(p) >> TIMER_TOP_BIT;

	return p->status | (toggled ? STS_TIMER : 0);
}

/* All twelve bytes, as an access of any size and place sees them. */
static void snapshot(const struct acpi_pm *p, uint8_t regs[OFF_END])
{
	const uint16_t word[] = {read_status(p), p->enable,
				 p->control | CNT_SCI_EN, 0xffff};
	uint64_t timer = timer_ticks(p) & BITS(TIMER_TOP_BIT, 0);

	for (unsigned int i = 0; i < OFF_TIMER; i++)
		regs[i] = (uint8_t)(word[i / 2] >> (8 * (i % 2)));
	for (unsigned int i = 0; i < 4; i++)
		regs[OFF_TIMER + i] = (uint8_t)(timer >> (8 * i));
}

static uint64_t pm_read(struct bus_device *dev, uint64_t offset,
			unsigned int size)
{
	uint8_t regs[OFF_END];
	uint64_t value = 0;

	snapshot(to_pm(dev), regs);
	for (unsigned int i = 0; i < size; i++) {
		uint64_t byte = offset + i < OFF_END ? regs[offset + i] : 0xff;

		value |= byte << (8 * i);
	}
	return value;
}

static void write_control(struct acpi_pm *p, uint16_t value)
{
	unsigned int type = value >> CNT_SLP_TYP_SHIFT & 7;

	p->control = value & CNT_KEPT;
	if ((value & CNT_SLP_EN) &&
	    (type == ACPI_S5_TYPE || type == SLP_TYP_GUESSED))
		p->machine->exit(p->machine->ctx, 0, "ACPI power-off");
}

/* Put a byte into a 16-bit register. */
static uint16_t merge(uint16_t old, unsigned int byte, uint8_t value)
{
	unsigned int shift = 8 * (byte & 1);

	return (uint16_t)((old & ~(0xff << shift)) | value << shift);
}

static void write_byte(struct acpi_pm *p, uint64_t offset, uint8_t value)
{
	switch (offset) {
	case OFF_STATUS: /* ones clear */
	case OFF_STATUS + 1:
		p->status &= (uint16_t)~merge(0, offset & 1, value);
		if (offset == OFF_STATUS && (value & STS_TIMER))
			p->timer_seen = timer_ticks(p);
		break;
	case OFF_ENABLE:
	case OFF_ENABLE + 1:
		p->enable = merge(p->enable, offset & 1, value);
		break;
	case OFF_CONTROL:
	case OFF_CONTROL + 1:
		write_control(p, merge(p->control, offset & 1, value));
		break;
	default: /* the timer is read-only */
		break;
	}
}

static void pm_write(struct bus_device *dev, uint64_t offset, unsigned int size,
		     uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		write_byte(to_pm(dev), offset + i, (uint8_t)(value >> (8 * i)));
}

static void pm_reset(struct bus_device *dev)
{
	struct acpi_pm *p = to_pm(dev);

	p->status = p->enable = p->control = 0;
	p->start = p->now();
	p->timer_seen = 0;
}

static const char *pm_reg_name(struct bus_device *dev, uint64_t offset,
			       bool write)
{
	static const char *const names[OFF_END / 2] = {
		"PM1_STS", "PM1_EN", "PM1_CNT", NULL, "PM_TMR", "PM_TMR",
	};

	return offset < OFF_END ? names[offset / 2] : NULL;
}

static const struct bus_device_ops pm_ops = {
	.name = "acpi-pm",
	.read = pm_read,
	.write = pm_write,
	.reset = pm_reset,
	.reg_name = pm_reg_name,
};

static uint64_t host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

void acpi_pm_init(struct acpi_pm *p, const struct machine_ops *machine)
{
	*p = (struct acpi_pm){.dev = {&pm_ops}, .machine = machine};
	p->now = host_now;
	pm_reset(&p->dev);
}
