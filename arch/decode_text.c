/* The text of an instruction, from Zydis' AT&T to that of gdb. */
#include "arch/decode_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

#ifdef DECODE_BY_ZYDIS

/* Zydis and gdb prefer different ones of the equivalent condition names. */
static const char *condition(const char *suffix)
{
	static const char *const pairs[][2] = {{"z", "e"},   {"nz", "ne"},
					       {"nb", "ae"}, {"nl", "ge"},
					       {"nbe", "a"}, {"nle", "g"}};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!strcmp(suffix, pairs[i][0]))
			return pairs[i][1];
	return suffix;
}

static void put_mnemonic(const struct decode_work *w, const char *word,
			 struct decoded *d)
{
	const char *suffix = word;
	size_t stem = 0;

	if (w->insn.meta.category == ZYDIS_CATEGORY_COND_BR && word[0] == 'j')
		stem = 1;
	else if (!strncmp(word, "set", 3))
		stem = 3;
	else if (!strncmp(word, "cmov", 4))
		stem = 4;
	suffix = stem ? condition(word + stem) : word;
	snprintf(d->mnemonic, sizeof(d->mnemonic), "%.*s%.16s", (int)stem, word,
		 suffix);
}

/* "  # 0xADDRESS" behind an operand that is relative to rip, as gdb does. */
static void add_riprel(const struct decode_work *w, struct decoded *d)
{
	for (unsigned int i = 0; i < w->insn.operand_count_visible; i++) {
		const ZydisDecodedOperand *op = &w->op[i];
		size_t n = strlen(d->text);

		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    op->mem.base == ZYDIS_REGISTER_RIP)
			snprintf(d->text + n, sizeof(d->text) - n,
				 "        # 0x%" PRIx64,
				 w->rip + w->insn.length +
					 (uint64_t)op->mem.disp.value);
	}
}

/* "prefix mnemonic operand, operand" to gdb's columns and commas. */
static void arrange(const struct decode_work *w, char *raw, struct decoded *d)
{
	static const char *const prefixes[] = {
		"lock ",  "rep ", "repz ",    "repe ",	   "repnz ",
		"repne ", "bnd ", "notrack ", "xacquire ", "xrelease "};
	char *word = raw, *rest;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(word, prefixes[i], len))
			continue;
		word += len;
		i = SIZE_MAX; /* look for another one */
	}
	rest = strchr(word, ' ');
	if (rest)
		*rest++ = '\0';
	put_mnemonic(w, word, d);
	n = (size_t)snprintf(d->text, sizeof(d->text),
			     rest ? "%.*s%-6s " : "%.*s%s", (int)(word - raw),
			     raw, d->mnemonic);
	/* AT&T marks a target that is not a number; Zydis not always */
	if (rest && *rest != '*' && (d->flags & DECODE_INDIRECT) &&
	    n + 1 < sizeof(d->text))
		d->text[n++] = '*';
	for (; rest && *rest && n + 1 < sizeof(d->text); rest++)
		if (*rest != ' ' || rest[-1] != ',')
			d->text[n++] = *rest;
	d->text[min_u64(n, sizeof(d->text) - 1)] = '\0';
}

void decode_put_text(const struct decode_work *w, struct decoded *d)
{
	static const struct {
		ZydisFormatterProperty property;
		ZyanUPointer value;
	} properties[] = {
		{ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_RIPREL, ZYAN_TRUE},
		{ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE},
		{ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
		 ZYDIS_PADDING_DISABLED},
		{ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED},
		{ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED},
	};
	ZydisFormatter f;
	char raw[sizeof(d->text)];

	if (!ZYAN_SUCCESS(ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_ATT)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		ZydisFormatterSetProperty(&f, properties[i].property,
					  properties[i].value);
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
		    &f, &w->insn, w->op, w->insn.operand_count_visible, raw,
		    sizeof(raw), w->rip, NULL)))
		snprintf(raw, sizeof(raw), "%s",
			 ZydisMnemonicGetString(w->insn.mnemonic));
	arrange(w, raw, d);
	add_riprel(w, d);
}

#endif
