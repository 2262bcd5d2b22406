/* Between the files of the exits commands. */
#ifndef STUB_MON_EXITS_H
#define STUB_MON_EXITS_H

#include "arch/exit/filter.h"
#include "arch/exit/namer.h"
#include "stub/inspect.h"
#include "stub/mon/internal.h"

/* ---- exits_query.c: what the words of a command ask for ---- */

enum exits_source {
	EXITS_BOTH,
	EXITS_USER,   /* the flight recorder */
	EXITS_KERNEL, /* the host kernel's trace, when it is on */
};

struct exits_query {
	uint64_t lines; /* at most, the last ones */
	enum exits_source source;
	const char *event; /* of the kernel: its name begins so; or NULL */
	struct exit_filter filter;
	bool filtered; /* anything of the above was asked for */
};

/*
 * The words from argv[first] on: [N|all] [FILTER...].  ctx->err names a bad
 * one.
 */
bool exits_query_parse(struct mon_ctx *ctx, int first, struct exits_query *q);

/*
 * ---- exits_list.c: the records of all vCPUs, or of -c N, by time ----
 * An access that came to user space is in the kernel's trace too: it is listed
 * once, as a record.
 */

struct exits_ref {
	uint64_t time_ns;
	uint32_t vcpu;
	bool kernel;
	bool dropped; /* the other source has it too */
	size_t index; /* for target_record() or target_kernel_event() */
};

struct exits_list {
	struct exits_ref *ref; /* owned */
	size_t n;
	uint64_t lost; /* overwritten in the rings */
	uint64_t kept; /* entries of the fullest ring */
	struct target_kernel_trace kernel;
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
	/* ref->kernel: the event's text; record is filled if it is an access */
	const char *event;
	bool is_access;
};

void exits_walk_start(struct exits_walk *w, const struct exits_list *list);
bool exits_walk_next(struct mon_ctx *ctx, struct exits_walk *w);
/* Is the present one asked for? */
bool exits_walk_match(const struct exits_walk *w, const struct exits_query *q);

/* "function+0x1c" behind `before`; nothing where the image has no symbol. */
void exits_print_symbol(struct mon_ctx *ctx, uint64_t addr, const char *before,
			struct buf *out);

/* ---- exits.c ---- */
/* Print what the query asks for, and what cannot be in it. */
enum mon_result exits_show(struct mon_ctx *ctx, const struct exits_query *q);

enum mon_result mon_exits_kernel(struct mon_ctx *ctx);
enum mon_result mon_exits_save(struct mon_ctx *ctx);
enum mon_result mon_exits_summary(struct mon_ctx *ctx);

#endif
