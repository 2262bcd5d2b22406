/* where: each processor in a line, what it waits for, and who waits for whom */
#include <stdlib.h>
#include <string.h>

#include "arch/decode.h"
#include "arch/diag/callers.h"
#include "arch/exit/text.h"
#include "stub/mon/state.h"
#include "stub/stuck.h"

/* Is the guest at its end?  A saved crash is so without being dead. */
static bool has_ended(const struct target *t)
{
	return t->last.kind == STOP_ERROR || t->last.kind == STOP_EXITED;
}

static bool is_at_end(const struct target *t, unsigned int vcpu)
{
	return has_ended(t) && t->last.vcpu == vcpu;
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
	if (target_last_exit(ctx->target, v->number, &record))
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

/* Why the guest is stopped, at the vCPU where that happened; or NULL. */
static const char *stop_text(const struct target *t, unsigned int vcpu)
{
	static const char *const text[] = {
		[STOP_NONE] = "at its first instruction",
		[STOP_STEP] = "stepped here",
		[STOP_SWBREAK] = "at a breakpoint",
		[STOP_HWBREAK] = "at a breakpoint",
		[STOP_WATCH] = "at a watchpoint",
		[STOP_CATCH] = "at a catchpoint",
	};

	if (t->last.vcpu != vcpu || t->last.kind >= ARRAY_SIZE(text))
		return NULL;
	return text[t->last.kind];
}

/* What it is about to do, for one that simply runs. */
static void put_next(struct buf *out, const struct x86_state *s,
		     struct target *t, unsigned int vcpu)
{
	uint8_t bytes[DECODE_MAX_BYTES];
	struct decoded d;
	size_t len;
	struct err ignored;

	if (!target_read_virt(t, vcpu, x86_linear_pc(s), bytes, sizeof(bytes),
			      &len, &ignored) &&
	    !len)
		buf_str(out, "; its code cannot be read");
	else if (decode_insn(s, bytes, len, &d) == DECODE_OK)
		buf_printf(out, "; next: %s", d.text);
}

static void put_verdict(struct buf *out, const struct stuck_vcpu *v,
			const struct x86_state *s, struct target *t,
			const struct show_names *names)
{
	const char *stop = stop_text(t, v->number);
	const bool plain = stuck_state(v) == STUCK_RUNS &&
			   v->loop.kind == LOOP_NONE;

	if (stop)
		buf_str(out, stop);
	if (stop && !plain)
		buf_str(out, "; ");
	if (!stop || !plain)
		stuck_print(out, v, names);
	if (plain)
		put_next(out, s, t, v->number);
}

/* For whoever has no debugger at hand, or no debugging information. */
static void put_callers(struct buf *out, struct target *t, unsigned int vcpu,
			const struct show_names *names)
{
	struct callers callers;
	struct x86_view view;
	struct err ignored;

	if (!target_view(t, vcpu, &view, &ignored))
		return;
	callers_find(&view, &callers);
	if (!callers.n)
		return;
	buf_str(out, "\n          ");
	callers_print(out, &callers, names);
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
	if (!put_end(out, ctx->target, v->number))
		put_verdict(out, v, s, ctx->target, names);
	put_callers(out, ctx->target, v->number, names);
	buf_byte(out, '\n');
	return true;
}

enum mon_result mon_where(struct mon_ctx *ctx)
{
	struct target *t = ctx->target;
	struct show_names names = target_names(t);
	struct stuck_vcpu *v = calloc(t->nvcpus, sizeof(*v));
	bool ok = v != NULL;

	if (!v)
		err_set(&ctx->err, ERR_LIMIT, "out of memory for %u vCPUs",
			t->nvcpus);
	for (unsigned int i = 0; ok && i < t->nvcpus; i++)
		ok = stuck_gather(t, i, &v[i], &ctx->err) &&
		     put_vcpu(ctx, &v[i], &names);
	if (ok && !has_ended(t))
		stuck_machine(t, v, ctx->out);
	if (ok && !decode_available())
		buf_str(ctx->out, "This program was built without an "
				  "instruction decoder: of loops it knows only "
				  "jumps to themselves.\n");
	free(v);
	return ok ? MON_OK : MON_ERR;
}
