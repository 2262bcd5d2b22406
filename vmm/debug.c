/*
 * What a KVM_EXIT_DEBUG, or an emulating host's refusal of int3, means: one of
 * our breakpoints, a finished step, or the guest's own debug exception.
 */
#include <string.h>

#include "base/log.h"
#include "vmm/kvm.h"
#include "vmm/plant.h"

#define DR6_B	  UINT64_C(0xf)
#define VECTOR_DB 1
#define VECTOR_BP 3
#define RW_EXEC	  0

static void breakpoint_stop(struct vcpu *v, const struct plant *p,
			    struct target_stop *stop)
{
	memset(stop, 0, sizeof(*stop));
	stop->kind = p->bp.type == BP_HW ? STOP_HWBREAK : STOP_SWBREAK;
	stop->vcpu = v->index;
	stop->signal = GDB_SIGNAL_TRAP;
	stop->bp_type = p->bp.type;
	stop->addr = p->bp.addr;
}

static void watch_stop(struct vcpu *v, const struct plant *p, gva_t addr,
		       struct target_stop *stop)
{
	breakpoint_stop(v, p, stop);
	stop->kind = STOP_WATCH;
	stop->addr = addr < p->bp.addr ? p->bp.addr : addr;
}

/*
 * The patched byte was reached under another linear address than the one asked
 * for: no client knows this place, so go on as if nothing had been planted.
 */
static bool pass_alias(struct vcpu *v, struct plant *p,
		       struct target_stop *stop)
{
	enum step_result r;

	vcpu_alone_begin(v);
	patch_lift(v->vm, p);
	r = vcpu_step(v, stop);
	patch_lower(v->vm, p);
	vcpu_alone_end(v);
	return r == STEP_STOPPED;
}

/*
 * The hidden breakpoint of `catch exception`, which may share its byte with a
 * client's.  Only counted, the handler goes on: but a step that led here has
 * come to its end, unless it began here.
 */
static bool pass_gate(struct vcpu *v, gva_t pc, struct target_stop *stop)
{
	bool told = v->gate_told && v->gate_pc == pc;

	if (catch_gate_hit(v, pc, stop))
		return true;
	if (v->stepping && !told) {
		v->step_over_done = true;
		return false;
	}
	return vcpu_step_alone(v, stop) == STEP_STOPPED;
}

/* Did a patch of ours stop the vCPU at pc?  *handled says whether. */
static bool patch_hit(struct vcpu *v, gva_t pc, struct target_stop *stop,
		      bool *handled)
{
	struct plant *p = plant_at(v->vm, pc);
	struct walk w;

	*handled = true;
	if (p && p->hidden)
		return pass_gate(v, pc, stop);
	if (p) {
		struct target_stop gate;

		breakpoint_stop(v, p, stop);
		if (catch_gate_hit(v, pc, &gate))
			stop->text = gate.text;
		return true;
	}
	if (vcpu_walk(v, pc, &w)) {
		p = plant_at_gpa(v->vm, w.gpa);
		if (p)
			return pass_alias(v, p, stop);
	}
	*handled = false;
	return false;
}

static void queue_exception(struct vcpu *v, unsigned int vector, bool payload,
			    uint64_t dr6)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_EVENT);

	s.event.exception_nr = (uint8_t)vector;
	s.event.exception_has_error = false;
	s.event.exception_injected = !payload;
	s.event.exception_pending = payload;
	s.event.exception_has_payload = payload;
	s.event.exception_payload = payload ? dr6 : 0;
	if (!vcpu_store(v, X86_GROUP_EVENT, &s))
		log_msg(LOG_WARN,
			"vCPU %u: the guest's own #%s could not be queued",
			v->index, vector == VECTOR_DB ? "DB" : "BP");
}

/* The guest's own int3: hand it its exception and go on. */
static bool reinject_int3(struct vcpu *v)
{
	struct kvm_guest_debug d = v->armed;

	d.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP;
	if (KVM_IOCTL(v->fd, KVM_SET_GUEST_DEBUG, &d) < 0)
		queue_exception(v, VECTOR_BP, false, 0);
	v->armed_valid = false;
	return false;
}

/* The guest's own trap flag, debug register or int1. */
void vcpu_queue_db(struct vcpu *v, uint64_t dr6)
{
	struct x86_state s;

	if (v->vm->config.caps->exception_payload) {
		queue_exception(v, VECTOR_DB, true,
				dr6 & (BITS(15, 13) | DR6_B));
		return;
	}
	s = *vcpu_now(v, X86_GROUP_DEBUG);
	s.dr6 = dr6;
	vcpu_store(v, X86_GROUP_DEBUG, &s);
	queue_exception(v, VECTOR_DB, false, 0);
}

static bool changed(struct vcpu *v, const struct debug_slot *slot,
		    struct plant *p)
{
	uint8_t now[8] = {0};
	size_t at = slot->addr - p->bp.addr, done;
	bool differs;

	if (at + slot->len > sizeof(p->old) ||
	    !vcpu_read(v, slot->addr, now, slot->len, &done))
		return false;
	differs = memcmp(now, p->old + at, slot->len) != 0;
	memcpy(p->old + at, now, slot->len);
	return differs;
}

/*
 * Which data slot fired?  DR6's B bits where the host sets them; some report
 * none, so then a slot whose contents changed, else the only one there is.
 */
static int data_slot(struct vcpu *v, uint64_t dr6)
{
	struct vm *vm = v->vm;
	int only = -1, data_slots = 0;

	if (v->bare)
		return -1; /* they are landing places now */
	for (int i = 0; i < VM_DEBUG_SLOTS; i++) {
		const struct debug_slot *s = &vm->slot[i];

		if (!s->used || s->rw == RW_EXEC)
			continue;
		data_slots++;
		only = i;
		if (dr6 & BIT(i))
			return i;
	}
	if ((dr6 & (DR6_B | DR6_BS)) || !data_slots)
		return -1;
	for (int i = 0; i < VM_DEBUG_SLOTS && data_slots > 1; i++)
		if (vm->slot[i].used && vm->slot[i].rw != RW_EXEC &&
		    changed(v, &vm->slot[i], &vm->plant[vm->slot[i].plant]))
			return i;
	return only;
}

static bool data_hit(struct vcpu *v, uint64_t dr6, struct target_stop *stop)
{
	int i = data_slot(v, dr6);
	struct plant *p;

	if (i < 0)
		return false;
	p = &v->vm->plant[v->vm->slot[i].plant];
	/* The hardware has no read-only type: a write that changed the value
	 * is not what a read watchpoint asked for. */
	if (p->bp.type == BP_READ && changed(v, &v->vm->slot[i], p))
		return false;
	watch_stop(v, p, v->vm->slot[i].addr, stop);
	return true;
}

bool vcpu_handle_debug(struct vcpu *v, struct target_stop *stop)
{
	const struct kvm_debug_exit_arch *d = &v->run->debug.arch;
	gva_t pc = x86_linear_pc(vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS));
	uint64_t own = debug_slots_guest_hits(v, d->dr6);
	struct plant *p;
	bool handled;

	if (d->exception == VECTOR_BP) {
		bool stopped = patch_hit(v, pc, stop, &handled);

		return handled ? stopped : reinject_int3(v);
	}
	if (own) {
		vcpu_queue_db(v, own);
		/* without BS the instruction is still to be executed */
		v->guest_db = !(d->dr6 & DR6_BS);
	}
	if (data_hit(v, d->dr6, stop))
		return true;
	p = plant_exec_at(v->vm, pc);
	if (p && !p->hidden && (d->dr6 & DR6_B || !(d->dr6 & DR6_BS)) &&
	    !v->stepping) {
		breakpoint_stop(v, p, stop);
		return true;
	}
	if (v->stepping || own)
		return false; /* done, or landed: vcpu_step() goes by the pc */
	for (int i = 0; i < VM_DEBUG_SLOTS; i++)
		if (v->vm->slot[i].used && (d->dr6 & BIT(i)))
			return false; /* a filtered hit of ours */
	vcpu_queue_db(v, d->dr6);
	return false;
}

/* KVM has queued #UD for the instruction it refused: take it back. */
static void drop_queued_exception(struct vcpu *v)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_EVENT);

	if (!s.event.exception_injected && !s.event.exception_pending)
		return;
	s.event.exception_injected = s.event.exception_pending = false;
	s.event.exception_has_payload = false;
	vcpu_store(v, X86_GROUP_EVENT, &s);
}

bool vcpu_handle_int3_error(struct vcpu *v, struct target_stop *stop,
			    bool *handled)
{
	const struct host_caps *caps = v->vm->config.caps;
	struct x86_state s;
	uint8_t byte = 0;
	bool stopped;
	size_t done;
	gva_t pc;

	*handled = false;
	if (v->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION ||
	    caps->cpl0.int3 != INT3_INTERNAL_ERROR)
		return false;
	s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	pc = x86_linear_pc(&s);
	stopped = patch_hit(v, pc, stop, handled);
	if (*handled) {
		drop_queued_exception(v);
		return stopped;
	}
	if (!vcpu_read(v, pc, &byte, 1, &done) || byte != 0xcc)
		return false;
	/* A trap: the saved instruction pointer is behind the int3. */
	*handled = true;
	drop_queued_exception(v);
	s.rip++;
	vcpu_store(v, X86_GROUP_GPR, &s);
	queue_exception(v, VECTOR_BP, false, 0);
	return false;
}
