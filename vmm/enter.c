/* One KVM_RUN, and the vCPU's registers as its own thread sees them. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "vmm/kvm.h"
#include "vmm/plant.h"
#include "vmm/user_irqchip.h"

enum {
	MAX_COMPLETIONS = 64, /* fragments of one instruction's I/O */
};

static void set_immediate_exit(struct vcpu *v, bool on)
{
	pthread_mutex_lock(&v->vm->lock);
	v->run->immediate_exit = on || v->vm->stopping ||
				 atomic_load(&v->yield);
	pthread_mutex_unlock(&v->vm->lock);
}

static bool stop_wanted(struct vcpu *v)
{
	bool wanted;

	pthread_mutex_lock(&v->vm->lock);
	wanted = v->vm->stopping || atomic_load(&v->yield);
	pthread_mutex_unlock(&v->vm->lock);
	return wanted;
}

/*
 * The gate before KVM_RUN.  False: stop was asked for, and there is nothing to
 * complete either; or, *missed, something came for the vCPU meanwhile.
 */
static bool go_inside(struct vcpu *v, bool *missed)
{
	struct vm *vm = v->vm;
	bool stop, go;

	pthread_mutex_lock(&vm->lock);
	while (vm->alone && vm->alone != v && !vm->stopping &&
	       !atomic_load(&v->yield))
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	stop = vm->stopping || atomic_load(&v->yield);
	if (v->nudged)
		v->run->immediate_exit = stop;
	v->nudged = false;
	*missed = user_irq_missed_locked(v) ||
		  v->pf_armed != atomic_load(&vm->pf_handler);
	go = !*missed && (!stop || v->io_pending);
	if (go)
		atomic_store(&v->inside, true);
	pthread_mutex_unlock(&vm->lock);
	return go;
}

/* Whoever waits to be alone waits for this. */
static void come_outside(struct vcpu *v)
{
	struct vm *vm = v->vm;

	atomic_store(&v->inside, false);
	if (!atomic_load(&vm->alone))
		return;
	pthread_mutex_lock(&vm->lock);
	pthread_cond_broadcast(&vm->go_cond);
	pthread_mutex_unlock(&vm->lock);
}

bool vcpu_is_halted(const struct vcpu *v)
{
	struct kvm_mp_state mp;

	if (v->vm->config.irqchip == IRQCHIP_USER)
		return true; /* KVM has nothing to block: user_irq_enter() */
	return !v->awake && KVM_IOCTL(v->fd, KVM_GET_MP_STATE, &mp) == 0 &&
	       mp.mp_state == KVM_MP_STATE_HALTED;
}

/* Skipped when nothing changed and nobody steps. */
bool vcpu_arm(struct vcpu *v)
{
	struct kvm_guest_debug d;

	memset(&d, 0, sizeof(d));
	v->pf_armed = atomic_load(&v->vm->pf_handler);
	debug_slots_plan(v->vm, v, &d);
	debug_slots_add_guest(v, &d);
	if (v->stepping) {
		d.control |= KVM_GUESTDBG_ENABLE;
		if (!v->own_tf)
			d.control |= KVM_GUESTDBG_SINGLESTEP;
		if (v->vm->block_irqs && v->vm->config.caps->block_irq &&
		    !vcpu_is_halted(v))
			d.control |= KVM_GUESTDBG_BLOCKIRQ;
	}
	if (!v->stepping && v->armed_valid && !memcmp(&d, &v->armed, sizeof(d)))
		return true;
	if (KVM_IOCTL(v->fd, KVM_SET_GUEST_DEBUG, &d) < 0)
		return false;
	v->armed = d;
	v->armed_valid = true;
	return true;
}

/*
 * Registers that KVM copied to the shared page on its way out stay there until
 * somebody asks for more than vcpu_place(): most exits are served without.
 * PAE's cached pointers come by another call.
 */
#define IN_PAGE(groups) ((groups) << 16)

static void take_synced(struct vcpu *v)
{
	const struct kvm_sregs *s = &v->run->s.regs.sregs;
	uint64_t synced = v->run->kvm_valid_regs;
	bool pae = (s->cr0 & X86_CR0_PG) && (s->cr4 & X86_CR4_PAE) &&
		   !(s->efer & X86_EFER_LMA);

	v->fresh = 0;
	if (synced & KVM_SYNC_X86_REGS)
		v->fresh |= IN_PAGE(X86_GROUP_GPR);
	if ((synced & KVM_SYNC_X86_SREGS) && !pae)
		v->fresh |= IN_PAGE(X86_GROUP_SYS);
}

/* Move groups from the page to v->now. */
static void convert_synced(struct vcpu *v, unsigned int groups)
{
	if (groups & X86_GROUP_GPR)
		convert_from_regs(&v->now, &v->run->s.regs.regs);
	if (groups & X86_GROUP_SYS) {
		convert_from_sregs(&v->now, &v->run->s.regs.sregs);
		v->now.pdptr_valid = false;
	}
	v->fresh |= groups;
}

void vcpu_place(struct vcpu *v, uint64_t *rip, uint64_t *cr3)
{
	const unsigned int both = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct x86_state *s;

	if ((v->fresh & IN_PAGE(both)) == IN_PAGE(both)) {
		*rip = v->run->s.regs.regs.rip;
		*cr3 = v->run->s.regs.sregs.cr3;
		return;
	}
	s = vcpu_now(v, both);
	*rip = s->rip;
	*cr3 = s->cr3;
}

static void remember_before(struct vcpu *v)
{
	if (v->vm->config.caps->shutdown == SHUTDOWN_KEEPS)
		return;
	v->before = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	v->before_ns = recorder_now();
	v->has_before = true;
}

/* Each entry of the recorder has rip and cr3; catchpoints look at them too. */
static uint64_t wanted_in_page(const struct vcpu *v)
{
	return v->vm->config.caps->sync_regs &&
			       (recorder_on(&v->recorder) || v->vm->catches.n)
		       ? KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS
		       : 0;
}

enum enter_result vcpu_enter(struct vcpu *v, int *os_errno)
{
	*os_errno = 0;
	for (;;) {
		bool missed;
		int r;

		if (user_irq_wants_init(v) && vcpu_complete_io(v))
			return ENTER_EXIT;
		if (!user_irq_enter(v))
			return ENTER_KICKED;
		remember_before(v);
		if (!vcpu_arm(v)) {
			*os_errno = errno;
			return ENTER_ERRNO;
		}
		if (!go_inside(v, &missed)) {
			if (missed)
				continue;
			return ENTER_KICKED;
		}
		user_irq_before_run(v);
		v->run->kvm_valid_regs = wanted_in_page(v);
		v->fresh = 0;
		r = ioctl(v->fd, KVM_RUN, 0);
		*os_errno = errno;
		come_outside(v);
		user_irq_after_run(v);
		take_synced(v);
		v->io_pending = false;
		if (r == 0)
			return ENTER_EXIT;
		if (*os_errno == EINTR && stop_wanted(v))
			return ENTER_KICKED;
		/* EAGAIN: an AP has just taken its INIT or SIPI. */
		if (*os_errno != EINTR && *os_errno != EAGAIN)
			return ENTER_ERRNO;
	}
}

bool vcpu_complete_io(struct vcpu *v)
{
	int r;

	for (int i = 0;
	     v->io_pending && v->held.kind != HELD_READ && i < MAX_COMPLETIONS;
	     i++) {
		set_immediate_exit(v, true);
		v->run->kvm_valid_regs = 0;
		user_irq_before_run(v);
		r = ioctl(v->fd, KVM_RUN, 0);
		user_irq_after_run(v);
		v->fresh = 0;
		v->io_pending = false;
		set_immediate_exit(v, false);
		if (r != 0)
			return false;	   /* EINTR: completed */
		if (!vcpu_serve_access(v)) /* the next fragment */
			return true;
	}
	return false;
}

bool vcpu_fetch(struct vcpu *v, unsigned int groups, struct err *err)
{
	unsigned int missing = groups & ~v->fresh;

	convert_synced(v, missing & v->fresh >> 16);
	missing &= ~v->fresh;
	if (missing &&
	    !convert_get(v->fd, &v->vm->convert, missing, &v->now, err))
		return false;
	if (missing & X86_GROUP_EVENT && v->vm->config.irqchip == IRQCHIP_USER)
		v->now.run_state = v->irq.run_state;
	v->fresh |= missing;
	return true;
}

const struct x86_state *vcpu_now(struct vcpu *v, unsigned int groups)
{
	struct err err;

	if (!vcpu_fetch(v, groups, &err))
		log_msg(LOG_WARN, "vCPU %u: %s", v->index, err.msg);
	return &v->now;
}

/* KVM has no run state but one when the local APIC is ours. */
static bool set_state(struct vcpu *v, unsigned int groups,
		      const struct x86_state *s, struct err *err)
{
	struct x86_state copy;

	if (groups & X86_GROUP_EVENT && v->vm->config.irqchip == IRQCHIP_USER) {
		copy = *s;
		copy.run_state = X86_RUNNABLE;
		s = &copy;
	}
	return convert_set(v->fd, &v->vm->convert, groups, s, err);
}

bool vcpu_store(struct vcpu *v, unsigned int groups, const struct x86_state *s)
{
	struct err err;

	v->fresh &= ~(groups | IN_PAGE(groups));
	return set_state(v, groups, s, &err);
}

bool vcpu_set_state(struct vcpu *v, unsigned int groups,
		    const struct x86_state *s, struct err *err)
{
	v->fresh = 0;
	if (!set_state(v, groups, s, err))
		return false;
	user_irq_set_state(v, groups, s);
	return true;
}

static void paging_of(struct vcpu *v, struct paging *p)
{
	paging_init(p, vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS),
		    &v->vm->convert.cpu);
}

bool vcpu_walk(struct vcpu *v, gva_t gva, struct walk *w)
{
	struct phys_reader mem;
	struct paging p;

	paging_of(v, &p);
	vm_phys_reader(v->vm, &mem);
	return paging_walk(&p, &mem, gva, ACCESS_DEBUG, w);
}

bool vcpu_read(struct vcpu *v, gva_t gva, void *buf, size_t len, size_t *done)
{
	struct phys_reader mem;
	struct paging p;
	struct err err;

	paging_of(v, &p);
	vm_phys_reader(v->vm, &mem);
	return paging_read(&p, &mem, gva, buf, len, done, &err);
}

/* Within one page; used for a few bytes of stack. */
bool vcpu_write(struct vcpu *v, gva_t gva, const void *buf, size_t len)
{
	struct walk w;
	struct err err;

	return vcpu_walk(v, gva, &w) && (gva & 0xfff) + len <= 0x1000 &&
	       patch_write_under(v->vm, w.gpa, buf, len, &err);
}
