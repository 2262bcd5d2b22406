#include "stub/mon/expr.h"

#include <string.h>

#include "arch/regs.h"
#include "stub/inspect.h"
#include "stub/mon/args.h"
#include "stub/target.h"

#define DEPTH_MAX 32 /* parentheses and signs */
#define NAME_SIZE 128

struct expr {
	struct mon_ctx *ctx;
	const char *word; /* all of it, for messages */
	const char *at;
	unsigned int depth;
};

static bool expr_sum(struct expr *x, uint64_t *value);

static bool fail(struct expr *x, const char *what)
{
	char shown[64];

	return err_set(&x->ctx->err, ERR_USAGE, "'%s': %s",
		       mon_printable(shown, sizeof(shown), x->word), what);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* Move over a name and copy it. */
static bool take_name(struct expr *x, char name[NAME_SIZE])
{
	size_t n = 0;

	while (is_name(x->at[n]))
		n++;
	if (!n)
		return fail(x, *x->at ? "a number, $register or name is wanted"
				      : "it ends where a number is wanted");
	if (n >= NAME_SIZE)
		return fail(x, "a name in it is too long");
	memcpy(name, x->at, n);
	name[n] = '\0';
	x->at += n;
	return true;
}

static const char *alias(const char *name)
{
	static const char *const table[][2] = {{"pc", "rip"},
					       {"sp", "rsp"},
					       {"fp", "rbp"},
					       {"flags", "eflags"}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(name, table[i][0]))
			return table[i][1];
	return name;
}

static bool expr_register(struct expr *x, uint64_t *value)
{
	struct mon_ctx *ctx = x->ctx;
	const struct reg_def *reg;
	const struct x86_state *s;
	char name[NAME_SIZE];

	x->at++; /* $ */
	if (!take_name(x, name))
		return false;
	reg = reg_find(alias(name));
	if (!reg)
		return err_set(&ctx->err, ERR_USAGE,
			       "'$%s' is no register (such as $rip, $cr3 or "
			       "$fs_base)",
			       name);
	s = target_state(ctx->target, ctx->vcpu, reg->group, &ctx->err);
	return s && (reg_value(s, reg->name, value) || fail(x, "that register "
							       "is no number"));
}

static bool unknown_name(struct expr *x, const char *name)
{
	struct err *err = &x->ctx->err;
	char shown[64];

	if (reg_find(alias(name)))
		err_set(err, ERR_USAGE,
			"'%s' is no symbol of the image; the register is $%s",
			name, name);
	else
		err_set(err, ERR_USAGE,
			"'%s' is neither a number nor a symbol of the image",
			name);
	if (strcmp(x->word, name))
		err_prefix(err, "'%s'",
			   mon_printable(shown, sizeof(shown), x->word));
	return false;
}

static bool expr_name(struct expr *x, uint64_t *value)
{
	struct target_symbol symbol;
	char name[NAME_SIZE];

	if (!take_name(x, name))
		return false;
	if (name[0] >= '0' && name[0] <= '9')
		return mon_size(name, value, &x->ctx->err);
	if (!target_symbol_find(x->ctx->target, name, &symbol))
		return unknown_name(x, name);
	*value = symbol.addr;
	return true;
}

static bool expr_primary(struct expr *x, uint64_t *value)
{
	char c = *x->at;
	bool ok;

	if (c != '-' && c != '~' && c != '(')
		return c == '$' ? expr_register(x, value) : expr_name(x, value);
	if (++x->depth > DEPTH_MAX)
		return fail(x, "it is nested too deep");
	x->at++;
	ok = c == '(' ? expr_sum(x, value) : expr_primary(x, value);
	if (!ok)
		return false;
	x->depth--;
	if (c == '(' && *x->at++ != ')') {
		x->at--;
		return fail(x, "a ')' is missing");
	}
	if (c != '(')
		*value = c == '-' ? -*value : ~*value;
	return true;
}

static bool expr_product(struct expr *x, uint64_t *value)
{
	uint64_t right;

	if (!expr_primary(x, value))
		return false;
	while (*x->at == '*' || *x->at == '/') {
		char op = *x->at++;

		if (!expr_primary(x, &right))
			return false;
		if (op == '/' && !right)
			return fail(x, "division by zero");
		*value = op == '*' ? *value * right : *value / right;
	}
	return true;
}

static bool expr_sum(struct expr *x, uint64_t *value)
{
	uint64_t right;

	if (!expr_product(x, value))
		return false;
	while (*x->at == '+' || *x->at == '-') {
		char op = *x->at++;

		if (!expr_product(x, &right))
			return false;
		*value = op == '+' ? *value + right : *value - right;
	}
	return true;
}

bool mon_value(struct mon_ctx *ctx, const char *word, uint64_t *value)
{
	struct expr x = {ctx, word, word, 0};
	uint64_t v;

	if (!expr_sum(&x, &v))
		return false;
	if (*x.at)
		return fail(&x, "it does not end where a number would");
	*value = v;
	return true;
}

bool mon_range(struct mon_ctx *ctx, const char *word, uint64_t *first,
	       uint64_t *last)
{
	struct expr x = {ctx, word, word, 0};
	uint64_t a, b = 0;
	char op;

	if (!expr_primary(&x, &a))
		return false;
	op = *x.at;
	if (op) {
		if (op != '-' && op != '+')
			return fail(&x, "a range is FIRST-LAST or "
					"FIRST+LENGTH");
		x.at++;
		if (!expr_primary(&x, &b))
			return false;
		if (*x.at)
			return fail(&x, "it does not end where a range would");
	}
	if (op == '+' && (!b || b - 1 > UINT64_MAX - a))
		return fail(&x, "that many make no range");
	if (op == '-' && b < a)
		return fail(&x, "the range ends before it begins");
	*first = a;
	*last = !op ? a : op == '-' ? b : a + b - 1;
	return true;
}
