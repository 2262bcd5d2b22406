/* Between the files of the exits commands. */
#ifndef STUB_MON_EXITS_H
#define STUB_MON_EXITS_H

#include "arch/exit/filter.h"
#include "arch/exit/namer.h"
#include "stub/inspect.h"
#include "stub/mon/internal.h"

/* ---- exits_query.c: what the words of a command ask for ---- */

struct exits_query {
	uint64_t lines; /* at most, the last ones */
	struct exit_filter filter;
};

/* [N|all] [FILTER...]; ctx->err names a bad word. */
bool exits_query_parse(struct mon_ctx *ctx, struct exits_query *q);

/* ---- exits_list.c: the records of all vCPUs, or of -c N, by time ---- */

struct exits_ref {
	uint64_t time_ns;
	uint32_t vcpu, index; /* for target_record() */
};

struct exits_list {
	struct exits_ref *ref; /* owned */
	size_t n;
	uint64_t lost; /* overwritten in the rings */
	uint64_t kept; /* entries of the fullest ring */
};

bool exits_list_init(struct mon_ctx *ctx, struct exits_list *list);
void exits_list_deinit(struct exits_list *list);

/* One record after the other, with its name. */
struct exits_walk {
	const struct exits_list *list;
	size_t next;
	struct exit_namer namer;

	/* the present one */
	const struct exits_ref *ref;
	struct exit_record record;
	struct exit_name name;
};

void exits_walk_start(struct exits_walk *w, const struct exits_list *list);
bool exits_walk_next(struct mon_ctx *ctx, struct exits_walk *w);

/* "function+0x1c", or nothing when the image has no symbol there. */
void exits_print_symbol(struct mon_ctx *ctx, uint64_t addr, const char *before);

enum mon_result mon_exits_summary(struct mon_ctx *ctx);

#endif
