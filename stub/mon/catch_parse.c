/* What the words of a `catch` command mean, and how a catchpoint is shown. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "arch/exit/names.h"
#include "arch/exit/text.h"
#include "arch/msr_names.h"
#include "stub/mon/catch.h"
#include "stub/mon/expr.h"

#define EXIT_PREFIX  "KVM_EXIT_"
#define EXIT_REASONS 64 /* more than there are */

enum part { /* of a catchpoint; each is said once at most */
	PART_ACCESS = 1 << 0,
	PART_WHEN = 1 << 1,
	PART_ACTION = 1 << 2,
	PART_VALUE = 1 << 3,
	PARTS_OF_ACCESS = PART_ACCESS | PART_WHEN | PART_VALUE | PART_ACTION,
};

static const struct {
	const char *word;
	enum part part;
	unsigned int value;
} words[] = {
	{"r", PART_ACCESS, CATCH_READ},
	{"w", PART_ACCESS, CATCH_WRITE},
	{"rw", PART_ACCESS, CATCH_BOTH},
	{"before", PART_WHEN, true},
	{"after", PART_WHEN, false},
	{"stop", PART_ACTION, CATCH_STOP},
	{"notify", PART_ACTION, CATCH_NOTIFY},
	{"ignore", PART_ACTION, CATCH_IGNORE},
};

static bool bad_word(struct mon_ctx *ctx, const char *word, const char *why)
{
	char shown[40];

	return err_set(&ctx->err, ERR_USAGE, "'%s' %s",
		       mon_printable(shown, sizeof(shown), word), why);
}

bool catch_action(struct mon_ctx *ctx, const char *word,
		  enum catch_action *action)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].part == PART_ACTION &&
		    !strcmp(words[i].word, word)) {
			*action = (enum catch_action)words[i].value;
			return true;
		}
	return bad_word(ctx, word, "is none of stop, notify and ignore");
}

const char *catch_action_name(enum catch_action action)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].part == PART_ACTION && words[i].value == action)
			return words[i].word;
	return "?";
}

/* ---- ranges ---- */

static bool exception_number(const char *word, uint64_t *number)
{
	if (*word == '#')
		word++;
	for (unsigned int v = 0; v < 32; v++) {
		const char *name = exception_name(v);

		if (name && !strcasecmp(name + (*name == '#'), word)) {
			*number = v;
			return true;
		}
	}
	return false;
}

bool catch_vectors(struct mon_ctx *ctx, const char *word, uint64_t *first,
		   uint64_t *last)
{
	if (exception_number(word, first)) {
		*last = *first;
		return true;
	}
	if (*word == '#')
		return bad_word(ctx, word,
				"is no exception: write a vector, or a name "
				"such as #PF");
	if (!mon_range(ctx, word, first, last))
		return false;
	if (*last > 255)
		return bad_word(ctx, word, "goes beyond vector 255");
	return true;
}

/* "io", "IO", "KVM_EXIT_IO", "internal-error" */
static bool same_reason(const char *name, const char *word)
{
	size_t skip = strlen(EXIT_PREFIX);

	name += skip;
	if (!strncasecmp(word, EXIT_PREFIX, skip))
		word += skip;
	for (; *name && *word; name++, word++)
		if (strncasecmp(name, word, 1) &&
		    !(*name == '_' && *word == '-'))
			return false;
	return !*name && !*word;
}

static bool exit_reasons(struct mon_ctx *ctx, const char *word, uint64_t *first,
			 uint64_t *last)
{
	for (uint32_t r = 0; r < EXIT_REASONS; r++) {
		const char *name = exit_reason_name(r);

		if (name && same_reason(name, word)) {
			*first = *last = r;
			return true;
		}
	}
	return bad_word(ctx, word,
			"is no exit reason: write io, mmio, hlt, "
			"ioapic-eoi, ... (as in KVM_EXIT_IO)");
}

/* A name of the manuals (IA32_EFER, efer), or a range of numbers. */
static bool msr_range(struct mon_ctx *ctx, const char *word, uint64_t *first,
		      uint64_t *last)
{
	uint32_t index;

	if (!msr_find(word, &index))
		return mon_range(ctx, word, first, last);
	*first = *last = index;
	return true;
}

/* By enum catch_kind. */
static const struct {
	const char *name; /* second word of the command */
	bool (*range)(struct mon_ctx *ctx, const char *word, uint64_t *first,
		      uint64_t *last); /* NULL: it has none */
	unsigned int parts;
} kinds[] = {
	[CATCH_MMIO] = {"mmio", mon_range, PARTS_OF_ACCESS},
	[CATCH_PIO] = {"pio", mon_range, PARTS_OF_ACCESS},
	[CATCH_MSR] = {"msr", msr_range, PARTS_OF_ACCESS},
	[CATCH_EXIT] = {"exit", exit_reasons, PART_ACTION},
	[CATCH_EXCEPTION] = {"exception", catch_vectors, PART_ACTION},
	[CATCH_RESET] = {"reset", NULL, PART_ACTION},
};

/* ---- the other words ---- */

/* VALUE or VALUE/MASK */
static bool take_value(struct mon_ctx *ctx, const char *word,
		       struct target_catch *c)
{
	char value[MON_LINE_MAX];
	const char *slash = strchr(word, '/');
	size_t len = slash ? (size_t)(slash - word) : strlen(word);

	if (len >= sizeof(value))
		return bad_word(ctx, word, "is too long");
	memcpy(value, word, len);
	value[len] = '\0';
	c->has_value = true;
	c->mask = UINT64_MAX;
	return mon_value(ctx, value, &c->value) &&
	       (!slash || mon_value(ctx, slash + 1, &c->mask));
}

static void apply(struct target_catch *c, enum part part, unsigned int value)
{
	if (part == PART_ACCESS)
		c->access = value;
	else if (part == PART_WHEN)
		c->before = value;
	else
		c->action = (enum catch_action)value;
}

static bool take_word(struct mon_ctx *ctx, const char *word, unsigned int *left,
		      struct target_catch *c)
{
	enum part part = PART_VALUE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, word)) {
			part = words[i].part;
			break;
		}
	if (!(kinds[c->kind].parts & part))
		return bad_word(ctx, word,
				part == PART_VALUE ? "is none of stop, notify "
						     "and ignore"
						   : "says nothing about this "
						     "kind of "
						     "catchpoint");
	if (!(*left & part))
		return bad_word(ctx, word,
				"contradicts or repeats an earlier word");
	*left &= ~(unsigned int)part;
	if (part == PART_VALUE)
		return take_value(ctx, word, c);
	apply(c, part, words[i].value);
	return true;
}

bool catch_parse(struct mon_ctx *ctx, struct target_catch *c)
{
	const char *name = strchr(ctx->command->name, ' ') + 1;
	unsigned int left;
	int at = 0;

	memset(c, 0, sizeof(*c));
	while (strcmp(kinds[c->kind].name, name))
		c->kind = (enum catch_kind)(c->kind + 1);
	left = kinds[c->kind].parts;
	if (left & PART_ACCESS)
		c->access = CATCH_BOTH;
	if (kinds[c->kind].range &&
	    !kinds[c->kind].range(ctx, ctx->argv[at++], &c->first, &c->last))
		return false;
	for (; at < ctx->argc; at++)
		if (!take_word(ctx, ctx->argv[at], &left, c))
			return false;
	return true;
}

/* ---- showing ---- */

static void describe_range(const struct target_catch *c, struct buf *out)
{
	const char *name = NULL;
	char msr[MSR_NAME_MAX];

	if (c->kind == CATCH_EXIT) {
		buf_byte(out, ' ');
		exit_reason_print(out, (uint32_t)c->first);
		return;
	}
	if (c->kind == CATCH_EXCEPTION && c->first == c->last)
		name = exception_name((unsigned int)c->first);
	if (name)
		buf_printf(out, " %s", name);
	else
		buf_printf(out, " 0x%" PRIx64, c->first);
	if (c->first != c->last)
		buf_printf(out, "-0x%" PRIx64, c->last);
	else if (c->kind == CATCH_MSR && msr_name((uint32_t)c->first, msr))
		buf_printf(out, " (%s)", msr);
}

void catch_describe(const struct target_catch *c, struct buf *out)
{
	static const char *const access[] = {"", " r", " w", " rw"};

	buf_str(out, kinds[c->kind].name);
	if (kinds[c->kind].range)
		describe_range(c, out);
	if (!(kinds[c->kind].parts & PART_ACCESS))
		return;
	buf_str(out, access[c->access & CATCH_BOTH]);
	if (c->has_value)
		buf_printf(out, " value 0x%" PRIx64, c->value);
	if (c->has_value && c->mask != UINT64_MAX)
		buf_printf(out, "/0x%" PRIx64, c->mask);
	buf_str(out, c->before ? " before" : " after");
}
