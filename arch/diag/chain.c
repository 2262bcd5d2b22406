#include "arch/diag/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/diag/deliver.h"
#include "arch/exit/names.h"

#define MAX_DELIVERIES 2048 /* a 64-KiB stack holds 1365 frames */

/* ---- which two make a double fault ---- */

enum fault_class {
	BENIGN,
	CONTRIBUTORY,
	PAGE_FAULT,
	DOUBLE,
};

static enum fault_class class_of(const struct x86_fault *f)
{
	if (f->kind != FAULT_EXCEPTION)
		return BENIGN;
	switch (f->vector) {
	case VECTOR_DE:
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
	case VECTOR_CP:
		return CONTRIBUTORY;
	case VECTOR_PF:
	case VECTOR_VE:
		return PAGE_FAULT;
	case VECTOR_DF:
		return DOUBLE;
	default:
		return BENIGN;
	}
}

static bool makes_double_fault(enum fault_class first, enum fault_class second)
{
	return (first == CONTRIBUTORY && second == CONTRIBUTORY) ||
	       (first == PAGE_FAULT &&
		(second == CONTRIBUTORY || second == PAGE_FAULT));
}

/* ---- following ---- */

/* What the simulation changes as it goes. */
struct follow {
	struct x86_state s;
	struct x86_view v;
	struct chain *c;
};

static bool same_event(const struct x86_fault *a, const struct x86_fault *b)
{
	return a->kind == b->kind && a->vector == b->vector &&
	       a->error == b->error && a->addr == b->addr;
}

/* A new hop, or NULL when there is no room. */
static struct chain_hop *add_hop(struct chain *c, const struct x86_fault *event,
				 const char *failed)
{
	struct chain_hop *hop = &c->hop[c->hops];

	if (c->hops == CHAIN_HOPS) {
		c->cut = true;
		return NULL;
	}
	c->hops++;
	*hop = (struct chain_hop){.event = *event, .times = 1};
	snprintf(hop->failed, sizeof(hop->failed), "%s", failed);
	return hop;
}

/* A handler that cannot be fetched is called for each failure to do so. */
static bool add_lost(struct chain *c, const struct x86_fault *event,
		     const char *failed)
{
	struct chain_hop *last = c->hops ? &c->hop[c->hops - 1] : NULL;

	if (last && last->lost && same_event(&last->event, event) &&
	    !strcmp(last->failed, failed)) {
		last->times++;
		return true;
	}
	last = add_hop(c, event, failed);
	if (!last)
		return false;
	last->lost = true;
	last->fix = "map the handler's code, or correct the gate's offset";
	return true;
}

static void set_double_fault(struct x86_fault *f, const struct x86_fault *first,
			     const struct x86_fault *second)
{
	const char *a = exception_name(first->vector);
	const char *b = exception_name(second->vector);

	fault_set_error(f, VECTOR_DF, 0, "%s came up while %s was delivered",
			b ? b : "a fault", a ? a : "another");
}

/*
 * Its delivery failed: what comes next?  False when that is the end, or there
 * is no room for more.
 */
static bool combine(struct chain *c, struct x86_fault *event,
		    const struct delivery *d)
{
	struct x86_fault first = *event;

	struct chain_hop *hop = add_hop(c, event, d->failed);

	if (!hop)
		return false;
	hop->fix = d->fix;
	if (class_of(event) == DOUBLE) {
		c->end = CHAIN_SHUTDOWN;
		c->last = d->fault;
		return false;
	}
	if (!makes_double_fault(class_of(event), class_of(&d->fault))) {
		*event = d->fault;
		return true;
	}
	set_double_fault(event, &first, &d->fault);
	return add_hop(c, &d->fault, "") != NULL;
}

/* The handler is next to run; does its first fetch fault? */
static bool handler_faults(struct follow *w, struct x86_fault *event)
{
	struct x86_fault f;
	char failed[80];

	if (!fault_fetch(&w->v, w->s.rip, 1, &f)) {
		w->c->end = CHAIN_REACHED;
		add_hop(w->c, event, "");
		return false;
	}
	snprintf(failed, sizeof(failed), "handler 0x%" PRIx64 " %s", w->s.rip,
		 !f.has_addr	    ? "not canonical"
		 : f.error & PFEC_P ? "not executable"
				    : "not mapped");
	if (!add_lost(w->c, event, failed))
		return false;
	*event = f;
	return true;
}

void chain_follow(const struct x86_view *v, const struct x86_fault *first,
		  struct chain *c)
{
	struct x86_fault event = *first;
	struct follow w = {.s = *v->s, .v = *v, .c = c};
	struct delivery d;

	w.v.s = &w.s;
	c->hops = 0;
	c->cut = false;
	c->end = CHAIN_ENDLESS;
	for (unsigned int i = 0; i < MAX_DELIVERIES; i++) {
		deliver(&w.v, &w.s, &event, &d);
		if (d.ok ? !handler_faults(&w, &event)
			 : !combine(c, &event, &d))
			return;
	}
}

/* ---- the first fault ---- */

/* An exception by number alone, as KVM's queue has it. */
static void set_queued(const struct chain_input *in, struct x86_fault *f)
{
	const struct x86_state *s = in->view->s;
	const struct x86_events *e = &s->event;

	fault_set(f, e->exception_nr, "KVM had it queued");
	if (f->vector == VECTOR_BP || f->vector == VECTOR_OF)
		f->kind = FAULT_SOFT; /* int3, into */
	if (e->exception_has_error ||
	    (e->exception_nr == VECTOR_PF && e->exception_error)) {
		f->has_error = true;
		f->error = e->exception_error;
	}
	if (e->exception_nr != VECTOR_PF)
		return;
	f->has_addr = e->exception_has_payload || !in->stale;
	f->addr = e->exception_has_payload ? e->exception_payload : s->cr2;
}

/*
 * What the instruction is good for may say why KVM raised that.  Of old
 * registers the error code must fit too, but for P, which some emulators of
 * processors leave out with RSVD.
 */
static bool by_both(const struct chain_input *in, struct x86_fault *f)
{
	const struct x86_events *e = &in->view->s->event;
	struct x86_fault p, q;

	if ((!e->exception_nr && !e->exception_error) ||
	    !fault_predict(in->view, in->insn, &p))
		return false;
	set_queued(in, &q);
	if (p.vector != q.vector || p.kind != FAULT_EXCEPTION ||
	    (q.has_addr && p.addr != q.addr) ||
	    (in->stale && ((p.error ^ q.error) & ~(uint32_t)PFEC_P)))
		return false;
	*f = p;
	f->guess = false;
	return true;
}

static bool by_event(const struct chain_input *in, struct x86_fault *f)
{
	const struct x86_events *e = &in->view->s->event;

	if (e->exception_injected || e->exception_pending) {
		set_queued(in, f);
		return true;
	}
	if (!e->interrupt_injected)
		return false;
	fault_set(f, e->interrupt_nr, "KVM was delivering it");
	f->kind = e->interrupt_soft ? FAULT_SOFT : FAULT_INTERRUPT;
	return true;
}

static bool predicted(const struct chain_input *in, bool guess,
		      struct x86_fault *f)
{
	struct x86_fault p;

	if (!fault_predict(in->view, in->insn, &p) || p.guess != guess)
		return false;
	*f = p;
	return true;
}

static bool by_insn(const struct chain_input *in, struct x86_fault *f)
{
	return !in->stale && predicted(in, false, f);
}

static bool by_old_insn(const struct chain_input *in, struct x86_fault *f)
{
	return in->stale && predicted(in, false, f);
}

static bool by_guess(const struct chain_input *in, struct x86_fault *f)
{
	return predicted(in, true, f);
}

/* Left over in the queue: the first fault of those that KVM raised itself. */
static bool by_kvm(const struct chain_input *in, struct x86_fault *f)
{
	const struct x86_events *e = &in->view->s->event;

	if (!e->exception_nr && !e->exception_error)
		return false;
	set_queued(in, f);
	return true;
}

static bool by_cr2(const struct chain_input *in, struct x86_fault *f)
{
	gva_t addr = in->view->s->cr2;
	struct x86_fault p;

	if (in->stale || !addr || !fault_at(in->view, addr, 1, 0, &p) ||
	    !p.has_addr)
		return false;
	*f = p;
	f->guess = true; /* read, write or fetch: not known */
	return true;
}

static bool by_in_service(const struct chain_input *in, struct x86_fault *f)
{
	if (in->in_service < 0)
		return false;
	fault_set(f, (uint8_t)in->in_service,
		  "the local APIC has it in service");
	f->kind = FAULT_INTERRUPT;
	return true;
}

static const struct {
	enum chain_source source;
	bool (*find)(const struct chain_input *in, struct x86_fault *f);
	const char *text;
} candidates[] = {
	{CHAIN_BY_BOTH, by_both,
	 "KVM raised it, and the instruction at rip explains it"},
	{CHAIN_BY_EVENT, by_event, "KVM was delivering it"},
	{CHAIN_BY_INSN, by_insn, "the instruction at rip raises it"},
	{CHAIN_BY_KVM, by_kvm, "the last exception that KVM itself raised"},
	{CHAIN_BY_INSN, by_old_insn, "the instruction at rip raises it"},
	{CHAIN_BY_IN_SERVICE, by_in_service,
	 "the local APIC has this interrupt in service"},
	{CHAIN_BY_CR2, by_cr2, "CR2 holds an address that faults"},
	{CHAIN_BY_GUESS, by_guess, "the instruction at rip may raise it"},
};

const char *chain_source_text(enum chain_source source)
{
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
		if (candidates[i].source == source)
			return candidates[i].text;
	return "not known";
}

bool chain_find(const struct chain_input *in, struct chain *c)
{
	struct chain attempt;
	struct x86_fault f;
	bool any = false;

	memset(c, 0, sizeof(*c));
	c->source = CHAIN_BY_NOTHING;
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (!candidates[i].find(in, &f))
			continue;
		attempt.source = candidates[i].source;
		chain_follow(in->view, &f, &attempt);
		if (!any || attempt.end == CHAIN_SHUTDOWN)
			*c = attempt;
		any = true;
		if (attempt.end == CHAIN_SHUTDOWN)
			return true;
	}
	return false;
}

/* ---- text ---- */

void chain_print(struct buf *out, const struct chain *c)
{
	for (unsigned int i = 0; i < c->hops; i++) {
		const struct chain_hop *hop = &c->hop[i];

		if (i)
			buf_str(out, " -> ");
		fault_print(out, &hop->event);
		if (hop->failed[0])
			buf_printf(out, " -> %s", hop->failed);
		if (hop->times > 1)
			buf_printf(out, " (%u times)", hop->times);
	}
	if (c->cut)
		buf_str(out, " -> ...");
	if (c->end == CHAIN_SHUTDOWN)
		buf_str(out, " -> shutdown");
	else if (c->end == CHAIN_REACHED)
		buf_str(out, " -> its handler");
}

/* Who wanted what, unless the sentence that follows says it. */
static void put_access(struct buf *out, const struct x86_fault *f)
{
	if (f->vector == VECTOR_PF && f->has_error && !f->guess &&
	    !(f->error & PFEC_P))
		buf_printf(out, "%s %s, ",
			   f->error & PFEC_U ? "user" : "supervisor",
			   f->fetch || f->error & PFEC_F ? "fetch"
			   : f->error & PFEC_W		 ? "write"
							 : "read");
}

void chain_print_checks(struct buf *out, const struct chain *c)
{
	for (unsigned int i = 0; i < c->hops; i++) {
		buf_str(out, "  ");
		fault_print(out, &c->hop[i].event);
		buf_str(out, ": ");
		put_access(out, &c->hop[i].event);
		buf_printf(out, "%s\n", c->hop[i].event.why);
	}
	if (c->end == CHAIN_SHUTDOWN)
		buf_printf(out, "  shutdown: %s\n", c->last.why);
}
