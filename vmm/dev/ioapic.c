#include "vmm/dev/ioapic.h"

#include <string.h>

#include "base/bits.h"

enum {
	/* registers in memory */
	IOREGSEL = 0x00,
	IOWIN = 0x10,
	IOEOI = 0x40,

	/* registers behind IOWIN; two for each pin from REG_REDIR on */
	REG_ID = 0,
	REG_VERSION = 1,
	REG_ARBITRATION = 2,
	REG_REDIR = 0x10,
	REG_END = REG_REDIR + 2 * IOAPIC_PINS,
};

#define ID_BITS UINT32_C(0x0f000000)

/* "I/O Redirection Table Registers" */
#define RTE_VECTOR     BITS(7, 0)
#define RTE_MODE       BITS(10, 8)
#define RTE_LOGICAL    BIT(11)
#define RTE_POLARITY   BIT(13)
#define RTE_REMOTE_IRR BIT(14)
#define RTE_LEVEL      BIT(15)
#define RTE_MASKED     BIT(16)
#define RTE_DEST_SHIFT 56
#define RTE_WRITABLE                                                      \
	(RTE_VECTOR | RTE_MODE | RTE_LOGICAL | RTE_POLARITY | RTE_LEVEL | \
	 RTE_MASKED | BITS(63, RTE_DEST_SHIFT))

/* Fixed and lowest priority; the other modes are edges whatever they say. */
#define MODE_MAX_LEVEL (UINT64_C(1) << 8)

#define MSI_BASE	  UINT32_C(0xfee00000)
#define MSI_DEST_SHIFT	  12
#define MSI_LOGICAL	  UINT32_C(0x4)
#define MSI_LEVEL_ASSERT  UINT32_C(0x4000)
#define MSI_TRIGGER_LEVEL UINT32_C(0x8000)

static struct ioapic *of(struct device *dev)
{
	return (struct ioapic *)dev;
}

static bool is_level(uint64_t rte)
{
	return (rte & RTE_LEVEL) && (rte & RTE_MODE) <= MODE_MAX_LEVEL;
}

struct msi_msg ioapic_message(const struct ioapic *a, unsigned int pin)
{
	uint64_t rte = a->s.redir[pin];
	struct msi_msg msg = {
		.address = MSI_BASE | (uint32_t)(rte >> RTE_DEST_SHIFT)
					      << MSI_DEST_SHIFT,
		.data = (uint32_t)(rte & (RTE_VECTOR | RTE_MODE)),
	};

	if (rte & RTE_LOGICAL)
		msg.address |= MSI_LOGICAL;
	if (is_level(rte))
		msg.data |= MSI_TRIGGER_LEVEL | MSI_LEVEL_ASSERT;
	return msg;
}

static bool send(struct ioapic *a, unsigned int pin)
{
	struct msi_msg msg = ioapic_message(a, pin);

	return a->ops.deliver && a->ops.deliver(a->ops.ctx, &msg);
}

/* A level pin that is asserted, open and not waiting for an EOI sends. */
static void service_level(struct ioapic *a, unsigned int pin)
{
	uint64_t *rte = &a->s.redir[pin];

	if (!is_level(*rte) || *rte & (RTE_MASKED | RTE_REMOTE_IRR) ||
	    !(a->s.lines & BIT(pin)))
		return;
	/* not taken: it stays asserted, and the next event here tries again */
	if (send(a, pin))
		*rte |= RTE_REMOTE_IRR;
}

static void send_routes(struct ioapic *a)
{
	struct msi_msg msg[IOAPIC_PINS];

	if (!a->ops.route)
		return;
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		msg[pin] = ioapic_message(a, pin);
	a->ops.route(a->ops.ctx, msg);
}

void ioapic_set_pin(struct ioapic *a, unsigned int pin, int level)
{
	bool was;

	if (pin >= IOAPIC_PINS)
		return;
	was = a->s.lines & BIT(pin);
	if (!level || !was)
		a->s.lost &= (uint32_t)~BIT(pin);
	if (!level) {
		a->s.lines &= (uint32_t)~BIT(pin);
		return;
	}
	a->s.lines |= (uint32_t)BIT(pin);
	a->s.raised[pin] += !was;
	if (is_level(a->s.redir[pin]))
		service_level(a, pin);
	else if (!was && ((a->s.redir[pin] & RTE_MASKED) || !send(a, pin)))
		a->s.lost |= (uint32_t)BIT(pin);
}

void ioapic_set_irq(void *ctx, unsigned int gsi, int level)
{
	ioapic_set_pin(ctx, gsi ? gsi : IOAPIC_TIMER_PIN, level);
}

void ioapic_eoi(struct ioapic *a, uint8_t vector)
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *rte = &a->s.redir[pin];

		if (!(*rte & RTE_REMOTE_IRR) || (*rte & RTE_VECTOR) != vector)
			continue;
		*rte &= ~RTE_REMOTE_IRR;
		service_level(a, pin);
	}
}

void ioapic_show(const struct ioapic *a, struct x86_ioapic *to,
		 uint64_t raised[IOAPIC_PINS])
{
	*to = (struct x86_ioapic){.base = IOAPIC_BASE,
				  .select = a->s.index,
				  .id = a->s.id >> 24,
				  .version = IOAPIC_VERSION,
				  .has_lines = true,
				  .lines = a->s.lines};
	memcpy(to->redir, a->s.redir, sizeof(to->redir));
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		if (is_level(a->s.redir[pin]) ? a->s.lines & BIT(pin)
					      : a->s.lost & BIT(pin))
			to->irr |= (uint32_t)BIT(pin);
	memcpy(raised, a->s.raised, sizeof(a->s.raised));
	raised[0] = raised[IOAPIC_TIMER_PIN];
	raised[IOAPIC_TIMER_PIN] = 0;
}

/* ---- registers ---- */

static void write_redir(struct ioapic *a, unsigned int pin, bool high,
			uint32_t value)
{
	uint64_t *rte = &a->s.redir[pin];
	const uint64_t half = high ? BITS(63, 32) : BITS(31, 0);
	const uint64_t mask = RTE_WRITABLE & half;
	const struct msi_msg old = ioapic_message(a, pin);
	struct msi_msg now;

	*rte &= ~mask;
	*rte |= ((uint64_t)value << (high ? 32 : 0)) & mask;
	/* how guests forget an interrupt whose EOI went astray */
	if (!is_level(*rte))
		*rte &= ~RTE_REMOTE_IRR;
	now = ioapic_message(a, pin);
	if (old.address != now.address || old.data != now.data)
		send_routes(a);
	service_level(a, pin);
}

static uint32_t read_window(const struct ioapic *a)
{
	const uint8_t reg = a->s.index;
	uint64_t rte;

	if (reg == REG_ID || reg == REG_ARBITRATION)
		return a->s.id;
	if (reg == REG_VERSION)
		return (IOAPIC_PINS - 1) << 16 | IOAPIC_VERSION;
	if (reg < REG_REDIR || reg >= REG_END)
		return 0;
	rte = a->s.redir[(reg - REG_REDIR) / 2];
	return (uint32_t)(reg & 1 ? rte >> 32 : rte);
}

static void write_window(struct ioapic *a, uint32_t value)
{
	const uint8_t reg = a->s.index;

	if (reg == REG_ID)
		a->s.id = value & ID_BITS;
	else if (reg >= REG_REDIR && reg < REG_END)
		write_redir(a, (reg - REG_REDIR) / 2u, reg & 1, value);
}

static uint64_t ioapic_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	struct ioapic *a = of(dev);

	switch (offset) {
	case IOREGSEL:
		return a->s.index;
	case IOWIN:
		return read_window(a);
	default:
		return 0;
	}
}

static void ioapic_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	struct ioapic *a = of(dev);

	switch (offset) {
	case IOREGSEL:
		a->s.index = (uint8_t)value;
		break;
	case IOWIN:
		write_window(a, (uint32_t)value);
		break;
	case IOEOI:
		ioapic_eoi(a, (uint8_t)value);
		break;
	default:
		break;
	}
}

/* The lines are others' and stay as they are driven. */
static void ioapic_reset(struct device *dev)
{
	struct ioapic *a = of(dev);

	a->s.index = 0;
	a->s.id = 0;
	a->s.lost = 0;
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		a->s.redir[pin] = RTE_MASKED;
	send_routes(a);
}

static const char *window_name(uint8_t reg)
{
	/* clang-format off */
#define PIN(n) "redirection " #n " low", "redirection " #n " high"
	static const char *const redir[] = {
		PIN(0), PIN(1), PIN(2), PIN(3), PIN(4), PIN(5), PIN(6), PIN(7),
		PIN(8), PIN(9), PIN(10), PIN(11), PIN(12), PIN(13), PIN(14),
		PIN(15), PIN(16), PIN(17), PIN(18), PIN(19), PIN(20), PIN(21),
		PIN(22), PIN(23),
	};
#undef PIN
	/* clang-format on */
	static const char *const low[] = {"id", "version", "arbitration"};

	_Static_assert(ARRAY_SIZE(redir) == REG_END - REG_REDIR, "a name for "
								 "each half of "
								 "each pin");
	if (reg < ARRAY_SIZE(low))
		return low[reg];
	if (reg >= REG_REDIR && reg < REG_END)
		return redir[reg - REG_REDIR];
	return "no such register";
}

static const char *ioapic_reg_name(struct device *dev, uint64_t offset,
				   bool write)
{
	switch (offset) {
	case IOREGSEL:
		return "IOREGSEL";
	case IOWIN:
		return window_name(of(dev)->s.index);
	case IOEOI:
		return "EOI";
	default:
		return NULL;
	}
}

#define S struct ioapic_state
static const struct bit_name redir_bits[] = {
	{"VECTOR", RTE_VECTOR, "interrupt vector"},
	{"MODE", RTE_MODE, "delivery mode"},
	{"LOGICAL", RTE_LOGICAL, "destination mode"},
	{"LOW", RTE_POLARITY, "polarity"},
	{"REMOTE_IRR", RTE_REMOTE_IRR, "waits for its EOI"},
	{"LEVEL", RTE_LEVEL, "trigger mode"},
	{"MASKED", RTE_MASKED, "masked"},
	{"DEST", BITS(63, RTE_DEST_SHIFT), "destination"},
	{NULL, 0, NULL},
};

static const struct device_reg ioapic_regs[] = {
	DEVICE_REG_AS(S, index, "IOREGSEL"),
	DEVICE_REG(S, id),
	DEVICE_REGS_AS(S, redir, "redirection", .bits = redir_bits),
	DEVICE_REG(S, lines),
	DEVICE_REG(S, lost),
	DEVICE_REGS_AS(S, raised, "raised"),
	{.name = NULL},
};

static const struct wire_layout ioapic_layout = {
	.name = "ioapic",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_ARRAY(S, redir, 8),
		WIRE_U32(S, lines, .max = BITS(IOAPIC_PINS - 1, 0)),
		WIRE_U32(S, lost, .max = BITS(IOAPIC_PINS - 1, 0)),
		WIRE_U32(S, id, .max = ID_BITS),
		WIRE_U8(S, index),
		WIRE_ARRAY(S, raised, 8),
		{.kind = WIRE_END}}};
#undef S

static bool ioapic_check(const struct device *dev, const void *state,
			 struct err *err)
{
	const struct ioapic_state *s = state;

	if (s->id & ~ID_BITS)
		return err_set(err, ERR_MALFORMED, "id cannot be 0x%x", s->id);
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t rte = s->redir[pin];

		if (rte & ~(RTE_WRITABLE | RTE_REMOTE_IRR) ||
		    (rte & RTE_REMOTE_IRR && !is_level(rte)))
			return err_set(err, ERR_MALFORMED,
				       "redir[%u] cannot be 0x%llx", pin,
				       (unsigned long long)rte);
	}
	return true;
}

static const struct device_class ioapic_class = {
	.name = "ioapic",
	.about = "I/O APIC",
	.state_offset = offsetof(struct ioapic, s),
	.state = &ioapic_layout,
	.regs = ioapic_regs,
	.reset = ioapic_reset,
	.check = ioapic_check,
};

const struct region_ops ioapic_region = {
	.name = "ioapic",
	.read = ioapic_read,
	.write = ioapic_write,
	.reg_name = ioapic_reg_name,
};

void ioapic_init(struct ioapic *a, const struct ioapic_ops *ops)
{
	memset(a, 0, sizeof(*a));
	device_init(&a->dev, &ioapic_class, NULL);
	ioapic_reset(&a->dev); /* no callbacks yet */
	a->ops = *ops;
}
