/* Between the stub/mon/state*.c files: handlers and what they share. */
#ifndef STUB_MON_STATE_H
#define STUB_MON_STATE_H

#include "arch/show/show.h"
#include "stub/mon/internal.h"

/* Prints " <symbol+0x12>" by the target's symbols. */
struct show_names mon_names(struct target *t);

struct target_stat;
/* The counter of that name, of a vCPU or of TARGET_VM. */
bool mon_stat(struct target *t, unsigned int vcpu, const char *name,
	      struct target_stat *stat);

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
