/*
 * The vCPU threads: how they start, run what the client asked for, and park.
 * The states and their hand-over are drawn in vm.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kvm.h"
#include "vmm/power_on.h"
#include "vmm/plant.h"
#include "vmm/user_irqchip.h"

#define GPR_SYS (X86_GROUP_GPR | X86_GROUP_SYS)

/* ---- parking and releasing ---- */

static void kick_locked(struct vcpu *v)
{
	v->run->immediate_exit = 1;
	pthread_kill(v->thread, KICK_SIGNAL);
}

static void report_parked_locked(struct vm *vm)
{
	uint64_t one = 1;

	if (!vm->signalled)
		vm->signalled = write(vm->stop_fd, &one, sizeof(one)) > 0;
}

void vm_drain_locked(struct vm *vm)
{
	uint64_t drained;

	if (vm->signalled)
		vm->signalled = read(vm->stop_fd, &drained, sizeof(drained)) <
				0;
}

void vm_stop_all_locked(struct vm *vm)
{
	vm->stopping = true;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		if (vm->vcpu[i].phase == VCPU_RUNNING)
			kick_locked(&vm->vcpu[i]);
	/* Somebody may wait for a turn that will not come. */
	if (vm->overs || vm->alone || vm->asleep ||
	    vm->config.irqchip == IRQCHIP_USER)
		pthread_cond_broadcast(&vm->go_cond);
	if (!vm->running)
		report_parked_locked(vm);
}

void vm_wait_parked_locked(struct vm *vm)
{
	while (vm->running)
		pthread_cond_wait(&vm->parked_cond, &vm->lock);
}

void vm_release_locked(struct vm *vm)
{
	vm_drain_locked(vm);
	vm->stopping = false;
	vm->overs = 0;
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		v->go = v->chosen;
		v->chosen = false;
		if (!v->go)
			continue;
		v->phase = VCPU_RUNNING;
		recorder_released(&v->recorder);
		v->run->immediate_exit = 0;
		vm->running++;
		vm->overs += v->over;
	}
	pthread_cond_broadcast(&vm->go_cond);
}

/* Wait to be let go; false when the machine is going away. */
static bool wait_for_go(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool go;

	pthread_mutex_lock(&vm->lock);
	while (!vm->quit && !v->go)
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	go = !vm->quit;
	v->go = false;
	pthread_mutex_unlock(&vm->lock);
	return go;
}

void vcpu_park(struct vcpu *v, const struct target_stop *stop)
{
	struct vm *vm = v->vm;

	pthread_mutex_lock(&vm->lock);
	v->phase = VCPU_PARKED;
	recorder_parked(&v->recorder);
	vm->running--;
	if (stop->kind != STOP_NONE) {
		v->pending = *stop;
		v->has_pending = true;
		vm_stop_all_locked(vm);
	} else if (!vm->running) {
		report_parked_locked(vm);
	}
	if (!vm->running)
		pthread_cond_signal(&vm->parked_cond);
	pthread_mutex_unlock(&vm->lock);
}

/* ---- running ---- */

/*
 * Wait for this vCPU's turn to step off its breakpoint (mine), or for all such
 * turns to be over.  False when everyone is asked to park first.
 */
static bool wait_for_overs(struct vcpu *v, bool mine)
{
	struct vm *vm = v->vm;
	bool ok;

	pthread_mutex_lock(&vm->lock);
	while (!vm->stopping && (mine ? vm->over_owner != NULL : vm->overs > 0))
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	ok = !vm->stopping;
	if (ok && mine)
		vm->over_owner = v;
	pthread_mutex_unlock(&vm->lock);
	return ok;
}

/* False: asked to stop while the machine still sleeps. */
static bool wait_awake(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool awake;

	pthread_mutex_lock(&vm->lock);
	/* the server thread does not sleep for a vCPU: its own thread does */
	if (vm->asleep && vcpu_is_here(v))
		atomic_store(&v->yield, true);
	while (vm->asleep && !vm->stopping && !atomic_load(&v->yield))
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	awake = !vm->asleep;
	pthread_mutex_unlock(&vm->lock);
	return awake;
}

/* Is another vCPU in KVM_RUN?  Those that are get a nudge. */
static bool others_inside_locked(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool any = false;

	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *o = &vm->vcpu[i];

		if (o == v || !atomic_load(&o->inside))
			continue;
		any = true;
		if (!o->nudged)
			kick_locked(o);
		o->nudged = true;
	}
	return any;
}

void vcpu_alone_begin(struct vcpu *v)
{
	struct vm *vm = v->vm;

	pthread_mutex_lock(&vm->lock);
	while (vm->alone)
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	atomic_store(&vm->alone, v);
	while (others_inside_locked(v))
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
}

void vcpu_alone_end(struct vcpu *v)
{
	struct vm *vm = v->vm;

	pthread_mutex_lock(&vm->lock);
	atomic_store(&vm->alone, NULL);
	pthread_cond_broadcast(&vm->go_cond);
	pthread_mutex_unlock(&vm->lock);
}

void vcpu_nudge_others_locked(struct vcpu *v)
{
	others_inside_locked(v);
}

static void end_over(struct vcpu *v, bool done)
{
	struct vm *vm = v->vm;

	pthread_mutex_lock(&vm->lock);
	vm->over_owner = NULL;
	vm->overs--;
	v->over = !done;
	pthread_cond_broadcast(&vm->go_cond);
	pthread_mutex_unlock(&vm->lock);
}

static enum step_result step_over(struct vcpu *v, struct target_stop *stop)
{
	enum step_result result;

	if (!wait_for_overs(v, true))
		return STEP_INTERRUPTED;
	result = vcpu_step_off(v, stop);
	end_over(v, result != STEP_INTERRUPTED);
	return result;
}

static void step_done(struct vcpu *v, struct target_stop *stop)
{
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_STEP;
	stop->vcpu = v->index;
	stop->signal = GDB_SIGNAL_TRAP;
}

/* Where a guest was when the debugger stopped it; other kicks are our own. */
static void record_interrupt(struct vcpu *v, int os_errno)
{
	bool wanted;

	pthread_mutex_lock(&v->vm->lock);
	wanted = v->vm->interrupt_wanted;
	pthread_mutex_unlock(&v->vm->lock);
	if (wanted && os_errno == EINTR)
		vcpu_record_errno(v, os_errno);
}

static void run_free(struct vcpu *v, struct target_stop *stop)
{
	int os_errno;

	v->awake = false;
	for (;;) {
		switch (vcpu_enter(v, &os_errno)) {
		case ENTER_KICKED:
			record_interrupt(v, os_errno);
			return;
		case ENTER_ERRNO:
			vcpu_handle_errno(v, os_errno, stop);
			return;
		case ENTER_EXIT:
			if (vcpu_handle_exit(v, stop))
				return;
		}
	}
}

static void run_range(struct vcpu *v, struct target_stop *stop)
{
	gva_t pc;

	do {
		if (vcpu_step(v, stop) != STEPPED)
			return;
		pc = x86_linear_pc(vcpu_now(v, GPR_SYS));
	} while (pc >= v->action.start && pc < v->action.end);
	step_done(v, stop);
}

/*
 * Go on from an exec breakpoint in a debug register: RFLAGS.RF lets one
 * instruction pass it, on hosts that honour the flag; elsewhere it is stepped.
 */
static enum step_result pass_debug_register(struct vcpu *v,
					    struct target_stop *stop)
{
	struct x86_state s;

	if (!v->reported || v->action.kind != ACTION_CONTINUE)
		return STEPPED;
	s = *vcpu_now(v, GPR_SYS);
	if (x86_linear_pc(&s) != v->reported_pc ||
	    !plant_exec_at(v->vm, v->reported_pc))
		return STEPPED;
	if (v->vm->config.caps->rf_resume != CAP_YES)
		return vcpu_step(v, stop);
	s.rflags |= X86_FL_RF;
	vcpu_store(v, X86_GROUP_GPR, &s);
	return STEPPED;
}

/* One instruction has been executed already: is that all? */
static bool was_all(struct vcpu *v, struct target_stop *stop)
{
	gva_t pc;

	if (v->action.kind == ACTION_CONTINUE)
		return false;
	pc = x86_linear_pc(vcpu_now(v, GPR_SYS));
	if (v->action.kind == ACTION_RANGE && pc >= v->action.start &&
	    pc < v->action.end)
		return false;
	step_done(v, stop);
	return true;
}

/* What a catchpoint holds comes first.  True: the run ends with that. */
static bool release_held(struct vcpu *v, struct target_stop *stop)
{
	enum release r;

	if (v->held.kind == HELD_NONE || v->held.kind == HELD_INSN)
		return false;
	r = catch_release(v, stop);
	return r == RELEASE_STOPPED ||
	       (r == RELEASE_STEPPED && was_all(v, stop));
}

static void run(struct vcpu *v, struct target_stop *stop)
{
	enum target_action_kind kind = v->action.kind;
	enum step_result r;

	if (!wait_awake(v))
		return;
	if (v->gate_told && v->gate_pc != x86_linear_pc(vcpu_now(v, GPR_SYS)))
		v->gate_told = false;
	if (release_held(v, stop))
		return;
	if (v->over || catch_holds_insn(v)) {
		/* The latter: what a kick ended in the middle of the run. */
		r = v->over ? step_over(v, stop) : vcpu_step_alone(v, stop);
		if (r != STEPPED || vcpu_noted_stop(v, stop) ||
		    was_all(v, stop))
			return;
	} else if (pass_debug_register(v, stop) != STEPPED) {
		return;
	}
	v->reported = false;
	if (!wait_for_overs(v, false))
		return;
	switch (kind) {
	case ACTION_STEP:
		if (vcpu_step(v, stop) == STEPPED)
			step_done(v, stop);
		return;
	case ACTION_RANGE:
		run_range(v, stop);
		return;
	default:
		run_free(v, stop);
	}
}

/* Whatever the last exit left half done is finished before anyone looks. */
static void settle(struct vcpu *v, struct target_stop *stop)
{
	struct target_stop late = {0};

	if (v->io_pending && vcpu_complete_io(v) &&
	    vcpu_handle_exit(v, &late) && stop->kind == STOP_NONE)
		*stop = late;
	if (stop->kind == STOP_NONE)
		vcpu_noted_stop(v, stop);
	v->watch_hit = false; /* something else is told */
	v->caught.id = 0;
	v->stepping = false;
	v->landings = 0;
}

void vcpu_run_to_stop(struct vcpu *v, struct target_stop *stop)
{
	memset(stop, 0, sizeof(*stop));
	user_irq_released(v);
	run(v, stop);
	settle(v, stop);
	if (stop->kind == STOP_NONE)
		vcpu_device_request(v, stop);
	stop->vcpu = v->index;
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;

	vcpu_touch(v);
	pthread_mutex_lock(&v->vm->lock);
	v->tid = (pid_t)syscall(SYS_gettid);
	pthread_cond_signal(&v->vm->parked_cond);
	pthread_mutex_unlock(&v->vm->lock);
	while (wait_for_go(v)) {
		struct target_stop stop;

		vcpu_run_to_stop(v, &stop);
		vcpu_park(v, &stop);
	}
	return NULL;
}

/* ---- creation ---- */

bool vcpu_create(struct vm *vm, unsigned int index, struct vcpu *v,
		 struct err *err)
{
	int size;

	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->index = index;
	v->fd = -1;
	if (vm->config.recorder != RECORDER_OFF &&
	    !recorder_init(&v->recorder,
			   vm->config.recorder ? vm->config.recorder
					       : RECORDER_DEFAULT,
			   err))
		return false;
	if (!KVM_CALL_INT(vm->fd, KVM_CREATE_VCPU, index, &v->fd, err))
		return err_prefix(err, "vCPU %u", index);
	if (!KVM_CALL_INT(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0, &size, err))
		return false;
	v->run_size = (size_t)size;
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED) {
		v->run = NULL;
		return err_set_errno(err, ERR_KVM, "vCPU %u: mapping kvm_run",
				     index);
	}
	return true;
}

bool vcpu_start_thread(struct vcpu *v, struct err *err)
{
	sigset_t all, old;
	int r;

	kick_install();
	/* Only the kick may interrupt a vCPU; the rest is the main thread's. */
	sigfillset(&all);
	sigdelset(&all, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&v->thread, NULL, vcpu_main, v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		errno = r;
		return err_set_errno(err, ERR_LIMIT, "thread of vCPU %u",
				     v->index);
	}
	v->thread_made = true;
	return true;
}

void vcpu_was_paused(struct vcpu *v)
{
	/* EINVAL: the guest has no kvmclock, so no place to be told */
	KVM_IOCTL(v->fd, KVM_KVMCLOCK_CTRL, 0);
}

void vcpu_destroy(struct vcpu *v)
{
	if (v->thread_made)
		pthread_join(v->thread, NULL);
	if (v->run)
		munmap(v->run, v->run_size);
	if (v->fd >= 0)
		close(v->fd);
	buf_deinit(&v->story);
	recorder_deinit(&v->recorder);
	free(v->power_on);
}
