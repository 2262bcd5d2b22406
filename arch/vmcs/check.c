#include "arch/vmcs/check.h"

#include <inttypes.h>

static const char *const sections[] = {
	[CHECK_CONTROLS] = "SDM Vol 3C, Checks on VM-Entry Control Fields",
	[CHECK_REGISTERS] = "SDM Vol 3C, Checks on Guest Control Registers, "
			    "Debug Registers, and MSRs",
	[CHECK_SEGMENTS] = "SDM Vol 3C, Checks on Guest Segment Registers",
	[CHECK_SEGMENTS_KVM] = "SDM Vol 3C, Checks on Guest Segment Registers",
	[CHECK_TABLES] = "SDM Vol 3C, Checks on Guest Descriptor-Table "
			 "Registers",
	[CHECK_RIP] = "SDM Vol 3C, Checks on Guest RIP, RFLAGS, and SSP",
	[CHECK_RIP_KVM] = "SDM Vol 3C, Checks on Guest RIP, RFLAGS, and SSP",
	[CHECK_NON_REGISTER] = "SDM Vol 3C, Checks on Guest Non-Register State",
	[CHECK_PDPTES] = "SDM Vol 3C, Checks on Guest "
			 "Page-Directory-Pointer-Table Entries",
	[CHECK_VMRUN] = "APM Vol 2, VMRUN: Canonicalization and Consistency "
			"Checks",
	[CHECK_INJECTION] = "APM Vol 2, Event Injection",
};

struct check {
	const struct vmcs_model *m;
	struct buf *out; /* may be NULL */
	const struct vmcs_check_row *row;
	const char *condition; /* set by check_if() */
	int lacking;	       /* the field that is not known, or -1 */
	bool failed;
	unsigned int field; /* failed: the first one */
};

const struct vmcs_model *check_model(const struct check *c)
{
	return c->m;
}

void check_lack(struct check *c, unsigned int field)
{
	if (c->lacking < 0)
		c->lacking = (int)field;
}

bool check_get(struct check *c, unsigned int field, uint64_t *value)
{
	if (vmcs_get(c->m, field, value))
		return true;
	/* what the processor does not look at, it does not check */
	if (c->m->field[field].why != VMCS_UNUSED)
		check_lack(c, field);
	return false;
}

bool check_if(struct check *c, int state, const char *what)
{
	if (state < 0)
		c->condition = what;
	return state != 0;
}

static const char *class_note(const struct vmcs_value *v)
{
	switch (v->class) {
	case VMCS_DERIVED:
		return " (derived)";
	case VMCS_PREDICTED:
		return " (predicted)";
	default:
		return "";
	}
}

/*
 * Without unrestricted guest KVM looks at the state before it enters, and
 * emulates instead where it is not valid.  It makes some of the checks only.
 */
static bool is_emulated(const struct check *c)
{
	const struct vmcs_model *m = c->m;

	if (c->row->section != CHECK_SEGMENTS_KVM &&
	    c->row->section != CHECK_RIP_KVM)
		return false;
	return m->kind == VMCS_VMX && !m->imported && !m->hypothetical &&
	       !m->unrestricted_guest && m->emulate_invalid;
}

void check_fail(struct check *c, unsigned int field, const char *fmt, ...)
{
	const struct vmcs_value *v = &c->m->field[field];
	va_list ap;

	if (!c->failed)
		c->field = field;
	c->failed = true;
	if (is_emulated(c))
		c->condition = "kvm_intel.emulate_invalid_guest_state is 0; "
			       "else KVM emulates until the state is valid";
	if (!c->out)
		return;
	buf_printf(c->out, "%s: %s = 0x%" PRIx64 "%s\n",
		   c->condition ? "may be violated" : "violated",
		   vmcs_field_name(field), v->value, class_note(v));
	buf_printf(c->out, "  %s:\n  %s\n", sections[c->row->section],
		   c->row->rule);
	if (c->condition)
		buf_printf(c->out, "  counts if %s (not known here)\n",
			   c->condition);
	buf_str(c->out, "  satisfied by: ");
	va_start(ap, fmt);
	buf_vprintf(c->out, fmt, ap);
	va_end(ap);
	buf_byte(c->out, '\n');
}

/* ---- facts ---- */

int check_entry_control(const struct vmcs_model *m, uint32_t bit)
{
	uint64_t v;

	if (vmcs_get(m, VMCS_F_ENTRY_CTL, &v))
		return v & bit ? 1 : 0;
	/* how KVM sets them, whatever the processor */
	if (bit == VMX_ENTRY_IA32E && vmcs_get(m, VMCS_F_EFER, &v))
		return v & X86_EFER_LMA ? 1 : 0;
	if (bit == VMX_ENTRY_LOAD_DEBUG)
		return 1;
	if (bit == VMX_ENTRY_SMM)
		return 0;
	return -1;
}

static int secondary_control(const struct vmcs_model *m, uint32_t bit)
{
	uint64_t proc, secondary;

	if (!vmcs_get(m, VMCS_F_PROC, &proc) ||
	    !vmcs_get(m, VMCS_F_SECONDARY, &secondary))
		return -1;
	return (proc & VMX_PROC_SECONDARY) && (secondary & bit) ? 1 : 0;
}

int check_unrestricted(const struct vmcs_model *m)
{
	int known = secondary_control(m, VMX_SECONDARY_UNRESTRICTED);

	return known >= 0 ? known : m->unrestricted_guest;
}

int check_ept(const struct vmcs_model *m)
{
	int known = secondary_control(m, VMX_SECONDARY_EPT);

	return known >= 0 ? known : m->paging_assist;
}

/*
 * Virtual-8086 mode only where that mode can be: elsewhere the VM flag is
 * itself the violation, and the segments are not to blame for its mode.
 */
int check_v8086(const struct vmcs_model *m)
{
	int ia32e = check_entry_control(m, VMX_ENTRY_IA32E);
	uint64_t rflags, cr0;

	if (!vmcs_get(m, VMCS_F_RFLAGS, &rflags))
		return -1;
	if (!(rflags & X86_FL_VM) || ia32e > 0)
		return 0;
	if (vmcs_get(m, VMCS_F_CR0, &cr0) && !(cr0 & X86_CR0_PE))
		return 0;
	return ia32e < 0 ? -1 : 1;
}

bool check_usable(const struct vmcs_model *m, unsigned int segment)
{
	return !(vmcs_access_rights(m, segment) & X86_AR_UNUSABLE);
}

bool check_canonical_for(uint64_t value, unsigned int bits)
{
	uint64_t high = value >> (bits - 1);

	return !high || high == ~UINT64_C(0) >> (bits - 1);
}

void check_canonical(struct check *c, unsigned int field, uint64_t value)
{
	unsigned int bits = c->m->linear_bits ? c->m->linear_bits : 48;

	if (check_canonical_for(value, bits))
		return;
	/* a processor with 57-bit addresses allows more */
	if (!c->m->linear_bits && check_canonical_for(value, 57))
		c->condition = "the processor has no 57-bit linear addresses";
	check_fail(c, field, "bits 63..%u all equal, as in 0x%" PRIx64,
		   bits - 1,
		   (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits)));
}

/* ---- the engine ---- */

typedef void visit_fn(void *priv, const struct check *c);

static void visit(const struct vmcs_model *m, struct buf *out, visit_fn *fn,
		  void *priv)
{
	static const struct vmcs_check_row *const vmx[] = {vmx_register_checks,
							   vmx_segment_checks,
							   vmx_state_checks,
							   NULL};
	static const struct vmcs_check_row *const svm[] = {svm_checks, NULL};
	const struct vmcs_check_row *const *table = m->kind == VMCS_VMX ? vmx
									: svm;

	for (; *table; table++)
		for (const struct vmcs_check_row *r = *table; r->rule; r++) {
			struct check c = {m, out, r, NULL, -1, false, 0};

			r->run(&c, r->arg);
			fn(priv, &c);
		}
}

static void count(void *priv, const struct check *c)
{
	struct vmcs_tally *t = priv;

	if (c->failed && c->condition)
		t->conditional++;
	else if (!c->failed && c->lacking >= 0)
		t->skipped++;
	else
		t->made++;
	if (c->failed && !c->condition && !t->violated++)
		t->first = c->field;
	else if (c->failed && !t->violated && t->conditional == 1)
		t->first = c->field;
}

struct vmcs_tally vmcs_check(const struct vmcs_model *m, struct buf *out)
{
	struct vmcs_tally t = {0};

	visit(m, out, count, &t);
	return t;
}

void vmcs_print_tally(struct buf *out, const struct vmcs_tally *t)
{
	if (!t->violated)
		buf_printf(out, "none of %u checks fails", t->made);
	else
		buf_printf(out, "%u of %u checks fail%s", t->violated, t->made,
			   t->violated == 1 ? "s" : "");
	if (t->conditional)
		buf_printf(out, "; %u would fail under a condition",
			   t->conditional);
	if (t->skipped)
		buf_printf(out, "; %u could not be made", t->skipped);
}

/* More than this are told by the field they lack. */
#define SKIPPED_IN_FULL 8

struct skipped {
	struct buf *out;
	unsigned int total;
	unsigned int by_field[VMCS_NR_FIELDS];
};

static bool is_skipped(const struct check *c)
{
	return !c->failed && c->lacking >= 0;
}

static const char *lack_word(const struct check *c)
{
	return vmcs_why_word(c->m->field[c->lacking].why);
}

static void count_skipped(void *priv, const struct check *c)
{
	struct skipped *s = priv;

	if (!is_skipped(c))
		return;
	s->total++;
	s->by_field[c->lacking]++;
}

static void print_in_full(void *priv, const struct check *c)
{
	struct skipped *s = priv;

	if (is_skipped(c))
		buf_printf(s->out, "  %s: %s (%s is n/a: %s)\n",
			   c->row->subject, c->row->rule,
			   vmcs_field_name((unsigned int)c->lacking),
			   lack_word(c));
}

static void print_by_field(void *priv, const struct check *c)
{
	struct skipped *s = priv;
	unsigned int *n = &s->by_field[is_skipped(c) ? c->lacking : 0];

	if (!is_skipped(c) || !*n)
		return;
	buf_printf(s->out, "  %s is n/a (%s): %u check%s\n",
		   vmcs_field_name((unsigned int)c->lacking), lack_word(c), *n,
		   *n == 1 ? "" : "s");
	*n = 0; /* told */
}

void vmcs_print_skipped(struct buf *out, const struct vmcs_model *m)
{
	struct skipped s = {.out = out};

	visit(m, NULL, count_skipped, &s);
	visit(m, NULL,
	      s.total > SKIPPED_IN_FULL ? print_by_field : print_in_full, &s);
}
