/* Who answers a physical address. */
#include "arch/exit/ports.h"
#include "base/bits.h"
#include "stub/mon/memory.h"

bool mon_find_io(struct target *t, bool mmio, uint64_t addr,
		 struct target_io_range *range)
{
	for (unsigned int i = 0; target_io_range(t, i, range); i++)
		if (range->mmio == mmio &&
		    range_ok(range->base, range->len, addr, 1))
			return true;
	return false;
}

/* How far it is from gpa, where nothing is, to the next that answers. */
static uint64_t until_next(struct target *t, gpa_t gpa)
{
	uint64_t nearest = UINT64_MAX - gpa;
	struct target_region region;
	struct target_io_range io;

	for (unsigned int i = 0; target_region(t, i, &region); i++)
		if (region.start > gpa)
			nearest = min_u64(nearest, region.start - gpa);
	for (unsigned int i = 0; target_io_range(t, i, &io); i++)
		if (io.mmio && io.base > gpa)
			nearest = min_u64(nearest, io.base - gpa);
	return nearest;
}

static void name_region(const struct target_region *region, struct buf *name)
{
	buf_printf(name, "%s%s", region->ram ? "RAM" : "memory",
		   region->read_only ? ", read-only" : "");
	if (region->name)
		buf_printf(name, " (%s)", region->name);
}

static void name_nothing(gpa_t gpa, struct buf *name)
{
	const char *device = port_device(SPACE_MMIO, gpa);

	buf_str(name, "nothing: no memory and no device");
	if (device)
		buf_printf(name, ", where a PC may have its %s", device);
}

bool mon_owner(struct target *t, gpa_t gpa, uint64_t *same, struct buf *name)
{
	struct target_region region;
	struct target_io_range io;

	for (unsigned int i = 0; target_region(t, i, &region); i++) {
		if (!range_ok(region.start, region.size, gpa, 1))
			continue;
		*same = region.size - (gpa - region.start);
		if (name)
			name_region(&region, name);
		return region.ram;
	}
	if (mon_find_io(t, true, gpa, &io)) {
		*same = io.len - (gpa - io.base);
		if (name)
			buf_printf(name, "device %s%s", io.name,
				   io.in_kernel ? ", inside KVM" : "");
		return false;
	}
	*same = until_next(t, gpa);
	if (name)
		name_nothing(gpa, name);
	return false;
}
