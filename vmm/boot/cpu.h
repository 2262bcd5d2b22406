/*
 * States in which boot protocols start the first processor.  Each passes the
 * VM-entry checks of SDM Vol 3C, "Checks on the Guest State Area", without
 * help from the CPU's "unrestricted guest" mode: accessed bits set,
 * granularity agreeing with the limit, a busy TSS in TR, LDTR unusable.
 *
 * General registers are zero and RFLAGS is 2 but for what a function says.
 */
#ifndef VMM_BOOT_CPU_H
#define VMM_BOOT_CPU_H

#include "vmm/boot/place.h"

/* Selectors in the GDT these functions make; Linux's boot protocol fixes them. */
enum {
	BOOT_CS = 0x10,
	BOOT_DS = 0x18,
	BOOT_TR = 0x20,
};

/*
 * Real mode at a linear address below 1 MiB: CS = address / 64 KiB << 12, IP
 * the low 16 bits.  Data segments are 0, the IVT is at 0.
 */
/* As the processor comes out of RESET: at 0xfffffff0, in real mode. */
void boot_cpu_reset(struct x86_state *s);

bool boot_cpu_real(struct x86_state *s, uint64_t entry,
		   struct err *err) MUST_CHECK;

/*
 * Where ACPI firmware goes on after S3: real mode, with the address split as
 * the specification says ("Firmware Waking Vector"): CS = address / 16.
 */
bool boot_cpu_wake(struct x86_state *s, uint32_t vector,
		   struct err *err) MUST_CHECK;

/* 32-bit protected mode, flat 4 GiB segments, no paging.  Writes a GDT. */
bool boot_cpu_prot32(struct x86_state *s, struct guest_mem *mem,
		     struct place *place, uint64_t entry,
		     struct err *err) MUST_CHECK;

/* 64-bit mode on the page tables at cr3.  Writes a GDT. */
bool boot_cpu_long64(struct x86_state *s, struct guest_mem *mem,
		     struct place *place, gpa_t cr3, uint64_t entry,
		     struct err *err) MUST_CHECK;

#endif
