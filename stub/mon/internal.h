/* Between monitor.c and the mon_*.c files: the table and how to look in it. */
#ifndef STUB_MON_INTERNAL_H
#define STUB_MON_INTERNAL_H

#include "stub/mon/args.h"
#include "stub/mon/monitor.h"
#include "stub/target.h"

/*
 * One table a topic, each sorted by name and ended by a NULL name.  A topic's
 * table lies in the file that has its handlers.
 */
extern const struct mon_command mon_general_commands[], mon_state_commands[],
	mon_msr_commands[], mon_irq_commands[], mon_vmcs_commands[],
	mon_memory_commands[], mon_exits_commands[], mon_catch_commands[],
	mon_core_commands[], mon_device_commands[], mon_linux_commands[];

struct mon_group {
	const char *title;
	const struct mon_command *commands;
};
extern const struct mon_group mon_groups[]; /* ends with a NULL title */

/*
 * Every row, group by group, then the target's own.  t may be NULL.  Start
 * with a zeroed iterator; NULL at the end.  it->title is the row's group.
 */
struct mon_iter {
	unsigned int group, row;
	const char *title;
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
enum mon_result mon_arch(struct mon_ctx *ctx);
enum mon_result mon_caps(struct mon_ctx *ctx);
enum mon_result mon_why(struct mon_ctx *ctx);
enum mon_result mon_reset(struct mon_ctx *ctx);
enum mon_result mon_info_cpus(struct mon_ctx *ctx);
enum mon_result mon_info_registers(struct mon_ctx *ctx);
enum mon_result mon_info_status(struct mon_ctx *ctx);
enum mon_result mon_info_version(struct mon_ctx *ctx);

#endif
