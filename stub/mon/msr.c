/* rdmsr, wrmsr, msrs; the table has cpuid too. */
#include "stub/mon/msr.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "arch/msr_text.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"

/* Equal neighbours from which on a list shows them as one line. */
#define RUN_MIN 4

static void print_name(uint32_t index, struct buf *out)
{
	char name[MSR_NAME_MAX];

	if (msr_name(index, name))
		buf_printf(out, "%s (0x%" PRIx32 ")", name, index);
	else
		buf_printf(out, "MSR 0x%" PRIx32, index);
}

/* ---- which one is meant ---- */

static bool not_an_msr(struct mon_ctx *ctx, const char *word)
{
	struct buf near = BUF_INIT;
	char shown[40];

	mon_printable(shown, sizeof(shown), word);
	msr_near(word, &near);
	if (strspn(word, "0123456789abcdefABCDEF") == strlen(word))
		err_set(&ctx->err, ERR_USAGE,
			"'%s' is no MSR's name; the number is 0x%s", shown,
			shown);
	else if (near.len)
		err_set(&ctx->err, ERR_USAGE,
			"'%s' is neither a number nor an MSR's name; did you "
			"mean %s?",
			shown, buf_cstr(&near));
	else
		err_set(&ctx->err, ERR_USAGE,
			"'%s' is neither a number nor an MSR's name (`msrs` "
			"lists them)",
			shown);
	buf_deinit(&near);
	return false;
}

static bool starts_name(const char *word)
{
	return (*word >= 'a' && *word <= 'z') ||
	       (*word >= 'A' && *word <= 'Z') || *word == '_';
}

static bool take_msr(struct mon_ctx *ctx, const char *word, uint32_t *index)
{
	uint64_t value;

	if (msr_find(word, index))
		return true;
	if (!mon_value(ctx, word, &value))
		return starts_name(word) ? not_an_msr(ctx, word) : false;
	if (value > UINT32_MAX)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s': MSR numbers have 32 bits", word);
	*index = (uint32_t)value;
	return true;
}

/* ---- reading one ---- */

/* What is known to stand in the way: appended to an error, or printed. */
static void explain_refusal(struct mon_ctx *ctx, uint32_t index,
			    const uint64_t *value, struct buf *out)
{
	struct x86_cpuid cpuid;
	const struct x86_state *s;
	struct err ignored;
	bool known = target_cpuid(ctx->target, ctx->vcpu, CPUID_GUEST, &cpuid,
				  &ignored);

	s = target_state(ctx->target, ctx->vcpu, X86_GROUP_SYS, &ignored);
	msr_refusal(index, value, known ? &cpuid : NULL, s, out);
}

static enum mon_result refused(struct mon_ctx *ctx, uint32_t index,
			       const uint64_t *value)
{
	struct err first = ctx->err;
	struct buf why = BUF_INIT;
	char name[MSR_NAME_MAX];

	if (first.code == ERR_NOT_FOUND || first.code == ERR_REFUSED) {
		explain_refusal(ctx, index, value, &why);
		if (!why.len && value)
			buf_str(&why, "no reason is known here");
		msr_name(index, name);
		err_set(&ctx->err, first.code, "%s%s%s%s%s%s", first.msg,
			*name ? " (" : "", name, *name ? ")" : "",
			why.len ? ": " : "", buf_cstr(&why));
	}
	buf_deinit(&why);
	return MON_ERR;
}

static enum mon_result rdmsr(struct mon_ctx *ctx)
{
	struct buf text = BUF_INIT;
	uint64_t value;
	uint32_t index;

	if (!take_msr(ctx, ctx->argv[0], &index))
		return MON_USAGE;
	if (!target_get_msr(ctx->target, ctx->vcpu, index, &value, &ctx->err))
		return refused(ctx, index, NULL);
	print_name(index, ctx->out);
	buf_printf(ctx->out, " = 0x%" PRIx64, value);
	if (msr_meaning(index))
		buf_printf(ctx->out, "  %s", msr_meaning(index));
	buf_byte(ctx->out, '\n');
	msr_explain(index, value, &text);
	if (!text.len) {
		msr_decode(index, value, &text);
		if (text.len)
			buf_printf(ctx->out, "  %s\n", buf_cstr(&text));
	} else {
		buf_append(ctx->out, text.data, text.len);
	}
	buf_deinit(&text);
	return MON_OK;
}

/* ---- writing one ---- */

/* Does it move by itself between two reads? */
static bool counts(uint32_t index)
{
	return index == MSR_TSC || index == 0xe7 || index == 0xe8 ||
	       (index >= 0xc1 && index < 0xc9) ||
	       (index >= 0x309 && index < 0x310) || index == 0x839;
}

static void print_kept(struct mon_ctx *ctx, uint32_t index, uint64_t wanted,
		       uint64_t now)
{
	struct buf why = BUF_INIT;

	explain_refusal(ctx, index, &wanted, &why);
	buf_printf(ctx->out, "KVM took 0x%" PRIx64 " and keeps 0x%" PRIx64,
		   wanted, now);
	if (why.len)
		buf_printf(ctx->out, ": %s", buf_cstr(&why));
	buf_byte(ctx->out, '\n');
	buf_deinit(&why);
}

static enum mon_result wrmsr(struct mon_ctx *ctx)
{
	struct target *t = ctx->target;
	uint64_t value, old, now;
	struct err ignored;
	uint32_t index;
	bool had;

	if (!take_msr(ctx, ctx->argv[0], &index) ||
	    !mon_value(ctx, ctx->argv[1], &value))
		return MON_USAGE;
	had = target_get_msr(t, ctx->vcpu, index, &old, &ignored);
	if (!target_set_msr(t, ctx->vcpu, index, value, &ctx->err))
		return refused(ctx, index, &value);
	print_name(index, ctx->out);
	if (!had || !target_get_msr(t, ctx->vcpu, index, &now, &ignored)) {
		buf_printf(ctx->out,
			   ": wrote 0x%" PRIx64 ", which cannot be read back\n",
			   value);
		return MON_OK;
	}
	buf_printf(ctx->out, ": 0x%" PRIx64 " -> 0x%" PRIx64 "\n", old, now);
	if (now != value && !counts(index))
		print_kept(ctx, index, value, now);
	return MON_OK;
}

/* ---- all of them ---- */

struct filter {
	const char *part; /* of the name, or NULL */
	uint64_t first, last;
};

static bool has_part(const char *name, const char *part)
{
	size_t len = strlen(part);

	for (; *name; name++)
		if (!strncasecmp(name, part, len))
			return true;
	return false;
}

static bool passes(const struct filter *f, uint32_t index)
{
	char name[MSR_NAME_MAX];

	if (!f->part)
		return index >= f->first && index <= f->last;
	msr_name(index, name);
	return has_part(name, f->part);
}

static bool take_filter(struct mon_ctx *ctx, struct filter *f)
{
	*f = (struct filter){.first = 0, .last = UINT32_MAX};
	if (!ctx->argc)
		return true;
	if (ctx->argv[0][0] >= '0' && ctx->argv[0][0] <= '9')
		return mon_range(ctx, ctx->argv[0], &f->first, &f->last);
	f->part = ctx->argv[0];
	return true;
}

/* Neighbours with one value, waiting to be printed. */
struct run {
	uint32_t first;
	unsigned int n;
	uint64_t value;
};

static void print_one(uint32_t index, uint64_t value, struct buf *out)
{
	char name[MSR_NAME_MAX];
	struct buf text = BUF_INIT;

	msr_name(index, name);
	msr_decode(index, value, &text);
	buf_printf(out, "0x%08" PRIx32 "  %-30s 0x%016" PRIx64 "%s%s\n", index,
		   *name ? name : "-", value, text.len ? "  " : "",
		   buf_cstr(&text));
	buf_deinit(&text);
}

static void print_run(struct run *r, struct buf *out)
{
	char first[MSR_NAME_MAX], last[MSR_NAME_MAX];

	if (r->n >= RUN_MIN) {
		msr_name(r->first, first);
		msr_name(r->first + r->n - 1, last);
		buf_printf(out,
			   "0x%08" PRIx32 "  %s to %s (0x%" PRIx32
			   "): %u times 0x%" PRIx64 "\n",
			   r->first, first, last, r->first + r->n - 1, r->n,
			   r->value);
	} else {
		for (unsigned int i = 0; i < r->n; i++)
			print_one(r->first + i, r->value, out);
	}
	r->n = 0;
}

static void add_to_run(struct run *r, uint32_t index, uint64_t value,
		       struct buf *out)
{
	if (r->n && (r->value != value || index != r->first + r->n))
		print_run(r, out);
	if (!r->n)
		*r = (struct run){.first = index, .value = value};
	r->n++;
}

static enum mon_result msrs(struct mon_ctx *ctx)
{
	unsigned int seen = 0, unreadable = 0;
	struct filter filter;
	struct run run = {0};
	uint32_t index;

	if (!take_filter(ctx, &filter))
		return MON_USAGE;
	for (unsigned int i = 0; target_msr_at(ctx->target, i, &index); i++) {
		uint64_t value;

		if (!passes(&filter, index))
			continue;
		seen++;
		if (target_get_msr(ctx->target, ctx->vcpu, index, &value,
				   &ctx->err))
			add_to_run(&run, index, value, ctx->out);
		else
			unreadable++;
	}
	print_run(&run, ctx->out);
	if (unreadable)
		buf_printf(ctx->out, "%u more cannot be read on vCPU %u: %s\n",
			   unreadable, ctx->vcpu, ctx->err.msg);
	if (seen)
		return MON_OK;
	err_set(&ctx->err, ERR_NOT_FOUND, "%s lists no MSR%s%s%s",
		ctx->target->ops->name, ctx->argc ? " that fits '" : "",
		ctx->argc ? ctx->argv[0] : "", ctx->argc ? "'" : "");
	return MON_ERR;
}

const struct mon_command mon_msr_commands[] = {
	{
		.name = "cpuid",
		.usage = "[LEAF [INDEX]]",
		.help = "what the CPUID instruction answers on this vCPU",
		.long_help = "Without an argument: vendor, model, address "
			     "sizes, "
			     "topology, every leaf's registers and the names "
			     "of "
			     "the feature bits.  With a leaf, that leaf with "
			     "all "
			     "its subleaves, or the one of that index, "
			     "decoded.",
		.needs = MON_NEED_STOPPED,
		.max_args = 2,
		.run = mon_cpuid,
	},
	{
		.name = "cpuid diff",
		.usage = "",
		.help = "CPUID: guest against what KVM offers and the host has",
		.long_help = "Lists every feature on which the three differ, "
			     "by "
			     "/proc/cpuinfo's name, and says what it means "
			     "where "
			     "that is known: a guest that lacks a feature may "
			     "still get its effect, because hardware does not "
			     "ask "
			     "the guest's CPUID.",
		.needs = MON_NEED_STOPPED,
		.run = mon_cpuid_diff,
	},
	{
		.name = "msrs",
		.usage = "[NAME|FIRST-LAST]",
		.help = "list the model-specific registers with their values",
		.long_help = "Every MSR that KVM lists, and those it answers "
			     "though "
			     "it does not list them.  A part of a name or a "
			     "range "
			     "of numbers chooses.  Neighbours with one value "
			     "share "
			     "a line.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = msrs,
	},
	{
		.name = "rdmsr",
		.usage = "NUMBER|NAME",
		.help = "read a model-specific register, bit by bit",
		.long_help = "Names are the manuals' or Linux': EFER, "
			     "IA32_PAT, "
			     "MSR_LSTAR, MC0_STATUS.  An MSR that KVM does not "
			     "offer is an error, which says what it would "
			     "need; it "
			     "is never shown as 0.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = rdmsr,
	},
	{
		.name = "wrmsr",
		.usage = "NUMBER|NAME VALUE",
		.help = "write a model-specific register",
		.long_help = "The write is the host's, which skips some checks "
			     "that "
			     "a WRMSR of the guest meets.  When KVM refuses "
			     "the "
			     "value, or takes it and keeps another, that is "
			     "said, "
			     "with the reason where one is known.",
		.needs = MON_NEED_STOPPED | MON_NEED_WRITE,
		.min_args = 2,
		.max_args = 2,
		.run = wrmsr,
	},
	{.name = NULL},
};
