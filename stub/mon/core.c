/* Saving the machine. */
#include <string.h>

#include "stub/clock.h"
#include "stub/core/report.h"
#include "stub/mon/internal.h"

struct progress {
	struct mon_ctx *ctx;
	int64_t next; /* when the next line is due; ms */
};

static bool show_progress(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;
	const struct mon_sink *sink = p->ctx->sink;
	struct buf line = BUF_INIT;
	bool on;

	if (!sink)
		return true;
	if (now_ms() < p->next)
		return sink->progress(sink->arg, NULL);
	p->next += CORE_PROGRESS_MS;
	core_progress_line(&line, done, total);
	on = sink->progress(sink->arg, buf_cstr(&line));
	buf_deinit(&line);
	return on;
}

static enum mon_result unwanted(struct mon_ctx *ctx, const char *word)
{
	char shown[64];

	err_set(&ctx->err, ERR_USAGE, "dump: '%s' is %s",
		mon_printable(shown, sizeof(shown), word),
		*word == '-' ? "no option of it" : "one FILE too many");
	return MON_USAGE;
}

static enum mon_result mon_dump(struct mon_ctx *ctx)
{
	struct progress p = {.ctx = ctx, .next = now_ms() + CORE_PROGRESS_MS};
	struct core_options options = {
		.vcpu = ctx->vcpu, .progress = show_progress, .arg = &p};
	struct core_summary sum;
	const char *path = NULL;

	for (int i = 0; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];

		if (!strcmp(word, "-f"))
			options.replace = true;
		else if (!strcmp(word, "-p"))
			options.linear = true;
		else if (*word == '-' || path)
			return unwanted(ctx, word);
		else
			path = word;
	}
	if (!path) {
		err_set(&ctx->err, ERR_USAGE, "dump: FILE is missing");
		return MON_USAGE;
	}
	if (!core_write(ctx->target, path, &options, &sum, &ctx->err))
		return MON_ERR;
	core_report(ctx->out, ctx->target, path, &sum);
	return MON_OK;
}

const struct mon_command mon_core_commands[] = {
	{
		.name = "dump",
		.usage = "[-f] [-p] FILE",
		.help = "save memory, registers and history to a core file",
		.long_help = "The file is an ELF core of the whole machine, by "
			     "guest-physical address.  `kvm-gdbserver --core "
			     "FILE "
			     "COMM` shows it to a debugger as if the guest "
			     "were "
			     "still there, with every command that only reads; "
			     "gdb, crash and drgn read it too (for Linux "
			     "guests, "
			     "its VMCOREINFO is looked for and put in).\n"
			     "Pages of zeroes take no room on the disk.  The "
			     "file "
			     "gets its name when it is complete; one that is "
			     "there "
			     "already is replaced only with -f.  A relative "
			     "name "
			     "is relative to the server's folder.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 3,
		.run = mon_dump,
	},
	{.name = NULL},
};
