/*
 * Task-state segments of the three formats.
 *
 * Sources: SDM Vol 3A, "Task-State Segment (TSS)", "16-Bit Task-State Segment
 * (TSS)", "Task Management in 64-Bit Mode".
 */
#ifndef ARCH_DESC_TSS_H
#define ARCH_DESC_TSS_H

#include "arch/desc/desc.h"

#define TSS_MAX 104u /* bytes of the largest format, without I/O bitmap */

struct tss_field {
	const char *name; /* "rsp0", "ist3", "esp0", "ss0", "iomap_base" */
	uint8_t offset, size;
};

struct tss {
	unsigned int width; /* 16, 32 or 64 */
	uint32_t have;	    /* bytes that lie within TR's limit */
	uint8_t bytes[TSS_MAX];
};

/* The fields of a format, in its order; ends with a NULL name. */
const struct tss_field *tss_fields(unsigned int width);

/* Which format TR refers to: 16, 32 or 64; 0 when TR holds no TSS. */
unsigned int tss_width(const struct x86_state *s);

/* Read the TSS that TR refers to, as far as its limit goes. */
bool tss_fetch(const struct x86_view *v, struct tss *tss,
	       struct err *err) MUST_CHECK;

/* False when the format has no such field or it lies beyond the limit. */
bool tss_get(const struct tss *tss, const char *name, uint64_t *value);

/*
 * The stack the processor takes from the TSS: IST entry `ist` when that is not
 * 0 (64-bit only), else the one of privilege level `cpl` (0 to 2).  *ss is 0
 * in a 64-bit TSS.  False: it lies beyond TR's limit, which gives #TS.
 */
bool tss_stack(const struct tss *tss, unsigned int cpl, unsigned int ist,
	       uint16_t *ss, uint64_t *sp, struct err *err) MUST_CHECK;

#endif
