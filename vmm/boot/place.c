#include "vmm/boot/place.h"

#include <inttypes.h>

#include "base/bits.h"
#include "vmm/boot/lowmem.h"

void place_init(struct place *p, const struct guest_mem *mem)
{
	p->mem = mem;
	p->n = 0;
}

gpa_t place_low_end(const struct place *p)
{
	return min_u64(p->mem->ram_size, GUEST_HOLE_BASE);
}

static const struct place_range *occupant(const struct place *p, gpa_t base,
					  uint64_t len)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (ranges_overlap(p->used[i].base, p->used[i].len, base, len))
			return &p->used[i];
	return NULL;
}

static bool add(struct place *p, gpa_t base, uint64_t len, const char *what,
		struct err *err)
{
	if (p->n == PLACE_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s: more than %d pieces to place in guest "
			       "memory",
			       what, PLACE_MAX);
	p->used[p->n++] = (struct place_range){base, len, what};
	return true;
}

bool place_claim(struct place *p, gpa_t base, uint64_t len, const char *what,
		 struct err *err)
{
	const struct place_range *other;

	if (!len)
		return true;
	if (!guest_mem_is_ram(p->mem, base, len))
		return err_set(err, ERR_RANGE,
			       "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " do not fit into guest memory (%" PRIu64
			       " MiB); give more with --memory",
			       what, len, base, p->mem->ram_size >> 20);
	other = occupant(p, base, len);
	if (other)
		return err_set(err, ERR_RANGE,
			       "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " overlap %s (0x%" PRIx64 " bytes at 0x%" PRIx64
			       ")",
			       what, len, base, other->what, other->len,
			       other->base);
	return add(p, base, len, what, err);
}

/* Highest aligned start in [min, max) whose size bytes are free. */
static bool find_down(const struct place *p, const struct place_want *w,
		      gpa_t max, gpa_t *at)
{
	while (max >= w->size) {
		const struct place_range *other;
		gpa_t base = (max - w->size) & ~(w->align - 1);

		if (base < w->min)
			return false;
		other = occupant(p, base, w->size);
		if (!other) {
			*at = base;
			return true;
		}
		max = other->base; /* lower each time: ends */
	}
	return false;
}

/* Lowest aligned start in [min, max) whose size bytes are free. */
static bool find_up(const struct place *p, const struct place_want *w,
		    gpa_t max, gpa_t *at)
{
	gpa_t base = w->min;

	for (;;) {
		const struct place_range *other;

		base = (base + w->align - 1) & ~(w->align - 1);
		if (!range_ok(w->min, max - w->min, base, w->size))
			return false;
		other = occupant(p, base, w->size);
		if (!other) {
			*at = base;
			return true;
		}
		base = other->base + other->len; /* higher each time: ends */
	}
}

static bool try_find(const struct place *p, const struct place_want *w,
		     gpa_t *at)
{
	const gpa_t max = min_u64(w->max, place_low_end(p));

	if (max < w->min || max - w->min < w->size)
		return false;
	return w->order == PLACE_BOTTOM_UP ? find_up(p, w, max, at)
					   : find_down(p, w, max, at);
}

bool place_search(const struct place *p, const struct place_want *want,
		  gpa_t *at, struct err *err)
{
	if (try_find(p, want, at))
		return true;
	return err_set(err, ERR_RANGE,
		       "%s: no room for 0x%" PRIx64 " bytes between 0x%" PRIx64
		       " and 0x%" PRIx64 " in %" PRIu64 " MiB of guest memory; "
		       "give more with "
		       "--memory",
		       want->what, want->size, want->min, want->max,
		       p->mem->ram_size >> 20);
}

bool place_find(struct place *p, const struct place_want *want, gpa_t *at,
		struct err *err)
{
	gpa_t found;

	if (!place_search(p, want, &found, err))
		return false;
	if (want->size && !add(p, found, want->size, want->what, err))
		return false;
	*at = found;
	return true;
}

bool place_info(struct place *p, const char *what, uint64_t size,
		uint64_t align, gpa_t *at, struct err *err)
{
	static const struct {
		gpa_t min, max;
	} window[] = {
		{0x1000, 0x4000},
		{0x90000, LOW_EBDA},
		{0xe000, 0x90000},
	};
	struct place_want want = {.what = what, .size = size, .align = align};

	for (unsigned int i = 0; i < ARRAY_SIZE(window); i++) {
		gpa_t found;

		want.min = window[i].min;
		want.max = window[i].max;
		want.order = i ? PLACE_TOP_DOWN : PLACE_BOTTOM_UP;
		if (!try_find(p, &want, &found))
			continue;
		if (!add(p, found, size, what, err))
			return false;
		*at = found;
		return true;
	}
	want.min = LOW_END;
	want.max = GUEST_HOLE_BASE;
	want.order = PLACE_TOP_DOWN;
	return place_find(p, &want, at, err);
}
