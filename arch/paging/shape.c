/*
 * What the entries of each paging mode look like, and which of their bits are
 * reserved.
 *
 * Source: SDM Vol 3A, "Paging", "Reserved-Bit Checking"; APM Vol 2, "Page
 * Translation and Protection" (bit 8 above the PDPTE).
 */
#include "arch/paging/impl.h"

const struct paging_shape paging_shapes[] = {
	[PAGING_NONE] = {0, 0, 0, 64},	 [PAGING_32] = {2, 4, 10, 32},
	[PAGING_PAE] = {3, 8, 9, 32},	 [PAGING_4LEVEL] = {4, 8, 9, 48},
	[PAGING_5LEVEL] = {5, 8, 9, 57},
};

/* Bits of a physical address in an entry, page offset excluded. */
static uint64_t frame_mask(const struct paging *p)
{
	return BITS(p->cpu.maxphyaddr - 1u, PAGE_SHIFT);
}

gpa_t paging_root(const struct paging *p)
{
	if (p->mode == PAGING_PAE)
		return p->cr3 & BITS(31, 5);
	if (p->mode == PAGING_32)
		return p->cr3 & BITS(31, PAGE_SHIFT);
	return p->cr3 & frame_mask(p);
}

bool paging_is_leaf(const struct paging *p, int level, uint64_t entry)
{
	if (level == 1)
		return true;
	if (!(entry & ENTRY_PS))
		return false;
	if (p->mode == PAGING_32)
		return p->pse;
	return level == 2 || (level == 3 && p->mode != PAGING_PAE);
}

gpa_t paging_next_table(const struct paging *p, uint64_t entry)
{
	if (p->mode == PAGING_32)
		entry &= UINT32_MAX;
	return entry & frame_mask(p);
}

gpa_t paging_frame(const struct paging *p, int level, uint64_t entry)
{
	uint64_t page = BIT(paging_shift(&paging_shapes[p->mode], level));
	gpa_t frame = entry & frame_mask(p) & ~(page - 1);

	if (p->mode != PAGING_32)
		return frame;
	frame &= UINT32_MAX;
	if (level == 2) /* PSE-36 */
		frame |= (entry & BITS(16, 13)) << 19;
	return frame;
}

/* PDPTEs of PAE have no rights to take away. */
unsigned int paging_rights(const struct paging *p, int level, uint64_t entry)
{
	unsigned int rights = RIGHT_X;

	if (p->mode == PAGING_PAE && level == 3)
		return RIGHTS_ALL;
	if (p->nxe && p->mode != PAGING_32 && (entry & ENTRY_NX))
		rights = 0;
	if (entry & ENTRY_W)
		rights |= RIGHT_W;
	if (entry & ENTRY_U)
		rights |= RIGHT_U;
	return rights;
}

/* ---- reserved bits ---- */

static uint64_t reserved_32(const struct paging *p, int level, uint64_t entry)
{
	/* KVM: PSE-36 with 4 bits of address, whatever MAXPHYADDR is */
	return level == 2 && paging_is_leaf(p, level, entry) ? BITS(21, 17) : 0;
}

static uint64_t reserved_pae_top(const struct paging *p)
{
	return BIT(63) | BITS(62, p->cpu.maxphyaddr) | BITS(8, 5) | BITS(2, 1);
}

uint64_t paging_reserved(const struct paging *p, int level, uint64_t entry)
{
	unsigned int top = p->mode == PAGING_PAE ? 62 : 51;
	uint64_t mask = p->nxe ? 0 : ENTRY_NX;

	if (p->mode == PAGING_32)
		return reserved_32(p, level, entry);
	if (p->mode == PAGING_PAE && level == 3)
		return reserved_pae_top(p);
	if (p->cpu.maxphyaddr <= top)
		mask |= BITS(top, p->cpu.maxphyaddr);
	if (level >= 4)
		return mask | ENTRY_PS | (p->cpu.amd ? BIT(8) : 0);
	if (level == 3 && (entry & ENTRY_PS))
		mask |= BITS(29, 13) | (p->cpu.gbpages ? 0 : ENTRY_PS);
	if (level == 2 && (entry & ENTRY_PS))
		mask |= BITS(20, 13);
	return mask;
}
