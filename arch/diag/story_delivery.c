/* INTERNAL_ERROR 2, 3 and 4: events, and exits KVM does not know. */
#include <inttypes.h>

#include "arch/desc/desc.h"
#include "arch/diag/story_impl.h"

/* What an event's delivery reads and writes, in its order. */
struct touched {
	const char *what;
	gva_t addr;
	uint32_t access;
};

static unsigned int touched_by(const struct x86_view *v, unsigned int vector,
			       struct touched to[4])
{
	const struct x86_state *s = v->s;
	unsigned int n = 0;
	struct desc gate;
	uint32_t left;
	struct err err;
	gva_t addr;

	if (!idt_locate(s, vector, &addr, &err))
		return 0;
	to[n++] = (struct touched){"the IDT entry", addr, 0};
	if (!idt_fetch(v, vector, &gate, &err))
		return n;
	if (gate.kind != DESC_VECTOR &&
	    desc_locate(s, gate.sel, &addr, &left, &err))
		to[n++] = (struct touched){"the code segment's descriptor",
					   addr, 0};
	if (gate.ist || x86_cpl(s))
		to[n++] = (struct touched){"the TSS", s->seg[X86_TR].base, 0};
	else
		to[n++] = (struct touched){
			"the stack",
			s->gpr[X86_RSP] - 8 +
				(x86_mode(s) == X86_MODE_LONG64
					 ? 0
					 : s->seg[X86_SS].base),
			ACCESS_WRITE};
	return n;
}

/* One of them that lies outside RAM or is not mapped: a line on each. */
static bool blame(const struct story_in *in, unsigned int vector,
		  struct story_out *out, struct buf *culprit)
{
	struct touched t[4];
	unsigned int n = touched_by(in->view, vector, t);
	struct walk w;

	for (unsigned int i = 0; i < n; i++) {
		buf_printf(&out->body, "  %s at 0x%" PRIx64 ": ", t[i].what,
			   t[i].addr);
		if (!paging_walk(&in->view->paging, &in->view->mem, t[i].addr,
				 t[i].access, &w)) {
			char text[256];

			walk_explain(&w, text, sizeof(text));
			buf_printf(&out->body, "%s\n", text);
			continue;
		}
		buf_printf(&out->body, "physical 0x%" PRIx64 ", ", w.gpa);
		if (!story_place(in, w.gpa, &out->body) && !culprit->len)
			buf_printf(culprit,
				   "%s at 0x%" PRIx64 " lies at physical "
				   "0x%" PRIx64 ", where no RAM is",
				   t[i].what, t[i].addr, w.gpa);
		buf_byte(&out->body, '\n');
	}
	return culprit->len != 0;
}

static void tell_delivery(const struct story_in *in, struct story_out *out)
{
	struct buf culprit = BUF_INIT;
	uint32_t info;

	if (in->view && exit_vectoring(in->exit, &info) &&
	    blame(in, info & 0xff, out, &culprit)) {
		exit_verdict(&out->verdict, in->exit);
		buf_printf(&out->verdict, ": %s", buf_cstr(&culprit));
		story_fix(out, "put the IDT, GDT, TSS and stacks into RAM");
	} else {
		story_fix(out, "the event's delivery touched memory that KVM "
			       "does not back, or the host's kernel is at "
			       "fault: look at the guest-physical address "
			       "below, and at `idt`, `gdt` and `tss`");
	}
	buf_deinit(&culprit);
}

void story_delivery(const struct story_in *in, struct story_out *out)
{
	switch (in->exit->suberror) {
	case SUBERROR_DELIVERY_EV:
		tell_delivery(in, out);
		break;
	case SUBERROR_SIMUL_EX:
		story_fix(out, "an exception hit KVM while it was injecting "
			       "another one: seen without EPT, or with a bug "
			       "in the host's kernel");
		break;
	case SUBERROR_UNEXPECTED_EXIT:
		story_fix(out, "the guest cannot cause this: the host's "
			       "kernel lacks a handler its CPU needs; try a "
			       "newer one");
		break;
	default:
		break;
	}
}
