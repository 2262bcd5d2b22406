#include "stub/mon/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "stub/mon/internal.h"

void mon_print_usage(const struct mon_command *c, struct buf *out)
{
	buf_printf(out, "usage: %s%s%s\n", c->name, *c->usage ? " " : "",
		   c->usage);
}

/* `-c N` at words[*at]: select that vCPU and move on. */
static bool take_vcpu(struct mon_ctx *ctx, const struct mon_words *w, int *at)
{
	while (*at < w->n && !strcmp(w->word[*at], "-c")) {
		if (*at + 1 >= w->n)
			return err_set(&ctx->err, ERR_USAGE,
				       "'-c' wants the number of a vCPU");
		if (!mon_index(w->word[*at + 1], "vCPU", ctx->target->nvcpus,
			       &ctx->vcpu, &ctx->err))
			return false;
		ctx->vcpu_chosen = true;
		*at += 2;
	}
	return true;
}

static bool check_needs(struct mon_ctx *ctx)
{
	const struct target *t = ctx->target;
	unsigned int needs = ctx->command->needs;
	const char *name = ctx->command->name;

	if ((needs & MON_NEED_STOPPED) && t->running)
		return err_set(&ctx->err, ERR_STATE,
			       "%s: the guest is running; interrupt it first",
			       name);
	if ((needs & MON_NEED_RUN) && !t->caps.can_run)
		return err_set(&ctx->err, ERR_UNSUPPORTED,
			       "%s needs a guest that can run; %s cannot", name,
			       t->ops->name);
	if ((needs & MON_NEED_WRITE) && !t->caps.can_write)
		return err_set(&ctx->err, ERR_UNSUPPORTED,
			       "%s would change the guest, and %s can only be "
			       "read",
			       name, t->ops->name);
	return true;
}

static bool check_args(struct mon_ctx *ctx)
{
	const struct mon_command *c = ctx->command;
	char shown[40];

	if (ctx->argc < c->min_args)
		return err_set(&ctx->err, ERR_USAGE, "%s: %s", c->name,
			       ctx->argc ? "an argument is missing"
					 : "it wants an argument");
	if (ctx->argc > c->max_args)
		return err_set(&ctx->err, ERR_USAGE,
			       "%s: '%s' is one argument too many", c->name,
			       mon_printable(shown, sizeof(shown),
					     ctx->argv[c->max_args]));
	return true;
}

/* Find the command and run it; ctx->err is set unless MON_OK. */
static enum mon_result run_words(struct mon_ctx *ctx, struct mon_words *w)
{
	int at = 0, used = 0;

	if (!take_vcpu(ctx, w, &at))
		return MON_ERR;
	if (at >= w->n) {
		err_set(&ctx->err, ERR_USAGE, "no command; try `monitor help`");
		return MON_ERR;
	}
	if (!mon_split_format(w, at, &ctx->err))
		return MON_ERR;
	ctx->command = mon_find(ctx->target, w, at, &used, &ctx->err);
	if (!ctx->command)
		return MON_ERR;
	at += used;
	if (!take_vcpu(ctx, w, &at))
		return MON_ERR;
	ctx->argc = w->n - at;
	ctx->argv = &w->word[at];
	ctx->quoted = at < MON_WORDS ? w->quoted >> at : 0;
	if (!check_needs(ctx))
		return MON_ERR;
	if (!check_args(ctx))
		return MON_USAGE;
	return ctx->command->run(ctx);
}

bool monitor_run_to(struct target *t, unsigned int vcpu, const char *line,
		    struct buf *out, const struct mon_sink *sink)
{
	struct mon_ctx ctx = {
		.target = t, .vcpu = vcpu, .out = out, .sink = sink};
	struct mon_words *w = malloc(sizeof(*w));
	enum mon_result result = MON_ERR;

	if (!w)
		err_set(&ctx.err, ERR_LIMIT, "out of memory for a command");
	else if (vcpu >= t->nvcpus)
		err_set(&ctx.err, ERR_RANGE,
			"there is no vCPU %u; the last one is %u", vcpu,
			t->nvcpus - 1);
	else if (mon_split(line, w, &ctx.err))
		result = run_words(&ctx, w);
	if (result != MON_OK && ctx.err.code != ERR_NONE)
		buf_printf(out, "%s\n", ctx.err.msg);
	if (result == MON_USAGE && ctx.command)
		mon_print_usage(ctx.command, out);
	free(w);
	return result == MON_OK;
}

bool monitor_run(struct target *t, unsigned int vcpu, const char *line,
		 struct buf *out)
{
	return monitor_run_to(t, vcpu, line, out, NULL);
}

/* Length of the command at the start of `lines`, up to its `;`. */
static size_t command_length(const char *lines)
{
	char quote = '\0';
	size_t n;

	for (n = 0; lines[n]; n++) {
		if (quote == '"' && lines[n] == '\\' && lines[n + 1])
			n++;
		else if (quote && lines[n] == quote)
			quote = '\0';
		else if (!quote && (lines[n] == '"' || lines[n] == '\''))
			quote = lines[n];
		else if (!quote && lines[n] == ';')
			break;
	}
	return n;
}

bool monitor_batch_to(struct target *t, unsigned int vcpu, const char *lines,
		      struct buf *out, const struct mon_sink *sink)
{
	struct buf one = BUF_INIT;
	bool ok = true;

	for (;;) {
		size_t n = command_length(lines);

		buf_clear(&one);
		buf_append(&one, lines, n);
		if (strspn(buf_cstr(&one), " \t\r\n") < one.len)
			ok &= monitor_run_to(t, vcpu, buf_cstr(&one), out,
					     sink);
		if (!lines[n])
			break;
		lines += n + 1;
	}
	ok &= !one.failed;
	buf_deinit(&one);
	return ok;
}

bool monitor_batch(struct target *t, unsigned int vcpu, const char *lines,
		   struct buf *out)
{
	return monitor_batch_to(t, vcpu, lines, out, NULL);
}

static const char *row_fault(const struct mon_command *c)
{
	if (!c->usage || !c->help || !*c->help || !c->long_help ||
	    !*c->long_help || !c->run)
		return "has an empty field";
	if (strlen(c->help) > 72)
		return "has a help line over 72 columns";
	if (c->help[strlen(c->help) - 1] == '.')
		return "has a help line with a full stop";
	if (c->min_args < 0 || c->max_args < c->min_args ||
	    c->max_args > MON_WORDS)
		return "has impossible argument counts";
	if (!*c->usage != !c->max_args)
		return "has a usage that does not fit its argument counts";
	if (!*c->name || *c->name == ' ' || *c->name == '-' ||
	    c->name[strlen(c->name) - 1] == ' ' || strstr(c->name, "  "))
		return "has a malformed name";
	if (strchr(c->name, ' ') != strrchr(c->name, ' '))
		return "has more than two words in its name";
	return NULL;
}

bool monitor_check_table(const struct mon_command *table, struct err *err)
{
	const struct mon_command *c;

	for (c = table; c->name; c++) {
		const char *fault = row_fault(c);

		if (fault)
			return err_set(err, ERR_INTERNAL, "command '%s' %s",
				       c->name, fault);
		if (c > table && strcmp(c[-1].name, c->name) >= 0)
			return err_set(err, ERR_INTERNAL,
				       "command '%s' is not sorted after '%s'",
				       c->name, c[-1].name);
	}
	return true;
}
