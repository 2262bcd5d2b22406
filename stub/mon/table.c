/* The general commands, all groups of commands, and the search for one. */
#include <string.h>

#include "base/text.h"
#include "stub/mon/internal.h"

const struct mon_command mon_general_commands[] = {
	{
		.name = "arch",
		.usage = "[auto | 64 | 32 | 16 | linear on|off]",
		.help = "registers for 64-, 32- or 16-bit code, pc as linear "
			"address",
		.long_help =
			"A debugger decodes instructions by the description of "
			"the registers that it has read.  At first that is the "
			"one of 64-bit code, in which 16- and 32-bit code is "
			"shown wrong.  16, 32 and 64 choose another one, "
			"`auto` the one for the mode of the current virtual "
			"CPU.  The next client gets it; gdb gets it at "
			"once by `unset tdesc filename`.  gdb refuses "
			"it while it has a program file of another "
			"architecture: `exec-file` without a name drops that "
			"and keeps the symbols.\n"
			"`linear on` adds the base of CS to the pc and that of "
			"SS to sp in code that is not 64-bit, and takes it off "
			"again in what is written: gdb knows no segments, and "
			"all its addresses are linear.  It holds from the "
			"same moment on.\n"
			"Without an argument: what is chosen, and what the "
			"current virtual CPU runs.",
		.max_args = 2,
		.run = mon_arch,
	},
	{
		.name = "caps",
		.usage = "",
		.help = "what this target and its host can really do",
		.long_help = "Prints what was measured at the start: which "
			     "kinds "
			     "of breakpoints, watchpoints and stepping work on "
			     "this host, and the strategy chosen for each.",
		.run = mon_caps,
	},
	{
		.name = "help",
		.usage = "[COMMAND]",
		.help = "list the commands, or explain one",
		.long_help = "Without an argument, one line for each command. "
			     "With one, its usage and a longer explanation; "
			     "the "
			     "first word of two-word names lists that family.\n"
			     "Names may be shortened as long as they stay "
			     "clear: "
			     "`i r` is `info registers`.  `-c N`, before or "
			     "right "
			     "after the name of any command, selects virtual "
			     "CPU "
			     "N; else it is the thread selected in gdb.",
		.max_args = 2,
		.run = mon_help,
	},
	{
		.name = "info cpus",
		.usage = "",
		.help = "list the virtual CPUs and their host threads",
		.long_help = "The line with the star is the current one: the "
			     "thread selected in gdb, or that of -c.",
		.run = mon_info_cpus,
	},
	{
		.name = "info registers",
		.usage = "[-a] [VCPU]",
		.help = "general, system and floating-point registers",
		.long_help = "Prints the current virtual CPU, the one of that "
			     "number, or with -a all of them, in QEMU's "
			     "layout.",
		.needs = MON_NEED_STOPPED,
		.max_args = 2,
		.run = mon_info_registers,
	},
	{
		.name = "info status",
		.usage = "",
		.help = "whether the guest runs, is paused, or is dead",
		.long_help = "A paused guest that cannot go on has the reason "
			     "in parentheses; `why` tells more.",
		.run = mon_info_status,
	},
	{
		.name = "info version",
		.usage = "",
		.help = "name and version of this program",
		.long_help = "Linux' gdb scripts recognise a virtual machine "
			     "by this command having an answer.",
		.run = mon_info_version,
	},
	{
		.name = "reset",
		.usage = "",
		.help = "load the image again and wait at its first "
			"instruction",
		.long_help = "Works after the death of the guest too.  "
			     "Breakpoints stay.  A debugger does not notice by "
			     "itself: `stepi` shows it the first instruction "
			     "and runs nothing this once, or gdb's "
			     "`maintenance flush register-cache` makes it look "
			     "again.",
		.needs = MON_NEED_STOPPED,
		.run = mon_reset,
	},
	{
		.name = "why",
		.usage = "",
		.help = "why the guest stopped last, as told at the stop",
		.long_help = "For an error this is the whole story: a line "
			     "with the verdict and its cause, what proves it "
			     "(the chain of a triple fault, the checks of VM "
			     "entry, the operands of an instruction that KVM "
			     "could not emulate), what to do, the instruction, "
			     "the walk of the address, then each word the exit "
			     "carries and the registers.\n"
			     "For a guest that was interrupted, because it "
			     "seems to hang, it is a line for each vCPU that "
			     "is halted or spins, and whether anybody is left "
			     "to end that; `where` tells more.",
		.needs = MON_NEED_STOPPED,
		.run = mon_why,
	},
	{.name = NULL},
};

const struct mon_group mon_groups[] = {
	{"General", mon_general_commands},
	{"State of the processors", mon_state_commands},
	{"MSRs and CPUID", mon_msr_commands},
	{"Interrupts and time", mon_irq_commands},
	{"Devices", mon_device_commands},
	{"VMCS and VMCB", mon_vmcs_commands},
	{"Memory", mon_memory_commands},
	{"Exits", mon_exits_commands},
	{"Catchpoints and events", mon_catch_commands},
	{"Saved crashes", mon_core_commands},
	{"Linux guests", mon_linux_commands},
	{NULL, NULL},
};

/* The table of the iterator's group, the target's own after the last. */
static const struct mon_command *group_rows(const struct mon_iter *it,
					    const struct target *t)
{
	if (mon_groups[it->group].title)
		return mon_groups[it->group].commands;
	return t ? t->ops->commands : NULL;
}

const struct mon_command *mon_next(struct mon_iter *it, const struct target *t)
{
	for (;;) {
		const struct mon_command *rows = group_rows(it, t);

		if (rows && rows[it->row].name) {
			it->title = mon_groups[it->group].title;
			if (!it->title)
				it->title = "This target";
			return &rows[it->row++];
		}
		if (!mon_groups[it->group].title)
			return NULL;
		it->group++;
		it->row = 0;
	}
}

enum fit {
	FIT_NONE,
	FIT_PREFIX,
	FIT_WHOLE,
};

/* How one typed word fits the first len bytes of `name`. */
static enum fit word_fit(const char *typed, const char *name, size_t len)
{
	size_t n = strlen(typed);

	if (!n || n > len || strncmp(typed, name, n))
		return FIT_NONE;
	return n == len ? FIT_WHOLE : FIT_PREFIX;
}

/*
 * Rank of a row for the words typed: 0 not meant.  A whole name beats any
 * prefix, then two words beat one, then a whole first word ("info s") beats a
 * short one.
 */
static int rank(const struct mon_command *c, const struct mon_words *w,
		int first, int *used)
{
	size_t len = strcspn(c->name, " ");
	enum fit a, b;

	if (first >= w->n)
		return 0;
	a = word_fit(w->word[first], c->name, len);
	*used = 1;
	if (a == FIT_NONE)
		return 0;
	if (!c->name[len])
		return a == FIT_WHOLE ? 5 : 1;
	if (first + 1 >= w->n)
		return 0;
	b = word_fit(w->word[first + 1], c->name + len + 1,
		     strlen(c->name + len + 1));
	*used = 2;
	if (b == FIT_NONE)
		return 0;
	if (a == FIT_WHOLE)
		return b == FIT_WHOLE ? 6 : 4;
	return b == FIT_WHOLE ? 3 : 2;
}

/* Is the word the first of some two-word name? */
static bool is_family(const struct target *t, const char *word)
{
	const struct mon_command *c;
	struct mon_iter it = {0};
	size_t len = strlen(word);

	while ((c = mon_next(&it, t)))
		if (!strncmp(c->name, word, len) && c->name[len] == ' ')
			return true;
	return false;
}

/* The typed name, as far as it could be one: "nosuch", "info nosuch". */
static void typed_name(const struct target *t, const struct mon_words *w,
		       int first, char *to, size_t size)
{
	size_t n;

	mon_printable(to, size, w->word[first]);
	if (!is_family(t, w->word[first]) || first + 1 >= w->n)
		return;
	n = strlen(to);
	if (n + 2 >= size)
		return;
	to[n] = ' ';
	mon_printable(to + n + 1, size - n - 1, w->word[first + 1]);
}

static void explain_unknown(const struct target *t, const struct mon_words *w,
			    int first, struct err *err)
{
	const struct mon_command *c;
	struct mon_iter it = {0};
	struct buf near = BUF_INIT;
	struct text_near best;
	char name[64];

	typed_name(t, w, first, name, sizeof(name));
	text_near_init(&best, name);
	while ((c = mon_next(&it, t)))
		text_near_offer(&best, c->name);
	text_near_print(&best, &near);
	if (is_family(t, name))
		err_set(err, ERR_USAGE,
			"'%s' wants a second word; try `monitor help %s`", name,
			name);
	else if (near.len)
		err_set(err, ERR_USAGE,
			"unknown command: '%s'; did you mean %s? (`monitor "
			"help` lists all)",
			name, buf_cstr(&near));
	else
		err_set(err, ERR_USAGE,
			"unknown command: '%s'; try `monitor help`", name);
	buf_deinit(&near);
}

static void explain_ambiguous(const struct target *t, const struct mon_words *w,
			      int first, int best, struct err *err)
{
	const struct mon_command *c;
	struct mon_iter it = {0};
	struct buf names = BUF_INIT;
	char name[64];
	int used;

	while ((c = mon_next(&it, t)))
		if (rank(c, w, first, &used) == best)
			buf_printf(&names, "%s%s", names.len ? ", " : "",
				   c->name);
	mon_printable(name, sizeof(name), w->word[first]);
	if (best >= 2 && best != 5)
		typed_name(t, w, first, name, sizeof(name));
	err_set(err, ERR_USAGE, "'%s' can mean %s; type more of it", name,
		buf_cstr(&names));
	buf_deinit(&names);
}

const struct mon_command *mon_find(const struct target *t,
				   const struct mon_words *w, int first,
				   int *used, struct err *err)
{
	const struct mon_command *c, *found = NULL;
	struct mon_iter it = {0};
	int best = 0, many = 0, words;

	while ((c = mon_next(&it, t))) {
		int r = rank(c, w, first, &words);

		if (!r || r < best)
			continue;
		many = r > best ? 1 : many + 1;
		best = r;
		found = c;
		*used = words;
	}
	if (many == 1)
		return found;
	if (many)
		explain_ambiguous(t, w, first, best, err);
	else
		explain_unknown(t, w, first, err);
	return NULL;
}
