/*
 * Catchpoints on MSR accesses.
 *
 * KVM's filter turns an access into an exit, in front of the instruction.  To
 * emulate it from here would not be the same: KVM_SET_MSRS skips the checks
 * and side effects of WRMSR.  So KVM is told to refuse the access, the #GP that
 * it queues for that is taken back, and the instruction runs once more as a
 * single step with the filter open, while no other vCPU can slip through.
 *
 * Source: KVM api.rst, KVM_X86_SET_MSR_FILTER, KVM_CAP_X86_USER_SPACE_MSR,
 * KVM_EXIT_X86_RDMSR.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "vmm/catch/catch.h"
#include "vmm/kvm.h"
#include "vmm/vm.h"

/* MSRs that one range of the filter can hold. */
#define RANGE_MSRS (KVM_MSR_FILTER_MAX_BITMAP_SIZE * 8u)

#define MSR_GROUPS (X86_GROUP_GPR | X86_GROUP_SYS | X86_GROUP_EVENT)

/* ---- the filter ---- */

/* A bit that is 0 denies. */
static uint8_t deny[KVM_MSR_FILTER_MAX_BITMAP_SIZE];

static bool add_range(struct kvm_msr_filter *f, unsigned int *n,
		      const struct target_catch *c, struct err *err)
{
	uint64_t first = c->first;
	uint32_t flags = 0;

	if (c->access & CATCH_READ)
		flags |= KVM_MSR_FILTER_READ;
	if (c->access & CATCH_WRITE)
		flags |= KVM_MSR_FILTER_WRITE;
	while (first <= c->last) {
		uint64_t many = min_u64(c->last - first + 1, RANGE_MSRS);

		if (*n == KVM_MSR_FILTER_MAX_RANGES)
			return err_set(err, ERR_LIMIT,
				       "KVM filters at most %d ranges of %u "
				       "MSRs; catch fewer at a time",
				       KVM_MSR_FILTER_MAX_RANGES, RANGE_MSRS);
		f->ranges[(*n)++] =
			(struct kvm_msr_filter_range){.flags = flags,
						      .nmsrs = (uint32_t)many,
						      .base = (uint32_t)first,
						      .bitmap = deny};
		first += many;
	}
	return true;
}

static bool fill_filter(struct vm *vm, struct kvm_msr_filter *f,
			unsigned int *n, struct err *err)
{
	*f = (struct kvm_msr_filter){.flags = KVM_MSR_FILTER_DEFAULT_ALLOW};
	*n = 0;
	for (unsigned int i = 0; i < vm->catches.n; i++)
		if (vm->catches.list[i].kind == CATCH_MSR &&
		    !add_range(f, n, &vm->catches.list[i], err))
			return false;
	return true;
}

bool catch_msr_filter(struct vm *vm, struct err *err)
{
	struct kvm_msr_filter f;
	unsigned int n;

	if (!fill_filter(vm, &f, &n, err))
		return false;
	if (!n && !vm->catches.filtered)
		return true;
	if (!vm->catches.msr_exits) {
		/* Before the filter, or KVM would answer with #GP itself. */
		if (!kvm_enable_cap(vm->fd, KVM_CAP_X86_USER_SPACE_MSR,
				    KVM_MSR_EXIT_REASON_FILTER))
			return err_set_errno(err, ERR_KVM,
					     "KVM_CAP_X86_USER_SPACE_MSR");
		vm->catches.msr_exits = true;
	}
	if (!KVM_CALL(vm->fd, KVM_X86_SET_MSR_FILTER, &f, err))
		return false;
	vm->catches.filtered = n > 0;
	return true;
}

/* For one instruction; not in the log of calls, which it would fill. */
static bool open_filter(struct vm *vm, bool open, struct err *err)
{
	struct kvm_msr_filter f;
	unsigned int n = 0;

	if (!fill_filter(vm, &f, &n, err))
		return false;
	if (open)
		memset(f.ranges, 0, sizeof(f.ranges));
	return !n || ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &f) == 0 ||
	       err_set_errno(err, ERR_KVM, "KVM_X86_SET_MSR_FILTER");
}

/* ---- passing it ---- */

static gva_t pc_of(struct vcpu *v)
{
	return x86_linear_pc(vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS));
}

static uint64_t edx_eax(const struct x86_state *s)
{
	return (uint32_t)s->gpr[X86_RAX] | (uint64_t)(uint32_t)s->gpr[X86_RDX]
						   << 32;
}

void catch_msr_open(struct vcpu *v, bool open)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR);
	struct exit_record *e = &v->held.access[0];
	struct err err;

	/*
	 * The step must stop in #GP's handler; the instruction touches no
	 * memory, so no watchpoint is missed.
	 */
	v->bare = open;
	if (open) { /* a debugger may have changed the registers */
		e->where = (uint32_t)s->gpr[X86_RCX];
		if (e->is_write)
			e->value = edx_eax(s);
	}
	if (!open_filter(v->vm, open, &err))
		log_msg(LOG_ERROR, "vCPU %u: MSR accesses are %s caught: %s",
			v->index, open ? "still" : "no longer", err.msg);
}

/* Length of RDMSR, WRMSR or WRMSRNS, with prefixes; 0: it is none of them. */
static unsigned int length_at(struct vcpu *v, gva_t pc)
{
	uint8_t b[15] = {0};
	size_t done = 0;

	if (!vcpu_read(v, pc, b, sizeof(b), &done) && !done)
		return 0;
	for (unsigned int i = 0; i + 2 < done; i++) {
		if (b[i] != 0x0f)
			continue;
		return b[i + 1] == 0x30 || b[i + 1] == 0x32 ? i + 2 : i + 3;
	}
	return 0;
}

/* It raised #GP if rip is not behind it. */
void catch_msr_done(struct vcpu *v, const struct held *h)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR);
	struct exit_record e = h->access[0];

	e.denied = s->rip != h->rip_after;
	if (!e.is_write && !e.denied)
		e.value = edx_eax(s);
	recorder_add(&v->recorder, &e);
	catch_after(v, &e);
}

static void hold(struct vcpu *v, const struct exit_record *e)
{
	struct held *h = &v->held;

	memset(h, 0, sizeof(*h));
	h->kind = HELD_INSN;
	h->pc = pc_of(v);
	h->msr = true;
	h->rip_after = vcpu_now(v, X86_GROUP_GPR)->rip + length_at(v, h->pc);
	h->access[0] = *e;
}

/* Back to the instant before the instruction. */
static void take_back(struct vcpu *v)
{
	struct x86_state before = *vcpu_now(v, MSR_GROUPS);

	v->run->msr.error = 1;
	v->io_pending = true;
	vcpu_complete_io(v);
	if (!vcpu_store(v, X86_GROUP_GPR | X86_GROUP_EVENT, &before))
		log_msg(LOG_ERROR,
			"vCPU %u: the #GP of a caught MSR access "
			"could not be taken back",
			v->index);
}

bool catch_msr_exit(struct vcpu *v, struct target_stop *stop)
{
	struct exit_record e = vcpu_record(v);
	const struct target_catch *c;
	enum step_result r;

	e.where = v->run->msr.index;
	e.is_write = v->run->exit_reason == KVM_EXIT_X86_WRMSR;
	if (e.is_write)
		e.value = v->run->msr.data;
	take_back(v);
	hold(v, &e);
	c = catch_match(v->vm, CATCH_MSR, &e, true);
	if (c)
		catch_act(v, c, PHASE_BEFORE, &e);
	if (c && c->action == CATCH_STOP)
		return vcpu_noted_stop(v, stop);
	r = vcpu_step_alone(v, stop);
	return r == STEP_STOPPED || vcpu_noted_stop(v, stop);
}
