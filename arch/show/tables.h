/*
 * Segments and the tables of the processor, in words.
 *
 * Tables lie in guest memory and may hold anything: every list is bounded, and
 * what cannot be read is one line that says so.  The view's registers: groups
 * GPR and SYS.
 */
#ifndef ARCH_SHOW_TABLES_H
#define ARCH_SHOW_TABLES_H

#include "arch/desc/desc.h"
#include "arch/show/show.h"

/* "64-bit code, DPL 0, readable": type and rights, without base and limit. */
void show_desc(struct buf *out, const struct desc *d);

/* The eight registers, each beside its descriptor in memory. */
void show_segments(struct buf *out, const struct x86_view *v);

/* The GDT, or with ldt the LDT: all of it, or (only >= 0) one entry. */
bool show_descriptors(struct buf *out, const struct x86_view *v, bool ldt,
		      int only, const struct show_names *names,
		      struct err *err) MUST_CHECK;

/* Each gate with the first thing wrong with it. */
void show_idt(struct buf *out, const struct x86_view *v,
	      const struct show_names *names);
/* One gate, with every step of delivering through it. */
void show_gate(struct buf *out, const struct x86_view *v, unsigned int vector,
	       const struct show_names *names);

/* The TSS: its stacks, each walked, and the I/O permission bitmap. */
bool show_tss(struct buf *out, const struct x86_view *v,
	      struct err *err) MUST_CHECK;

#endif
