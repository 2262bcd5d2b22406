/*
 * What to do with each KVM exit: serve it, or turn it into a stop.
 * Source: KVM api.rst, "The kvm_run structure".
 */
#include <errno.h>
#include <string.h>

#include "vmm/irqchip.h"
#include "vmm/vm.h"

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

/* A recorder that is off (tests/bench) is to cost nothing. */
static struct exit_record begin_record(struct vcpu *v)
{
	return recorder_on(&v->recorder) ? vcpu_record(v)
					 : (struct exit_record){0};
}

/* One access on the bus, recorded with who answered it. */
static void serve(struct vcpu *v, enum bus_kind kind, uint64_t where,
		  unsigned int size, bool write, uint64_t *value,
		  struct exit_record *e)
{
	bool on = recorder_on(&v->recorder);
	const struct bus_device *dev;

	dev = bus_access_named(&v->vm->bus, kind, where, size, write, value,
			       on ? &e->reg : NULL);
	e->where = where;
	e->size = (uint8_t)size;
	e->is_write = write;
	e->value = *value;
	e->device = dev ? dev->ops->name : NULL;
}

static bool serve_io(struct vcpu *v, struct target_stop *stop)
{
	struct kvm_run *run = v->run;
	uint64_t at = run->io.data_offset;
	unsigned int size = run->io.size;
	bool write = run->io.direction == KVM_EXIT_IO_OUT;
	struct exit_record e = begin_record(v), first = e;

	(void)stop;
	for (uint32_t i = 0; i < run->io.count; i++, at += size) {
		uint64_t value = 0;

		if (!range_ok(0, v->run_size, at, size) || size > sizeof(value))
			break;
		if (write)
			memcpy(&value, (char *)run + at, size);
		serve(v, BUS_PIO, run->io.port, size, write, &value, &e);
		if (!write)
			memcpy((char *)run + at, &value, size);
		if (i == 0)
			first = e;
	}
	first.count = run->io.count;
	recorder_add(&v->recorder, &first);
	v->io_pending = true;
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
	uint64_t value = 0;

	(void)stop;
	v->io_pending = true;
	if (run->mmio.len > sizeof(value))
		return false;
	e = begin_record(v);
	if (watch_mmio(v, run)) {
		record_watch(v, &e);
		return false;
	}
	if (run->mmio.is_write)
		memcpy(&value, run->mmio.data, run->mmio.len);
	serve(v, BUS_MMIO, run->mmio.phys_addr, run->mmio.len,
	      run->mmio.is_write, &value, &e);
	if (!run->mmio.is_write)
		memcpy(run->mmio.data, &value, run->mmio.len);
	recorder_add(&v->recorder, &e);
	return false;
}

static bool on_error(struct vcpu *v, struct target_stop *stop)
{
	story_error(v, 0, stop);
	return true;
}

/* Only without an in-kernel irqchip: nothing can wake this vCPU. */
static bool on_hlt(struct vcpu *v, struct target_stop *stop)
{
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
	{KVM_EXIT_HLT, on_hlt},
	{KVM_EXIT_INTR, keep_running},
	{KVM_EXIT_IRQ_WINDOW_OPEN, keep_running},
	{KVM_EXIT_SET_TPR, keep_running},
	{KVM_EXIT_IOAPIC_EOI, on_eoi},
};

/* A finished I/O access that touched a watched range is a stop. */
static bool finish_watch(struct vcpu *v, struct target_stop *stop)
{
	if (!v->watch_hit)
		return false;
	v->watch_hit = false;
	vcpu_complete_io(v);
	*stop = v->watch_stop;
	return true;
}

bool vcpu_handle_exit(struct vcpu *v, struct target_stop *stop)
{
	uint32_t reason = v->run->exit_reason;
	bool stopped = false, known = false;

	if (reason != KVM_EXIT_IO && reason != KVM_EXIT_MMIO)
		vcpu_record_exit(v);
	for (size_t i = 0; i < ARRAY_SIZE(exit_table) && !known; i++) {
		known = exit_table[i].reason == reason;
		if (known)
			stopped = exit_table[i].handle(v, stop);
	}
	if (!known)
		return on_error(v, stop);
	if (stopped || finish_watch(v, stop))
		return true;
	return v->io_pending && vcpu_device_request(v, stop);
}

void vcpu_handle_errno(struct vcpu *v, int os_errno, struct target_stop *stop)
{
	vcpu_record_errno(v, os_errno);
	story_error(v, os_errno, stop);
}

/* The first vCPU to look takes the request; its I/O is completed first. */
bool vcpu_device_request(struct vcpu *v, struct target_stop *stop)
{
	struct vm *vm = v->vm;
	bool exit, reset;

	pthread_mutex_lock(&vm->lock);
	exit = vm->exit_wanted;
	reset = vm->reset_wanted;
	memset(stop, 0, sizeof(*stop));
	stop->vcpu = v->index;
	stop->status = vm->exit_status;
	vm->exit_wanted = vm->reset_wanted = false;
	if (exit || reset) {
		buf_clear(&v->story);
		buf_printf(&v->story, "guest asked for %s through %s",
			   exit ? "power-off" : "a reset", vm->request_by);
		stop->text = buf_cstr(&v->story);
	}
	pthread_mutex_unlock(&vm->lock);
	if (!exit && !reset)
		return false;
	stop->kind = exit ? STOP_EXITED : STOP_RESET;
	stop->signal = GDB_SIGNAL_TRAP;
	stop->status_word = exit ? "shutdown" : NULL;
	vcpu_complete_io(v);
	return true;
}
