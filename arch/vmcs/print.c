#include "arch/vmcs/vmcs.h"

#include <inttypes.h>
#include <string.h>

#include "arch/vmcs/layout.h"

static const struct {
	const char *word, *vmx, *svm; /* where it can be had */
} whys[VMCS_NR_WHY] = {
	[VMCS_PRIVATE] = {"kernel-private",
			  "`echo 1 >/sys/module/kvm_intel/parameters/"
			  "dump_invalid_vmcs`: KVM then logs\n  the whole VMCS "
			  "at the "
			  "next failed entry; `vmcs import FILE` reads that "
			  "from dmesg",
			  "`echo 1 "
			  ">/sys/module/kvm_amd/parameters/dump_invalid_vmcb`: "
			  "KVM then logs\n  the whole VMCB at the next failed "
			  "entry; "
			  "`vmcs import FILE` reads that from dmesg"},
	[VMCS_NO_EXIT] = {"not told by this exit",
			  "only a failed entry (reason) and internal errors "
			  "(reason, "
			  "qualification,\n  events) carry it to user space",
			  "only a failed entry (exit_code) and internal errors "
			  "(exit_code, exit_info,\n  events) carry it to user "
			  "space"},
	[VMCS_UNUSED] = {"not in use", "the processor does not look at it now",
			 "the processor does not look at it now"},
	[VMCS_UNTOLD] = {"not told by this target",
			 "KVM or this target does not offer it",
			 "KVM or this target does not offer it"},
	[VMCS_UNPRINTED] = {"not in the listing",
			    "the listing has no such line, or it is cut",
			    "the listing has no such line, or it is cut"},
};

const char *vmcs_why_word(enum vmcs_why why)
{
	return whys[why].word;
}

const struct vmcs_line *vmcs_layout(enum vmcs_kind kind, unsigned int *count)
{
	*count = kind == VMCS_VMX ? vmcs_line_count : vmcb_line_count;
	return kind == VMCS_VMX ? vmcs_lines : vmcb_lines;
}

bool vmcs_line_missing(const struct vmcs_model *m, const struct vmcs_line *l)
{
	if (!(l->flags & VMCS_LINE_ALWAYS) || !l->nfields)
		return false;
	for (unsigned int i = 0; i < l->nfields; i++)
		if (m->field[l->field[i]].class != VMCS_NA)
			return false;
	return true;
}

/* What the legend has to explain. */
struct used {
	bool class[VMCS_PREDICTED + 1];
	bool why[VMCS_NR_WHY];
};

static void print_value(struct buf *out, const struct vmcs_value *v,
			char format, struct used *used)
{
	static const char letters[] = "-EDP";
	unsigned int digits = format == 'q' ? 16 : (unsigned int)format - '0';

	used->class[v->class] = true;
	if (v->class == VMCS_NA) {
		used->why[v->why] = true;
		/* no "0xn/a" */
		if (out->len >= 2 && !memcmp(out->data + out->len - 2, "0x", 2))
			out->data[out->len -= 2] = 0;
		buf_str(out, "n/a");
		return;
	}
	if (format == 'd')
		buf_printf(out, "%" PRIu64, v->value);
	else if (format == 'p')
		buf_printf(out, "%016" PRIx64, v->value);
	else
		buf_printf(out, "%0*" PRIx64, (int)digits, v->value);
	buf_printf(out, "[%c]", letters[v->class]);
}

/* The reasons of a line's missing values, after it. */
static void print_reasons(struct buf *out, const struct vmcs_model *m,
			  const struct vmcs_line *l)
{
	bool said[VMCS_NR_WHY] = {false};
	const char *separator = "  (";

	for (unsigned int i = 0; i < l->nfields; i++) {
		const struct vmcs_value *v = &m->field[l->field[i]];

		if (v->class != VMCS_NA || said[v->why])
			continue;
		said[v->why] = true;
		buf_printf(out, "%s%s", separator, whys[v->why].word);
		separator = ", ";
	}
	if (*separator == ',')
		buf_byte(out, ')');
}

static void print_line(struct buf *out, const struct vmcs_model *m,
		       const struct vmcs_line *l, struct used *used)
{
	unsigned int field = 0;

	for (const char *p = l->text; *p; p++)
		if (*p == '%')
			print_value(out, &m->field[l->field[field++]], *++p,
				    used);
		else
			buf_byte(out, (uint8_t)*p);
	print_reasons(out, m, l);
	buf_byte(out, '\n');
}

/* A line that this kernel, guest or target has nothing for. */
static bool left_out(const struct vmcs_model *m, const struct vmcs_line *l)
{
	if (l->flags & VMCS_LINE_INPUT)
		return true;
	if ((l->flags & VMCS_LINE_ALWAYS) || !l->nfields)
		return false;
	for (unsigned int i = 0; i < l->nfields; i++) {
		const struct vmcs_value *v = &m->field[l->field[i]];

		if (v->class != VMCS_NA ||
		    (v->why != VMCS_UNTOLD && v->why != VMCS_UNPRINTED))
			return false;
	}
	return true;
}

/* Nothing of the host's area is known: one line for all of it. */
static bool host_unknown(const struct vmcs_model *m)
{
	for (unsigned int f = VMCS_F_HOST_RIP; f <= VMCS_F_HOST_SSP_TABLE; f++)
		if (m->field[f].class != VMCS_NA)
			return false;
	return true;
}

static void print_legend(struct buf *out, const struct vmcs_model *m,
			 const struct used *used)
{
	if (used->class[VMCS_EXACT])
		buf_str(out, "[E] exact: KVM tells this value\n");
	if (used->class[VMCS_DERIVED])
		buf_str(out, "[D] derived: follows from exact values by a "
			     "fixed rule\n");
	if (used->class[VMCS_PREDICTED])
		buf_str(out, "[P] predicted: what KVM is known to put there; "
			     "nobody has read it\n");
	if (!m->imported)
		buf_str(out, "RFLAGS.TF, DR7 and #BP (bit 3 of the exceptions) "
			     "are the debugger's while it steps\n  or has "
			     "breakpoints planted; shown is what they are "
			     "without it\n");
	for (unsigned int i = 0; i < VMCS_NR_WHY; i++)
		if (used->why[i])
			buf_printf(out, "n/a (%s): %s\n", whys[i].word,
				   m->kind == VMCS_VMX ? whys[i].vmx
						       : whys[i].svm);
}

void vmcs_print(struct buf *out, const struct vmcs_model *m)
{
	struct used used = {0};
	const bool no_host = host_unknown(m);
	const struct vmcs_line *l;
	unsigned int n;

	l = vmcs_layout(m->kind, &n);
	for (unsigned int i = 0; i < n; i++) {
		if (left_out(m, &l[i]))
			continue;
		if (l[i].section == VMCS_S_HOST && no_host) {
			if (l[i].flags & VMCS_LINE_TITLE)
				buf_printf(out, "%s\nn/a  (%s)\n", l[i].text,
					   whys[VMCS_PRIVATE].word);
			continue;
		}
		print_line(out, m, &l[i], &used);
	}
	used.why[VMCS_PRIVATE] |= no_host;
	print_legend(out, m, &used);
}
