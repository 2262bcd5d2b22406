#include "vmm/irqchip.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "vmm/boot/ivt.h"
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
		.can_sleep = !vm->config.boot.firmware,
		.ioapic_version = kernel ? KVM_IOAPIC_VERSION : IOAPIC_VERSION,
	};
	return vm->config.irqchip != IRQCHIP_NONE;
}

/* ---- as a PC's firmware leaves them ---- */

#define PC_MASTER_MASK 0xfa /* but IRQ 0 and the cascade */
#define PC_SLAVE_MASK  0xff
#define PC_TIMER_MODE  2

static bool set_kernel_pic(struct vm *vm, unsigned int id, uint8_t base,
			   uint8_t mask, struct err *err)
{
	struct kvm_irqchip chip = {.chip_id = id};

	if (!KVM_CALL(vm->fd, KVM_GET_IRQCHIP, &chip, err))
		return false;
	chip.chip.pic.irq_base = base;
	chip.chip.pic.imr = mask;
	chip.chip.pic.init4 = 1;
	return KVM_CALL(vm->fd, KVM_SET_IRQCHIP, &chip, err);
}

static bool kernel_as_pc(struct vm *vm, struct err *err)
{
	struct kvm_pit_state2 pit;

	if (!set_kernel_pic(vm, KVM_IRQCHIP_PIC_MASTER, IVT_MASTER_BASE,
			    PC_MASTER_MASK, err) ||
	    !set_kernel_pic(vm, KVM_IRQCHIP_PIC_SLAVE, IVT_SLAVE_BASE,
			    PC_SLAVE_MASK, err) ||
	    !KVM_CALL(vm->fd, KVM_GET_PIT2, &pit, err))
		return false;
	pit.channels[0].mode = PC_TIMER_MODE;
	pit.channels[0].rw_mode = 3; /* low byte, then high */
	pit.channels[0].count = 0x10000;
	pit.channels[0].gate = 1;
	return KVM_CALL(vm->fd, KVM_SET_PIT2, &pit, err);
}

/* The words that firmware writes. */
static void user_as_pc(struct vm *vm)
{
	static const struct {
		uint8_t port, value;
	} words[] = {
		{0x20, 0x11},
		{0x21, IVT_MASTER_BASE},
		{0x21, 4},
		{0x21, 1},
		{0xa0, 0x11},
		{0xa1, IVT_SLAVE_BASE},
		{0xa1, 2},
		{0xa1, 1},
		{0x21, PC_MASTER_MASK},
		{0xa1, PC_SLAVE_MASK},
		{0x43, 0x30 | PC_TIMER_MODE << 1},
		{0x40, 0},
		{0x40, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint64_t value = words[i].value;

		bus_debug_access(&vm->bus, BUS_PIO, words[i].port, 1, true,
				 &value);
	}
}

bool irqchip_as_pc(struct vm *vm, struct err *err)
{
	if (vm->config.irqchip == IRQCHIP_KERNEL)
		return kernel_as_pc(vm, err);
	if (vm->config.irqchip == IRQCHIP_USER)
		user_as_pc(vm);
	return true;
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
