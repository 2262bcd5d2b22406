/* Where a guest's CPUID, KVM's offer and the host's differ. */
#include <string.h>

#include "arch/cpuid_impl.h"

enum who {
	GUEST,
	SUPPORTED,
	HOST,
	WHO
};

struct diff {
	const struct x86_cpuid *set[WHO]; /* NULL: not known */
	int tdp;
	struct buf *out;
};

static bool word_value(const struct x86_cpuid *table,
		       const struct cpuid_word *word, uint32_t *value)
{
	const struct x86_cpuid_entry *e =
		table ? x86_cpuid_find(table, word->leaf, word->index) : NULL;

	*value = e ? e->reg[word->reg] : 0;
	return table;
}

/* Who has this bit, as a mask of 1 << enum who; what is not known agrees. */
static unsigned int who_has(const struct diff *d, const struct cpuid_word *word,
			    unsigned int bit)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < WHO; i++) {
		uint32_t value;

		if (word_value(d->set[i], word, &value) && (value >> bit & 1))
			mask |= 1u << i;
	}
	return mask;
}

static unsigned int everyone(const struct diff *d)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < WHO; i++)
		if (d->set[i])
			mask |= 1u << i;
	return mask;
}

/* ---- the lists ---- */

static void print_group(const struct diff *d, unsigned int group)
{
	static const char *const title[] = {
		[1 << GUEST] = "only the guest has",
		[1 << SUPPORTED] = "only KVM offers, not the guest, not the "
				   "host",
		[1 << HOST] = "only the host has",
		[1 << GUEST | 1 << SUPPORTED] = "the guest has, the host lacks "
						"(KVM makes it)",
		[1 << GUEST | 1 << HOST] = "the guest has, though KVM does not "
					   "list it",
		[1 << SUPPORTED | 1 << HOST] = "the guest lacks, though KVM "
					       "offers it",
	};
	struct wrap w;

	wrap_start(&w, d->out, 2);
	for (unsigned int i = 0; i < cpuid_words_count; i++)
		for (unsigned int b = 0; b < 32; b++) {
			if (!cpuid_words[i].name[b] ||
			    who_has(d, &cpuid_words[i], b) != group)
				continue;
			if (!w.column)
				buf_printf(d->out, "%s:\n", title[group]);
			wrap_word(&w, cpuid_words[i].name[b]);
		}
	wrap_end(&w);
}

/* ---- what it means ---- */

/* Does the guest lack a flag that the host has? */
static bool hidden(const struct diff *d, const char *flag)
{
	return d->set[GUEST] && d->set[HOST] &&
	       !x86_cpuid_flag(d->set[GUEST], flag) &&
	       x86_cpuid_flag(d->set[HOST], flag);
}

/*
 * Kinds of features by what KVM can do to keep them from a guest whose CPUID
 * lacks them.  With `needs`, only where the guest has that other feature.
 */
static const char *const by_cr4[] = {"la57", "smep", "smap",  "pcid",
				     "pku",  "umip", "lam",   "fsgsbase",
				     "fred", "lass", "xsave", NULL};
static const char *const by_xcr0[] = {"avx", "avx512f", "mpx", "amx_tile",
				      NULL};
static const char *const by_trap[] = {"rdtscp", "invpcid", "waitpkg", NULL};
static const char *const open_sse[] = {
	"pni",	 "ssse3",     "sse4_1",	  "sse4_2", "sse4a",	 "cx16",
	"movbe", "popcnt",    "aes",	  "bmi1",   "bmi2",	 "abm",
	"adx",	 "pclmulqdq", "sha_ni",	  "gfni",   "lahf_lm",	 "clflushopt",
	"clwb",	 "mmxext",    "clzero",	  "tbm",    "serialize", "movdiri",
	"fsrm",	 "erms",      "cldemote", NULL};
static const char *const open_avx[] = {"fma",	   "f16c", "avx2",
				       "fma4",	   "xop",  "vpclmulqdq",
				       "avx_vnni", "vaes", NULL};
static const char *const open_avx512[] = {
	"avx512dq",    "avx512ifma",	"avx512cd",	    "avx512bw",
	"avx512vl",    "avx512vbmi",	"avx512_vbmi2",	    "avx512_vnni",
	"avx512_bf16", "avx512_bitalg", "avx512_vpopcntdq", "avx512_fp16",
	NULL};

static const struct {
	const char *const *flags;
	const char *needs;
	bool absent;
	const char *how;
} classes[] = {
	{by_cr4, NULL, true, "setting the bit in CR4 gives #GP"},
	{by_xcr0, NULL, true, "XCR0 cannot turn it on, so #UD"},
	{by_trap, NULL, true, "KVM makes its instructions give #UD"},
	{open_sse, NULL, false, NULL},
	{open_avx, "avx", false, NULL},
	{open_avx512, "avx512f", false, NULL},
};

static void print_class(const struct diff *d, size_t i, struct wrap *w)
{
	if (classes[i].needs &&
	    !x86_cpuid_flag(d->set[GUEST], classes[i].needs))
		return;
	for (const char *const *f = classes[i].flags; *f; f++) {
		if (!hidden(d, *f))
			continue;
		if (!w->column && classes[i].absent)
			buf_printf(d->out, "  kept from the guest (%s):\n",
				   classes[i].how);
		else if (!w->column)
			buf_str(d->out, "  only hidden: where the processor "
					"runs the "
					"guest itself nothing traps these\n  "
					"instructions, so code that does not "
					"ask "
					"CPUID can use them:\n");
		wrap_word(w, *f);
	}
}

static void print_classes(const struct diff *d)
{
	struct wrap w;

	if (!d->set[GUEST] || !d->set[HOST])
		return;
	wrap_start(&w, d->out, 4);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		print_class(d, i, &w);
		if (classes[i].absent)
			wrap_end(&w);
	}
	wrap_end(&w);
}

static void print_gbpages(const struct diff *d)
{
	static const char *const here[] = {
		[0] = "Here KVM walks (it shadows the tables): always #PF.",
		[1] = "Here hardware walks: they work until KVM emulates an "
		      "instruction fetched or an operand reached through one.",
	};

	if (!hidden(d, "pdpe1gb"))
		return;
	buf_str(d->out, "  pdpe1gb: the guest is told that there are no 1-GiB "
			"pages, "
			"so PS in a PDPTE is\n    reserved: #PF with RSVD "
			"(error code "
			"bit 3) where KVM walks the tables.\n    Hardware "
			"walks (EPT, "
			"NPT) go by the host's CPUID and honour it.\n");
	if (d->tdp >= 0)
		buf_printf(d->out, "    %s\n", here[d->tdp]);
	if (d->set[SUPPORTED] && x86_cpuid_flag(d->set[SUPPORTED], "pdpe1gb"))
		buf_str(d->out, "    --cpu auto,+pdpe1gb tells the guest of "
				"them.\n");
}

static unsigned int physical_bits(const struct x86_cpuid *table)
{
	const struct x86_cpuid_entry *e =
		table ? x86_cpuid_find(table, 0x80000008, 0) : NULL;

	return e ? e->reg[CPUID_EAX] & 0xff : 36;
}

static void print_widths(const struct diff *d)
{
	unsigned int guest = physical_bits(d->set[GUEST]);
	unsigned int host = physical_bits(d->set[HOST]);

	if (!d->set[GUEST] || !d->set[HOST] || guest == host)
		return;
	buf_printf(d->out,
		   "  physical addresses: guest %u bits, host %u bits\n", guest,
		   host);
	if (guest < host)
		buf_printf(d->out,
			   "    Bits %u to %u of a page-table entry are "
			   "reserved for the guest; KVM's walks\n    fault on "
			   "them, hardware walks do not.\n",
			   guest, host - 1);
	else
		buf_printf(d->out,
			   "    Bits %u to %u of an address exist for the "
			   "guest "
			   "and not for the host:\n    a hardware walk faults "
			   "on them as reserved.\n",
			   host, guest - 1);
}

void cpuid_print_diff(const struct x86_cpuid *guest,
		      const struct x86_cpuid *supported,
		      const struct x86_cpuid *host, int tdp, struct buf *out)
{
	struct diff d = {{guest, supported, host}, tdp, out};
	struct buf notes = BUF_INIT;
	size_t before = out->len;

	for (unsigned int group = 1; group < 1u << WHO; group++)
		if (group != everyone(&d))
			print_group(&d, group);
	d.out = &notes;
	print_gbpages(&d);
	print_widths(&d);
	print_classes(&d);
	if (notes.len)
		buf_printf(out, "what that means:\n%s", buf_cstr(&notes));
	if (out->len == before)
		buf_str(out, "no difference\n");
	buf_deinit(&notes);
}
