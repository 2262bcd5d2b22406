/* where: each processor in a line, what it waits for, and who waits for whom */
#include <stdlib.h>
#include <string.h>

#include "arch/decode.h"
#include "arch/diag/stuck.h"
#include "arch/exit/text.h"
#include "stub/inspect.h"
#include "stub/mon/state.h"

static bool is_at_end(const struct target *t, unsigned int vcpu)
{
	return t->dead && t->last.vcpu == vcpu;
}

static const char *run_word(const struct target *t, const struct stuck_vcpu *v)
{
	if (is_at_end(t, v->number))
		return "stopped";
	switch (stuck_state(v)) {
	case STUCK_NOT_STARTED:
		return "not started";
	case STUCK_WAITS_SIPI:
		return "wait-for-SIPI";
	case STUCK_HALTED:
	case STUCK_HALTED_DEAF:
		return "halted";
	default:
		return "running";
	}
}

/* ---- gathering ---- */

/* The last exit that the flight recorder holds. */
static bool last_exit(struct target *t, unsigned int vcpu,
		      struct exit_record *record)
{
	size_t n = target_records(t, vcpu, NULL);

	return n && target_record(t, vcpu, n - 1, record);
}

static void take_counters(struct target *t, struct stuck_vcpu *v)
{
	struct target_stat s;

	v->has_exits = mon_stat(t, v->number, "exits", &s) ||
		       mon_stat(t, v->number, "user_exits", &s);
	if (v->has_exits)
		v->exits = s.since;
	v->has_run_time = mon_stat(t, TARGET_VM, "run_time_ns", &s);
	if (v->has_run_time)
		v->run_ns = s.since;
}

static bool gather(struct target *t, unsigned int vcpu, struct stuck_vcpu *v,
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
	/* HLT comes to user space only where KVM has no local APIC. */
	v->left_at_hlt = last_exit(t, vcpu, &record) &&
			 record.reason == EXIT_HLT && !record.run_errno &&
			 record.rip == s->rip;
	v->has_irqchip = !v->left_at_hlt;
	if (s->run_state == X86_RUNNABLE && !v->left_at_hlt)
		loop_find(&view, &v->loop);
	take_counters(t, v);
	return true;
}

/* ---- printing ---- */

static void put_last_exit(struct buf *out, const struct exit_record *e)
{
	static const char *const kinds[][2] = {{"pio_read", "pio_write"},
					       {"mmio_read", "mmio_write"},
					       {"msr_read", "msr_write"}};
	unsigned int kind = e->reason == EXIT_IO     ? 0
			    : e->reason == EXIT_MMIO ? 1
						     : 2;

	buf_str(out, ", last ");
	if (!exit_record_is_access(e)) {
		exit_reason_print(out, e->reason);
		return;
	}
	buf_printf(out, "%s 0x%llx", kinds[kind][e->is_write],
		   (unsigned long long)e->where);
	if (e->device)
		buf_printf(out, " (%s%s%s)", e->device, e->reg ? " " : "",
			   e->reg ? e->reg : "");
}

static void put_exits(struct mon_ctx *ctx, const struct stuck_vcpu *v)
{
	struct exit_record record;

	if (v->has_exits)
		buf_printf(ctx->out, "  %llu exits",
			   (unsigned long long)v->exits);
	if (v->has_exits && v->has_run_time && v->run_ns)
		buf_printf(ctx->out, " (%.0f/s)",
			   (double)v->exits * 1e9 / (double)v->run_ns);
	if (last_exit(ctx->target, v->number, &record))
		put_last_exit(ctx->out, &record);
}

/* The vCPU at which the guest died or ended; its code says nothing then. */
static bool put_end(struct buf *out, const struct target *t, unsigned int vcpu)
{
	const struct target_stop *last = &t->last;

	if (!is_at_end(t, vcpu))
		return false;
	if (last->kind == STOP_EXITED)
		buf_printf(out, "ended the guest with status %d", last->status);
	else
		buf_printf(out, "died here: %.*s",
			   (int)strcspn(last->text ? last->text : "?", "\n"),
			   last->text ? last->text : "?");
	return true;
}

/* Why the guest is stopped, at the vCPU where that happened. */
static void put_stop(struct buf *out, const struct target *t, unsigned int vcpu)
{
	static const char *const text[] = {
		[STOP_STEP] = "stepped here; ",
		[STOP_SWBREAK] = "at a breakpoint; ",
		[STOP_HWBREAK] = "at a breakpoint; ",
		[STOP_WATCH] = "at a watchpoint; ",
		[STOP_CATCH] = "at a catchpoint; ",
	};

	if (t->last.vcpu == vcpu && t->last.kind < ARRAY_SIZE(text) &&
	    text[t->last.kind])
		buf_str(out, text[t->last.kind]);
}

static bool put_vcpu(struct mon_ctx *ctx, const struct stuck_vcpu *v,
		     const struct show_names *names)
{
	struct buf *out = ctx->out;
	const struct x86_state *s;
	gva_t pc;

	s = target_state(ctx->target, v->number,
			 X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_EVENT,
			 &ctx->err);
	if (!s)
		return false;
	pc = x86_linear_pc(s);
	buf_printf(out, "%c vCPU %u  0x%llx",
		   v->number == ctx->vcpu ? '*' : ' ', v->number,
		   (unsigned long long)pc);
	show_name(out, names, pc);
	if (pc != s->rip)
		buf_printf(out, " (%04x:%04llx)", s->seg[X86_CS].sel & 0xffff,
			   (unsigned long long)s->rip);
	buf_printf(out, "  %s CPL%u IF=%d%s  %s", x86_mode_name(x86_mode(s)),
		   x86_cpl(s), v->irqs_on, v->smm ? " SMM" : "",
		   run_word(ctx->target, v));
	put_exits(ctx, v);
	buf_str(out, "\n          ");
	put_stop(out, ctx->target, v->number);
	if (!put_end(out, ctx->target, v->number))
		stuck_print(out, v, names);
	buf_byte(out, '\n');
	return true;
}

enum mon_result mon_where(struct mon_ctx *ctx)
{
	struct target *t = ctx->target;
	struct show_names names = mon_names(t);
	struct stuck_vcpu *v = calloc(t->nvcpus, sizeof(*v));
	bool ok = v != NULL;

	if (!v)
		err_set(&ctx->err, ERR_LIMIT, "out of memory for %u vCPUs",
			t->nvcpus);
	for (unsigned int i = 0; ok && i < t->nvcpus; i++)
		ok = gather(t, i, &v[i], &ctx->err) &&
		     put_vcpu(ctx, &v[i], &names);
	if (ok && !t->dead)
		stuck_verdict(ctx->out, v, t->nvcpus);
	if (ok && !decode_available())
		buf_str(ctx->out, "This program was built without an "
				  "instruction decoder: of loops it knows only "
				  "jumps to themselves.\n");
	free(v);
	return ok ? MON_OK : MON_ERR;
}
