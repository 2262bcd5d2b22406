/*
 * The memory map of a PC without firmware: conventional memory up to the
 * extended BIOS data area, RAM from 1 MiB to the hole, RAM above 4 GiB.
 */
#include "base/bits.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/lowmem.h"

enum {
	E820_RAM = 1,
	E820_RESERVED = 2,
};

unsigned int e820_build(const struct guest_mem *mem, struct e820_entry *map,
			unsigned int max)
{
	const uint64_t low = min_u64(mem->ram_size, GUEST_HOLE_BASE);
	const struct e820_entry all[] = {
		{0, LOW_EBDA, E820_RAM},
		{LOW_EBDA, LOW_END - LOW_EBDA, E820_RESERVED},
		{LOW_END, low - LOW_END, E820_RAM},
		/* IOAPIC, local APICs, and what KVM keeps below 4 GiB */
		{0xfec00000, 0x1400000, E820_RESERVED},
		{GUEST_HOLE_END, mem->ram_size - low, E820_RAM},
	};
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(all) && n < max; i++)
		if (all[i].size)
			map[n++] = all[i];
	return n;
}
