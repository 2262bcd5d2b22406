#include "vmm/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "vmm/options_table.h"

#define DEFAULT_MEMORY (UINT64_C(128) << 20)

/* ---- parsing ---- */

struct parse {
	struct options *o;
	char **argv;
	int argc, next;	 /* index of the next word */
	bool only_words; /* after -- */
};

static const struct option *find_long(const char *name, size_t len)
{
	for (size_t i = 0; i < options_table_size; i++)
		if (options_table[i].name &&
		    strlen(options_table[i].name) == len &&
		    !memcmp(options_table[i].name, name, len))
			return &options_table[i];
	return NULL;
}

static const struct option *find_letter(char letter)
{
	for (size_t i = 0; i < options_table_size; i++)
		if (options_table[i].name && options_table[i].letter == letter)
			return &options_table[i];
	return NULL;
}

static bool unknown_option(const char *word, size_t len, struct err *err)
{
	struct text_near near;
	struct buf names = BUF_INIT;
	char name[64];

	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	text_near_init(&near, name + strspn(name, "-"));
	for (size_t i = 0; i < options_table_size; i++)
		if (options_table[i].name && options_table[i].help)
			text_near_offer(&near, options_table[i].name);
	for (unsigned int i = 0; i < near.n; i++)
		buf_printf(&names, "%s--%s", i ? ", " : "", near.best[i]);
	if (names.len)
		err_set(err, ERR_USAGE,
			"unknown option '%s' (did you mean %s?)", name,
			buf_cstr(&names));
	else
		err_set(err, ERR_USAGE,
			"unknown option '%s' (--help lists them)", name);
	buf_deinit(&names);
	return false;
}

/* value is what stood after '=' or the letter, or NULL. */
static bool apply(struct parse *p, const struct option *opt, const char *value,
		  struct err *err)
{
	if (opt->arg && !value) {
		if (p->next == p->argc)
			return err_set(err, ERR_USAGE, "--%s: %s is missing",
				       opt->name, opt->arg);
		value = p->argv[p->next++];
	}
	if (!opt->arg && value)
		return err_set(err, ERR_USAGE,
			       "--%s takes no value, but got '%s'", opt->name,
			       value);
	if (!opt->anywhere && !p->o->live_option)
		p->o->live_option = opt->name;
	return opt->set(p->o, opt, value, err);
}

static bool parse_long(struct parse *p, const char *word, struct err *err)
{
	size_t len = strcspn(word + 2, "=");
	const struct option *opt = find_long(word + 2, len);
	const char *value = word[2 + len] ? word + 2 + len + 1 : NULL;

	if (!opt)
		return unknown_option(word, 2 + len, err);
	return apply(p, opt, value, err);
}

static bool parse_short(struct parse *p, const char *word, struct err *err)
{
	const struct option *opt = find_letter(word[1]);

	if (!opt || (!opt->arg && word[2]))
		return unknown_option(word, strcspn(word, "="), err);
	return apply(p, opt, word[2] ? word + 2 : NULL, err);
}

/* COMM and IMAGE are sorted out when all words are known. */
static bool parse_word(struct parse *p, const char *word, struct err *err)
{
	if (!p->o->comm)
		p->o->comm = word;
	else if (!p->o->image)
		p->o->image = word;
	else
		return err_set(err, ERR_USAGE,
			       "unexpected '%s' after IMAGE '%s' (a command "
			       "line for the guest goes into --append)",
			       word, p->o->image);
	return true;
}

static bool parse_all(struct parse *p, struct err *err)
{
	while (p->next < p->argc) {
		const char *word = p->argv[p->next++];
		bool ok;

		if (p->only_words || word[0] != '-' || !word[1])
			ok = parse_word(p, word, err);
		else if (!strcmp(word, "--"))
			ok = p->only_words = true;
		else if (word[1] == '-')
			ok = parse_long(p, word, err);
		else
			ok = parse_short(p, word, err);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- what goes together ---- */

static bool check_comm(const struct options *o, struct err *err)
{
	if (!o->comm)
		return err_set(err, ERR_USAGE,
			       "COMM is missing: where shall gdb connect to? "
			       "(:PORT, HOST:PORT, unix:PATH or -; --help "
			       "tells all)");
	if (strcmp(o->comm, "-") && !strchr(o->comm, ':'))
		return err_set(err, ERR_USAGE,
			       "COMM '%s' is not :PORT, HOST:PORT, unix:PATH "
			       "or - (COMM comes before IMAGE)",
			       o->comm);
	return true;
}

/* One stdin and one stdout: who gets them? */
static bool check_stdio(const struct options *o, struct err *err)
{
	const struct {
		const char *option, *spec;
	} ask[] = {{"serial", options_serial(o)},
		   {"hvc", o->hvc},
		   {"debugcon", o->debugcon}};
	const char *taken = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ask); i++) {
		if (!ask[i].spec ||
		    (strcmp(ask[i].spec, "stdio") && strcmp(ask[i].spec, "tt"
									 "y")))
			continue;
		if (o->comm && !strcmp(o->comm, "-"))
			return err_set(err, ERR_USAGE,
				       "--%s %s: stdin and stdout belong "
				       "to the client when COMM is -",
				       ask[i].option, ask[i].spec);
		if (taken)
			return err_set(err, ERR_USAGE,
				       "--%s %s: --%s has stdin and "
				       "stdout; send one of them elsewhere",
				       ask[i].option, ask[i].spec, taken);
		taken = ask[i].option;
	}
	return true;
}

/* --batch has no client: its only word is the image. */
static bool check_batch(struct options *o, struct err *err)
{
	if (o->image)
		return err_set(err, ERR_USAGE,
			       "--batch takes no COMM, only IMAGE: '%s' or "
			       "'%s'?",
			       o->comm, o->image);
	o->image = o->comm;
	o->comm = NULL;
	o->action = OPTIONS_BATCH;
	return true;
}

static bool check_core(const struct options *o, struct err *err)
{
	if (o->core && o->live_option)
		return err_set(err, ERR_USAGE,
			       "--%s is of no use with --core: a saved crash "
			       "cannot run, and is the machine that it was",
			       o->live_option);
	return true;
}

static bool check(struct options *o, struct err *err)
{
	if (o->action != OPTIONS_SERVE)
		return true;
	if (o->batch ? !check_batch(o, err) : !check_comm(o, err))
		return false;
	if (!check_stdio(o, err) || !check_core(o, err))
		return false;
	if (o->image && !*o->image)
		return err_set(err, ERR_USAGE, "IMAGE is empty");
	if (o->bios && o->image)
		return err_set(err, ERR_USAGE,
			       "--bios starts firmware, which boots a --disk: "
			       "there is no IMAGE ('%s')",
			       o->image);
	if (o->boot_menu && !o->bios)
		return err_set(err, ERR_USAGE,
			       "--boot-menu is the firmware's: it needs "
			       "--bios");
	if (!o->image && (o->initrd || o->modules || o->load_addr_set ||
			  o->entry_set || o->mode))
		return err_set(err, ERR_USAGE,
			       "--initrd, --module, --load-addr, --entry and "
			       "--mode need an IMAGE");
	return true;
}

bool options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	struct options parsed = {
		.memory = DEFAULT_MEMORY,
		.vcpus = 1,
		.cpu = "auto",
		.append = "",
	};
	struct parse p = {.o = &parsed, .argv = argv, .argc = argc, .next = 1};

	if (!parse_all(&p, err) || !check(&parsed, err)) {
		options_deinit(&parsed);
		return false;
	}
	*o = parsed;
	return true;
}

void options_deinit(struct options *o)
{
	for (unsigned int i = 0; i < o->modules; i++)
		free((void *)(uintptr_t)o->module[i].path);
	o->modules = 0;
	for (unsigned int i = 0; i < o->disks; i++)
		free(o->disk_path[i]);
	o->disks = 0;
}

const char *options_serial(const struct options *o)
{
	if (o->serial)
		return o->serial;
	if (o->batch || (o->comm && !strcmp(o->comm, "-")))
		return "none";
	return "stdio";
}

/* ---- help ---- */

#define HELP_COLUMN 26

static void help_row(const struct option *opt, struct buf *out)
{
	size_t start = out->len;
	const char *line = opt->help;

	if (opt->letter)
		buf_printf(out, "  -%c, --%s", opt->letter, opt->name);
	else
		buf_printf(out, "  --%s", opt->name);
	if (opt->arg)
		buf_printf(out, " %s", opt->arg);
	if (out->len - start + 2 > HELP_COLUMN) {
		buf_str(out, "\n");
		start = out->len;
	}
	while (*line) {
		size_t len = strcspn(line, "\n");

		buf_printf(out, "%*s%.*s\n",
			   HELP_COLUMN - (int)(out->len - start), "", (int)len,
			   line);
		start = out->len;
		line += len + (line[len] == '\n');
	}
}

void options_help(struct buf *out)
{
	buf_str(out, "usage: kvm-gdbserver [OPTIONS] COMM [IMAGE]\n"
		     "       kvm-gdbserver [OPTIONS] --batch 'CMD; CMD' "
		     "[IMAGE]\n"
		     "       kvm-gdbserver --core FILE COMM [IMAGE]\n"
		     "       kvm-gdbserver --probe\n"
		     "\n"
		     "Run a kernel in a KVM virtual machine and serve it to "
		     "gdb.\n"
		     "\n"
		     "  COMM   :PORT (loopback), HOST:PORT, unix:PATH, or - "
		     "for\n"
		     "         gdb's `target remote | kvm-gdbserver - IMAGE'\n"
		     "  IMAGE  bzImage, ELF with a PVH note, Multiboot 1 or 2\n"
		     "         kernel, ELF64, or flat binary; without one, "
		     "the\n"
		     "         built-in demo guest\n");
	for (size_t i = 0; i < options_table_size; i++) {
		if (!options_table[i].name)
			buf_printf(out, "\n%s\n", options_table[i].help);
		else if (options_table[i].help)
			help_row(&options_table[i], out);
	}
}
