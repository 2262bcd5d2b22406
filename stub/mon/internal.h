/* Between monitor.c and the mon_*.c files: the table and how to look in it. */
#ifndef STUB_MON_INTERNAL_H
#define STUB_MON_INTERNAL_H

#include "stub/mon/args.h"
#include "stub/mon/monitor.h"
#include "stub/target.h"

extern const struct mon_command mon_builtin[]; /* ends with a NULL name */

/*
 * The rows that help lists: the built-in table and the target's, merged by
 * name.  t may be NULL.  Start with a zeroed iterator; NULL at the end.
 */
struct mon_iter {
	unsigned int builtin, own;
};
const struct mon_command *mon_next(struct mon_iter *it, const struct target *t);

/*
 * Which row the first words mean: whole names before prefixes, two-word names
 * before one-word ones.  *used says how many words its name took.  NULL and
 * *err when none does or several do.
 */
const struct mon_command *mon_find(const struct target *t,
				   const struct mon_words *w, int first,
				   int *used, struct err *err);

/* "usage: info registers [-a] [vcpu]\n" */
void mon_print_usage(const struct mon_command *c, struct buf *out);

enum mon_result mon_help(struct mon_ctx *ctx);
enum mon_result mon_caps(struct mon_ctx *ctx);
enum mon_result mon_why(struct mon_ctx *ctx);
enum mon_result mon_reset(struct mon_ctx *ctx);
enum mon_result mon_info_cpus(struct mon_ctx *ctx);
enum mon_result mon_info_registers(struct mon_ctx *ctx);
enum mon_result mon_info_status(struct mon_ctx *ctx);
enum mon_result mon_info_version(struct mon_ctx *ctx);

#endif
