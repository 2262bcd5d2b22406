/* Text dumps of a register image in QEMU's shape (people's tools parse them). */
#ifndef ARCH_DUMP_H
#define ARCH_DUMP_H

#include "arch/x86_state.h"
#include "base/buf.h"

/*
 * The block of "info registers" and of an error stop, without FPU: GPRs, RIP
 * line, segments, GDT, IDT, CRs, DRs, EFER.  Needs GPR, SYS, DEBUG, EVENT.
 */
void dump_registers(struct buf *out, const struct x86_state *s);

/*
 * FCW ... XMM lines of "info registers".  Needs GPR, SYS, FPU, and XCR for the
 * YMM and ZMM forms.
 */
void dump_fpu(struct buf *out, const struct x86_state *s);

/*
 * "Code=..": 50 bytes, 20 before pc, the byte at pc in <>, "??" where `valid`
 * is false.  bytes[i] is the byte at linear pc - before + i.
 */
void dump_code(struct buf *out, const uint8_t *bytes, const bool *valid,
	       unsigned int count, unsigned int before);

#endif
