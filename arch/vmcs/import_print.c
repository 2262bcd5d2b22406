/* What an imported listing is, what it lacks, and how it differs. */
#include <inttypes.h>
#include <string.h>

#include "arch/vmcs/import.h"
#include "arch/vmcs/layout.h"

static void print_value(struct buf *out, const struct vmcs_value *v)
{
	if (v->class == VMCS_NA)
		buf_str(out, "n/a");
	else
		buf_printf(out, "%016" PRIx64, v->value);
}

void vmcs_import_print_list(struct buf *out, const struct vmcs_import *im)
{
	for (unsigned int i = 0; i < im->count; i++) {
		const struct vmcs_listing *s = &im->listing[i];

		if (i == VMCS_IMPORT_LISTINGS) {
			buf_printf(out, "  ... and %u more\n",
				   im->count - VMCS_IMPORT_LISTINGS);
			break;
		}
		buf_printf(out, "%c %3u  lines %u-%u: %s ",
			   i + 1 == im->chosen ? '*' : ' ', i + 1,
			   s->first_line, s->last_line,
			   s->kind == VMCS_VMX ? "VMCS" : "VMCB");
		print_value(out, &s->pointer);
		if (s->cpu.class != VMCS_NA)
			buf_printf(out, " on CPU %" PRIu64, s->cpu.value);
		if (s->missing)
			buf_printf(out, ", %u line%s missing", s->missing,
				   s->missing == 1 ? "" : "s");
		if (s->checks.violated)
			buf_printf(out, ", bad: %s",
				   vmcs_field_name(s->checks.first));
		if (s->checks.violated > 1)
			buf_printf(out, " and %u more", s->checks.violated - 1);
		buf_byte(out, '\n');
	}
}

/* "CR0" of "CR0: actual=0x%q, shadow=..." */
static void print_label(struct buf *out, const struct vmcs_line *l)
{
	const char *text = l->text + strspn(l->text, " ");
	size_t n = strcspn(text, "=%,:");

	while (n && text[n - 1] == ' ')
		n--;
	buf_append(out, text, n);
}

/* The lines that are not there, as ranges of neighbours. */
static void print_missing(struct buf *out, const struct vmcs_model *m,
			  unsigned int last_line)
{
	unsigned int n, i = 0, last;
	const struct vmcs_line *l = vmcs_layout(m->kind, &n);

	while (i < n) {
		unsigned int start = i, count = 0;

		if (!vmcs_line_missing(m, &l[i])) {
			i++;
			continue;
		}
		/* what is not always printed does not end a range */
		for (last = i; i < n; i++) {
			if (vmcs_line_missing(m, &l[i])) {
				last = i;
				count++;
			} else if (l[i].nfields &&
				   (l[i].flags & VMCS_LINE_ALWAYS)) {
				break;
			}
		}
		buf_printf(out, "missing: %u line%s, ", count,
			   count == 1 ? "" : "s");
		print_label(out, &l[start]);
		if (last != start) {
			buf_str(out, " to ");
			print_label(out, &l[last]);
		}
		if (i == n)
			buf_printf(out, "; the listing ends at line %u",
				   last_line);
		buf_byte(out, '\n');
	}
}

void vmcs_import_print_notes(struct buf *out, const struct vmcs_import *im)
{
	print_missing(out, &im->model, im->summary.last_line);
	buf_append(out, im->note.data, im->note.len);
	if (im->notes > VMCS_IMPORT_NOTES)
		buf_printf(out, "... and %u more lines like these\n",
			   im->notes - VMCS_IMPORT_NOTES);
	for (unsigned int i = 0; i < im->msrs && i < VMCS_IMPORT_MSRS; i++)
		buf_printf(out, "%s msr=0x%08x value=0x%016" PRIx64 "\n",
			   im->msr[i].list, im->msr[i].index, im->msr[i].value);
	if (im->msrs > VMCS_IMPORT_MSRS)
		buf_printf(out, "... and %u more list entries\n",
			   im->msrs - VMCS_IMPORT_MSRS);
}

/* ---- beside another ---- */

static bool of_host(unsigned int field)
{
	return field >= VMCS_F_HOST_RIP && field <= VMCS_F_HOST_SSP_TABLE;
}

static void print_cell(struct buf *out, const struct vmcs_value *v,
		       unsigned int bits)
{
	static const char letters[] = "-EDP";
	int digits = (int)bits / 4;

	if (v->class == VMCS_NA)
		buf_printf(out, "n/a (%s)", vmcs_why_word(v->why));
	else
		buf_printf(out, "%*s%0*" PRIx64 " [%c]", 16 - digits, "",
			   digits, v->value, letters[v->class]);
}

void vmcs_print_beside(struct buf *out, const struct vmcs_model *imported,
		       const struct vmcs_model *live)
{
	unsigned int compared = 0, differ = 0, host = 0;

	buf_printf(out, "  %-22s %-16s  %s\n", "field", "imported", "live");
	for (unsigned int f = 0; f < VMCS_NR_FIELDS; f++) {
		const struct vmcs_value *a = &imported->field[f];
		const struct vmcs_value *b = &live->field[f];
		unsigned int bits = vmcs_field_bits(f);
		bool both = a->class != VMCS_NA && b->class != VMCS_NA;
		bool differs = both && a->value != b->value;

		if (a->class == VMCS_NA)
			continue;
		if (of_host(f)) {
			host++;
			continue;
		}
		compared += both;
		differ += differs;
		buf_printf(out, "%c %-22s %*s%0*" PRIx64 "  ",
			   differs ? '*' : ' ', vmcs_field_name(f),
			   16 - (int)bits / 4, "", (int)bits / 4, a->value);
		print_cell(out, b, bits);
		buf_byte(out, '\n');
	}
	buf_printf(out, "%u of %u fields differ (*)", differ, compared);
	if (host)
		buf_printf(out,
			   "; the host's %u are left out, user space "
			   "cannot see them",
			   host);
	buf_byte(out, '\n');
}
