/*
 * Registers and tables in words: the text of the state commands.
 *
 * Every function appends whole lines to *out and reads what its comment names
 * of the register image.  Pure; memory is read through a view.
 */
#ifndef ARCH_SHOW_H
#define ARCH_SHOW_H

#include "arch/clock.h"
#include "arch/regs.h"
#include "arch/view.h"
#include "base/buf.h"

/* Names for addresses; at may be NULL. */
struct show_names {
	/* Append " <name+0x12>", or nothing when no symbol is known. */
	void (*at)(void *ctx, struct buf *out, gva_t addr);
	void *ctx;
};

void show_name(struct buf *out, const struct show_names *names, gva_t addr);

/*
 * "  NAME  meaning" for each bit or field that is not 0, then one line that
 * names the others.
 */
void show_bits(struct buf *out, const struct bit_name *table, uint64_t value);

/* Groups GPR and SYS. */
void show_control(struct buf *out, const struct x86_state *s);
void show_efer(struct buf *out, const struct x86_state *s);
/* The mode, the paging and which protections hold, and what that follows from */
void show_mode(struct buf *out, const struct x86_state *s,
	       const struct x86_cpu_info *cpu);
/* Group XCR. */
void show_xcr(struct buf *out, const struct x86_state *s,
	      const struct x86_cpu_info *cpu);
/* Groups DEBUG and SYS. */
void show_debug(struct buf *out, const struct x86_state *s,
		const struct show_names *names);
/* Groups EVENT, GPR and SYS. */
void show_events(struct buf *out, const struct x86_state *s);
/* Groups FPU, GPR, SYS and XCR. */
void show_fpu(struct buf *out, const struct x86_state *s);
void show_clock(struct buf *out, const struct x86_clock *c);

#endif
