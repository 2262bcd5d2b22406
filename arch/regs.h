/*
 * The one table of registers: names are gdb's and QEMU's where they have one.
 * g/G/p/P, "monitor info registers", saved crashes and the target description
 * all go by this table; the XML in xml/ binds to it by name.
 */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include <stddef.h>

#include "arch/x86_state.h"
#include "base/err.h"

enum reg_flags {
	REG_READ_ONLY = 1 << 0, /* shown, never written */
};

struct reg_def {
	const char *name;    /* "rax", "cs_base", "cr0", "ymm3h" */
	unsigned short bits; /* 8..512; value is little-endian in the image */
	unsigned short offset;
	unsigned short group; /* one enum x86_group */
	unsigned short flags;
};

extern const struct reg_def reg_table[]; /* ends with a NULL name */

/*
 * The register of that name, or NULL.  Also knows eax to edi, esp and eip,
 * the low halves, which are not in reg_table.
 */
const struct reg_def *reg_find(const char *name);

/* Copy bits/8 bytes, little-endian, between image and wire. */
void reg_read(const struct reg_def *reg, const struct x86_state *s, void *to);
/*
 * Put a value into the image.  Fails, leaving the image alone, when the
 * register is read-only or the value is one that the processor or KVM is
 * known to refuse; the message names the register and the offending field.
 * `info` may be NULL (then CPUID-dependent checks are left to KVM).
 */
bool reg_write(const struct reg_def *reg, struct x86_state *s,
	       const struct x86_cpu_info *info, const void *from,
	       struct err *err) MUST_CHECK;

/* Low 64 bits of a register by name; false when there is no such register. */
bool reg_value(const struct x86_state *s, const char *name, uint64_t *value);

/* Bit names, for printers and for the XML flags types. */
extern const struct bit_name rflags_bits[], cr0_bits[], cr4_bits[], efer_bits[],
	dr6_bits[], dr7_bits[], xcr0_bits[], apic_base_bits[], seg_attr_bits[];

#endif
