#include "vmm/user_irqchip.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "vmm/kvm.h"
#include "vmm/power_on.h"
#include "vmm/step_impl.h"

#define APIC_BASE_BSP BIT(8)
#define VECTOR_NMI    2

/* ---- what devices call, under the bus lock ---- */

static void poke(struct vcpu *v)
{
	struct vm *vm = v->vm;

	pthread_mutex_lock(&vm->lock);
	v->irq.poked = true;
	if (v->irq.sleeping)
		pthread_cond_broadcast(&vm->go_cond);
	if (atomic_load(&v->inside) && !v->nudged) {
		v->nudged = true;
		v->run->immediate_exit = 1;
		pthread_kill(v->thread, KICK_SIGNAL);
	}
	pthread_mutex_unlock(&vm->lock);
}

static void on_wake(void *ctx, unsigned int cpu)
{
	struct vm *vm = ctx;

	if (cpu < vm->vcpus)
		poke(&vm->vcpu[cpu]);
}

static void on_nmi(void *ctx, unsigned int cpu)
{
	struct vm *vm = ctx;

	if (cpu >= vm->vcpus)
		return;
	vm->vcpu[cpu].irq.nmi = true;
	poke(&vm->vcpu[cpu]);
}

static void on_init(void *ctx, unsigned int cpu)
{
	struct vm *vm = ctx;

	if (cpu >= vm->vcpus)
		return;
	vm->vcpu[cpu].irq.init = true;
	vm->vcpu[cpu].irq.sipi = false;
	poke(&vm->vcpu[cpu]);
}

static void on_sipi(void *ctx, unsigned int cpu, uint8_t vector)
{
	struct vm *vm = ctx;
	struct vcpu *v;

	if (cpu >= vm->vcpus)
		return;
	v = &vm->vcpu[cpu];
	/* only a processor that waits for it takes it */
	if (!v->irq.init && v->irq.run_state != X86_WAIT_SIPI)
		return;
	v->irq.sipi = true;
	v->irq.sipi_vector = vector;
	poke(v);
}

void user_irq_ops(struct vm *vm, struct lapic_ops *ops)
{
	*ops = (struct lapic_ops){.wake = on_wake,
				  .nmi = on_nmi,
				  .init = on_init,
				  .sipi = on_sipi,
				  .ctx = vm};
}

/* ---- power-on, INIT, SIPI ---- */

static void power_on(struct vcpu *v)
{
	memset(&v->irq, 0, sizeof(v->irq));
	v->irq.run_state = v->index ? X86_WAIT_INIT : X86_RUNNABLE;
	v->run->request_interrupt_window = 0;
	v->run->ready_for_interrupt_injection = 0;
	v->run->cr8 = 0;
}

void user_irq_reset(struct vm *vm)
{
	pthread_mutex_lock(&vm->bus.lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		power_on(&vm->vcpu[i]);
	pthread_mutex_unlock(&vm->bus.lock);
}

bool user_irq_power_on(struct vcpu *v, struct kvm_sregs *sregs, struct err *err)
{
	power_on(v);
	sregs->apic_base = LAPIC_BASE | APIC_BASE_EN |
			   (v->index ? 0 : APIC_BASE_BSP);
	return KVM_CALL(v->fd, KVM_SET_SREGS, sregs, err);
}

/* Bus lock held. */
static void take_init(struct vcpu *v)
{
	struct err err;

	v->irq.init = v->irq.nmi = false;
	v->irq.run_state = v->index ? X86_WAIT_SIPI : X86_RUNNABLE;
	lapics_cpu_init(&v->vm->devices.lapics, v->index);
	v->run->cr8 = 0;
	v->run->ready_for_interrupt_injection = 0;
	v->fresh = 0;
	if (!power_on_init(v, &err))
		log_msg(LOG_WARN, "vCPU %u: INIT: %s", v->index, err.msg);
}

static void take_sipi(struct vcpu *v)
{
	struct x86_state s = *vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);

	v->irq.sipi = false;
	if (v->irq.run_state != X86_WAIT_SIPI)
		return;
	v->irq.run_state = X86_RUNNABLE;
	s.seg[X86_CS].sel = (uint32_t)v->irq.sipi_vector << 8;
	s.seg[X86_CS].base = (uint64_t)v->irq.sipi_vector << 12;
	s.rip = 0;
	if (!vcpu_store(v, X86_GROUP_GPR | X86_GROUP_SYS, &s))
		log_msg(LOG_WARN, "vCPU %u: a SIPI cannot be taken", v->index);
}

/* ---- sleeping ---- */

static bool wants_pic(const struct vcpu *v)
{
	const struct devices *d = &v->vm->devices;

	return d->pic.s.intr && lapics_takes_pic(&d->lapics, v->index);
}

static bool has_interrupt(const struct vcpu *v)
{
	return wants_pic(v) ||
	       lapics_pending(&v->vm->devices.lapics, v->index) >= 0;
}

/* Bus lock held: is there something to run?  Takes INIT and SIPI. */
static bool is_awake(struct vcpu *v)
{
	struct vcpu_irq *irq = &v->irq;
	bool open;

	if (irq->init)
		take_init(v);
	if (irq->sipi)
		take_sipi(v);
	if (irq->run_state != X86_HALTED)
		return irq->run_state == X86_RUNNABLE;
	open = vcpu_now(v, X86_GROUP_GPR)->rflags & X86_FL_IF;
	if (!irq->nmi && !(open && has_interrupt(v)))
		return false;
	irq->run_state = X86_RUNNABLE;
	irq->woken = true;
	/* after HLT nothing else is in the way */
	v->run->ready_for_interrupt_injection = open;
	return true;
}

/* False: asked to stop. */
static bool sleep_once(struct vcpu *v)
{
	struct vm *vm = v->vm;
	bool stop;

	/* The server thread does not sleep for a vCPU: its own thread does. */
	if (vcpu_is_here(v))
		atomic_store(&v->yield, true);
	pthread_mutex_lock(&vm->lock);
	v->irq.sleeping = true;
	while (!v->irq.poked && !vm->stopping && !atomic_load(&v->yield))
		pthread_cond_wait(&vm->go_cond, &vm->lock);
	v->irq.sleeping = v->irq.poked = false;
	stop = vm->stopping || atomic_load(&v->yield);
	pthread_mutex_unlock(&vm->lock);
	return !stop;
}

static bool awake_locked(struct vcpu *v)
{
	bool awake;

	pthread_mutex_lock(&v->vm->bus.lock);
	awake = is_awake(v);
	pthread_mutex_unlock(&v->vm->bus.lock);
	v->fresh &= ~(unsigned int)X86_GROUP_EVENT;
	return awake;
}

/* ---- giving ---- */

/* Bus lock held. */
static void give_interrupt(struct vcpu *v)
{
	struct devices *d = &v->vm->devices;
	struct kvm_interrupt irq = {
		.irq = wants_pic(v)
			       ? pic_ack(&d->pic)
			       : (uint32_t)lapics_ack(&d->lapics, v->index)};

	v->run->ready_for_interrupt_injection = 0;
	v->fresh &= ~(unsigned int)X86_GROUP_EVENT;
	if (v->stepping)
		landing_add_vector(v, irq.irq);
	if (KVM_IOCTL(v->fd, KVM_INTERRUPT, &irq) < 0)
		log_msg(LOG_WARN, "vCPU %u: interrupt 0x%x is lost: %s",
			v->index, irq.irq, strerror(errno));
}

/* A step lets nothing in, but for what ends a sleep. */
static void give(struct vcpu *v)
{
	bool closed = v->stepping && v->vm->block_irqs && !v->irq.woken;

	pthread_mutex_lock(&v->vm->bus.lock);
	if (v->irq.nmi && !closed) {
		v->irq.nmi = v->irq.woken = false;
		v->fresh &= ~(unsigned int)X86_GROUP_EVENT;
		if (v->stepping)
			landing_add_vector(v, VECTOR_NMI);
		if (KVM_IOCTL(v->fd, KVM_NMI, NULL) < 0)
			log_msg(LOG_WARN, "vCPU %u: an NMI is lost: %s",
				v->index, strerror(errno));
	}
	if (!closed && has_interrupt(v) &&
	    v->run->ready_for_interrupt_injection) {
		give_interrupt(v);
		v->irq.woken = false;
	}
	v->run->request_interrupt_window = !closed && has_interrupt(v);
	pthread_mutex_unlock(&v->vm->bus.lock);
}

bool user_irq_wants_init(struct vcpu *v)
{
	bool init;

	if (v->vm->config.irqchip != IRQCHIP_USER || !v->io_pending)
		return false;
	pthread_mutex_lock(&v->vm->bus.lock);
	init = v->irq.init;
	pthread_mutex_unlock(&v->vm->bus.lock);
	return init;
}

bool user_irq_enter(struct vcpu *v)
{
	bool stop;

	if (v->vm->config.irqchip != IRQCHIP_USER)
		return true;
	pthread_mutex_lock(&v->vm->lock);
	v->irq.poked = false;
	stop = v->vm->stopping || atomic_load(&v->yield);
	pthread_mutex_unlock(&v->vm->lock);
	if (stop) /* give nothing now; an access is still to be completed */
		return v->io_pending;
	while (!v->io_pending && !awake_locked(v))
		if (!sleep_once(v))
			return false;
	give(v);
	return true;
}

bool user_irq_missed_locked(const struct vcpu *v)
{
	return v->irq.poked && !v->io_pending;
}

void user_irq_before_run(struct vcpu *v)
{
	if (v->vm->config.irqchip != IRQCHIP_USER)
		return;
	pthread_mutex_lock(&v->vm->bus.lock);
	v->irq.cr8 = lapics_tpr(&v->vm->devices.lapics, v->index) >> 4;
	pthread_mutex_unlock(&v->vm->bus.lock);
	v->run->cr8 = v->irq.cr8;
}

void user_irq_after_run(struct vcpu *v)
{
	struct lapics *l = &v->vm->devices.lapics;

	if (v->vm->config.irqchip != IRQCHIP_USER)
		return;
	pthread_mutex_lock(&v->vm->bus.lock);
	if (v->run->cr8 != v->irq.cr8)
		lapics_set_tpr(l, v->index, (uint8_t)(v->run->cr8 << 4));
	lapics_set_on(l, v->index, v->run->apic_base & APIC_BASE_EN);
	pthread_mutex_unlock(&v->vm->bus.lock);
}

void user_irq_released(struct vcpu *v)
{
	if (v->vm->config.irqchip == IRQCHIP_USER)
		v->run->ready_for_interrupt_injection = 0;
}

void user_irq_halt(struct vcpu *v)
{
	if (v->vm->config.irqchip != IRQCHIP_USER)
		return;
	pthread_mutex_lock(&v->vm->bus.lock);
	v->irq.run_state = X86_HALTED;
	v->irq.woken = false;
	pthread_mutex_unlock(&v->vm->bus.lock);
	v->fresh &= ~(unsigned int)X86_GROUP_EVENT;
}

/* ---- the debugger ---- */

void user_irq_set_state(struct vcpu *v, unsigned int groups,
			const struct x86_state *s)
{
	struct lapics *l = &v->vm->devices.lapics;

	if (v->vm->config.irqchip != IRQCHIP_USER)
		return;
	pthread_mutex_lock(&v->vm->bus.lock);
	if (groups & X86_GROUP_SYS) {
		if (s->cr8 != lapics_tpr(l, v->index) >> 4)
			lapics_set_tpr(l, v->index, (uint8_t)(s->cr8 << 4));
		lapics_set_on(l, v->index, s->apic_base & APIC_BASE_EN);
	}
	if (groups & X86_GROUP_EVENT)
		v->irq.run_state = s->run_state;
	pthread_mutex_unlock(&v->vm->bus.lock);
}

void user_irq_nmi(struct vcpu *v)
{
	pthread_mutex_lock(&v->vm->bus.lock);
	on_nmi(v->vm, v->index);
	pthread_mutex_unlock(&v->vm->bus.lock);
}
