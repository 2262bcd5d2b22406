/*
 * What a PC's firmware leaves to kernels that go (back) to real mode: an
 * interrupt vector table whose hardware interrupts are acknowledged and whose
 * services all say "no such function" (CF set, AH 0x86).  The tick count at
 * 0x46c goes on.  Exceptions stay without a handler.
 */
#ifndef VMM_BOOT_IVT_H
#define VMM_BOOT_IVT_H

#include "base/err.h"
#include "vmm/guest_mem.h"

enum { /* where the 8259s are left */
	IVT_MASTER_BASE = 0x08,
	IVT_SLAVE_BASE = 0x70,
};

bool ivt_build(struct guest_mem *mem, struct err *err) MUST_CHECK;

#endif
