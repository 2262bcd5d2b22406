/*
 * The live VM as a target: every op runs on the server thread, with the vCPUs
 * parked unless the contract in stub/target.h says otherwise.
 */
#include "vmm/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "vmm/inspect/inspect.h"
#include "vmm/ioctl_log.h"
#include "vmm/inspect/stats.h"
#include "vmm/live_mem.h"
#include "vmm/plant.h"

/* How often patched bytes are looked at while the guest runs. */
#define VERIFY_NS 20000000L

struct live {
	struct vm vm;
	unsigned int next; /* where the search for a stop begins: fairness */
};

static struct vm *vm_of(struct target *t)
{
	return t->priv;
}

static struct live *live_of(struct target *t)
{
	return (struct live *)((char *)vm_of(t) - offsetof(struct live, vm));
}

/* ---- registers ---- */

static bool live_get_state(struct target *t, unsigned int vcpu, unsigned groups,
			   struct x86_state *s, struct err *err)
{
	struct vcpu *v = &vm_of(t)->vcpu[vcpu];

	/* What the last exit brought along costs nothing. */
	if (!vcpu_fetch(v, groups, err))
		return false;
	*s = v->now;
	return true;
}

static bool live_set_state(struct target *t, unsigned int vcpu, unsigned groups,
			   const struct x86_state *s, struct err *err)
{
	struct vcpu *v = &vm_of(t)->vcpu[vcpu];

	catch_settle(v);
	v->awake = false;
	return vcpu_set_state(v, groups, s, err);
}

static void live_cpu_info(struct target *t, unsigned int vcpu,
			  struct x86_cpu_info *info)
{
	(void)vcpu;
	*info = vm_of(t)->convert.cpu;
}

static int live_thread_id(struct target *t, unsigned int vcpu)
{
	struct vm *vm = vm_of(t);
	pid_t tid;

	pthread_mutex_lock(&vm->lock);
	tid = vm->vcpu[vcpu].tid;
	pthread_mutex_unlock(&vm->lock);
	return tid;
}

/* ---- running ---- */

static void set_timer(struct vm *vm, bool on)
{
	struct itimerspec its = {0};

	if (on == vm->timer_on)
		return;
	vm->timer_on = on;
	if (on)
		its.it_interval.tv_nsec = its.it_value.tv_nsec = VERIFY_NS;
	timerfd_settime(vm->timer_fd, 0, &its, NULL);
}

static gva_t pc_of(struct vcpu *v)
{
	return x86_linear_pc(vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS));
}

/* Is a stop that has waited for its turn still worth telling? */
static bool still_true(struct vm *vm, struct vcpu *v)
{
	const struct target_stop *stop = &v->pending;

	switch (stop->kind) {
	case STOP_SWBREAK:
	case STOP_HWBREAK:
		return pc_of(v) == stop->addr && plant_exec_at(vm, stop->addr);
	case STOP_WATCH:
		for (unsigned int i = 0; i < vm->plants; i++)
			if (vm->plant[i].bp.type == stop->bp_type &&
			    range_ok(vm->plant[i].bp.addr, vm->plant[i].bp.len,
				     stop->addr, 1))
				return true;
		return false;
	case STOP_CATCH:
		return catch_stops(vm, stop->catchpoint);
	case STOP_ERROR:
	case STOP_EXITED:
	case STOP_RESET:
		return true;
	default:
		return false;
	}
}

/* Stops that a resumed vCPU has not told yet come first; nobody runs then. */
static bool report_waiting(struct vm *vm, const struct target_action *actions)
{
	bool any = false;

	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		v->waiting = false;
		v->action = actions[i];
		if (!v->has_pending || actions[i].kind == ACTION_HOLD)
			continue;
		if (still_true(vm, v))
			any = v->waiting = true;
		else
			v->has_pending = false;
	}
	return any;
}

static void prepare(struct vm *vm, struct vcpu *v,
		    const struct target_action *action)
{
	gva_t pc;

	v->chosen = action->kind != ACTION_HOLD;
	v->over = false;
	if (!v->chosen)
		return;
	pc = pc_of(v);
	if (v->held.kind == HELD_INSN && v->held.pc != pc)
		v->held.kind = HELD_NONE; /* it will not be executed */
	if (v->held.kind == HELD_INSN) {
		v->over = true;
		return;
	}
	if (v->held.kind == HELD_READ || v->held.kind == HELD_OUT)
		return; /* the instruction at pc is made without a step */
	/* A step executes the instruction; so does going on from a stop. */
	v->over = plant_at(vm, pc) && (action->kind != ACTION_CONTINUE ||
				       (v->reported && v->reported_pc == pc));
}

static bool only_steps(const struct target_action *actions, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (actions[i].kind == ACTION_CONTINUE)
			return false;
	return true;
}

/* Steps are over at once, and there are many. */
static void note_the_pause(struct vm *vm, const struct target_action *actions)
{
	if (!vm->ever_ran || only_steps(actions, vm->vcpus))
		return;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vcpu_was_paused(&vm->vcpu[i]);
}

static bool live_resume(struct target *t, const struct target_action *actions,
			struct err *err)
{
	struct vm *vm = vm_of(t);
	bool waiting = report_waiting(vm, actions);
	struct vcpu *only = NULL;
	unsigned int chosen = 0;

	for (unsigned int i = 0; i < vm->vcpus && !waiting; i++)
		if ((actions[i].kind == ACTION_STEP ||
		     actions[i].kind == ACTION_RANGE) &&
		    !user_step_can(&vm->vcpu[i], err))
			return false;
	if (catch_any(&vm->catches, CATCH_EXCEPTION))
		catch_gates_sync(vm);
	plant_verify(vm);
	for (unsigned int i = 0; i < vm->vcpus && !waiting; i++) {
		prepare(vm, &vm->vcpu[i], &actions[i]);
		if (vm->vcpu[i].chosen) {
			only = &vm->vcpu[i];
			chosen++;
		}
	}
	if (!waiting && !chosen)
		return err_set(err, ERR_STATE,
			       "no vCPU would run: every one is held");
	note_the_pause(vm, actions);
	if (!vm->ever_ran)
		ioctl_log_note("the guest runs from its first instruction");
	vm->ever_ran = true;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		recorder_mark(&vm->vcpu[i].recorder);
	stats_resumed(vm->stats, only_steps(actions, vm->vcpus));
	kernel_trace_forget(vm->kernel_trace);
	set_timer(vm, plant_wants_timer(vm) ||
			      catch_any(&vm->catches, CATCH_EXCEPTION));
	if (chosen == 1 && !waiting && vcpu_run_here(only))
		return true;
	pthread_mutex_lock(&vm->lock);
	if (waiting)
		vm_stop_all_locked(vm);
	else
		vm_release_locked(vm);
	pthread_mutex_unlock(&vm->lock);
	return true;
}

static void live_interrupt(struct target *t, unsigned int vcpu)
{
	struct vm *vm = vm_of(t);

	pthread_mutex_lock(&vm->lock);
	vm->interrupt_wanted = true;
	vm->interrupt_vcpu = vcpu;
	vm_stop_all_locked(vm);
	pthread_mutex_unlock(&vm->lock);
}

static int live_event_fd(struct target *t)
{
	return vm_of(t)->epoll_fd;
}

/* ---- stops ---- */

static int rank(const struct target_stop *stop)
{
	static const int table[] = {
		[STOP_ERROR] = 6,     [STOP_EXITED] = 5,  [STOP_RESET] = 4,
		[STOP_WATCH] = 3,     [STOP_SWBREAK] = 2, [STOP_HWBREAK] = 2,
		[STOP_INTERRUPT] = 1, [STOP_STEP] = 1,	  [STOP_CATCH] = 3,
	};

	return table[stop->kind];
}

static struct vcpu *choose(struct live *live)
{
	struct vm *vm = &live->vm;
	struct vcpu *best = NULL;

	for (unsigned int k = 0; k < vm->vcpus; k++) {
		struct vcpu *v = &vm->vcpu[(live->next + k) % vm->vcpus];

		if (v->has_pending && (v->waiting || v->action.kind) &&
		    (!best || rank(&v->pending) > rank(&best->pending)))
			best = v;
	}
	return best;
}

/*
 * A breakpoint at the place of a stop has been told and is passed at
 * the next resume.  One that a step or an interrupt only led to was told to
 * nobody: going on stops there at once, as gdb's `jump' wants it.
 */
static void note_reported(struct vcpu *v, enum target_stop_kind kind)
{
	v->reported = kind != STOP_STEP && kind != STOP_INTERRUPT;
	v->reported_pc = pc_of(v);
}

static void interrupt_stop(struct vm *vm, struct target_stop *stop)
{
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_INTERRUPT;
	stop->signal = GDB_SIGNAL_INT;
	stop->vcpu = vm->interrupt_vcpu < vm->vcpus ? vm->interrupt_vcpu : 0;
}

static bool reset(struct vm *vm, unsigned int by, struct err *err)
{
	return vm->vcpu[by].suspends ? vm_sleep(vm, err) : vm_reset(vm, err);
}

/* Everyone is parked: what is there to say?  False: nothing. */
static bool take_stop(struct live *live, struct target_stop *stop)
{
	struct vm *vm = &live->vm;
	struct vcpu *v = choose(live);
	struct err err;

	if (!v && !vm->interrupt_wanted)
		return false;
	vm->interrupt_wanted = false;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vm->vcpu[i].reported = false;
	if (!v) {
		interrupt_stop(vm, stop);
	} else {
		*stop = v->pending;
		v->has_pending = v->waiting = false;
		live->next = v->index + 1;
	}
	if (stop->kind == STOP_RESET && !reset(vm, stop->vcpu, &err)) {
		log_msg(LOG_ERROR, "resetting the machine: %s", err.msg);
		stop->kind = STOP_ERROR;
		stop->signal = GDB_SIGNAL_ABRT;
	}
	note_reported(&vm->vcpu[stop->vcpu], stop->kind);
	stats_stopped(vm->stats);
	return true;
}

/* Stop for a moment to look after the patches, then let the same ones go on. */
static void look_after_patches(struct vm *vm)
{
	bool stopped;

	pthread_mutex_lock(&vm->lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vm->vcpu[i].was_running = vm->vcpu[i].phase == VCPU_RUNNING;
	vm_stop_all_locked(vm);
	vm_wait_parked_locked(vm);
	stopped = vm->interrupt_wanted;
	for (unsigned int i = 0; i < vm->vcpus; i++)
		stopped |= vm->vcpu[i].has_pending && vm->vcpu[i].was_running;
	pthread_mutex_unlock(&vm->lock);
	if (stopped)
		return; /* a real stop came first: it will be reported */
	if (catch_any(&vm->catches, CATCH_EXCEPTION))
		catch_gates_sync(vm);
	plant_verify(vm);
	pthread_mutex_lock(&vm->lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vm->vcpu[i].chosen = vm->vcpu[i].was_running;
	vm_release_locked(vm);
	pthread_mutex_unlock(&vm->lock);
}

static void on_timer(struct vm *vm)
{
	uint64_t ticks;
	bool running;

	if (!vm->timer_on ||
	    read(vm->timer_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	pthread_mutex_lock(&vm->lock);
	running = vm->running > 0 && !vm->stopping;
	pthread_mutex_unlock(&vm->lock);
	if (!running)
		set_timer(vm, false);
	else if (plant_needs_attention(vm) ||
		 catch_any(&vm->catches, CATCH_EXCEPTION))
		look_after_patches(vm);
}

static bool live_next_stop(struct target *t, struct target_stop *stop)
{
	struct live *live = live_of(t);
	struct vm *vm = &live->vm;
	bool parked;

	on_timer(vm);
	pthread_mutex_lock(&vm->lock);
	parked = !vm->running && vm->stopping;
	if (parked)
		vm_drain_locked(vm);
	pthread_mutex_unlock(&vm->lock);
	return parked && take_stop(live, stop);
}

/* ---- the rest ---- */

static bool live_insert_bp(struct target *t, unsigned int vcpu,
			   const struct target_bp *bp, struct err *err)
{
	return plant_insert(vm_of(t), vcpu, bp, err);
}

static bool live_remove_bp(struct target *t, const struct target_bp *bp,
			   struct err *err)
{
	return plant_remove(vm_of(t), bp, err);
}

static void live_bp_means(struct target *t, const struct target_bp *bp,
			  struct buf *out)
{
	plant_means(vm_of(t), bp, out);
}

static bool live_reset(struct target *t, struct err *err)
{
	return vm_reset(vm_of(t), err);
}

static void live_set_step_irqs(struct target *t, bool blocked)
{
	vm_of(t)->block_irqs = blocked;
}

static void live_describe_caps(struct target *t, struct buf *out)
{
	host_caps_print(vm_of(t)->config.caps, out);
}

static const struct target_ops live_ops = {
	.name = "a live KVM guest",
	.read_phys = live_read_phys,
	.span = live_span,
	.extent = live_extent,
	.write_phys = live_write_phys,
	.get_state = live_get_state,
	.set_state = live_set_state,
	.cpu_info = live_cpu_info,
	.resume = live_resume,
	.interrupt = live_interrupt,
	.event_fd = live_event_fd,
	.next_stop = live_next_stop,
	.insert_bp = live_insert_bp,
	.remove_bp = live_remove_bp,
	.bp_means = live_bp_means,
	.region = live_region,
	.thread_id = live_thread_id,
	.reset = live_reset,
	.set_step_irqs = live_set_step_irqs,
	.describe_caps = live_describe_caps,
	.inspect = &live_inspect_ops,
	.catch = &live_catch_ops,
};

bool live_create(int kvm_fd, const struct vm_config *config, struct live **out,
		 struct err *err)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return err_set(err, ERR_LIMIT, "no memory for the machine");
	if (!vm_create(kvm_fd, config, &live->vm, err)) {
		free(live);
		return false;
	}
	if (!target_init(&live->vm.target, &live_ops, &live->vm, config->vcpus,
			 err)) {
		vm_destroy(&live->vm);
		free(live);
		return false;
	}
	live->vm.target.caps =
		(struct target_caps){.can_write = true,
				     .can_run = true,
				     .can_reset = true,
				     .hw_slots = debug_slots_count(&live->vm)};
	*out = live;
	return true;
}

void live_destroy(struct live *live)
{
	if (!live)
		return;
	kernel_trace_stop(live->vm.kernel_trace);
	vm_destroy(&live->vm);
	target_deinit(&live->vm.target);
	free(live);
}

struct target *live_target(struct live *live)
{
	return &live->vm.target;
}

struct devices *live_devices(struct live *live)
{
	return &live->vm.devices;
}

void live_serial_input(struct live *live, const void *data, size_t len)
{
	devices_serial_input(&live->vm.devices, data, len);
}
