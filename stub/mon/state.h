/* Between the stub/mon/state*.c files: handlers and what they share. */
#ifndef STUB_MON_STATE_H
#define STUB_MON_STATE_H

#include "stub/mon/internal.h"

enum mon_result mon_clock(struct mon_ctx *ctx);
enum mon_result mon_cr(struct mon_ctx *ctx);
enum mon_result mon_dr(struct mon_ctx *ctx);
enum mon_result mon_efer(struct mon_ctx *ctx);
enum mon_result mon_events(struct mon_ctx *ctx);
enum mon_result mon_fpu(struct mon_ctx *ctx);
enum mon_result mon_gdt(struct mon_ctx *ctx);
enum mon_result mon_idt(struct mon_ctx *ctx);
enum mon_result mon_ldt(struct mon_ctx *ctx);
enum mon_result mon_mode(struct mon_ctx *ctx);
enum mon_result mon_segments(struct mon_ctx *ctx);
enum mon_result mon_stats(struct mon_ctx *ctx);
enum mon_result mon_tss(struct mon_ctx *ctx);
enum mon_result mon_where(struct mon_ctx *ctx);
enum mon_result mon_xcr(struct mon_ctx *ctx);

#endif
