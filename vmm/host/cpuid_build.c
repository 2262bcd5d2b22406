/* --cpu: from the words of the spec to the CPUID table of the guest. */
#include "vmm/host/cpuid.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

enum model {
	MODEL_AUTO,
	MODEL_HOST,
	MODEL_BASE,
};

static const char *const models[] = {
	[MODEL_AUTO] = "auto",
	[MODEL_HOST] = "host",
	[MODEL_BASE] = "base",
};

/* What is being built, and from what. */
struct build {
	const struct cpuid_table *supported;
	struct cpuid_table guest;
	struct buf plus;   /* " flag flag " that were asked for with + */
	struct buf masked; /* "flag flag": this host cannot run them */
	struct buf orphan; /* "flag flag": they need one that is off */
};

static bool plus_has(const struct build *b, const char *flag)
{
	const char *at = buf_cstr(&b->plus);
	size_t len = strlen(flag);

	while ((at = strstr(at, flag))) {
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
		at += len;
	}
	return false;
}

/* ---- models ---- */

static bool in_base(const char *name)
{
	for (size_t i = 0; name && cpuid_base_flags[i]; i++)
		if (!strcmp(cpuid_base_flags[i], name))
			return true;
	return false;
}

/* AMD repeats some flags of leaf 1 EDX here (APM Vol 3, Fn8000_0001 EDX). */
#define AMD_REPEATED UINT32_C(0x0183f3ff)

static void mask_base_word(struct cpuid_table *t, const struct cpuid_word *w)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(t, w->leaf, w->index);
	struct kvm_cpuid_entry2 *to;
	uint32_t keep = 0;

	if (!e)
		return;
	to = &t->entry[e - t->entry];
	for (unsigned int bit = 0; bit < 32; bit++)
		if (in_base(w->name[bit]))
			keep |= UINT32_C(1) << bit;
	if (w->leaf == 0x80000001 && w->reg == CPUID_EDX) {
		const struct kvm_cpuid_entry2 *one = cpuid_find(t, 1, 0);

		keep |= AMD_REPEATED & (one ? one->edx : 0);
	}
	*cpuid_reg(to, w->reg) &= keep;
}

/* Leaves that carry no features: identity, caches, sizes, KVM's own. */
static bool base_keeps_leaf(uint32_t leaf)
{
	return leaf <= 2 || leaf == 4 || leaf == 0xb ||
	       (leaf >= 0x40000000 && leaf < 0x40010000) ||
	       (leaf >= 0x80000000 && leaf <= 0x80000008);
}

static void model_base(struct cpuid_table *t)
{
	struct kvm_cpuid_entry2 *e;

	for (unsigned int i = 0; i < t->n; i++) {
		e = &t->entry[i];
		if (!base_keeps_leaf(e->function))
			e->eax = e->ebx = e->ecx = e->edx = 0;
	}
	for (unsigned int w = 0; w < cpuid_words_count; w++)
		mask_base_word(t, &cpuid_words[w]);
}

static void note(struct buf *list, const char *flag)
{
	buf_printf(list, "%s%s", list->len ? " " : "", flag);
}

/* Clear the flags of a list, ended by NULL, that are set. */
static void mask_list(struct build *b, const char *const *flags)
{
	for (; *flags; flags++) {
		if (!cpuid_flag_get(&b->guest, *flags))
			continue;
		cpuid_flag_set(&b->guest, *flags, false);
		note(&b->masked, *flags);
	}
}

static void model_auto(struct build *b, const struct host_caps *caps)
{
	static const char *const simd[] = {
		"pni",	     "ssse3",  "sse4_1",  "sse4_2",   "sse4a", "aes",
		"pclmulqdq", "sha_ni", "gfni",	  "xsave",    "avx",   "fma",
		"f16c",	     "avx2",   "avx512f", "amx_tile", NULL};

	if (caps->sse_cpl0 == CAP_NO)
		mask_list(b, simd);
	for (unsigned int i = 0; i < CAP_INSN_COUNT; i++)
		if (caps->insn[i] == CAP_NO)
			mask_list(b, cap_insn[i].flags);
	if (caps->hypercall == CAP_NO && cpuid_without_hypercalls(&b->guest))
		note(&b->masked, "hypercalls");
}

/* XSAVE takes AVX and the like with it, in Linux too. */
void cpuid_for_linux(const char *spec, const struct host_caps *caps,
		     struct buf *words)
{
	size_t len = strlen(models[MODEL_AUTO]);

	if (caps->cpuid != CAP_NO || strncmp(spec, models[MODEL_AUTO], len) ||
	    (spec[len] && spec[len] != ','))
		return;
	if (caps->sse_cpl0 == CAP_NO && caps->insn[CAP_INSN_XGETBV] != CAP_NO)
		buf_str(words, "xsave");
	for (unsigned int i = 0; i < CAP_INSN_COUNT; i++)
		for (unsigned int k = 0;
		     caps->insn[i] == CAP_NO && cap_insn[i].flags[k]; k++)
			buf_printf(words, "%s%s", words->len ? "," : "",
				   cap_insn[i].flags[k]);
}

/* What was taken away that nobody asked to. */
static void print_notes(const struct build *b, struct buf *notes)
{
	if (b->masked.len)
		buf_printf(notes,
			   "masked %s: this host's KVM cannot run this in the "
			   "guest's kernel mode\n",
			   buf_cstr(&b->masked));
	if (b->orphan.len)
		buf_printf(notes, "masked %s: a flag that this needs is off\n",
			   buf_cstr(&b->orphan));
}

/* ---- +flag and -flag ---- */

static bool unknown_flag(const char *flag, struct err *err)
{
	struct buf near = BUF_INIT;

	if (cpuid_flag_synthetic(flag)) {
		err_set(err, ERR_USAGE,
			"--cpu: '%s' is computed by Linux, no CPUID bit says "
			"it",
			flag);
		return false;
	}
	cpuid_flag_near(flag, &near);
	err_set(err, ERR_USAGE, "--cpu: unknown flag '%s'%s%s%s", flag,
		near.len ? " (did you mean: "
			 : " (flags have the names of "
			   "/proc/cpuinfo",
		buf_cstr(&near), near.len ? "?)" : ")");
	buf_deinit(&near);
	return false;
}

static bool unsupported_flag(const struct build *b, const char *flag,
			     struct err *err)
{
	struct buf near = BUF_INIT;
	struct text_near match;

	text_near_init(&match, flag);
	for (unsigned int w = 0; w < cpuid_words_count; w++)
		for (unsigned int bit = 0; bit < 32; bit++) {
			const char *name = cpuid_words[w].name[bit];

			if (name && cpuid_flag_get(b->supported, name))
				text_near_offer(&match, name);
		}
	text_near_print(&match, &near);
	err_set(err, ERR_UNSUPPORTED,
		"--cpu: this host's KVM does not support '%s'%s%s", flag,
		near.len ? "; it has " : "", buf_cstr(&near));
	buf_deinit(&near);
	return false;
}

/* Take the bits of one name over from what KVM supports. */
static void copy_flag(struct build *b, const char *flag)
{
	struct cpuid_bit bit[CPUID_FLAG_BITS_MAX];
	unsigned int n = cpuid_flag_bits(flag, bit, CPUID_FLAG_BITS_MAX);

	for (unsigned int i = 0; i < n; i++) {
		const struct cpuid_word *w = bit[i].word;
		const struct kvm_cpuid_entry2 *from, *to;
		struct kvm_cpuid_entry2 copy;

		from = cpuid_find(b->supported, w->leaf, w->index);
		to = cpuid_find(&b->guest, w->leaf, w->index);
		if (!from || !to)
			continue;
		copy = *from;
		*cpuid_reg(&b->guest.entry[to - b->guest.entry], w->reg) |=
			*cpuid_reg(&copy, w->reg) & UINT32_C(1) << bit[i].bit;
	}
}

static bool apply_word(struct build *b, const char *word, size_t len,
		       struct err *err)
{
	char flag[CPUID_FLAG_MAX + 1];
	struct cpuid_bit bit;

	if (len < 2 || (word[0] != '+' && word[0] != '-'))
		return err_set(err, ERR_USAGE,
			       "--cpu: expected +FLAG or -FLAG, not '%.*s'",
			       (int)(len > 80 ? 80 : len), word);
	if (len - 1 > CPUID_FLAG_MAX)
		return err_set(err, ERR_USAGE,
			       "--cpu: unknown flag '%.*s...': no flag has so "
			       "long a name",
			       CPUID_FLAG_MAX, word + 1);
	memcpy(flag, word + 1, len - 1);
	flag[len - 1] = '\0';
	if (!cpuid_flag_bits(flag, &bit, 1))
		return unknown_flag(flag, err);
	if (word[0] == '-') {
		cpuid_flag_set(&b->guest, flag, false);
		return true;
	}
	if (!cpuid_flag_get(b->supported, flag))
		return unsupported_flag(b, flag, err);
	copy_flag(b, flag);
	buf_printf(&b->plus, "%s%s ", b->plus.len ? "" : " ", flag);
	return true;
}

/* ---- making the whole consistent ---- */

/*
 * A flag whose requirement is gone goes too, unless it was asked for: then the
 * spec contradicts itself.
 */
static bool drop_dependents(struct build *b, struct err *err)
{
	bool again = true;

	while (again) { /* ends: every round clears a flag */
		again = false;
		for (const struct cpuid_dep *d = cpuid_deps; d->flag; d++) {
			if (!cpuid_flag_get(&b->guest, d->flag) ||
			    cpuid_flag_get(&b->guest, d->needs))
				continue;
			if (plus_has(b, d->flag))
				return err_set(err, ERR_USAGE,
					       "--cpu: '+%s' needs '%s', which "
					       "this guest would not have; add "
					       "'+%s' or drop '+%s'",
					       d->flag, d->needs, d->needs,
					       d->flag);
			cpuid_flag_set(&b->guest, d->flag, false);
			note(&b->orphan, d->flag);
			again = true;
		}
	}
	return true;
}

/* XCR0 bits (SDM Vol 1, "XSAVE-Supported Features") and who needs them. */
static const struct {
	const char *flag;
	uint32_t xcr0;
} xstate[] = {
	{"avx", 0x4},	{"mpx", 0x18},	       {"avx512f", 0xe0},
	{"pku", 0x200}, {"amx_tile", 0x60000},
};

/* The user states that XSAVE may have, given the flags. */
static uint32_t user_states(const struct cpuid_table *t,
			    const struct cpuid_table *supported)
{
	const struct kvm_cpuid_entry2 *host = cpuid_find(supported, 0xd, 0);
	uint32_t user = 3; /* x87, SSE */

	for (size_t i = 0; i < ARRAY_SIZE(xstate); i++)
		if (cpuid_flag_get(t, xstate[i].flag))
			user |= xstate[i].xcr0;
	return host ? user & host->eax : user;
}

/* Bytes of an XSAVE area in standard form: legacy area and header at least. */
static uint32_t xsave_size(const struct cpuid_table *supported, uint32_t user)
{
	uint32_t size = 576;

	for (unsigned int i = 0; i < supported->n; i++) {
		const struct kvm_cpuid_entry2 *e = &supported->entry[i];

		if (e->function == 0xd && e->index >= 2 && e->index < 32 &&
		    user >> e->index & 1 && e->ebx + e->eax > size)
			size = e->ebx + e->eax;
	}
	return size;
}

/*
 * One entry of leaf 0xd; false when the guest must not have it.  Sub-leaves
 * from 2 up describe a state each; ECX bit 0 = a supervisor state of XSAVES.
 */
static bool fix_xsave_entry(const struct build *b, uint32_t user,
			    struct kvm_cpuid_entry2 *e)
{
	const struct kvm_cpuid_entry2 *host =
		cpuid_find(b->supported, 0xd, e->index);
	bool xsaves = cpuid_flag_get(&b->guest, "xsaves");

	if (e->index == 0) {
		e->eax = user;
		e->ebx = e->ecx = xsave_size(b->supported, user);
		e->edx = 0;
	} else if (e->index == 1) {
		e->ebx = xsaves && host ? host->ebx : 0;
		e->ecx = xsaves && host ? host->ecx : 0;
		e->edx = xsaves && host ? host->edx : 0;
	} else {
		if (!host || e->index >= 32)
			return false;
		*e = *host;
		return e->ecx & 1 ? xsaves : user >> e->index & 1;
	}
	return true;
}

/* Leaf 0xd says which states XSAVE has: leave those of the flags present. */
static void fix_xsave(struct build *b)
{
	bool xsave = cpuid_flag_get(&b->guest, "xsave");
	uint32_t user = user_states(&b->guest, b->supported);
	struct cpuid_table *t = &b->guest;
	unsigned int n = 0;

	for (unsigned int i = 0; i < t->n; i++) {
		struct kvm_cpuid_entry2 e = t->entry[i];

		if (e.function == 0xd &&
		    (!xsave || !fix_xsave_entry(b, user, &e)))
			continue;
		t->entry[n++] = e;
	}
	t->n = n;
}

/* Leaves that only describe one feature. */
static const struct {
	uint32_t leaf;
	const char *flag;
} detail[] = {
	{0x12, "sgx"},	    {0x14, "intel_pt"},	 {0x1d, "amx_tile"},
	{0x1e, "amx_tile"}, {0x8000000a, "svm"},
};

static void fix_details(struct cpuid_table *t)
{
	bool la57 = cpuid_flag_get(t, "la57");

	for (unsigned int i = 0; i < t->n; i++) {
		struct kvm_cpuid_entry2 *e = &t->entry[i];

		for (size_t d = 0; d < ARRAY_SIZE(detail); d++)
			if (e->function == detail[d].leaf &&
			    !cpuid_flag_get(t, detail[d].flag))
				e->eax = e->ebx = e->ecx = e->edx = 0;
		if (e->function == 1)
			e->ecx &= ~UINT32_C(0x08000000); /* OSXSAVE: CR4's */
		if (e->function == 7 && e->index == 0)
			e->ecx &= ~UINT32_C(0x10); /* OSPKE: CR4's */
		if (e->function == 0x80000008 && (e->eax >> 8 & 0xff) > 48)
			e->eax = (e->eax & ~UINT32_C(0xff00)) | (la57 ? 57 : 48)
									<< 8;
	}
}

/* ---- the spec ---- */

static bool parse_model(struct cursor *c, enum model *model, struct err *err)
{
	size_t len;
	const char *word = cur_until(c, ',', &len);

	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (len == strlen(models[i]) && !memcmp(word, models[i], len)) {
			*model = (enum model)i;
			return true;
		}
	return err_set(err, ERR_USAGE,
		       "--cpu: unknown model '%.*s' (auto, host or base, then "
		       "+FLAG or -FLAG after commas)",
		       (int)(len > 80 ? 80 : len), word);
}

static bool build(struct build *b, const char *spec,
		  const struct host_caps *caps, struct err *err)
{
	struct cursor c = cur_str(spec);
	enum model model = MODEL_AUTO;
	size_t len;

	if (!parse_model(&c, &model, err))
		return false;
	if (model == MODEL_BASE)
		model_base(&b->guest);
	if (model == MODEL_AUTO)
		model_auto(b, caps);
	while (cur_accept(&c, ',')) {
		const char *word = cur_until(&c, ',', &len);

		if (!apply_word(b, word, len, err))
			return false;
	}
	if (!drop_dependents(b, err))
		return false;
	fix_xsave(b);
	fix_details(&b->guest);
	return true;
}

bool cpuid_build(const char *spec, const struct cpuid_table *supported,
		 const struct host_caps *caps, struct cpuid_table *guest,
		 struct buf *notes, struct err *err)
{
	struct build b = {
		.supported = supported,
		.guest = *supported,
	};
	bool ok = build(&b, spec, caps, err);

	if (ok) {
		*guest = b.guest;
		if (notes)
			print_notes(&b, notes);
	}
	buf_deinit(&b.plus);
	buf_deinit(&b.masked);
	buf_deinit(&b.orphan);
	return ok;
}
