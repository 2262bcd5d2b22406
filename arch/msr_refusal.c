/* Why KVM may refuse an access to a model-specific register. */
#include <inttypes.h>
#include <string.h>

#include "arch/msr_text.h"

enum {
	APIC_BASE_EXTD = 1 << 10
};

struct refusal {
	uint32_t index;
	const uint64_t *value; /* NULL: a read */
	const struct x86_cpuid *cpuid;
	const struct x86_state *s;
	struct buf *out;
	bool any; /* something has been said */
};

static void say(struct refusal *r, const char *fmt, ...) PRINTF(2, 3);

static void say(struct refusal *r, const char *fmt, ...)
{
	va_list ap;

	if (r->any)
		buf_str(r->out, "; ");
	r->any = true;
	va_start(ap, fmt);
	buf_vprintf(r->out, fmt, ap);
	va_end(ap);
}

struct msr_range {
	uint32_t first;
	uint16_t count, stride;
};

static bool in(const struct msr_range *m, uint32_t index)
{
	uint32_t off = index - m->first;

	return index >= m->first && !(off % m->stride) &&
	       off / m->stride < m->count;
}

/* ---- the processor has to have it ---- */

static const struct {
	struct msr_range msr;
	const char *flag, *or_flag; /* either will do */
} needs_flag[] = {
	{{0x3b, 1, 1}, "tsc_adjust", NULL},
	{{0x48, 1, 1}, "ibrs", "ssbd"},
	{{0x10a, 1, 1}, "arch_capabilities", NULL},
	{{0x1c4, 2, 1}, "amx_tile", NULL},
	{{0x1cc, 9, 1}, "fred", NULL},
	{{0x480, 20, 1}, "vmx", NULL},
	{{0x570, 3, 1}, "intel_pt", NULL},
	{{0x6a0, 3, 2}, "user_shstk", "ibt"},
	{{0x6a5, 4, 1}, "user_shstk", NULL},
	{{MSR_TSC_DEADLINE, 1, 1}, "tsc_deadline_timer", NULL},
	{{0xd90, 1, 1}, "mpx", NULL},
	{{0xda0, 1, 1}, "xsaves", NULL},
	{{0x14ce, 2, 1}, "arch_lbr", NULL},
	{{0xc0000103, 1, 1}, "rdtscp", "rdpid"},
	{{0xc0000104, 1, 1}, "tsc_scale", NULL},
	{{0xc0010114, 4, 1}, "svm", NULL},
};

static void check_flag(struct refusal *r)
{
	for (size_t i = 0; r->cpuid && i < ARRAY_SIZE(needs_flag); i++) {
		const char *other = needs_flag[i].or_flag;

		if (!in(&needs_flag[i].msr, r->index) ||
		    x86_cpuid_flag(r->cpuid, needs_flag[i].flag) ||
		    (other && x86_cpuid_flag(r->cpuid, other)))
			continue;
		say(r, "the guest's CPUID lacks %s%s%s", needs_flag[i].flag,
		    other ? " and " : "", other ? other : "");
	}
}

static void check_x2apic(struct refusal *r)
{
	if (r->index < MSR_X2APIC_FIRST || r->index > MSR_X2APIC_LAST ||
	    !r->s || (r->s->apic_base & APIC_BASE_EXTD))
		return;
	say(r,
	    "the local APIC is not in x2APIC mode, so its registers are in "
	    "memory at 0x%" PRIx64 " (`info lapic`)",
	    r->s->apic_base & BITS(51, 12));
}

/* ---- the value has to fit ---- */

static void check_read_only(struct refusal *r)
{
	static const struct msr_range table[] = {
		{0xfe, 1, 1},	{MSR_MCG_CAP, 1, 1}, {0x198, 1, 1},
		{0x802, 2, 1},	{0x80a, 1, 1},	     {0x80d, 1, 1},
		{0x810, 24, 1}, {0x839, 1, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (in(&table[i], r->index))
			say(r, "it is read-only");
}

static void check_canonical(struct refusal *r)
{
	static const struct msr_range table[] = {
		{0x174 + 1, 2, 1},  {0x600, 1, 1},	{0x6a4, 5, 1},
		{0xc0000082, 2, 1}, {0xc0000100, 3, 1},
	};
	unsigned int bits = r->s && (r->s->cr4 & X86_CR4_LA57) ? 57 : 48;
	int64_t value = (int64_t)*r->value;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (in(&table[i], r->index) && value >> (bits - 1) != 0 &&
		    value >> (bits - 1) != -1)
			say(r,
			    "it holds a linear address, and 0x%" PRIx64
			    " is not canonical: bits 63 to %u differ",
			    *r->value, bits - 1);
}

static void check_types(struct refusal *r, unsigned int bytes, bool pat)
{
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int type = *r->value >> 8 * i & 0xff;

		if (type != 2 && type != 3 && (type < 7 || (pat && type == 7)))
			continue;
		say(r, "%u in byte %u is no memory type", type, i);
		return;
	}
}

static void check_memory_types(struct refusal *r)
{
	static const struct msr_range fixed[] = {
		{0x250, 1, 1}, {0x258, 2, 1}, {0x268, 8, 1}};
	static const struct msr_range base = {0x200, 16, 2};

	if (r->index == MSR_PAT)
		check_types(r, 8, true);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (in(&fixed[i], r->index))
			check_types(r, 8, false);
	if (in(&base, r->index) || r->index == 0x2ff)
		check_types(r, 1, false);
}

/* KVM takes a bank's control only as all or nothing. */
static void check_machine_check(struct refusal *r)
{
	static const struct msr_range ctl = {0x400, 32, 4};

	if (in(&ctl, r->index) && *r->value && *r->value != UINT64_MAX)
		say(r, "KVM takes only 0 or all ones here");
}

/* Registers whose unnamed bits are reserved, and always will fault. */
static void check_reserved(struct refusal *r)
{
	static const uint32_t complete[] = {MSR_APIC_BASE, 0x3a, 0x2ff,
					    0xc0000080, 0x4b564d02};
	const struct bit_name *b = msr_bits(r->index);
	uint64_t unnamed = *r->value;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(complete); i++)
		known |= complete[i] == r->index;
	for (; known && b && b->name; b++)
		unnamed &= ~b->mask;
	if (!known || !unnamed)
		return;
	say(r, "reserved bits are set: 0x%" PRIx64, unnamed);
}

static void check_efer(struct refusal *r)
{
	static const struct {
		unsigned int bit;
		const char *name, *flag;
	} table[] = {
		{0, "SCE", "syscall"},	   {8, "LME", "lm"},
		{11, "NXE", "nx"},	   {12, "SVME", "svm"},
		{14, "FFXSR", "fxsr_opt"}, {21, "AIBRSE", "autoibrs"},
	};

	if (r->index != 0xc0000080)
		return;
	for (size_t i = 0; r->cpuid && i < ARRAY_SIZE(table); i++)
		if ((*r->value & BIT(table[i].bit)) &&
		    !x86_cpuid_flag(r->cpuid, table[i].flag))
			say(r, "%s needs %s, which the guest's CPUID lacks",
			    table[i].name, table[i].flag);
	if (r->s && (r->s->cr0 & X86_CR0_PG) &&
	    ((*r->value ^ r->s->efer) & X86_EFER_LME))
		say(r, "LME cannot change while paging is on");
}

static void check_apic_base(struct refusal *r)
{
	if (r->index != MSR_APIC_BASE)
		return;
	if ((*r->value >> 10 & 3) == 1)
		say(r, "EXTD without EN is no mode");
	if ((*r->value & APIC_BASE_EXTD) && r->cpuid &&
	    !x86_cpuid_flag(r->cpuid, "x2apic"))
		say(r, "EXTD needs x2apic, which the guest's CPUID lacks");
}

static void check_tsc_aux(struct refusal *r)
{
	if (r->index == 0xc0000103 && *r->value >> 32)
		say(r, "its upper half must be 0");
}

static void check_deadline(struct refusal *r)
{
	if (r->index == MSR_TSC_DEADLINE && *r->value)
		say(r, "it counts only while LVT_TIMER is in TSC-deadline "
		       "mode (`info lapic`: LVTT)");
}

void msr_refusal(uint32_t index, const uint64_t *value,
		 const struct x86_cpuid *cpuid, const struct x86_state *s,
		 struct buf *out)
{
	struct refusal r = {index, value, cpuid, s, out, false};

	check_flag(&r);
	check_x2apic(&r);
	if (!value)
		return;
	check_read_only(&r);
	check_canonical(&r);
	check_memory_types(&r);
	check_machine_check(&r);
	check_reserved(&r);
	check_efer(&r);
	check_apic_base(&r);
	check_tsc_aux(&r);
	check_deadline(&r);
}
