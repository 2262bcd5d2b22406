/*
 * Segment descriptors and gates as they lie in the GDT, an LDT or the IDT.
 *
 * Sources: SDM Vol 3A, "Segment Descriptors", "System Descriptor Types", "Call
 * Gates", "IDT Descriptors" and "64-Bit Mode IDT"; "Segment Selectors" for
 * which table a selector means.
 */
#ifndef ARCH_DESC_H
#define ARCH_DESC_H

#include "arch/view.h"
#include "base/buf.h"

#define SEL_TI	     0x4u    /* the selector means the LDT */
#define SEL_RPL	     0x3u    /* requested privilege level */
#define SEL_INDEX    0xfff8u /* offset of the descriptor in its table */
#define IDT_VECTORS  256u
#define DESC_ENTRIES 8192u /* the most a GDT or LDT can hold */

enum desc_kind {
	DESC_EMPTY,    /* nothing but zeros */
	DESC_RESERVED, /* a type that the processor refuses */
	DESC_DATA,
	DESC_CODE,
	DESC_LDT,
	DESC_TSS,
	DESC_CALL_GATE,
	DESC_TASK_GATE,
	DESC_INT_GATE,
	DESC_TRAP_GATE,
	DESC_VECTOR, /* real mode: a far pointer */
};

/* Code and data type bits; the accessed bit is the same in both. */
enum {
	DESC_TYPE_ACCESSED = 1,
	DESC_TYPE_RW = 2, /* data: writable; code: readable */
	DESC_TYPE_EC = 4, /* data: expands down; code: conforming */
	DESC_TYPE_CODE = 8,
	DESC_TYPE_BUSY = 2, /* TSS */
};

struct desc {
	enum desc_kind kind;
	unsigned int bytes; /* in its table: 8, or 16; 4 for a vector */
	/* Code: its default operand size; data: D/B; TSS, gate: its kind. */
	unsigned int width;
	uint8_t type, dpl;
	bool present;
	bool cut; /* the table ends inside its upper half */
	uint64_t raw[2];

	/* code, data, LDT, TSS */
	uint64_t base;
	uint32_t limit; /* bytes, granularity applied: the last valid offset */
	uint32_t attr;	/* as struct x86_seg's */

	/* gates */
	uint16_t sel;
	uint64_t offset;
	uint8_t ist;	/* 0 = none; 64-bit interrupt and trap gates */
	uint8_t params; /* words or dwords that a call gate copies */

	/* Bits of the upper half that must be 0 and are not. */
	uint64_t reserved;
};

/*
 * The GDT's or LDT's descriptor at bytes[0..len), len 8 or 16.  With lma (long
 * mode is active) system descriptors take 16 bytes; without the upper 8 they
 * are `cut`, the missing bits 0.
 */
void desc_parse(struct desc *d, const uint8_t *bytes, size_t len, bool lma);

/* An entry of the IDT; size as idt_entry_size() says: 4, 8 or 16. */
void gate_parse(struct desc *d, const uint8_t *bytes, unsigned int size);

/* Bytes an IDT entry takes in this mode: 4 (real), 8, or 16 (long mode). */
unsigned int idt_entry_size(const struct x86_state *s);

/* "64-bit code", "32-bit TSS (busy)", "64-bit interrupt gate", "empty". */
const char *desc_name(const struct desc *d);

/* What loading this segment puts into the hidden part of a register. */
void desc_segment(const struct desc *d, uint16_t sel, struct x86_seg *seg);

/*
 * Where a selector's descriptor lies, in linear memory; *left = bytes of the
 * table from there on, at least 8.  False, with the reason, when the selector
 * is null, beyond its table's limit, or means an LDT that is not there.
 */
bool desc_locate(const struct x86_state *s, uint16_t sel, gva_t *addr,
		 uint32_t *left, struct err *err) MUST_CHECK;

/*
 * Read and parse a selector's descriptor.  ERR_RANGE: desc_locate() refused;
 * ERR_FAULT: its memory cannot be read.
 */
bool desc_fetch(const struct x86_view *v, uint16_t sel, struct desc *d,
		struct err *err) MUST_CHECK;

/* Linear address of a vector's IDT entry.  False: it is beyond the limit. */
bool idt_locate(const struct x86_state *s, unsigned int vector, gva_t *addr,
		struct err *err) MUST_CHECK;

/* Read and parse an IDT entry; errors as desc_fetch(). */
bool idt_fetch(const struct x86_view *v, unsigned int vector, struct desc *d,
	       struct err *err) MUST_CHECK;

#endif
