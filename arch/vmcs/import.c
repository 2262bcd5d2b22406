#include "arch/vmcs/import.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "arch/vmcs/impl.h"
#include "arch/vmcs/match.h"

#define LINE_MAX_BYTES 4096
/* A line with this much text of its own tells a listing by itself. */
#define STRONG	       9
#define ROWS	       192 /* of both layouts */

struct parse {
	struct vmcs_import *im;
	unsigned int which;

	/* the rows of both layouts, chained by the first character */
	unsigned int rows;
	struct {
		const struct vmcs_line *line;
		enum vmcs_kind kind;
		unsigned int next; /* index + 1 */
	} row[ROWS];
	unsigned int first[256];

	unsigned int line; /* number of the present one */

	/* the listing under construction; none while summary.lines is 0 */
	struct vmcs_listing summary;
	struct vmcs_model model;
	enum vmcs_section section;
	const char *list; /* title of the MSR list */
	unsigned int msrs, notes;
	struct vmcs_msr msr[VMCS_IMPORT_MSRS];
	struct buf note;
};

/* ---- the rows ---- */

static void add_rows(struct parse *p, enum vmcs_kind kind)
{
	unsigned int n;
	const struct vmcs_line *l = vmcs_layout(kind, &n);

	for (unsigned int i = 0; i < n && p->rows < ROWS; i++) {
		const char *text = l[i].text + strspn(l[i].text, " ");

		p->row[p->rows].line = &l[i];
		p->row[p->rows].kind = kind;
		p->row[p->rows].next = p->first[(unsigned char)*text];
		p->first[(unsigned char)*text] = ++p->rows;
	}
}

/* ---- listings ---- */

static unsigned int count_missing(const struct vmcs_model *m)
{
	unsigned int n, missing = 0;
	const struct vmcs_line *l = vmcs_layout(m->kind, &n);

	for (unsigned int i = 0; i < n; i++)
		missing += vmcs_line_missing(m, &l[i]);
	return missing;
}

static void close_listing(struct parse *p)
{
	struct vmcs_import *im = p->im;
	unsigned int number;

	if (!p->summary.lines)
		return;
	number = ++im->count;
	p->summary.missing = count_missing(&p->model);
	p->summary.pointer = p->model.field[VMCS_F_POINTER];
	p->summary.cpu = p->model.field[VMCS_F_CPU];
	p->summary.checks = vmcs_check(&p->model, NULL);
	if (number <= VMCS_IMPORT_LISTINGS)
		im->listing[number - 1] = p->summary;
	if (p->which && p->which != number)
		return;
	im->chosen = number;
	im->summary = p->summary;
	im->model = p->model;
	im->msrs = p->msrs;
	memcpy(im->msr, p->msr, sizeof(im->msr));
	im->notes = p->notes;
	buf_clear(&im->note);
	buf_append(&im->note, p->note.data, p->note.len);
}

static void open_listing(struct parse *p, enum vmcs_kind kind)
{
	close_listing(p);
	p->summary = (struct vmcs_listing){
		.kind = kind,
		.first_line = p->line,
	};
	p->model = (struct vmcs_model){
		.kind = kind,
		.imported = true,
		.unrestricted_guest = kind == VMCS_SVM ? 1 : -1,
		.paging_assist = -1,
	};
	for (unsigned int i = 0; i < VMCS_NR_FIELDS; i++)
		vmcs_lack(&p->model, i, VMCS_UNPRINTED);
	p->section = VMCS_S_HEAD;
	p->list = "MSR list";
	p->msrs = p->notes = 0;
	buf_clear(&p->note);
}

static void PRINTF(2, 3) note(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	if (p->notes++ >= VMCS_IMPORT_NOTES)
		return;
	buf_printf(&p->note, "line %u: ", p->line);
	va_start(ap, fmt);
	buf_vprintf(&p->note, fmt, ap);
	va_end(ap);
	buf_byte(&p->note, '\n');
}

/* ---- lines ---- */

/* Is this where a listing begins, as seen from the present one? */
static bool starts_listing(const struct parse *p, enum vmcs_kind kind,
			   const struct vmcs_line *l)
{
	const struct vmcs_listing *s = &p->summary;

	if (!s->lines)
		return true;
	if (l->flags & VMCS_LINE_HEAD)
		return true;
	if (kind != s->kind)
		return vmcs_match_weight(l) >= STRONG;
	return (l->flags & VMCS_LINE_FIRST) &&
	       p->model.field[l->field[0]].class != VMCS_NA;
}

static void take_msr(struct parse *p, const struct vmcs_match *m)
{
	if (p->msrs++ < VMCS_IMPORT_MSRS)
		p->msr[p->msrs - 1] = (struct vmcs_msr){
			p->list,
			(uint32_t)m->value[0].value,
			m->value[1].value,
		};
}

static void take_fields(struct parse *p, const struct vmcs_line *l,
			const struct vmcs_match *m)
{
	for (unsigned int i = 0; i < l->nfields; i++) {
		struct vmcs_value *old = &p->model.field[l->field[i]];

		if (m->value[i].class == VMCS_NA)
			continue;
		if (old->class == VMCS_NA)
			*old = m->value[i];
		else if (old->value != m->value[i].value)
			note(p,
			     "%s is 0x%" PRIx64 " here and 0x%" PRIx64
			     " before, which is kept; two listings may be "
			     "mixed",
			     vmcs_field_name(l->field[i]), m->value[i].value,
			     old->value);
	}
}

static void take(struct parse *p, enum vmcs_kind kind,
		 const struct vmcs_line *l, const struct vmcs_match *m)
{
	if (starts_listing(p, kind, l)) {
		if (!(l->flags & (VMCS_LINE_HEAD | VMCS_LINE_TITLE)) &&
		    vmcs_match_weight(l) < STRONG)
			return;
		open_listing(p, kind);
	} else if (kind != p->summary.kind) {
		return;
	}
	p->summary.lines++;
	p->summary.last_line = p->line;
	p->section = l->section;
	if (l->flags & VMCS_LINE_LIST)
		p->list = l->text;
	else if (l->nfields && l->field[0] == VMCS_F_LIST_INDEX)
		take_msr(p, m);
	else
		take_fields(p, l, m);
}

/*
 * The row that stands at this place: one of the present section before one of
 * another, as some lines look the same in two.
 */
static const struct vmcs_line *best_match(const struct parse *p, const char *at,
					  const char *end, enum vmcs_kind *kind,
					  struct vmcs_match *m,
					  struct vmcs_match *bad)
{
	const struct vmcs_line *best = NULL;

	for (unsigned int i = p->first[(unsigned char)*at]; i;
	     i = p->row[i - 1].next) {
		const struct vmcs_line *l = p->row[i - 1].line;
		struct vmcs_match try;
		bool better;

		switch (vmcs_match(l, at, end, &try)) {
		case VMCS_MATCH_TORN:
			*bad = try;
			continue;
		case VMCS_MATCH_NO:
			continue;
		case VMCS_MATCH_YES:
			break;
		}
		/* rows are chained backwards: the earlier of equals wins */
		better = !best || try.end > m->end ||
			 (try.end == m->end && (l->section == p->section ||
						best->section != p->section));
		if (!better)
			continue;
		best = l;
		*m = try;
		*kind = p->row[i - 1].kind;
	}
	return best;
}

static bool at_word_start(const char *line, const char *at)
{
	return at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
}

/*
 * What begins in line..stop.  Returns NULL, or where to go on in a later line
 * when a piece was wrapped.
 */
static const char *parse_line(struct parse *p, const char *line,
			      const char *stop, const char *end)
{
	const char *at = line;
	struct vmcs_match m, bad;
	const struct vmcs_line *l;
	enum vmcs_kind kind;

	while (at < stop) {
		if (!p->first[(unsigned char)*at] || !at_word_start(line, at)) {
			at++;
			continue;
		}
		*bad.why = '\0';
		l = best_match(p, at, end, &kind, &m, &bad);
		if (l) {
			take(p, kind, l, &m);
			at = m.end > at ? m.end : at + 1;
			continue;
		}
		if (*bad.why && p->summary.lines) {
			note(p, "%s; the line is left out", bad.why);
			return NULL;
		}
		at++;
	}
	return at > stop ? at : NULL;
}

/* ---- the whole text ---- */

static void parse_text(struct parse *p, const char *text, size_t len)
{
	const char *end = text + len;
	const char *eol, *stop, *wrapped = NULL;

	while (text < end) {
		if (!wrapped)
			p->line++;
		eol = memchr(text, '\n', (size_t)(end - text));
		stop = eol ? eol : end;
		if (stop - text > LINE_MAX_BYTES)
			stop = text + LINE_MAX_BYTES;
		wrapped = parse_line(p, text, stop, end);
		if (!wrapped) {
			text = eol ? eol + 1 : end;
			continue;
		}
		for (; text < wrapped; text++)
			p->line += *text == '\n';
		p->summary.last_line = p->line;
	}
	close_listing(p);
}

bool vmcs_import(struct vmcs_import *im, const char *text, size_t len,
		 unsigned int which, struct err *err)
{
	struct parse p = {.im = im, .which = which};
	bool ok = true;

	memset(im, 0, sizeof(*im));
	add_rows(&p, VMCS_VMX);
	add_rows(&p, VMCS_SVM);
	parse_text(&p, text, len);
	buf_deinit(&p.note);
	if (!im->count)
		ok = err_set(err, ERR_NOT_FOUND,
			     "there is no VMCS or VMCB listing in %u line%s; "
			     "KVM logs one at a failed entry only with "
			     "kvm_intel.dump_invalid_vmcs=1 or "
			     "kvm_amd.dump_invalid_vmcb=1",
			     p.line, p.line == 1 ? "" : "s");
	else if (!im->chosen)
		ok = err_set(err, ERR_RANGE,
			     "there is no listing %u: the text has %u", which,
			     im->count);
	if (!ok)
		vmcs_import_deinit(im);
	return ok;
}

void vmcs_import_deinit(struct vmcs_import *im)
{
	buf_deinit(&im->note);
}
