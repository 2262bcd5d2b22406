#include "arch/paging/entry.h"

#include <inttypes.h>

#include "arch/paging/impl.h"

#define FLAG(bit, name)              \
	{                            \
		name, BIT(bit), NULL \
	}

/*
 * SDM Vol 3A, "Paging", the formats of the structures' entries.  Bit 7 is PAT
 * in a PTE and PS elsewhere; bit 12 is PAT in a large page.
 */
#define COMMON                                                      \
	FLAG(0, "P"), FLAG(1, "RW"), FLAG(2, "US"), FLAG(3, "PWT"), \
		FLAG(4, "PCD"), FLAG(5, "A"), FLAG(6, "D"), FLAG(8, "G")
#define END                   \
	{                     \
		NULL, 0, NULL \
	}

static const struct bit_name pte_bits[] = {
	COMMON,
	FLAG(7, "PAT"),
	FLAG(63, "NX"),
	END,
};
static const struct bit_name upper_bits[] = {
	COMMON, FLAG(7, "PS"), FLAG(12, "PAT"), FLAG(63, "NX"), END,
};

/* Which of those bits mean something in this entry. */
static uint64_t known_bits(const struct paging *p, int level, uint64_t entry)
{
	uint64_t width = p->mode == PAGING_32 ? BITS(31, 0) : BITS(63, 0);

	if (p->mode == PAGING_PAE && level == 3)
		return BIT(0) | BIT(3) | BIT(4);
	if (level == 1)
		return (BITS(8, 0) | BIT(63)) & width;
	if (paging_is_leaf(p, level, entry))
		return (BITS(8, 0) | BIT(12) | BIT(63)) & width;
	if (p->mode == PAGING_32)
		return BITS(5, 0);
	return BITS(5, 0) | BIT(7) | BIT(63);
}

void entry_print_bits(const struct paging *p, int level, uint64_t entry,
		      struct buf *out)
{
	bits_print(out, level == 1 ? pte_bits : upper_bits,
		   entry & known_bits(p, level, entry));
	if (p->pke && paging_is_leaf(p, level, entry))
		buf_printf(out, " PK=%u", (unsigned int)(entry >> 59 & 15));
}

const char *entry_memory_type(const struct paging *p, int level, uint64_t entry,
			      uint64_t pat)
{
	static const char *const names[8] = {"UC", "WC", "?",  "?",
					     "WT", "WP", "WB", "UC-"};
	unsigned int pat_bit = level == 1 ? 7 : 12;
	unsigned int index = 0;

	if (entry & ENTRY_PWT)
		index |= 1;
	if (entry & ENTRY_PCD)
		index |= 2;
	if (entry & BIT(pat_bit))
		index |= 4;
	return names[pat >> (8 * index) & 7];
}

const char *page_size_name(uint64_t bytes)
{
	switch (bytes) {
	case UINT64_C(4) << 10:
		return "4-KiB";
	case UINT64_C(2) << 20:
		return "2-MiB";
	case UINT64_C(4) << 20:
		return "4-MiB";
	default:
		return "1-GiB";
	}
}

/* ---- reserved bits ---- */

static enum entry_hinge hinge_of(const struct paging *p, int level,
				 unsigned int bit)
{
	if (p->mode == PAGING_PAE && level == 3)
		return bit >= p->cpu.maxphyaddr && bit < 63 ? HINGE_MAXPHYADDR
							    : HINGE_NOTHING;
	if (p->mode == PAGING_32)
		return HINGE_ALIGNMENT;
	if (bit == 63)
		return HINGE_NXE;
	if (bit >= p->cpu.maxphyaddr)
		return HINGE_MAXPHYADDR;
	if (bit == 8)
		return HINGE_VENDOR;
	if (bit == 7)
		return level == 3 ? HINGE_GBPAGES : HINGE_LEVEL;
	return HINGE_ALIGNMENT;
}

unsigned int entry_faults(const struct paging *p, const struct walk_step *step,
			  struct entry_fault faults[static ENTRY_HINGES])
{
	uint64_t bits[ENTRY_HINGES] = {0};
	unsigned int n = 0;

	for (unsigned int bit = 0; bit < 64; bit++)
		if (step->reserved & BIT(bit))
			bits[hinge_of(p, step->level, bit)] |= BIT(bit);
	for (int hinge = 0; hinge < ENTRY_HINGES; hinge++)
		if (bits[hinge])
			faults[n++] = (struct entry_fault){hinge, bits[hinge]};
	return n;
}

void entry_fault_print(const struct paging *p, const struct walk_step *step,
		       const struct entry_fault *fault, struct buf *out)
{
	const char *name = walk_level_name(p, step->level);
	uint64_t page = BIT(paging_shift(&paging_shapes[p->mode], step->level));

	buf_printf(out, "%s", name);
	switch (fault->hinge) {
	case HINGE_GBPAGES:
		buf_str(out, ".PS=1 but guest CPUID 80000001.EDX[26] "
			     "(pdpe1gb)=0");
		return;
	case HINGE_NXE:
		buf_str(out, ".NX=1 but EFER.NXE=0");
		return;
	case HINGE_LEVEL:
		buf_str(out, ".PS=1 but no page has this size");
		return;
	default:
		buf_printf(out, " & 0x%" PRIx64, fault->bits);
	}
	if (fault->hinge == HINGE_MAXPHYADDR)
		buf_printf(out,
			   " != 0 but guest CPUID 80000008.EAX[7:0] "
			   "(MAXPHYADDR)=%u",
			   p->cpu.maxphyaddr);
	else if (fault->hinge == HINGE_VENDOR)
		buf_str(out, " != 0: bit 8 is reserved here on AMD, and guest "
			     "CPUID 0 says AMD or Hygon");
	else if (fault->hinge == HINGE_ALIGNMENT)
		buf_printf(out,
			   " != 0: address bits below the size of a %s page",
			   page_size_name(page));
	else
		buf_str(out, " != 0 but must be 0 on every processor");
}
