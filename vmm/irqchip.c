#include "vmm/irqchip.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "vmm/irq_routing.h"
#include "vmm/kvm.h"
#include "vmm/power_on.h"
#include "vmm/user_irqchip.h"

#define KVM_IOAPIC_VERSION 0x11

/* ---- called by devices, under the bus lock ---- */

static void set_line(void *ctx, unsigned int gsi, int level)
{
	struct kvm_irq_level irq = {.irq = gsi, .level = (uint32_t)level};
	struct vm *vm = ctx;

	if (gsi < IOAPIC_PINS) {
		vm->irq_raised[gsi] += level && !(vm->irq_lines >> gsi & 1);
		vm->irq_lines &= ~(UINT32_C(1) << gsi);
		vm->irq_lines |= (uint32_t) !!level << gsi;
	}
	if (KVM_IOCTL(vm->fd, KVM_IRQ_LINE, &irq) < 0)
		log_msg(LOG_WARN, "KVM_IRQ_LINE %u: %s", gsi, strerror(errno));
}

static bool deliver(void *ctx, const struct msi_msg *msg)
{
	struct vm *vm = ctx;
	bool taken = false;
	struct err err;

	if (!irq_send_message(vm->fd, msg, &taken, &err))
		log_msg(LOG_WARN, "IOAPIC: message 0x%x to 0x%x is lost: %s",
			msg->data, msg->address, err.msg);
	return taken;
}

static void route(void *ctx, const struct msi_msg msg[IOAPIC_PINS])
{
	struct vm *vm = ctx;
	struct err err;

	if (!irq_routing_set_messages(vm->fd, msg, &err))
		log_msg(LOG_WARN,
			"IOAPIC: level interrupts may come once only, KVM "
			"will not report their end: %s",
			err.msg);
}

/* ---- creation ---- */

static bool create_split(struct vm *vm, struct err *err)
{
	if (kvm_enable_cap(vm->fd, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS))
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "--irqchip split: this host's KVM has no "
		       "KVM_CAP_SPLIT_IRQCHIP; use --irqchip kernel");
}

static bool create_in_kernel(struct vm *vm, struct err *err)
{
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};

	return KVM_CALL(vm->fd, KVM_CREATE_IRQCHIP, NULL, err) &&
	       irq_routing_set(vm->fd, err) &&
	       KVM_CALL(vm->fd, KVM_CREATE_PIT2, &pit, err) &&
	       chips_save(vm->fd, &vm->chips, err);
}

bool irqchip_create(struct vm *vm, struct err *err)
{
	switch (vm->config.irqchip) {
	case IRQCHIP_NONE:
	case IRQCHIP_USER:
		return true;
	case IRQCHIP_SPLIT:
		return create_split(vm, err);
	default:
		return create_in_kernel(vm, err);
	}
}

void irqchip_connect(struct vm *vm, struct devices_config *config)
{
	if (vm->config.irqchip == IRQCHIP_KERNEL) {
		config->irq = set_line;
		config->irq_ctx = vm;
	} else if (vm->config.irqchip == IRQCHIP_SPLIT) {
		vm->ioapic_ops = (struct ioapic_ops){deliver, route, vm};
		config->ioapic = &vm->ioapic_ops;
	} else if (vm->config.irqchip == IRQCHIP_USER) {
		user_irq_ops(vm, &vm->lapic_ops);
		config->chips = &vm->lapic_ops;
		config->vcpus = vm->config.vcpus;
	}
}

bool irqchip_wiring(const struct vm *vm, struct boot_wiring *wiring)
{
	bool split = vm->config.irqchip == IRQCHIP_SPLIT;
	bool kernel = vm->config.irqchip == IRQCHIP_KERNEL;

	*wiring = (struct boot_wiring){
		.has_ioapic = true,
		.has_pic = !split,
		.ioapic_version = kernel ? KVM_IOAPIC_VERSION : IOAPIC_VERSION,
	};
	return vm->config.irqchip != IRQCHIP_NONE;
}

void irqchip_eoi(struct vm *vm, uint8_t vector)
{
	pthread_mutex_lock(&vm->bus.lock);
	ioapic_eoi(&vm->devices.ioapic, vector);
	pthread_mutex_unlock(&vm->bus.lock);
}

bool irqchip_reset(struct vm *vm, struct err *err)
{
	if (vm->config.irqchip == IRQCHIP_USER)
		user_irq_reset(vm);
	return chips_restore(vm->fd, &vm->chips, err);
}
