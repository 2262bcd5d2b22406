/*
 * What to do with each KVM exit: serve it, or turn it into a stop.
 * Source: KVM api.rst, "The kvm_run structure".
 */
#include <errno.h>
#include <string.h>

#include "vmm/assist_syscall.h"
#include "vmm/irqchip.h"
#include "vmm/user_irqchip.h"
#include "vmm/vm.h"

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

/* A recorder that is off (tests/bench) is to cost nothing. */
static struct exit_record begin_record(struct vcpu *v)
{
	return recorder_on(&v->recorder) || v->vm->catches.n
		       ? vcpu_record(v)
		       : (struct exit_record){.reason = v->run->exit_reason};
}

/* One access on the bus; e tells which, and gets who answered it. */
static void serve(struct vcpu *v, struct exit_record *e)
{
	bool named = recorder_on(&v->recorder) || v->vm->catches.n;
	enum bus_kind kind = e->reason == KVM_EXIT_IO ? BUS_PIO : BUS_MMIO;
	const struct bus_range *r;

	if (v->dropping) { /* it is not made */
		e->value = UINT64_MAX;
		return;
	}
	r = bus_access_named(&v->vm->bus, v->index, kind, e->where, e->size,
			     e->is_write, &e->value, named ? &e->reg : NULL);
	e->device = r ? r->ops->name : NULL;
}

/* The access has been made: tell the recorder and the catchpoints. */
static void served(struct vcpu *v, const struct exit_record *e)
{
	if (v->dropping)
		return;
	recorder_add(&v->recorder, e);
	if (v->vm->catches.n)
		catch_after(v, e);
}

void vcpu_access(struct vcpu *v, struct exit_record *e)
{
	serve(v, e);
	served(v, e);
}

/* Where the elements of a port access lie; NULL: KVM's page is too short. */
static void *io_data(struct vcpu *v)
{
	const struct kvm_run *run = v->run;
	uint64_t len = (uint64_t)run->io.count * run->io.size;

	if (!range_ok(0, v->run_size, run->io.data_offset, len) ||
	    run->io.size > sizeof(uint64_t))
		return NULL;
	return (char *)v->run + run->io.data_offset;
}

static bool serve_io(struct vcpu *v, struct target_stop *stop)
{
	const struct kvm_run *run = v->run;
	struct exit_record e = begin_record(v), first;
	uint8_t *at = io_data(v);

	(void)stop;
	v->io_pending = true;
	if (!at || !run->io.count)
		return false;
	e.where = run->io.port;
	e.size = run->io.size;
	e.count = run->io.count;
	e.is_write = run->io.direction == KVM_EXIT_IO_OUT;
	if (e.is_write)
		memcpy(&e.value, at, e.size);
	if (v->vm->catches.n && catch_before(v, &e))
		return false;
	for (uint32_t i = 0; i < e.count; i++, at += e.size) {
		e.value = 0;
		if (e.is_write)
			memcpy(&e.value, at, e.size);
		serve(v, &e);
		if (!e.is_write)
			memcpy(at, &e.value, e.size);
		if (i == 0)
			first = e;
	}
	served(v, &first);
	return false;
}

/* RAM that was taken away from the guest for a watchpoint. */
static void record_watch(struct vcpu *v, struct exit_record *e)
{
	const struct kvm_run *run = v->run;

	e->where = run->mmio.phys_addr;
	e->size = (uint8_t)run->mmio.len;
	e->is_write = run->mmio.is_write;
	memcpy(&e->value, run->mmio.data, run->mmio.len);
	e->device = "ram";
	e->reg = "watched page";
	recorder_add(&v->recorder, e);
}

static bool serve_mmio(struct vcpu *v, struct target_stop *stop)
{
	struct kvm_run *run = v->run;
	struct exit_record e;

	(void)stop;
	v->io_pending = true;
	if (run->mmio.len > sizeof(e.value))
		return false;
	e = begin_record(v);
	if (watch_mmio(v, run)) {
		record_watch(v, &e);
		return false;
	}
	e.where = run->mmio.phys_addr;
	e.size = (uint8_t)run->mmio.len;
	e.is_write = run->mmio.is_write;
	if (e.is_write)
		memcpy(&e.value, run->mmio.data, e.size);
	if (v->vm->catches.n && catch_before(v, &e))
		return false;
	serve(v, &e);
	if (!e.is_write)
		memcpy(run->mmio.data, &e.value, e.size);
	served(v, &e);
	return false;
}

bool vcpu_serve_access(struct vcpu *v)
{
	struct target_stop none;

	if (v->run->exit_reason == KVM_EXIT_IO)
		serve_io(v, &none);
	else if (v->run->exit_reason == KVM_EXIT_MMIO)
		serve_mmio(v, &none);
	else
		return false;
	return true;
}

static bool on_error(struct vcpu *v, struct target_stop *stop)
{
	if (v->vm->catches.n)
		catch_error(v);
	story_error(v, 0, stop);
	return true;
}

/* A triple fault ends the guest, or resets it as on a PC. */
static bool on_shutdown(struct vcpu *v, struct target_stop *stop)
{
	const struct request r = {.fault = true, .by = "a triple fault"};

	if (!v->vm->catches.triple_fault_resets)
		return on_error(v, stop);
	if (!catch_reset(v, &r, stop))
		vcpu_request_stop(v, &r, stop);
	return true;
}

/* Only without an in-kernel irqchip; with none, nothing can wake this vCPU. */
static bool on_hlt(struct vcpu *v, struct target_stop *stop)
{
	if (v->vm->config.irqchip == IRQCHIP_USER) {
		user_irq_halt(v);
		return false;
	}
	story_halted(v, stop);
	return true;
}

static bool on_internal_error(struct vcpu *v, struct target_stop *stop)
{
	bool handled = false;
	bool stopped = vcpu_handle_int3_error(v, stop, &handled);

	if (handled)
		return stopped;
	stopped = watch_retry(v, stop, &handled);
	if (handled)
		return stopped;
	if (vcpu_assist(v))
		return false;
	return on_error(v, stop);
}

static bool keep_running(struct vcpu *v, struct target_stop *stop)
{
	(void)v;
	(void)stop;
	return false;
}

/* Only with a split interrupt chip. */
static bool on_eoi(struct vcpu *v, struct target_stop *stop)
{
	(void)stop;
	irqchip_eoi(v->vm, v->run->eoi.vector);
	return false;
}

/* Everything not named here is an error stop that shows the number. */
static const struct {
	uint32_t reason;
	bool (*handle)(struct vcpu *v, struct target_stop *stop);
} exit_table[] = {
	{KVM_EXIT_IO, serve_io},
	{KVM_EXIT_MMIO, serve_mmio},
	{KVM_EXIT_DEBUG, vcpu_handle_debug},
	{KVM_EXIT_INTERNAL_ERROR, on_internal_error},
	{KVM_EXIT_SHUTDOWN, on_shutdown},
	{KVM_EXIT_X86_RDMSR, catch_msr_exit},
	{KVM_EXIT_X86_WRMSR, catch_msr_exit},
	{KVM_EXIT_HLT, on_hlt},
	{KVM_EXIT_INTR, keep_running},
	{KVM_EXIT_IRQ_WINDOW_OPEN, keep_running},
	{KVM_EXIT_SET_TPR, keep_running},
	{KVM_EXIT_IOAPIC_EOI, on_eoi},
};

/* ---- what the guest asks of the machine, through a device ---- */

/* The first vCPU to look takes the request. */
static bool take_request(struct vm *vm, struct request *r)
{
	bool there;

	pthread_mutex_lock(&vm->lock);
	there = vm->exit_wanted || vm->reset_wanted;
	*r = (struct request){.exit = vm->exit_wanted,
			      .sleep = vm->sleep_wanted,
			      .status = vm->exit_status,
			      .by = vm->request_by};
	vm->exit_wanted = vm->reset_wanted = vm->sleep_wanted = false;
	pthread_mutex_unlock(&vm->lock);
	return there;
}

/* Keep it for the next release: there is something else to tell first. */
static void hold_request(struct vcpu *v)
{
	struct request r;

	if (v->held.kind != HELD_NONE || !take_request(v->vm, &r))
		return;
	memset(&v->held, 0, sizeof(v->held));
	v->held.kind = HELD_REQUEST;
	v->held.request = r;
}

void vcpu_request_stop(struct vcpu *v, const struct request *r,
		       struct target_stop *stop)
{
	buf_clear(&v->story);
	v->suspends = r->sleep;
	if (r->fault)
		buf_str(&v->story, "the guest is reset by a triple fault\n");
	else if (r->sleep)
		buf_printf(&v->story,
			   "guest sleeps (%s): when the clock's alarm or the "
			   "power button wakes it, it goes on at its waking "
			   "vector\n",
			   r->by);
	else
		buf_printf(&v->story, "guest asked for %s through %s\n",
			   r->exit ? "power-off" : "a reset", r->by);
	memset(stop, 0, sizeof(*stop));
	stop->kind = r->exit ? STOP_EXITED : STOP_RESET;
	stop->vcpu = v->index;
	stop->signal = GDB_SIGNAL_TRAP;
	stop->status = r->status;
	stop->status_word = r->exit ? "shutdown" : NULL;
	stop->text = buf_cstr(&v->story);
}

/* The I/O is completed first. */
bool vcpu_device_request(struct vcpu *v, struct target_stop *stop)
{
	struct request r;

	if (!take_request(v->vm, &r))
		return false;
	vcpu_complete_io(v);
	if (!r.exit && catch_reset(v, &r, stop))
		return true;
	vcpu_request_stop(v, &r, stop);
	return true;
}

/* ---- the end of an exit ---- */

bool vcpu_noted_stop(struct vcpu *v, struct target_stop *stop)
{
	if (!v->watch_hit && !v->caught.id)
		return false;
	vcpu_complete_io(v);
	if (v->caught.id) {
		buf_clear(&v->story);
		catch_text(v, &v->caught, &v->story);
		catch_stop(v, v->caught.id, stop);
	} else {
		*stop = v->watch_stop;
	}
	v->watch_hit = false;
	v->caught.id = 0;
	hold_request(v);
	return true;
}

/* Those that are no access have their own record. */
static bool is_plain(uint32_t reason)
{
	return reason != KVM_EXIT_IO && reason != KVM_EXIT_MMIO &&
	       reason != KVM_EXIT_X86_RDMSR && reason != KVM_EXIT_X86_WRMSR;
}

bool vcpu_handle_exit(struct vcpu *v, struct target_stop *stop)
{
	uint32_t reason = v->run->exit_reason;
	bool stopped = false, known = false;

	if (v->vm->assist_syscall) {
		assist_syscall_follow(v);
		if (reason == KVM_EXIT_DEBUG)
			stopped = assist_syscall_fault(v, stop, &known);
		if (known)
			return stopped;
	}
	if (is_plain(reason))
		vcpu_record_exit(v);
	for (size_t i = 0; i < ARRAY_SIZE(exit_table) && !known; i++) {
		known = exit_table[i].reason == reason;
		if (known)
			stopped = exit_table[i].handle(v, stop);
	}
	if (!known)
		return on_error(v, stop);
	if (stopped)
		return true;
	if (v->vm->catches.n && is_plain(reason))
		catch_exit(v);
	return vcpu_noted_stop(v, stop) ||
	       (v->io_pending && vcpu_device_request(v, stop));
}

void vcpu_handle_errno(struct vcpu *v, int os_errno, struct target_stop *stop)
{
	vcpu_record_errno(v, os_errno);
	story_error(v, os_errno, stop);
}
