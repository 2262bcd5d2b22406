#include "vmm/timers.h"

#include <errno.h>
#include <signal.h>

static uint64_t now(void *ctx)
{
	return recorder_now();
}

/* Under the bus lock, from a device. */
static void rearm(void *ctx)
{
	struct vm *vm = ctx;

	if (vm->timers.made)
		pthread_cond_signal(&vm->timers.cond);
}

void timers_clock(struct vm *vm, struct device_clock *clock)
{
	*clock = (struct device_clock){now, rearm, vm};
}

static void *timer_main(void *arg)
{
	struct vm *vm = arg;
	struct timers *t = &vm->timers;

	pthread_mutex_lock(&vm->bus.lock);
	while (!t->quit) {
		uint64_t next = bus_next_timer(&vm->bus);
		struct timespec at = {
			.tv_sec = (time_t)(next / UINT64_C(1000000000)),
			.tv_nsec = (long)(next % UINT64_C(1000000000))};

		if (next == UINT64_MAX)
			pthread_cond_wait(&t->cond, &vm->bus.lock);
		else
			pthread_cond_timedwait(&t->cond, &vm->bus.lock, &at);
		bus_run_timers(&vm->bus);
	}
	pthread_mutex_unlock(&vm->bus.lock);
	return NULL;
}

bool timers_start(struct vm *vm, struct err *err)
{
	struct timers *t = &vm->timers;
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->cond, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&vm->bus.lock);
	r = pthread_create(&t->thread, NULL, timer_main, vm);
	t->made = r == 0;
	pthread_mutex_unlock(&vm->bus.lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!r)
		return true;
	pthread_cond_destroy(&t->cond);
	errno = r;
	return err_set_errno(err, ERR_LIMIT, "thread of the timers");
}

void timers_stop(struct vm *vm)
{
	struct timers *t = &vm->timers;

	if (!t->made)
		return;
	pthread_mutex_lock(&vm->bus.lock);
	t->quit = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&vm->bus.lock);
	pthread_join(t->thread, NULL);
	t->made = false;
	pthread_cond_destroy(&t->cond);
}
