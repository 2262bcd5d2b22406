/*
 * Numbers as a person types them in a monitor command:
 *
 *	expr	= term { ("+" | "-") term }
 *	term	= primary { ("*" | "/") primary }
 *	primary	= "-" primary | "~" primary | "(" expr ")"
 *		| 0x1f | 31 | 4K | $REGISTER | SYMBOL
 *
 * $REGISTER is one of the command's vCPU (arch/regs.h), or $pc, $sp, $fp and
 * $flags.  A suffix K, M, G or T multiplies a decimal number by a power of
 * 1024.  A SYMBOL is one of the image's, when the target knows them.
 * Arithmetic wraps at 64 bits; dividing by zero is an error.
 */
#ifndef STUB_MON_EXPR_H
#define STUB_MON_EXPR_H

#include "stub/mon/monitor.h"

/* The whole word, or an error in ctx->err that names what is wrong in it. */
bool mon_value(struct mon_ctx *ctx, const char *word,
	       uint64_t *value) MUST_CHECK;

/*
 * A range of addresses, ports or numbers: "FIRST-LAST" (both included),
 * "FIRST+LENGTH" or "FIRST" alone; each is a primary, so arithmetic goes in
 * parentheses.  *last >= *first.
 */
bool mon_range(struct mon_ctx *ctx, const char *word, uint64_t *first,
	       uint64_t *last) MUST_CHECK;

#endif
