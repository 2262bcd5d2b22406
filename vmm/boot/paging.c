#include "vmm/boot/paging.h"

#include <inttypes.h>
#include <string.h>

#include "base/bits.h"

#define PAGE	  UINT64_C(4096)
#define LARGE	  UINT64_C(0x200000)
#define PTE_TABLE UINT64_C(0x63) /* present, writable, accessed, dirty */
#define PTE_LARGE BIT(7)
#define PTE_ADDR  BITS(51, 12)

enum {
	IDENTITY_GIB = 4,
	IDENTITY_TABLES = 2 + IDENTITY_GIB, /* PML4, PDPT, PDs */
	ENTRIES = 512,
};

/* Table pages, handed out in order from one placed block. */
struct tables {
	struct guest_mem *mem;
	gpa_t base;
	uint64_t used, total; /* pages */
};

static bool new_table(struct tables *t, gpa_t *at, struct err *err)
{
	if (t->used == t->total)
		return err_set(err, ERR_INTERNAL,
			       "page tables need more than the %" PRIu64 " page"
			       "s "
			       "fores"
			       "een",
			       t->total);
	*at = t->base + t->used++ * PAGE;
	return guest_mem_fill(t->mem, *at, 0, PAGE, err);
}

/* Tables that the range can need besides the PML4. */
static uint64_t tables_for(const struct boot_map *m)
{
	uint64_t n = 0;

	for (unsigned int shift = 21; shift <= 39; shift += 9)
		n += (m->len >> shift) + 2;
	return n;
}

static bool canonical(const struct boot_map *m)
{
	const gva_t last = m->vaddr + (m->len - 1);
	const uint64_t top = m->vaddr >> 47;

	return last >= m->vaddr && (top == 0 || top == 0x1ffff) &&
	       last >> 47 == top;
}

/* A large page becomes a table of the same 512 small ones. */
static bool split(struct tables *t, uint64_t *entry, struct err *err)
{
	uint64_t pte[ENTRIES];
	gpa_t at;

	if (!new_table(t, &at, err))
		return false;
	for (unsigned int i = 0; i < ENTRIES; i++)
		pte[i] = (*entry & PTE_ADDR) + i * PAGE + PTE_TABLE;
	*entry = at | PTE_TABLE;
	return guest_mem_write(t->mem, at, pte, sizeof(pte), err);
}

static bool map_page(struct tables *t, gpa_t cr3, gva_t va, gpa_t pa,
		     struct err *err)
{
	gpa_t table = cr3;

	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		const gpa_t at = table + (va >> shift & 511) * 8;
		uint64_t entry, old;

		if (!guest_mem_read(t->mem, at, &entry, 8, err))
			return false;
		old = entry;
		if (!entry) {
			if (!new_table(t, &entry, err))
				return false;
			entry |= PTE_TABLE;
		} else if (entry & PTE_LARGE && !split(t, &entry, err)) {
			return false;
		}
		if (entry != old &&
		    !guest_mem_write(t->mem, at, &entry, 8, err))
			return false;
		table = entry & PTE_ADDR;
	}
	pa |= PTE_TABLE;
	return guest_mem_write(t->mem, table + (va >> 12 & 511) * 8, &pa, 8,
			       err);
}

static bool map_range(struct tables *t, gpa_t cr3, const struct boot_map *m,
		      struct err *err)
{
	const uint64_t offset = m->vaddr & (PAGE - 1);
	const uint64_t len = m->len + offset;

	for (uint64_t done = 0; done < len; done += PAGE)
		if (!map_page(t, cr3, m->vaddr - offset + done,
			      m->paddr - offset + done, err))
			return false;
	return true;
}

static bool map_identity(struct tables *t, gpa_t *cr3, struct err *err)
{
	uint64_t pml4e, pdpte[IDENTITY_GIB], pde[ENTRIES];

	if (!new_table(t, cr3, err) || !new_table(t, &pml4e, err))
		return false;
	for (uint64_t i = 0; i < IDENTITY_GIB; i++) {
		if (!new_table(t, &pdpte[i], err))
			return false;
		for (uint64_t j = 0; j < ENTRIES; j++)
			pde[j] = (i * ENTRIES + j) * LARGE + PTE_TABLE +
				 PTE_LARGE;
		if (!guest_mem_write(t->mem, pdpte[i], pde, sizeof(pde), err))
			return false;
		pdpte[i] |= PTE_TABLE;
	}
	if (!guest_mem_write(t->mem, pml4e, pdpte, sizeof(pdpte), err))
		return false;
	pml4e |= PTE_TABLE;
	return guest_mem_write(t->mem, *cr3, &pml4e, 8, err);
}

bool boot_page_tables(struct guest_mem *mem, struct place *place,
		      const struct boot_map *map, unsigned int maps, gpa_t *cr3,
		      struct err *err)
{
	struct tables t = {.mem = mem, .total = IDENTITY_TABLES};
	gpa_t root;

	for (unsigned int i = 0; i < maps; i++) {
		if (!map[i].len || !canonical(&map[i]))
			return err_set(err, ERR_RANGE,
				       "virtual range 0x%" PRIx64 " of "
				       "0x%" PRIx64 " bytes is empty or not "
				       "canonical",
				       map[i].vaddr, map[i].len);
		t.total += tables_for(&map[i]);
	}
	if (!place_info(place, "page tables", t.total * PAGE, PAGE, &t.base,
			err))
		return false;
	if (!map_identity(&t, &root, err))
		return false;
	for (unsigned int i = 0; i < maps; i++)
		if (!map_range(&t, root, &map[i], err))
			return false;
	*cr3 = root;
	return true;
}
