#include "stub/stuck.h"

#include <stdlib.h>
#include <string.h>

#include "arch/exit/text.h"
#include "stub/linux/kernel.h"
#include "stub/target.h"

static void put_symbol(void *ctx, struct buf *out, gva_t addr)
{
	target_print_symbol(ctx, addr, out);
}

struct show_names target_names(struct target *t)
{
	return (struct show_names){put_symbol, t};
}

bool target_last_exit(struct target *t, unsigned int vcpu,
		      struct exit_record *record)
{
	size_t n = target_records(t, vcpu, NULL);

	return n && target_record(t, vcpu, n - 1, record);
}

bool target_find_stat(struct target *t, unsigned int vcpu, const char *name,
		      struct target_stat *stat)
{
	for (unsigned int i = 0; target_stat(t, vcpu, i, stat); i++)
		if (!strcmp(stat->name, name))
			return true;
	return false;
}

static void take_counters(struct target *t, struct stuck_vcpu *v)
{
	struct target_stat s;

	v->has_exits = target_find_stat(t, v->number, "exits", &s) ||
		       target_find_stat(t, v->number, "user_exits", &s);
	if (v->has_exits)
		v->exits = s.since;
	v->has_run_time = target_find_stat(t, TARGET_VM, "run_time_ns", &s);
	if (v->has_run_time)
		v->run_ns = s.since;
}

bool stuck_gather(struct target *t, unsigned int vcpu, struct stuck_vcpu *v,
		  struct err *err)
{
	const struct x86_state *s;
	struct exit_record record;
	struct x86_view view;

	s = target_state(t, vcpu,
			 X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_EVENT, err);
	if (!s || !target_view(t, vcpu, &view, err))
		return false;
	*v = (struct stuck_vcpu){.number = vcpu,
				 .run_state = s->run_state,
				 .irqs_on = s->rflags & X86_FL_IF,
				 .nmi_masked = s->event.nmi_masked,
				 .smm = s->event.smm};
	/*
	 * HLT comes to user space only where KVM has no local APIC; asleep with
	 * somebody else's, it is halted.
	 */
	v->left_at_hlt = s->run_state == X86_RUNNABLE &&
			 target_last_exit(t, vcpu, &record) &&
			 record.reason == EXIT_HLT && !record.run_errno &&
			 record.rip == s->rip;
	v->has_irqchip = !v->left_at_hlt;
	if (s->run_state == X86_RUNNABLE && !v->left_at_hlt)
		loop_find(&view, &v->loop);
	take_counters(t, v);
	return true;
}

/* All vCPUs; how many there are, 0 on failure.  The caller frees *v. */
static unsigned int gather_all(struct target *t, struct stuck_vcpu **v)
{
	unsigned int n = 0;
	struct err ignored;

	*v = calloc(t->nvcpus, sizeof(**v));
	while (*v && n < t->nvcpus && stuck_gather(t, n, &(*v)[n], &ignored))
		n++;
	return n == t->nvcpus ? n : 0;
}

/* An interrupt may wake somebody: that is how every kernel idles. */
static bool may_idle(const struct stuck_vcpu *v, unsigned int n)
{
	bool halted = false;

	for (unsigned int i = 0; i < n; i++) {
		enum stuck_state state = stuck_state(&v[i]);

		if (state == STUCK_DELAYS)
			return false; /* as after a panic */
		halted |= state == STUCK_HALTED;
	}
	return halted;
}

/* One that is not for an interrupt to move: what a hang or a panic leaves. */
static bool is_suspect(const struct stuck_vcpu *v)
{
	const enum stuck_state state = stuck_state(v);

	return state == STUCK_DELAYS || state == STUCK_HALTED_DEAF ||
	       state == STUCK_ENDLESS;
}

void stuck_machine(struct target *t, const struct stuck_vcpu *v,
		   struct buf *out)
{
	const unsigned int n = t->nvcpus;
	const bool hangs = stuck_verdict(out, v, n) && !may_idle(v, n);
	bool suspect = hangs;

	for (unsigned int i = 0; i < n; i++)
		suspect |= is_suspect(&v[i]);
	if (suspect)
		linux_last_words(t, t->last.vcpu, !hangs, out);
}

void stuck_story(struct target *t, struct buf *out)
{
	struct show_names names = target_names(t);
	struct stuck_vcpu *v;
	unsigned int n = gather_all(t, &v);

	for (unsigned int i = 0; i < n; i++) {
		if (stuck_state(&v[i]) == STUCK_RUNS)
			continue;
		buf_printf(out, "vCPU %u: ", i);
		stuck_print(out, &v[i], &names);
		buf_byte(out, '\n');
	}
	if (n)
		stuck_machine(t, v, out);
	free(v);
}

void stuck_line(struct target *t, struct buf *out)
{
	struct stuck_vcpu *v;
	unsigned int n = gather_all(t, &v);

	if (n && !may_idle(v, n))
		stuck_verdict(out, v, n);
	free(v);
}
