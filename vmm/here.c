/*
 * Running a vCPU on the server thread.
 *
 * A step takes microseconds; waking another thread for it, and being woken by
 * it, takes many times that.  So a lone vCPU is first run right here, with a
 * timer that ends the attempt, and goes to its own thread when it has not
 * stopped by then.
 */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/vm.h"

/* Longer than a step, shorter than anyone notices; and the least to be left. */
#define HERE_NS	    500000L
#define HERE_MIN_NS 100000L
/*
 * Kernels before 6.12 wait for an RCU grace period, milliseconds, when another
 * thread than the last one runs a vCPU.
 */
#define HANDOVER_NS 300000

static __thread struct vcpu *volatile here;

/*
 * To a vCPU's thread the signal only makes KVM_RUN return EINTR: immediate_exit
 * is set already.  To the server thread it is the end of its attempt.
 */
static void on_kick(int sig)
{
	struct vcpu *v = here;

	(void)sig;
	if (!v)
		return;
	atomic_store(&v->yield, true);
	v->run->immediate_exit = 1;
}

bool vcpu_is_here(const struct vcpu *v)
{
	return here == v;
}

void kick_install(void)
{
	/* KVM_RUN returns EINTR all the same. */
	struct sigaction sa = {.sa_handler = on_kick, .sa_flags = SA_RESTART};

	sigaction(KICK_SIGNAL, &sa, NULL);
}

static bool make_timer(struct vm *vm)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID,
			      .sigev_signo = KICK_SIGNAL};

	if (vm->kick_timer_made)
		return true;
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	vm->kick_timer_made =
		timer_create(CLOCK_MONOTONIC, &ev, &vm->kick_timer) == 0;
	return vm->kick_timer_made;
}

/*
 * See to it that the kick comes soon.  Programming a timer costs as much as a
 * step on a virtual host, so one that is still to come serves again, and one
 * that comes with nobody here does nothing.
 */
static bool arm_kick_timer(struct vm *vm)
{
	struct itimerspec its = {.it_value.tv_nsec = HERE_NS};
	uint64_t now = recorder_now();

	if (now + HERE_MIN_NS < vm->kick_at)
		return true;
	vm->kick_at = now + HERE_NS;
	return make_timer(vm) &&
	       timer_settime(vm->kick_timer, 0, &its, NULL) == 0;
}

bool vcpu_run_here(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct target_stop stop;

	if (!vm->run_here || !arm_kick_timer(vm))
		return false;
	pthread_mutex_lock(&vm->lock);
	vm_drain_locked(vm);
	vm->stopping = false;
	vm->overs = v->over;
	v->chosen = false;
	v->phase = VCPU_RUNNING;
	recorder_released(&v->recorder);
	vm->running = 1;
	v->run->immediate_exit = 0;
	pthread_mutex_unlock(&vm->lock);
	here = v;
	vcpu_run_to_stop(v, &stop);
	here = NULL;
	atomic_store(&v->yield, false);
	if (stop.kind != STOP_NONE) {
		vcpu_park(v, &stop);
		return true;
	}
	pthread_mutex_lock(&vm->lock);
	v->phase = VCPU_PARKED;
	recorder_parked(&v->recorder);
	vm->running = 0;
	v->chosen = true;
	pthread_mutex_unlock(&vm->lock);
	return false;
}

/* A KVM_RUN that runs nothing: tells KVM which thread has the vCPU now. */
uint64_t vcpu_touch(struct vcpu *v)
{
	uint64_t start = recorder_now();

	v->run->immediate_exit = 1;
	if (ioctl(v->fd, KVM_RUN, 0) == 0)
		return UINT64_MAX; /* not expected: keep to the threads */
	return recorder_now() - start;
}

void vm_decide_run_here(struct vm *vm)
{
	struct vcpu *v = &vm->vcpu[0];
	uint64_t here_ns;

	/* The thread has run this vCPU once; now it changes hands. */
	here_ns = vcpu_touch(v);
	vm->run_here = here_ns < HANDOVER_NS;
}

void vm_end_run_here(struct vm *vm)
{
	if (vm->kick_timer_made)
		timer_delete(vm->kick_timer);
}
