/* Between vmm/dev/lapic.c, lapic_message.c and lapic_timer.c only. */
#ifndef VMM_DEV_LAPIC_IMPL_H
#define VMM_DEV_LAPIC_IMPL_H

#include "base/bits.h"
#include "vmm/dev/lapic.h"

enum {
	ESR_SEND_ILLEGAL = BIT(5),
	ESR_RECEIVED_ILLEGAL = BIT(6),
	ESR_ILLEGAL_REGISTER = BIT(7),

	FIRST_VECTOR = 16,	       /* below, they are exceptions' */
	LAPIC_DEST_SHIFT = 24,	       /* ID, LDR, ICR2 */
	LAPIC_VERSION_VALUE = 0x50014, /* 6 LVT entries, an integrated APIC */
};

#define ICR_LOW_WRITABLE                                                \
	(LVT_VECTOR | LVT_MODE | LVT_LOGICAL | ICR_ASSERT | LVT_LEVEL | \
	 ICR_SHORTHAND)

static inline struct lapics *lapics_of(struct device *dev)
{
	return (struct lapics *)dev;
}

static inline struct lapic *lapic_of(struct device *dev)
{
	return (struct lapic *)dev;
}

static inline uint32_t lapic_get(const struct lapic_state *s,
				 enum lapic_reg reg)
{
	return s->reg[reg / 16];
}

static inline void lapic_set(struct lapic_state *s, enum lapic_reg reg,
			     uint32_t value)
{
	s->reg[reg / 16] = value;
}

/* An interrupt for this one; false: it is switched off. */
bool lapic_accept(struct lapics *l, unsigned int cpu, uint8_t vector,
		  bool level);

/* Switched on, by IA32_APIC_BASE and by its own register. */
bool lapic_is_usable(const struct lapic_state *s);
uint32_t lapic_ppr_now(const struct lapic_state *s);
uint32_t lapic_apr(const struct lapic_state *s);
/* What a guest can change of an LVT entry; 0: there is none. */
uint32_t lapic_lvt_writable(unsigned int offset);
extern const struct region_ops lapics_region;
/* Note an error: ESR_*. */
void lapic_error(struct lapics *l, unsigned int cpu, uint32_t bit);
/* The low half of the ICR was written. */
void lapic_send_ipi(struct lapics *l, unsigned int cpu, uint32_t icr);

uint32_t lapic_timer_count(const struct lapics *l, const struct lapic_state *s);
void lapic_timer_start(struct lapics *l, struct lapic_state *s, uint32_t count);
void lapic_timer_divide(struct lapics *l, struct lapic_state *s,
			uint32_t value);
/* The LVT entry has changed. */
void lapic_timer_rearm(struct lapics *l, struct lapic_state *s);

/* Of struct device_class. */
void lapic_timer_shift(void *state, uint64_t ns);
uint64_t lapic_timer_next(const struct device *dev);
void lapic_timer_run(struct device *dev);

#endif
