#include "arch/diag/stuck.h"

#include <inttypes.h>

/* How many processors a sentence names one by one. */
#define NAMED_MAX 8u

/* Does anything short of NMI, SMI and INIT reach it? */
static bool is_deaf(const struct stuck_vcpu *v)
{
	return !v->irqs_on || !v->has_irqchip;
}

static enum stuck_state loop_state(const struct stuck_vcpu *v)
{
	switch (v->loop.kind) {
	case LOOP_ENDLESS:
		/* HLT; JMP: it halts, or is just about to */
		if (v->loop.halts)
			return is_deaf(v) ? STUCK_HALTED_DEAF : STUCK_HALTED;
		return STUCK_ENDLESS;
	case LOOP_MEMORY:
	case LOOP_LOCK:
		return STUCK_WAITS;
	case LOOP_DEVICE:
		return STUCK_POLLS;
	case LOOP_TIME:
	case LOOP_COUNT:
		return STUCK_DELAYS;
	default:
		return STUCK_RUNS;
	}
}

enum stuck_state stuck_state(const struct stuck_vcpu *v)
{
	switch (v->run_state) {
	case X86_WAIT_INIT:
		return STUCK_NOT_STARTED;
	case X86_WAIT_SIPI:
		return STUCK_WAITS_SIPI;
	case X86_HALTED:
		return is_deaf(v) ? STUCK_HALTED_DEAF : STUCK_HALTED;
	default:
		break;
	}
	if (v->left_at_hlt)
		return is_deaf(v) ? STUCK_HALTED_DEAF : STUCK_HALTED;
	return loop_state(v);
}

/* ---- one processor ---- */

/* What can still reach a processor that takes no interrupts. */
static const char *way_out(const struct stuck_vcpu *v)
{
	if (!v->has_irqchip)
		return "nothing";
	if (v->smm)
		return "only INIT";
	return v->nmi_masked ? "only SMI or INIT (NMIs are masked too)"
			     : "only NMI or SMI";
}

static void put_deaf(struct buf *out, const struct stuck_vcpu *v)
{
	if (!v->has_irqchip)
		buf_printf(out, "halted, and the machine has no interrupt "
				"controller: nothing can wake it");
	else
		buf_printf(out, "halted with IF=0: %s can wake it", way_out(v));
}

/* What speaks for it: how little else has happened. */
static void put_evidence(struct buf *out, const struct stuck_vcpu *v)
{
	if (!v->has_exits || !v->has_run_time || !v->run_ns)
		return;
	buf_printf(out, "; %" PRIu64 " exit%s in %" PRIu64 ".%03" PRIu64 " s",
		   v->exits, v->exits == 1 ? "" : "s",
		   v->run_ns / UINT64_C(1000000000),
		   v->run_ns / 1000000 % 1000);
}

static void put_spin(struct buf *out, const struct stuck_vcpu *v,
		     const struct show_names *names)
{
	buf_str(out, stuck_state(v) == STUCK_DELAYS ? "passing time: "
						    : "spinning: ");
	loop_print(out, &v->loop, names);
	if (v->irqs_on)
		buf_str(out, "; IF=1");
	else if (v->loop.kind == LOOP_ENDLESS)
		buf_printf(out, "; IF=0: %s gets it out", way_out(v));
	else
		buf_str(out, "; IF=0: no interrupt disturbs it");
	put_evidence(out, v);
}

void stuck_print(struct buf *out, const struct stuck_vcpu *v,
		 const struct show_names *names)
{
	switch (stuck_state(v)) {
	case STUCK_NOT_STARTED:
		buf_str(out, "waits for INIT and SIPI: nobody has started it");
		return;
	case STUCK_WAITS_SIPI:
		buf_str(out, "has had INIT, waits for SIPI: nobody has started "
			     "it yet");
		return;
	case STUCK_HALTED:
		buf_str(out, "in HLT, waiting for an interrupt");
		return;
	case STUCK_HALTED_DEAF:
		put_deaf(out, v);
		return;
	case STUCK_RUNS:
		buf_str(out, "runs");
		if (v->loop.kind == LOOP_NONE)
			return;
		buf_str(out, ": ");
		loop_print(out, &v->loop, names);
		return;
	default:
		put_spin(out, v, names);
	}
}

/* ---- all of them ---- */

/* Is it one that will never do anything by itself again? */
static bool is_dead(const struct stuck_vcpu *v)
{
	switch (stuck_state(v)) {
	case STUCK_NOT_STARTED:
	case STUCK_WAITS_SIPI:
	case STUCK_HALTED_DEAF:
		return true;
	case STUCK_ENDLESS:
		return is_deaf(v);
	default:
		return false;
	}
}

static bool is_started(const struct stuck_vcpu *v)
{
	return stuck_state(v) != STUCK_NOT_STARTED &&
	       stuck_state(v) != STUCK_WAITS_SIPI;
}

static const char *short_state(const struct stuck_vcpu *v)
{
	switch (stuck_state(v)) {
	case STUCK_NOT_STARTED:
	case STUCK_WAITS_SIPI:
		return "is not started";
	case STUCK_HALTED:
		return "is halted";
	case STUCK_HALTED_DEAF:
		return "is halted with IF=0";
	case STUCK_ENDLESS:
		return v->irqs_on ? "is in an endless loop"
				  : "is in an endless loop with IF=0";
	case STUCK_WAITS:
		return "waits too";
	default:
		return "runs";
	}
}

static void put_others(struct buf *out, const struct stuck_vcpu *v,
		       unsigned int n, unsigned int except)
{
	unsigned int named = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (i == except)
			continue;
		if (named == NAMED_MAX) {
			buf_printf(out, ", and so on");
			return;
		}
		buf_printf(out, "%svCPU %u %s", named ? ", " : "", v[i].number,
			   short_state(&v[i]));
		named++;
	}
}

/* How many are for which `is` holds; *first = the first such one. */
static unsigned int count(const struct stuck_vcpu *v, unsigned int n,
			  bool (*is)(const struct stuck_vcpu *v),
			  unsigned int *first)
{
	unsigned int many = 0;

	for (unsigned int i = n; i-- > 0;) {
		if (!is(&v[i]))
			continue;
		*first = i;
		many++;
	}
	return many;
}

static bool waits(const struct stuck_vcpu *v)
{
	return stuck_state(v) == STUCK_WAITS;
}

/* With interrupts off a handler cannot end its wait either. */
static bool waits_deaf(const struct stuck_vcpu *v)
{
	return waits(v) && is_deaf(v);
}

static bool delays(const struct stuck_vcpu *v)
{
	return stuck_state(v) == STUCK_DELAYS;
}

static bool is_stopped(const struct stuck_vcpu *v)
{
	return stuck_state(v) == STUCK_HALTED_DEAF;
}

static bool is_idle(const struct stuck_vcpu *v)
{
	return stuck_state(v) == STUCK_HALTED;
}

/* One waits, and nobody is left who could end it. */
static void put_waiting(struct buf *out, const struct stuck_vcpu *v,
			unsigned int n, unsigned int who)
{
	const struct stuck_vcpu *w = &v[who];

	buf_printf(out, "vCPU %u waits for a change of memory", w->number);
	if (w->loop.has_at)
		buf_printf(out, " at 0x%" PRIx64, w->loop.at);
	buf_str(out, ", and no processor is left to make it");
	if (n > 1) {
		buf_str(out, ": ");
		put_others(out, v, n, who);
	}
	buf_printf(out, "; only %s could\n",
		   is_deaf(w) ? "a device that writes memory"
			      : "an interrupt handler or a device");
}

/*
 * One passes the time.  With interrupts on, as Linux does it at the end of
 * panic(), that means something when another one was stopped for good.
 */
static bool put_panic(struct buf *out, const struct stuck_vcpu *v,
		      unsigned int n)
{
	unsigned int who = 0, first = 0;

	count(v, n, delays, &who);
	if (!is_deaf(&v[who]) && !count(v, n, is_stopped, &first))
		return false;
	buf_printf(out, "vCPU %u passes the time%s, ", v[who].number,
		   is_deaf(&v[who]) ? " with interrupts off" : "");
	put_others(out, v, n, who);
	buf_str(out, ": a kernel that has panicked looks like this\n");
	return true;
}

bool stuck_verdict(struct buf *out, const struct stuck_vcpu *v, unsigned int n)
{
	unsigned int dead, started, waiting, idle, delaying, who = 0, first = 0;

	dead = count(v, n, is_dead, &first);
	started = count(v, n, is_started, &first);
	idle = count(v, n, is_idle, &first);
	delaying = count(v, n, delays, &first);
	waiting = count(v, n, waits, &who);
	if (dead == n) {
		buf_printf(out,
			   "%s is halted or loops for ever with interrupts "
			   "off: by itself this guest does nothing more\n",
			   started > 1 ? "every processor that was started"
				       : "the only processor that was started");
		return true;
	}
	if (waiting && (dead + waiting == n) &&
	    (waiting == 1 || waiting == count(v, n, waits_deaf, &who))) {
		put_waiting(out, v, n, who);
		return true;
	}
	if (delaying == 1 && n > 1 && dead + idle + 1 == n &&
	    put_panic(out, v, n))
		return true;
	if (idle && dead + idle == n) {
		buf_printf(out,
			   "%s for an interrupt; `irq why` shows which "
			   "are pending\n",
			   idle > 1 ? "all wait" : "the machine waits");
		return true;
	}
	return false;
}
