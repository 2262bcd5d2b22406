#include "arch/cpuid_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpuid_impl.h"

static const char *const reg_name[] = {"eax", "ebx", "ecx", "edx"};

const char *cpuid_reg_name(enum cpuid_reg reg)
{
	return reg_name[reg];
}

static uint32_t field(uint32_t value, unsigned int hi, unsigned int lo)
{
	return (uint32_t)((value & BITS(hi, lo)) >> lo);
}

/* ---- words wrapped into lines ---- */

void wrap_start(struct wrap *w, struct buf *out, unsigned int indent)
{
	*w = (struct wrap){.out = out, .indent = indent};
}

void wrap_word(struct wrap *w, const char *word)
{
	unsigned int len = (unsigned int)strlen(word);

	if (!w->column || w->column + 1 + len > 78) {
		buf_printf(w->out, "%s%*s", w->column ? "\n" : "",
			   (int)w->indent, "");
		w->column = w->indent;
	} else {
		buf_byte(w->out, ' ');
		w->column++;
	}
	buf_str(w->out, word);
	w->column += len;
}

void wrap_end(struct wrap *w)
{
	if (w->column)
		buf_byte(w->out, '\n');
	w->column = 0;
}

/* ---- texts that lie in registers ---- */

static void put_chars(char *to, uint32_t reg)
{
	for (unsigned int i = 0; i < 4; i++) {
		char c = (char)(reg >> 8 * i);

		to[i] = c && (c < ' ' || c > '~') ? '?' : c;
	}
}

void cpuid_vendor(const struct x86_cpuid_entry *e, bool in_order, char to[13])
{
	put_chars(to, e->reg[CPUID_EBX]);
	put_chars(to + 4, e->reg[in_order ? CPUID_ECX : CPUID_EDX]);
	put_chars(to + 8, e->reg[in_order ? CPUID_EDX : CPUID_ECX]);
	to[12] = '\0';
}

static bool brand(const struct x86_cpuid *table, char to[49])
{
	size_t start;

	for (uint32_t i = 0; i < 3; i++) {
		const struct x86_cpuid_entry *e =
			x86_cpuid_find(table, 0x80000002 + i, 0);

		if (!e)
			return false;
		for (unsigned int r = 0; r < 4; r++)
			put_chars(to + 16 * i + 4 * r, e->reg[r]);
	}
	to[48] = '\0';
	start = strspn(to, " ");
	memmove(to, to + start, 49 - start);
	return *to;
}

void cpuid_print_model(uint32_t eax, struct buf *out)
{
	uint32_t family = field(eax, 11, 8), model = field(eax, 7, 4);

	if (family == 6 || family == 15)
		model |= field(eax, 19, 16) << 4;
	if (family == 15)
		family += field(eax, 27, 20);
	buf_printf(out, "family %u (0x%x), model %u (0x%x), stepping %u",
		   family, family, model, model, field(eax, 3, 0));
}

/* ---- the summary ---- */

static void print_sizes(const struct x86_cpuid *table, struct buf *out)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, 0x80000008, 0);

	if (!e) {
		buf_str(out, "addresses: leaf 0x80000008 is absent, so "
			     "physical 36 bits\n");
		return;
	}
	buf_printf(out, "addresses: physical %u bits, linear %u bits\n",
		   field(e->reg[CPUID_EAX], 7, 0),
		   field(e->reg[CPUID_EAX], 15, 8));
}

/* SDM Vol 2A, CPUID leaf 1FH: domain types. */
const char *cpuid_level_name(uint32_t type)
{
	static const char *const name[] = {
		NULL, "thread", "core", "module", "tile", "die", "die group"};

	return type < ARRAY_SIZE(name) && name[type] ? name[type] : "package";
}

static uint32_t level_type(const struct x86_cpuid *table, uint32_t leaf,
			   uint32_t index)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, leaf, index);

	return e ? field(e->reg[CPUID_ECX], 15, 8) : 0;
}

static void print_topology(const struct x86_cpuid *table, struct buf *out)
{
	const struct x86_cpuid_entry *one = x86_cpuid_find(table, 1, 0), *e;
	uint32_t leaf = x86_cpuid_find(table, 0x1f, 0) ? 0x1f : 0xb;

	if (!one)
		return;
	buf_printf(out, "topology: APIC id %u",
		   field(one->reg[CPUID_EBX], 31, 24));
	for (uint32_t i = 0; i < 8 && level_type(table, leaf, i); i++) {
		e = x86_cpuid_find(table, leaf, i);
		if (!i)
			buf_printf(out, ", x2APIC id %u", e->reg[CPUID_EDX]);
		buf_printf(out, "; %u thread%s a %s",
			   field(e->reg[CPUID_EBX], 15, 0),
			   field(e->reg[CPUID_EBX], 15, 0) == 1 ? "" : "s",
			   cpuid_level_name(level_type(table, leaf, i + 1)));
	}
	buf_byte(out, '\n');
}

static void print_hypervisor(const struct x86_cpuid *table, struct buf *out)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, 0x40000000, 0);
	char name[13];

	if (!e)
		return;
	cpuid_vendor(e, true, name);
	buf_printf(out, "hypervisor: %s\n", name);
}

void cpuid_print_summary(const struct x86_cpuid *table, struct buf *out)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, 0, 0);
	char text[49];

	if (e) {
		cpuid_vendor(e, false, text);
		buf_printf(out, "vendor: %s, last leaf 0x%x\n", text,
			   e->reg[CPUID_EAX]);
	}
	e = x86_cpuid_find(table, 1, 0);
	if (e) {
		buf_str(out, "model: ");
		cpuid_print_model(e->reg[CPUID_EAX], out);
		buf_byte(out, '\n');
	}
	if (brand(table, text))
		buf_printf(out, "brand: %s\n", text);
	print_sizes(table, out);
	print_topology(table, out);
	print_hypervisor(table, out);
}

/* ---- all of it ---- */

static void print_flags(const struct x86_cpuid *table, struct buf *out)
{
	struct wrap w;

	buf_str(out, "flags:\n");
	wrap_start(&w, out, 2);
	for (unsigned int i = 0; i < cpuid_words_count; i++) {
		const struct cpuid_word *word = &cpuid_words[i];
		const struct x86_cpuid_entry *e =
			x86_cpuid_find(table, word->leaf, word->index);

		for (unsigned int b = 0; e && b < 32; b++)
			if (word->name[b] && (e->reg[word->reg] >> b & 1))
				wrap_word(&w, word->name[b]);
	}
	wrap_end(&w);
}

static int by_leaf(const void *a, const void *b)
{
	const struct x86_cpuid_entry *x = a, *y = b;

	if (x->leaf != y->leaf)
		return x->leaf < y->leaf ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_zero(const struct x86_cpuid_entry *e)
{
	return !(e->reg[0] | e->reg[1] | e->reg[2] | e->reg[3]);
}

/* An entry, or "zeros" for it and all that follow with nothing in them. */
static unsigned int print_line(const struct x86_cpuid *t, unsigned int i,
			       struct buf *out)
{
	const struct x86_cpuid_entry *e = &t->entry[i];
	unsigned int n = 1;

	buf_printf(out, "0x%08x ", e->leaf);
	if (is_zero(e)) {
		while (i + n < t->n && is_zero(&e[n]))
			n++;
		if (e[n - 1].leaf != e->leaf)
			buf_printf(out, "to 0x%08x: zeros\n", e[n - 1].leaf);
		else
			buf_str(out, "      zeros\n");
		return n;
	}
	if (e->has_index)
		buf_printf(out, "%5u", e->index);
	else
		buf_str(out, "    -");
	buf_printf(out, " %08x %08x %08x %08x\n", e->reg[CPUID_EAX],
		   e->reg[CPUID_EBX], e->reg[CPUID_ECX], e->reg[CPUID_EDX]);
	return n;
}

void cpuid_print_all(const struct x86_cpuid *table, struct buf *out)
{
	struct x86_cpuid sorted = *table;

	qsort(sorted.entry, sorted.n, sizeof(sorted.entry[0]), by_leaf);
	buf_str(out, "leaf       index eax      ebx      ecx      edx\n");
	for (unsigned int i = 0; i < sorted.n;)
		i += print_line(&sorted, i, out);
	print_flags(table, out);
}
