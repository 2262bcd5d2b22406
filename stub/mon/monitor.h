/*
 * The command engine behind gdb's `monitor`, --batch and the text of error
 * stops.  A command is a table row; help and the man page come from the rows.
 */
#ifndef STUB_MONITOR_H
#define STUB_MONITOR_H

#include "base/buf.h"
#include "base/err.h"

struct target;

enum mon_result {
	MON_OK,
	MON_ERR,   /* ctx->err tells; the dispatcher prints it */
	MON_USAGE, /* the dispatcher prints ctx->err, if set, and the usage */
};

enum mon_need {
	MON_NEED_STOPPED = 1 << 0,
	MON_NEED_RUN = 1 << 1, /* a target that can run */
	MON_NEED_WRITE = 1 << 2,
};

/* Who waits for a command, and can be told how far a long one is. */
struct mon_sink {
	/*
	 * Show this line (no newline) now; NULL shows nothing.  False: nobody
	 * waits any more, and the command shall end.
	 */
	bool (*progress)(void *arg, const char *line);
	void *arg;
};

struct mon_ctx {
	struct target *target;
	unsigned int vcpu; /* gdb's current thread, or -c N */
	bool vcpu_chosen;  /* -c N was given */
	struct buf *out;   /* text for the user */
	int argc;	   /* words after the command's name */
	const char **argv;
	uint64_t quoted; /* bit i: argv[i] began with a quote */
	const struct mon_command *command;
	const struct mon_sink *sink; /* or NULL */
	struct err err;
};

struct mon_command {
	const char *name;      /* "info registers": one or two words */
	const char *usage;     /* arguments only: "[-a]", "ADDR [COUNT]", "" */
	const char *help;      /* one line, at most 72 columns, no full stop */
	const char *long_help; /* paragraphs for `help CMD` and the man page */
	unsigned int needs;    /* enum mon_need */
	int min_args, max_args;
	enum mon_result (*run)(struct mon_ctx *ctx);
};

/*
 * Run one command line.  Output and error text go to *out.  Returns false
 * when the command failed (--batch then ends with status 1).
 */
bool monitor_run(struct target *t, unsigned int vcpu, const char *line,
		 struct buf *out);

/* The same, with somebody to show progress to (NULL: nobody). */
bool monitor_run_to(struct target *t, unsigned int vcpu, const char *line,
		    struct buf *out, const struct mon_sink *sink);

/*
 * Run "CMD; CMD; ..." in order; a `;` in quotes separates nothing.  Goes on
 * after a failure.  Returns false when one failed.
 */
bool monitor_batch(struct target *t, unsigned int vcpu, const char *lines,
		   struct buf *out);
bool monitor_batch_to(struct target *t, unsigned int vcpu, const char *lines,
		      struct buf *out, const struct mon_sink *sink);

/*
 * Is a table fit to be merged in?  Sorted by name, no empty texts, help within
 * 72 columns, sane argument counts, at most two words a name.
 */
bool monitor_check_table(const struct mon_command *table, struct err *err);

/* Every command, the built-in ones and t's (NULL: none), as man page source. */
void monitor_man(const struct target *t, struct buf *out);

#endif
