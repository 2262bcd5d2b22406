/* The local APICs as devices: registers by name, state as bytes. */
#include <stdio.h>
#include <string.h>

#include "vmm/dev/lapic_impl.h"

static void lapic_reset(struct device *dev)
{
	struct lapic *a = lapic_of(dev);

	a->s.on = true;
	lapics_cpu_init(a->all, a->index);
}

/* What the 8259s say is theirs. */
static void lapics_reset(struct device *dev)
{
}

static uint64_t get_ppr(const struct device *dev, unsigned int i)
{
	return lapic_ppr_now(&((const struct lapic *)dev)->s);
}

static uint64_t get_apr(const struct device *dev, unsigned int i)
{
	return lapic_apr(&((const struct lapic *)dev)->s);
}

static uint64_t get_count(const struct device *dev, unsigned int i)
{
	const struct lapic *a = (const struct lapic *)dev;

	return lapic_timer_count(a->all, &a->s);
}

#define S struct lapic_state
static const struct bit_name svr_bits[] = {
	{"VECTOR", LVT_VECTOR, "spurious vector"},
	{"ENABLED", SVR_ENABLED, "software enable"},
	{"FOCUS_OFF", SVR_FOCUS, "no focus processor checking"},
	{NULL, 0, NULL},
};

static const struct bit_name lvt_bits[] = {
	{"VECTOR", LVT_VECTOR, "interrupt vector"},
	{"MODE", LVT_MODE, "delivery mode"},
	{"PENDING", LVT_PENDING, "delivery status"},
	{"LOW", LVT_ACTIVE_LOW, "polarity"},
	{"REMOTE_IRR", LVT_REMOTE_IRR, "waits for its EOI"},
	{"LEVEL", LVT_LEVEL, "trigger mode"},
	{"MASKED", LVT_MASKED, "masked"},
	{"TIMER", LVT_TIMER_MODE, "1: periodic"},
	{NULL, 0, NULL},
};

#define REG(r, as, ...) DEVICE_REG_AS(S, reg[(r) / 16], as, ##__VA_ARGS__)
#define REG8(r, as)                                                            \
	{                                                                      \
		.name = (as), .offset = offsetof(S, reg[(r) / 16]), .size = 4, \
		.count = 8                                                     \
	}
static const struct device_reg lapic_regs[] = {
	REG(LAPIC_ID, "APIC_ID"),
	REG(LAPIC_VERSION, "APIC_LVR"),
	REG(LAPIC_TPR, "APIC_TASKPRI"),
	{.name = "APIC_ARBPRI", .size = 4, .get = get_apr},
	{.name = "APIC_PROCPRI", .size = 4, .get = get_ppr},
	REG(LAPIC_LDR, "APIC_LDR"),
	REG(LAPIC_DFR, "APIC_DFR"),
	REG(LAPIC_SVR, "APIC_SPIV", .bits = svr_bits),
	REG8(LAPIC_ISR, "APIC_ISR"),
	REG8(LAPIC_TMR, "APIC_TMR"),
	REG8(LAPIC_IRR, "APIC_IRR"),
	REG(LAPIC_ESR, "APIC_ESR"),
	REG(LAPIC_ICR, "APIC_ICR"),
	REG(LAPIC_ICR2, "APIC_ICR2"),
	REG(LAPIC_LVT_TIMER, "APIC_LVTT", .bits = lvt_bits),
	REG(LAPIC_LVT_THERMAL, "APIC_LVTTHMR", .bits = lvt_bits),
	REG(LAPIC_LVT_PERF, "APIC_LVTPC", .bits = lvt_bits),
	REG(LAPIC_LVT_LINT0, "APIC_LVT0", .bits = lvt_bits),
	REG(LAPIC_LVT_LINT1, "APIC_LVT1", .bits = lvt_bits),
	REG(LAPIC_LVT_ERROR, "APIC_LVTERR", .bits = lvt_bits),
	REG(LAPIC_INITIAL_COUNT, "APIC_TMICT"),
	{.name = "APIC_TMCCT", .size = 4, .get = get_count},
	REG(LAPIC_DIVIDE, "APIC_TDCR"),
	DEVICE_REG_AS(S, errors, "errors since the last ESR write"),
	DEVICE_REG_AS(S, timer_next, "next timer interrupt"),
	DEVICE_REG_AS(S, on, "on"),
	{.name = NULL},
};
#undef REG
#undef REG8

static const struct wire_layout lapic_layout = {
	.name = "lapic",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U64(S, timer_start),
					     WIRE_U64(S, timer_next),
					     WIRE_ARRAY(S, reg, 4),
					     WIRE_U32(S, errors, .max = 0xff),
					     WIRE_FLAG(S, on),
					     {.kind = WIRE_END}}};
#undef S

/* The bits of a register that a guest can have brought about. */
static uint32_t possible(const struct lapic *a, unsigned int offset)
{
	static const struct {
		uint16_t reg;
		uint32_t bits;
	} regs[] = {
		{LAPIC_VERSION, LAPIC_VERSION_VALUE},
		{LAPIC_TPR, 0xff},
		{LAPIC_LDR, BITS(31, LAPIC_DEST_SHIFT)},
		{LAPIC_DFR, UINT32_MAX},
		{LAPIC_SVR, LVT_VECTOR | SVR_ENABLED | SVR_FOCUS},
		{LAPIC_ESR, 0xff},
		{LAPIC_ICR, ICR_LOW_WRITABLE},
		{LAPIC_ICR2, BITS(31, LAPIC_DEST_SHIFT)},
		{LAPIC_INITIAL_COUNT, UINT32_MAX},
		{LAPIC_DIVIDE, 0xb},
	};

	if (offset == LAPIC_ID)
		return a->index << LAPIC_DEST_SHIFT;
	if (offset >= LAPIC_ISR && offset < LAPIC_ESR) /* no vectors 0 to 15 */
		return offset & 0x70 ? UINT32_MAX : BITS(31, FIRST_VECTOR);
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (regs[i].reg == offset)
			return regs[i].bits;
	return lapic_lvt_writable(offset);
}

static bool lapic_check(const struct device *dev, const void *state,
			struct err *err)
{
	const struct lapic *a = (const struct lapic *)dev;
	const struct lapic_state *s = state;

	for (unsigned int i = 0; i < ARRAY_SIZE(s->reg); i++)
		if (s->reg[i] & ~possible(a, 16 * i))
			return err_set(err, ERR_MALFORMED,
				       "reg[%u] cannot be 0x%x", i, s->reg[i]);
	if (lapic_get(s, LAPIC_ID) != a->index << LAPIC_DEST_SHIFT)
		return err_set(err, ERR_MALFORMED, "its ID is 0x%x",
			       lapic_get(s, LAPIC_ID));
	return true;
}

static const struct device_class lapic_class = {
	.name = "lapic",
	.about = "local APIC",
	.state_offset = offsetof(struct lapic, s),
	.state = &lapic_layout,
	.regs = lapic_regs,
	.reset = lapic_reset,
	.check = lapic_check,
	.shift = lapic_timer_shift,
	.next = lapic_timer_next,
	.run = lapic_timer_run,
};

#define S struct lapics_state
static const struct device_reg lapics_regs[] = {
	DEVICE_REG_AS(S, lint0, "LINT0"),
	{.name = NULL},
};

static const struct wire_layout lapics_layout = {
	.name = "lapics",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_FLAG(S, lint0),
					     {.kind = WIRE_END}}};
#undef S

static const struct device_class lapics_class = {
	.name = "lapics",
	.about = "the local APICs' page and pins",
	.state_offset = offsetof(struct lapics, s),
	.state = &lapics_layout,
	.regs = lapics_regs,
	.reset = lapics_reset,
};

void lapics_init(struct lapics *l, unsigned int cpus,
		 const struct lapic_ops *ops, const struct device_clock *clock)
{
	static const unsigned int nobody;
	char name[DEVICE_NAME];

	memset(l, 0, sizeof(*l));
	device_init(&l->dev, &lapics_class, NULL);
	l->cpus = cpus;
	l->accessing = &nobody;
	l->ops = *ops;
	l->clock = clock;
	for (unsigned int i = 0; i < cpus; i++) {
		snprintf(name, sizeof(name), "lapic%u", i);
		device_init(&l->cpu[i].dev, &lapic_class, name);
		l->cpu[i].all = l;
		l->cpu[i].index = i;
		lapic_reset(&l->cpu[i].dev);
	}
}

bool lapics_add(struct lapics *l, struct bus *bus, struct err *err)
{
	l->accessing = &bus->cpu;
	for (unsigned int i = 0; i < l->cpus; i++)
		if (!bus_add_device(bus, &l->cpu[i].dev, err))
			return false;
	return bus_add(bus, BUS_MMIO, LAPIC_BASE, LAPIC_LEN, &lapics_region,
		       &l->dev, err);
}
