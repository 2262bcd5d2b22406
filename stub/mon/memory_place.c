/* Who answers a physical address. */
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

bool mon_place(struct target *t, gpa_t gpa, struct buf *out)
{
	struct target_region region;
	struct target_io_range io;

	for (unsigned int i = 0; target_region(t, i, &region); i++) {
		if (!range_ok(region.start, region.size, gpa, 1))
			continue;
		buf_printf(out, "%s%s (%s)", region.ram ? "RAM" : "memory",
			   region.read_only ? ", read-only" : "",
			   region.name ? region.name : "no name");
		return region.ram;
	}
	if (mon_find_io(t, true, gpa, &io))
		buf_printf(out, "device %s%s", io.name,
			   io.in_kernel ? ", inside KVM" : "");
	else
		buf_str(out, "nothing: no memory and no device");
	return false;
}
