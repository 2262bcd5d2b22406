/* Hand-made page tables for the tests of the page walk. */
#ifndef TESTS_ARCH_PAGING_RIG_H
#define TESTS_ARCH_PAGING_RIG_H

#include "arch/paging/paging.h"

struct paging_rig {
	uint8_t ram[256 * 1024]; /* guest memory at physical 0 */
	unsigned int reads;	 /* how often it was read */

	/* what a test varies */
	struct x86_state state;
	struct x86_cpu_info info;

	/* what the last rig_walk() used and found */
	struct paging paging;
	struct walk w;
};

extern struct paging_rig rig;
extern const struct phys_reader rig_mem;

void rig_put64(gpa_t gpa, uint64_t value);
void rig_put32(gpa_t gpa, uint32_t value);

bool rig_walk(gva_t gva, uint32_t access);
const char *rig_said(void); /* rig.w in words */

/*
 * Long mode: PML4 at 0x1000, PDPT 0x2000, PD 0x3000, PT 0x4000, all with every
 * right; linear 0 is the page at 0x5000.
 */
void rig_long_mode(void);

#endif
