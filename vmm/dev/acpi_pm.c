#include "vmm/dev/acpi_pm.h"

enum {
	STS_TIMER = 0x0001,
	STS_POWER_BUTTON = 0x0100,
	STS_RTC = 0x0400,
	STS_WAKE = 0x8000,
	WAKES = STS_POWER_BUTTON | STS_RTC,
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

static struct acpi_pm *to_pm(struct device *dev)
{
	return (struct acpi_pm *)dev;
}

static uint64_t timer_ticks(const struct acpi_pm *p)
{
	uint64_t ns = device_now(p->clock) - p->s.start;

	return ns / SECOND_NS * TIMER_HZ +
	       ns % SECOND_NS * TIMER_HZ / SECOND_NS;
}

/* TMR_STS is set whenever the timer's top bit has changed. */
static uint16_t read_status(const struct acpi_pm *p)
{
	bool toggled = p->s.timer_seen >> TIMER_TOP_BIT !=
		       timer_ticks(p) >> TIMER_TOP_BIT;

	return p->s.status | (toggled ? STS_TIMER : 0);
}

/* The first nanosecond at which the top bit differs from what was seen. */
static uint64_t next_toggle(const struct acpi_pm *p)
{
	uint64_t ticks = ((p->s.timer_seen >> TIMER_TOP_BIT) + 1)
			 << TIMER_TOP_BIT;

	return p->s.start + ticks / TIMER_HZ * SECOND_NS +
	       (ticks % TIMER_HZ * SECOND_NS + TIMER_HZ - 1) / TIMER_HZ;
}

/* What is set and enabled raises the SCI; the timer is waited for. */
static void update_sci(struct acpi_pm *p)
{
	bool level = read_status(p) & p->s.enable;
	bool wait = !level && p->s.enable & STS_TIMER;

	p->s.next = wait ? max_u64(next_toggle(p), device_now(p->clock) + 1)
			 : 0;
	device_rearm(p->clock);
	if (level == p->s.irq_level)
		return;
	p->s.irq_level = level;
	irq_line_set(&p->sci, level);
}

static void wake_up(struct acpi_pm *p)
{
	if (!p->s.asleep || !(p->s.status & p->s.enable & WAKES))
		return;
	p->s.asleep = false;
	p->s.status |= STS_WAKE;
	p->machine->wake(p->machine->ctx);
}

static void event(struct acpi_pm *p, uint16_t status)
{
	p->s.status |= status;
	update_sci(p);
	wake_up(p);
}

bool acpi_pm_press(struct acpi_pm *p)
{
	event(p, STS_POWER_BUTTON);
	return p->s.enable & STS_POWER_BUTTON;
}

void acpi_pm_rtc(struct acpi_pm *p)
{
	event(p, STS_RTC);
}

static void pm_run(struct device *dev)
{
	struct acpi_pm *p = to_pm(dev);

	if (p->s.next && p->s.next <= device_now(p->clock))
		update_sci(p);
}

static uint64_t pm_next(const struct device *dev)
{
	const struct acpi_pm *p = (const struct acpi_pm *)dev;

	return p->s.next ? p->s.next : DEVICE_IDLE;
}

/* All twelve bytes, as an access of any size and place sees them. */
static void snapshot(const struct acpi_pm *p, uint8_t regs[OFF_END])
{
	const uint16_t word[] = {read_status(p), p->s.enable,
				 p->s.control | CNT_SCI_EN, 0xffff};
	uint64_t timer = timer_ticks(p) & BITS(TIMER_TOP_BIT, 0);

	for (unsigned int i = 0; i < OFF_TIMER; i++)
		regs[i] = (uint8_t)(word[i / 2] >> (8 * (i % 2)));
	for (unsigned int i = 0; i < 4; i++)
		regs[OFF_TIMER + i] = (uint8_t)(timer >> (8 * i));
}

static uint64_t pm_read(struct device *dev, uint64_t offset, unsigned int size)
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

	p->s.control = value & CNT_KEPT;
	if (!(value & CNT_SLP_EN))
		return;
	if (type == ACPI_S5_TYPE || type == SLP_TYP_GUESSED) {
		p->machine->exit(p->machine->ctx, 0, "ACPI power-off");
	} else if (type == ACPI_S3_TYPE && p->machine->sleep) {
		p->s.asleep = true;
		p->machine->sleep(p->machine->ctx);
		wake_up(p); /* by what is there already */
	}
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
		p->s.status &= (uint16_t)~merge(0, offset & 1, value);
		if (offset == OFF_STATUS && (value & STS_TIMER))
			p->s.timer_seen = timer_ticks(p);
		break;
	case OFF_ENABLE:
	case OFF_ENABLE + 1:
		p->s.enable = merge(p->s.enable, offset & 1, value);
		break;
	case OFF_CONTROL:
	case OFF_CONTROL + 1:
		write_control(p, merge(p->s.control, offset & 1, value));
		break;
	default: /* the timer is read-only */
		break;
	}
}

static void pm_write(struct device *dev, uint64_t offset, unsigned int size,
		     uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		write_byte(to_pm(dev), offset + i, (uint8_t)(value >> (8 * i)));
	update_sci(to_pm(dev));
}

static void pm_reset(struct device *dev)
{
	struct acpi_pm *p = to_pm(dev);

	p->s.status = p->s.enable = p->s.control = 0;
	p->s.asleep = false;
	p->s.start = device_now(p->clock);
	p->s.timer_seen = 0;
	update_sci(p);
}

static const char *pm_reg_name(struct device *dev, uint64_t offset, bool write)
{
	static const char *const names[OFF_END / 2] = {
		"PM1_STS", "PM1_EN", "PM1_CNT", NULL, "PM_TMR", "PM_TMR",
	};

	return offset < OFF_END ? names[offset / 2] : NULL;
}

static uint64_t get_status(const struct device *dev, unsigned int i)
{
	return read_status((const struct acpi_pm *)dev);
}

static uint64_t get_control(const struct device *dev, unsigned int i)
{
	return ((const struct acpi_pm *)dev)->s.control | CNT_SCI_EN;
}

static uint64_t get_timer(const struct device *dev, unsigned int i)
{
	return timer_ticks((const struct acpi_pm *)dev) &
	       BITS(TIMER_TOP_BIT, 0);
}

static const struct bit_name event_bits[] = {
	{"TMR", STS_TIMER, "the timer's top bit has changed"},
	{"BM", 0x0010, "bus master"},
	{"GBL", 0x0020, "global lock released"},
	{"PWRBTN", 0x0100, "power button"},
	{"SLPBTN", 0x0200, "sleep button"},
	{"RTC", 0x0400, "RTC alarm"},
	{"PCIEXP_WAKE", 0x4000, "PCI Express wake"},
	{"WAK", 0x8000, "woken up"},
	{NULL, 0, NULL},
};

static const struct bit_name control_bits[] = {
	{"SCI_EN", CNT_SCI_EN, "ACPI mode"},
	{"BM_RLD", 0x0002, "bus master reload"},
	{"SLP_TYP", 0x1c00, "sleep type"},
	{NULL, 0, NULL},
};

#define S struct acpi_pm_state
static const struct device_reg pm_regs[] = {
	{.name = "PM1_STS", .size = 2, .get = get_status, .bits = event_bits},
	DEVICE_REG_AS(S, enable, "PM1_EN", .bits = event_bits),
	{.name = "PM1_CNT", .size = 2, .get = get_control, .bits = control_bits},
	{.name = "PM_TMR", .size = 4, .get = get_timer},
	DEVICE_REG_AS(S, irq_level, "SCI"),
	DEVICE_REG(S, asleep),
	{.name = NULL},
};

static const struct wire_layout pm_layout = {
	.name = "acpi-pm",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U64(S, start),
					     WIRE_U64(S, timer_seen),
					     WIRE_U64(S, next),
					     WIRE_U16(S, status),
					     WIRE_U16(S, enable),
					     WIRE_U16(S, control,
						      .max = CNT_KEPT),
					     WIRE_FLAG(S, irq_level),
					     WIRE_FLAG(S, asleep),
					     {.kind = WIRE_END}}};
#undef S

static bool pm_check(const struct device *dev, const void *state,
		     struct err *err)
{
	const struct acpi_pm *p = (const struct acpi_pm *)dev;
	const struct acpi_pm_state *s = state;

	if (s->asleep && !p->machine->sleep)
		return err_set(err, ERR_MALFORMED,
			       "asleep in a machine that cannot sleep");
	if (s->control & ~CNT_KEPT)
		return err_set(err, ERR_MALFORMED, "control cannot be 0x%x",
			       s->control);
	return true;
}

static void pm_shift(void *state, uint64_t ns)
{
	struct acpi_pm_state *s = state;

	s->start += ns;
	if (s->next)
		s->next += ns;
}

static const struct device_class pm_class = {
	.name = "acpi-pm",
	.about = "ACPI power management",
	.state_offset = offsetof(struct acpi_pm, s),
	.state = &pm_layout,
	.regs = pm_regs,
	.reset = pm_reset,
	.standby = true,
	.check = pm_check,
	.shift = pm_shift,
	.next = pm_next,
	.run = pm_run,
};

const struct region_ops acpi_pm_region = {
	.name = "acpi-pm",
	.read = pm_read,
	.write = pm_write,
	.reg_name = pm_reg_name,
};

void acpi_pm_init(struct acpi_pm *p, const struct machine_ops *machine,
		  const struct device_clock *clock, struct irq_line sci)
{
	*p = (struct acpi_pm){.machine = machine, .clock = clock, .sci = sci};
	device_init(&p->dev, &pm_class, NULL);
	device_drives(&p->dev, &sci);
	pm_reset(&p->dev);
}
