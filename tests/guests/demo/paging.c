/*
 * Four-level paging (SDM Vol 3A, "4-Level Paging"): identity for the first
 * 16 MiB and the local APIC in 2 MiB pages, and one 4 KiB window.
 */
#include "demo.h"

#define ENTRIES	   512
#define PRESENT	   UINT64_C(0x1)
#define WRITABLE   UINT64_C(0x2)
#define UNCACHED   UINT64_C(0x10)
#define LARGE_PAGE UINT64_C(0x80)
#define TABLE	   (PRESENT | WRITABLE)
#define PAGE	   __attribute__((aligned(4096)))

static PAGE uint64_t pml4[ENTRIES];
static PAGE uint64_t low_pdpt[ENTRIES], low_pd[ENTRIES], apic_pd[ENTRIES];
static PAGE uint64_t window_pdpt[ENTRIES], window_pd[ENTRIES];
static PAGE uint64_t window_pt[ENTRIES];
static PAGE uint8_t window_page[4096];

static uint64_t entry(const void *table, uint64_t flags)
{
	return (uint64_t)(uintptr_t)table | flags;
}

void paging_start(void)
{
	for (uint64_t i = 0; i < 8; i++)
		low_pd[i] = i << 21 | TABLE | LARGE_PAGE;
	apic_pd[(LAPIC_BASE >> 21) % ENTRIES] =
		(LAPIC_BASE & ~UINT64_C(0x1fffff)) | TABLE | LARGE_PAGE |
		UNCACHED;
	low_pdpt[0] = entry(low_pd, TABLE);
	low_pdpt[LAPIC_BASE >> 30] = entry(apic_pd, TABLE);
	pml4[0] = entry(low_pdpt, TABLE);

	/* the way down to the window; its last entry is left not present */
	pml4[(WINDOW >> 39) % ENTRIES] = entry(window_pdpt, TABLE);
	window_pdpt[0] = entry(window_pd, TABLE);
	window_pd[0] = entry(window_pt, TABLE);

	write_cr3(entry(pml4, 0));
	print_hex("paging: our tables are in use, cr3 ", read_cr3(), "\n");
}

NOINLINE void map_window(void)
{
	window_pt[0] = entry(window_page, TABLE);
}

NOINLINE void unmap_window(void)
{
	window_pt[0] = 0;
	invalidate_page((void *)WINDOW);
}

/* Bring in the window's page; anything else is a bug in this program. */
void on_page_fault(struct trap_frame *frame)
{
	uint64_t address = read_cr2();

	if (address - WINDOW < 4096 && !(frame->error & PRESENT)) {
		map_window();
		print_hex("page fault: ", address, "");
		print_hex(" was not present, now at ", (uintptr_t)window_page,
			  "\n");
		return;
	}
	print_hex("page fault nobody expected: address ", address, "");
	print_hex(" rip ", frame->rip, "\n");
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
