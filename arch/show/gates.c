/* The IDT, each gate followed to its handler. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/desc/gate_check.h"
#include "arch/exit/names.h"
#include "arch/show/tables.h"

static void put_range(struct buf *out, unsigned int first, unsigned int last)
{
	const char *name = first == last ? exception_name(first) : NULL;
	char text[24];

	if (first == last)
		snprintf(text, sizeof(text), "[%u]", first);
	else
		snprintf(text, sizeof(text), "[%u-%u]", first, last);
	buf_printf(out, "%-9s %-4s ", text, name ? name : "");
}

/* Kind, target and rights of a gate. */
static void put_gate(struct buf *out, const struct desc *g,
		     const struct gate_report *r,
		     const struct show_names *names)
{
	buf_str(out, desc_name(g));
	if (g->kind == DESC_EMPTY)
		return;
	if (g->kind == DESC_RESERVED) {
		buf_printf(out, " 0x%x (%016" PRIx64, g->type, g->raw[0]);
		if (g->bytes == 16)
			buf_printf(out, " %016" PRIx64, g->raw[1]);
		buf_byte(out, ')');
		return;
	}
	if (g->kind == DESC_TASK_GATE)
		buf_printf(out, "  %04x", g->sel);
	else
		buf_printf(out, "  %04x:%" PRIx64, g->sel, g->offset);
	if (r->has_handler)
		show_name(out, names, r->handler);
	if (g->kind == DESC_VECTOR)
		return;
	buf_printf(out, "  DPL %u", g->dpl);
	if (g->ist)
		buf_printf(out, "  IST %u", g->ist);
	if (!g->present)
		buf_str(out, "  not present");
}

/* The last vector from `at` on with the same bytes in its gate. */
static unsigned int run_end(const struct x86_view *v, unsigned int at,
			    const struct desc *g)
{
	struct desc next;
	struct err err;

	while (at + 1 < IDT_VECTORS && idt_fetch(v, at + 1, &next, &err) &&
	       !memcmp(next.raw, g->raw, sizeof(g->raw)))
		at++;
	return at;
}

static unsigned int hole_end(const struct x86_view *v, unsigned int at,
			     enum err_code code)
{
	struct desc next;
	struct err err;

	while (at + 1 < IDT_VECTORS && !idt_fetch(v, at + 1, &next, &err) &&
	       err.code == code)
		at++;
	return at;
}

/* One line; returns the last vector that it covers. */
static unsigned int put_line(struct buf *out, const struct x86_view *v,
			     unsigned int at, const struct show_names *names,
			     unsigned int *bad)
{
	struct gate_report r;
	unsigned int last;
	struct desc g;
	struct err err;

	if (!idt_fetch(v, at, &g, &err)) {
		last = hole_end(v, at, err.code);
		put_range(out, at, last);
		buf_printf(out, "%s\n",
			   err.code == ERR_RANGE ? "beyond the limit: gives #GP"
						 : err.msg);
		return last;
	}
	last = run_end(v, at, &g);
	put_range(out, at, last);
	if (!gate_check(v, at, &g, &r) && g.kind != DESC_EMPTY) {
		put_gate(out, &g, &r, names);
		buf_printf(out, "\n%14s BAD: %s\n", "", gate_problem(&r)->text);
		*bad += last - at + 1;
		return last;
	}
	put_gate(out, &g, &r, names);
	buf_byte(out, '\n');
	return last;
}

static void put_head(struct buf *out, const struct x86_state *s)
{
	unsigned int size = idt_entry_size(s);

	buf_printf(out, "IDT at 0x%" PRIx64 ", limit 0x%x: %u %s of %u bytes\n",
		   s->idt.base, s->idt.limit,
		   (unsigned int)min_u64(((uint64_t)s->idt.limit + 1) / size,
					 IDT_VECTORS),
		   size == 4 ? "vectors" : "gates", size);
}

void show_idt(struct buf *out, const struct x86_view *v,
	      const struct show_names *names)
{
	unsigned int bad = 0;

	put_head(out, v->s);
	for (unsigned int at = 0; at < IDT_VECTORS; at++)
		at = put_line(out, v, at, names, &bad);
	if (bad)
		buf_printf(out,
			   "%u that are not empty lead nowhere; `idt VECTOR` "
			   "shows every step\n",
			   bad);
}

void show_gate(struct buf *out, const struct x86_view *v, unsigned int vector,
	       const struct show_names *names)
{
	struct gate_report r;
	struct desc g;
	struct err err;
	gva_t addr;

	put_range(out, vector, vector);
	if (!idt_locate(v->s, vector, &addr, &err) ||
	    !idt_fetch(v, vector, &g, &err)) {
		buf_printf(out, "\n  BAD  %s%s\n", err.msg,
			   err.code == ERR_RANGE ? ": gives #GP" : "");
		return;
	}
	gate_check(v, vector, &g, &r);
	put_gate(out, &g, &r, names);
	buf_printf(out, "\n  at 0x%" PRIx64 ": %0*" PRIx64, addr,
		   g.bytes == 4 ? 8 : 16, g.raw[0]);
	if (g.bytes == 16)
		buf_printf(out, " %016" PRIx64, g.raw[1]);
	buf_byte(out, '\n');
	for (unsigned int i = 0; i < r.n; i++)
		buf_printf(out, "  %s  %s\n", r.step[i].bad ? "BAD" : "ok ",
			   r.step[i].text);
	if (g.kind != DESC_VECTOR && g.kind != DESC_EMPTY)
		buf_printf(out, "  INT %u is allowed at CPL %s\n", vector,
			   g.dpl == 3	? "0 to 3"
			   : g.dpl == 0 ? "0 only"
			   : g.dpl == 1 ? "0 and 1"
					: "0 to 2");
}
