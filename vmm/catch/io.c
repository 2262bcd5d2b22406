/*
 * Catchpoints on accesses to ports and memory, and what a `before` stop holds
 * back until the vCPU goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/exit/text.h"
#include "base/log.h"
#include "vmm/catch/catch.h"
#include "vmm/vm.h"

static enum catch_kind kind_of(const struct exit_record *e)
{
	if (e->reason == EXIT_X86_RDMSR || e->reason == EXIT_X86_WRMSR)
		return CATCH_MSR;
	return e->reason == EXIT_IO ? CATCH_PIO : CATCH_MMIO;
}

static gva_t pc_of(struct vcpu *v)
{
	return x86_linear_pc(vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS));
}

/* ---- holding back ---- */

/* Room for this piece of a write?  A string's elements are not split. */
static bool hold_write(struct vcpu *v, const struct exit_record *e)
{
	if (v->held.n == HELD_WRITES || e->count != 1)
		return false;
	v->held.access[v->held.n++] = *e;
	return true;
}

/*
 * A write needs nothing from us, so KVM can finish the instruction.  When rip
 * moves by that, it was an OUT that KVM had not emulated: rip goes back to it,
 * and it is as if it had never been.  Else it has been carried out.
 */
static void finish_write(struct vcpu *v)
{
	struct x86_state before = *vcpu_now(v, X86_GROUP_GPR);
	const struct x86_state *after;

	v->io_pending = true;
	vcpu_complete_io(v);
	after = vcpu_now(v, X86_GROUP_GPR);
	if (after->rip == before.rip || v->held.n != 1 ||
	    v->held.access[0].reason != EXIT_IO)
		return;
	v->held.kind = HELD_OUT;
	v->held.rip_after = after->rip;
	vcpu_store(v, X86_GROUP_GPR, &before);
}

static bool hold(struct vcpu *v, const struct exit_record *e)
{
	struct held *h = &v->held;

	memset(h, 0, sizeof(*h));
	h->pc = pc_of(v);
	if (!e->is_write) {
		h->kind = HELD_READ;
		v->io_pending = true;
		return true;
	}
	if (!hold_write(v, e))
		return false;
	h->kind = HELD_WRITE;
	finish_write(v);
	return true;
}

/* The name of who will answer, as far as that is known before. */
static void name_device(struct vcpu *v, struct exit_record *e)
{
	enum bus_kind kind = e->reason == EXIT_IO ? BUS_PIO : BUS_MMIO;
	struct bus *bus = &v->vm->bus;
	const struct bus_range *r = bus_find(bus, kind, e->where);

	e->device = r ? r->ops->name : NULL;
	e->reg = bus_reg_name(bus, kind, e->where, e->is_write);
}

bool catch_before(struct vcpu *v, const struct exit_record *access)
{
	struct exit_record e = *access;
	const struct target_catch *c;

	/* A further piece of a write waits behind the first. */
	if (v->held.kind == HELD_WRITE && e.is_write)
		return hold_write(v, &e);
	if (v->releasing || v->dropping || v->held.kind ||
	    !catch_any(&v->vm->catches, kind_of(&e)))
		return false;
	c = catch_match(v->vm, kind_of(&e), &e, true);
	if (!c)
		return false;
	name_device(v, &e);
	if (c->action == CATCH_STOP && !hold(v, &e)) {
		/* Too much to hold: tell it afterwards instead. */
		v->caught = (struct caught){c->id, PHASE_AFTER, e};
		return false;
	}
	catch_act(v, c, PHASE_BEFORE, &e);
	return c->action == CATCH_STOP;
}

void catch_after(struct vcpu *v, const struct exit_record *e)
{
	struct catches *all = &v->vm->catches;
	const struct target_catch *c = NULL;

	if (catch_any(all, kind_of(e)))
		c = catch_match(v->vm, kind_of(e), e, false);
	if (c)
		catch_act(v, c, PHASE_AFTER, e);
	if (catch_any(all, CATCH_EXIT))
		c = catch_match_number(v->vm, CATCH_EXIT, e->reason);
	else
		c = NULL;
	if (c)
		catch_act(v, c, PHASE_EXIT, e);
}

void catch_exit(struct vcpu *v)
{
	const struct target_catch *c;
	struct exit_record e;

	if (!catch_any(&v->vm->catches, CATCH_EXIT))
		return;
	c = catch_match_number(v->vm, CATCH_EXIT, v->run->exit_reason);
	if (!c)
		return;
	e = vcpu_record(v);
	catch_act(v, c, PHASE_EXIT, &e);
}

void catch_error(struct vcpu *v)
{
	struct vm *vm = v->vm;

	if (catch_any(&vm->catches, CATCH_EXIT))
		catch_match_number(vm, CATCH_EXIT, v->run->exit_reason);
	if (catch_any(&vm->catches, CATCH_RESET) &&
	    v->run->exit_reason == EXIT_SHUTDOWN)
		catch_match_number(vm, CATCH_RESET, 0);
}

/* ---- resets ---- */

bool catch_reset(struct vcpu *v, const struct request *r,
		 struct target_stop *stop)
{
	const struct target_catch *c = NULL;
	struct buf *out = &v->story;
	struct buf line = BUF_INIT;

	if (catch_any(&v->vm->catches, CATCH_RESET))
		c = catch_match_number(v->vm, CATCH_RESET, 0);
	if (!c || c->action == CATCH_IGNORE)
		return false;
	if (c->action == CATCH_NOTIFY)
		out = &line;
	buf_clear(out);
	buf_printf(out, "catchpoint %u: reset by %s, before it, rip 0x%llx\n",
		   c->id, r->by,
		   (unsigned long long)vcpu_now(v, X86_GROUP_GPR)->rip);
	if (c->action == CATCH_NOTIFY) {
		catch_queue(v->vm, &line);
		buf_deinit(&line);
		return false;
	}
	memset(&v->held, 0, sizeof(v->held));
	v->held.kind = HELD_REQUEST;
	v->held.request = *r;
	v->held.told = true;
	catch_stop(v, c->id, stop);
	return true;
}

/* ---- going on ---- */

static enum release release_write(struct vcpu *v, struct held *h)
{
	for (unsigned int i = 0; i < h->n; i++)
		vcpu_access(v, &h->access[i]);
	return RELEASE_NOTHING;
}

static enum release release_read(struct vcpu *v)
{
	vcpu_arm(v); /* it is no step now, if it was one then */
	v->releasing = true;
	vcpu_serve_access(v);
	v->releasing = false;
	vcpu_complete_io(v);
	return RELEASE_STEPPED;
}

static enum release release_out(struct vcpu *v, struct held *h)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_GPR);

	vcpu_access(v, &h->access[0]);
	s.rip = h->rip_after;
	vcpu_store(v, X86_GROUP_GPR, &s);
	if (s.rflags & X86_FL_TF)
		vcpu_queue_db(v, DR6_BS);
	return RELEASE_STEPPED;
}

static enum release release_request(struct vcpu *v, const struct held *h,
				    struct target_stop *stop)
{
	const struct request *r = &h->request;

	if (r->exit || h->told || !catch_reset(v, r, stop))
		vcpu_request_stop(v, r, stop);
	return RELEASE_STOPPED;
}

enum release catch_release(struct vcpu *v, struct target_stop *stop)
{
	struct held h = v->held;
	enum release r;

	memset(&v->held, 0, sizeof(v->held));
	switch (h.kind) {
	case HELD_READ:
		r = release_read(v);
		break;
	case HELD_OUT:
		r = release_out(v, &h);
		break;
	case HELD_WRITE:
		r = release_write(v, &h);
		break;
	case HELD_REQUEST:
		return release_request(v, &h, stop);
	default:
		return RELEASE_NOTHING;
	}
	if (vcpu_noted_stop(v, stop) || vcpu_device_request(v, stop))
		return RELEASE_STOPPED;
	return r;
}

/* KVM finishes what it has begun, with all-ones; no device is asked. */
static void drop_read(struct vcpu *v)
{
	v->held.kind = HELD_NONE;
	v->dropping = true;
	vcpu_serve_access(v);
	vcpu_complete_io(v);
	v->dropping = false;
}

/*
 * KVM_SET_REGS in the middle of an emulation would lose the instruction's
 * result.  So the instruction is finished, its effect on the registers taken
 * back, and it runs again from the start.  (What INS or MOVS has then stored
 * in memory, all-ones, stays there until it does.)
 */
void catch_settle(struct vcpu *v)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_FPU |
				    X86_GROUP_EVENT;
	struct held h = v->held;
	struct x86_state *s;

	if (h.kind == HELD_OUT)
		v->held.kind = HELD_INSN;
	if (h.kind != HELD_READ)
		return;
	s = malloc(sizeof(*s));
	if (s)
		*s = *vcpu_now(v, groups);
	vcpu_arm(v);
	drop_read(v);
	if (!s || !vcpu_store(v, groups, s))
		log_msg(LOG_WARN,
			"vCPU %u: its registers are those behind the "
			"access that was to be held back",
			v->index);
	free(s);
	h.kind = HELD_INSN;
	v->held = h;
}

void catch_drop(struct vcpu *v)
{
	if (v->held.kind == HELD_READ)
		drop_read(v);
	memset(&v->held, 0, sizeof(v->held));
	v->caught.id = 0;
	v->gate_told = false;
}

bool catch_holds_insn(struct vcpu *v)
{
	return v->held.kind == HELD_INSN && v->held.pc == pc_of(v);
}

bool catch_let_pass(struct vcpu *v)
{
	if (!catch_holds_insn(v))
		return false;
	v->releasing = true;
	if (v->held.msr)
		catch_msr_open(v, true);
	return true;
}

void catch_has_passed(struct vcpu *v)
{
	struct held h = v->held;

	v->releasing = false;
	if (h.msr)
		catch_msr_open(v, false);
	if (pc_of(v) == h.pc)
		return; /* interrupted: next time */
	v->held.kind = HELD_NONE;
	if (h.msr)
		catch_msr_done(v, &h);
}
