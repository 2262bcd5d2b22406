/* Triple faults. */
#include <inttypes.h>
#include <string.h>

#include "arch/diag/chain.h"
#include "arch/diag/story_impl.h"
#include "arch/exit/names.h"

static void put_ms(struct buf *out, uint64_t ns)
{
	buf_printf(out, "%" PRIu64 ".%03" PRIu64 " ms", ns / 1000000,
		   ns / 1000 % 1000);
}

/* "by the registers of 1.234 ms before" */
static void put_age(const struct story_in *in, struct buf *out)
{
	if (!in->stale)
		return;
	buf_str(out, "; KVM has wiped the registers, this goes by those of ");
	put_ms(out, in->age_ns);
	buf_str(out, " before");
}

static void put_where(const struct story_in *in, const struct chain *c,
		      struct buf *out)
{
	if (c->source == CHAIN_BY_BOTH || c->source == CHAIN_BY_INSN ||
	    c->source == CHAIN_BY_GUESS || !in->stale)
		story_at_rip(in, out);
}

static void advise(const struct story_in *in, const struct chain *c,
		   struct story_out *out)
{
	const struct x86_fault *first = &c->hop[0].event;
	const struct x86_state *s = in->view->s;

	if (first->fix)
		story_fix(out, "%s", first->fix);
	for (unsigned int i = 0; i < c->hops; i++)
		if (c->hop[i].fix)
			story_fix(out, "%s", c->hop[i].fix);
	if (c->last.fix)
		story_fix(out, "%s", c->last.fix);
	if (first->kind == FAULT_SOFT && s->idt.limit < 7)
		story_fix(out, "if this was meant to reboot the machine (an "
			       "empty IDT, then an interrupt: Linux' "
			       "reboot=triple), `set triple-fault reset` "
			       "makes it one");
}

/* A page fault's address has been named already. */
static const char *without_address(const char *why)
{
	const char *rest = strncmp(why, "linear 0x", 9) ? NULL
							: strstr(why, ": ");

	return rest ? rest + 2 : why;
}

/* The tables entry by entry, for the access that began it all. */
static void put_walk(const struct story_in *in, const struct x86_fault *f,
		     struct story_out *out)
{
	uint32_t access = ACCESS_READ;

	if (f->vector != VECTOR_PF || !f->has_addr)
		return;
	if (!f->guess)
		access = f->error & (PFEC_W | PFEC_U);
	if (f->fetch || (f->error & PFEC_F))
		access |= ACCESS_FETCH;
	story_walk(in, f->addr, access, &out->more);
}

static void tell_found(const struct story_in *in, const struct chain *c,
		       struct story_out *out)
{
	const struct chain_hop *first = &c->hop[0];
	struct story_msr msr;

	buf_str(&out->verdict, "triple fault: ");
	fault_print(&out->verdict, &first->event);
	put_where(in, c, &out->verdict);
	buf_printf(&out->verdict, ": %s; then %s",
		   without_address(first->event.why), first->failed);
	put_age(in, &out->verdict);
	buf_str(&out->body, "chain: ");
	chain_print(&out->body, c);
	buf_byte(&out->body, '\n');
	chain_print_checks(&out->body, c);
	if (first->event.vector == VECTOR_GP && story_msr_find(in, &msr))
		story_msr_judge(in, &msr, &out->body);
	if ((c->source != CHAIN_BY_INSN && c->source != CHAIN_BY_BOTH) ||
	    in->stale)
		buf_printf(&out->body, "  the first of them: %s\n",
			   chain_source_text(c->source));
	put_walk(in, &first->event, out);
	advise(in, c, out);
}

/*
 * No first fault is known.  Is there one at all that could be handled?  With a
 * broken IDT or stack the answer is no, whatever came.
 */
static bool nothing_can_be_handled(const struct story_in *in, struct chain *c)
{
	struct x86_fault f;

	fault_set_error(&f, VECTOR_GP, 0,
			"taken as an example: any exception "
			"would go this way");
	c->source = CHAIN_BY_NOTHING;
	chain_follow(in->view, &f, c);
	return c->end == CHAIN_SHUTDOWN;
}

static void tell_any(const struct story_in *in, const struct chain *c,
		     struct story_out *out)
{
	buf_str(&out->verdict, "triple fault");
	if (!in->stale)
		story_at_rip(in, &out->verdict);
	buf_printf(&out->verdict,
		   ": no exception can be handled, whichever it was: %s",
		   c->hop[0].failed);
	put_age(in, &out->verdict);
	buf_str(&out->body, "chain: ");
	chain_print(&out->body, c);
	buf_byte(&out->body, '\n');
	chain_print_checks(&out->body, c);
	advise(in, c, out);
}

static void tell_unknown(const struct story_in *in, const struct chain *c,
			 struct story_out *out)
{
	buf_str(&out->verdict, "triple fault");
	if (in->stale) {
		buf_str(&out->verdict, ": its cause is lost");
		put_age(in, &out->verdict);
		story_fix(out, "set breakpoints on the handlers of #PF, #GP "
			       "and #DF, or `catch exception 14`, and run "
			       "again: they stop before the registers are "
			       "lost");
	} else {
		story_at_rip(in, &out->verdict);
		buf_str(&out->verdict, ": the registers do not explain it");
	}
	if (c->hops) {
		buf_str(&out->body, "tried: ");
		chain_print(&out->body, c);
		buf_byte(&out->body, '\n');
	}
}

/* What is left in KVM's queue where it has wiped everything else. */
static void put_survivor(const struct story_in *in, const struct chain *c,
			 struct story_out *out)
{
	const struct x86_events *e = &in->view->s->event;
	const char *name = exception_name(e->exception_nr);

	if (in->stale && name && c->source != CHAIN_BY_BOTH &&
	    c->source != CHAIN_BY_KVM &&
	    (e->exception_nr || e->exception_error))
		buf_printf(&out->body,
			   "  left in KVM's queue: %s, the last exception "
			   "that KVM itself raised\n",
			   name);
}

void story_shutdown(const struct story_in *in, struct story_out *out)
{
	struct chain_input ci = {in->view, in->insn, in->in_service, in->stale};
	struct chain c;

	if (!in->view)
		return;
	if (chain_find(&ci, &c)) {
		tell_found(in, &c, out);
	} else {
		struct chain any;

		if (nothing_can_be_handled(in, &any))
			tell_any(in, &any, out);
		else
			tell_unknown(in, &c, out);
	}
	put_survivor(in, &c, out);
}
