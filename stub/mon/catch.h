/* Between the files of the catchpoint commands. */
#ifndef STUB_MON_CATCH_H
#define STUB_MON_CATCH_H

#include "stub/catch.h"
#include "stub/mon/internal.h"

/*
 * The arguments of `catch mmio`, `catch exception` and the others, of which
 * ctx->command tells the kind.  False: ctx->err names the bad word.
 */
bool catch_parse(struct mon_ctx *ctx, struct target_catch *c) MUST_CHECK;

/* The number behind "#PF", "pf" or "14"; 0..255. */
bool catch_vectors(struct mon_ctx *ctx, const char *word, uint64_t *first,
		   uint64_t *last) MUST_CHECK;

/* "stop", "notify" or "ignore". */
bool catch_action(struct mon_ctx *ctx, const char *word,
		  enum catch_action *action) MUST_CHECK;
const char *catch_action_name(enum catch_action action);

/* "pio 0x3f8-0x3ff w value 0x41/0xff before" */
void catch_describe(const struct target_catch *c, struct buf *out);

/*
 * Can accesses to this range reach user space at all?  Part of it may lie in
 * RAM or be answered by KVM: *notes gets a line for each such part, and when
 * nothing is left, that is an error that says what to use instead.
 */
bool catch_reach(struct mon_ctx *ctx, const struct target_catch *c,
		 struct buf *notes) MUST_CHECK;

enum mon_result mon_catch_list(struct mon_ctx *ctx);
enum mon_result mon_bl(struct mon_ctx *ctx);
enum mon_result mon_in(struct mon_ctx *ctx);
enum mon_result mon_out(struct mon_ctx *ctx);
enum mon_result mon_inject_exception(struct mon_ctx *ctx);
enum mon_result mon_inject_irq(struct mon_ctx *ctx);
enum mon_result mon_inject_nmi(struct mon_ctx *ctx);
enum mon_result mon_inject_interrupt(struct mon_ctx *ctx);
enum mon_result mon_set_triple_fault(struct mon_ctx *ctx);

#endif
