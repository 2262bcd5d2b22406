/* help and the man page: the command table made readable. */
#include <string.h>

#include "stub/mon/internal.h"

#define HELP_COLUMNS 78

/* "long_help" with lines filled to the screen; a newline ends a paragraph. */
static void print_filled(struct buf *out, const char *text, size_t indent)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (n && column && column + 1 + n > HELP_COLUMNS) {
			buf_byte(out, '\n');
			column = 0;
		}
		if (n) {
			buf_printf(out, "%*s%.*s", column ? 1 : (int)indent, "",
				   (int)n, text);
			column += n + (column ? 1 : indent);
		}
		text += n;
		if (*text == '\n') {
			buf_byte(out, '\n');
			column = 0;
		}
		text += *text != '\0';
	}
	if (column)
		buf_byte(out, '\n');
}

static void print_line(const struct mon_command *c, struct buf *out)
{
	size_t at = out->len;

	buf_printf(out, "%s%s%s", c->name, *c->usage ? " " : "", c->usage);
	if (out->len - at > 24)
		buf_printf(out, "\n%24s  %s\n", "", c->help);
	else
		buf_printf(out, "%*s  %s\n", (int)(24 - (out->len - at)), "",
			   c->help);
}

/* Lines of all commands, or of those whose first word this is. */
static unsigned int list(const struct target *t, const char *family,
			 struct buf *out)
{
	size_t len = family ? strlen(family) : 0;
	const struct mon_command *c;
	struct mon_iter it = {0};
	const char *title = NULL;
	unsigned int n = 0;

	while ((c = mon_next(&it, t))) {
		if (family &&
		    (strncmp(c->name, family, len) || c->name[len] != ' '))
			continue;
		if (!family && it.title != title)
			buf_printf(out, "%s%s:\n", title ? "\n" : "", it.title);
		title = it.title;
		print_line(c, out);
		n++;
	}
	return n;
}

static void explain(const struct mon_command *c, struct buf *out)
{
	mon_print_usage(c, out);
	buf_printf(out, "%s\n\n", c->help);
	print_filled(out, c->long_help, 0);
}

/* The family of this first word, after the command that has just this name. */
static bool help_family(struct mon_ctx *ctx, const char *word)
{
	const struct mon_command *c;
	struct buf family = BUF_INIT;
	struct mon_iter it = {0};
	bool any = list(ctx->target, word, &family) > 0;

	while (any && (c = mon_next(&it, ctx->target)))
		if (!strcmp(c->name, word)) {
			explain(c, ctx->out);
			buf_byte(ctx->out, '\n');
		}
	buf_str(ctx->out, buf_cstr(&family));
	buf_deinit(&family);
	return any;
}

enum mon_result mon_help(struct mon_ctx *ctx)
{
	const struct mon_command *c;
	struct mon_words w = {.n = 0};
	int i, used = 0;

	if (!ctx->argc) {
		list(ctx->target, NULL, ctx->out);
		buf_str(ctx->out, "\n`help COMMAND` explains one; `-c N` "
				  "selects a "
				  "vCPU for any of them\n");
		return MON_OK;
	}
	if (ctx->argc == 1 && help_family(ctx, ctx->argv[0]))
		return MON_OK;
	for (i = 0; i < ctx->argc; i++)
		w.word[w.n++] = ctx->argv[i];
	c = mon_find(ctx->target, &w, 0, &used, &ctx->err);
	if (!c)
		return MON_ERR;
	explain(c, ctx->out);
	return MON_OK;
}

/* Text of a man page: nothing in it may look like a request or an escape. */
static void roff(struct buf *out, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			buf_str(out, "\\&");
		line_start = *text == '\n';
		if (*text == '\\')
			buf_str(out, "\\e");
		else if (*text == '-')
			buf_str(out, "\\-");
		else if (*text == '\n')
			buf_str(out, "\n.IP\n");
		else
			buf_byte(out, (uint8_t)*text);
	}
}

void monitor_man(const struct target *t, struct buf *out)
{
	const struct mon_command *c;
	struct mon_iter it = {0};
	const char *title = NULL;

	while ((c = mon_next(&it, t))) {
		if (it.title != title)
			buf_printf(out, ".SS %s\n", it.title);
		title = it.title;
		buf_str(out, ".TP\n.B ");
		roff(out, c->name);
		if (*c->usage) {
			buf_str(out, " \\fR");
			roff(out, c->usage);
		}
		buf_byte(out, '\n');
		roff(out, c->help);
		buf_str(out, ".\n.IP\n");
		roff(out, c->long_help);
		buf_byte(out, '\n');
	}
}
