/*
 * The local APICs' timers.  A count is a time when it began: what is left of it
 * and when it ends are computed.  Source: SDM Vol 3A, "APIC Timer".
 */
#include "vmm/dev/lapic_impl.h"

enum {
	DIVIDE_WRITABLE = 0xb,
};

/* Bits 0, 1 and 3 of the divide register: 2, 4, ... 128, and 1. */
static uint64_t divisor(const struct lapic_state *s)
{
	uint32_t d = lapic_get(s, LAPIC_DIVIDE);

	return UINT64_C(1) << (((d & 3) | (d & 8) >> 1) + 1) % 8;
}

/* Nanoseconds from the initial count to 0, at 1 GHz. */
static uint64_t period(const struct lapic_state *s)
{
	return lapic_get(s, LAPIC_INITIAL_COUNT) * divisor(s);
}

static bool is_periodic(const struct lapic_state *s)
{
	return lapic_get(s, LAPIC_LVT_TIMER) & LVT_TIMER_PERIODIC;
}

uint32_t lapic_timer_count(const struct lapics *l, const struct lapic_state *s)
{
	uint64_t full = period(s), gone;

	if (!full)
		return 0;
	gone = device_now(l->clock) - s->timer_start;
	if (gone >= full && !is_periodic(s))
		return 0;
	return (uint32_t)((full - gone % full) / divisor(s));
}

/*
 * `now` is the time of the guest's access: with a later look at the clock, a
 * count that is over by then would never interrupt.
 */
static void arm(struct lapics *l, struct lapic_state *s, uint64_t now)
{
	uint64_t full = period(s), gone = now - s->timer_start;
	bool due = s->timer_next && s->timer_next <= now; /* not run yet */

	s->timer_next = 0;
	if (full && !(lapic_get(s, LAPIC_LVT_TIMER) & LVT_MASKED)) {
		if (is_periodic(s))
			s->timer_next = max_u64(
				s->timer_start + (gone / full + 1) * full,
				now + LAPIC_MIN_PERIOD_NS);
		else if (gone < full || due)
			s->timer_next = s->timer_start + full;
	}
	device_rearm(l->clock);
}

void lapic_timer_rearm(struct lapics *l, struct lapic_state *s)
{
	arm(l, s, device_now(l->clock));
}

void lapic_timer_start(struct lapics *l, struct lapic_state *s, uint32_t count)
{
	lapic_set(s, LAPIC_INITIAL_COUNT, count);
	s->timer_start = device_now(l->clock);
	arm(l, s, s->timer_start);
}

/* What is left of the count goes on at the new pace. */
void lapic_timer_divide(struct lapics *l, struct lapic_state *s, uint32_t value)
{
	uint32_t left = lapic_timer_count(l, s);
	uint32_t initial = lapic_get(s, LAPIC_INITIAL_COUNT);
	uint64_t now = device_now(l->clock);
	uint64_t back;

	lapic_set(s, LAPIC_DIVIDE, value & DIVIDE_WRITABLE);
	back = (uint64_t)(initial - left) * divisor(s);
	s->timer_start = now - back;
	arm(l, s, now);
}

void lapic_timer_shift(void *state, uint64_t ns)
{
	struct lapic_state *s = state;

	s->timer_start += ns;
	if (s->timer_next)
		s->timer_next += ns;
}

uint64_t lapic_timer_next(const struct device *dev)
{
	const struct lapic_state *s = &((const struct lapic *)dev)->s;

	return s->timer_next ? s->timer_next : DEVICE_IDLE;
}

void lapic_timer_run(struct device *dev)
{
	struct lapic *a = lapic_of(dev);
	struct lapic_state *s = &a->s;
	uint64_t now = device_now(a->all->clock), full = period(s);
	uint32_t lvt = lapic_get(s, LAPIC_LVT_TIMER);

	if (!s->timer_next || s->timer_next > now)
		return;
	s->timer_next = 0;
	if (is_periodic(s) && full) /* those that were missed are lost */
		s->timer_next = max_u64(
			s->timer_start +
				((now - s->timer_start) / full + 1) * full,
			now + LAPIC_MIN_PERIOD_NS);
	lapic_accept(a->all, a->index, lvt & LVT_VECTOR, false);
}
