#include "vmm/irq_routing.h"

#include <linux/kvm.h>

#include "vmm/kvm.h"

enum {
	PIC_PINS = 8, /* of each of the two */
	CASCADE = 2,
	ROUTES = 2 * PIC_PINS + IOAPIC_PINS,
};

struct routing {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entry[ROUTES];
};

static void add(struct routing *r, unsigned int gsi, unsigned int chip,
		unsigned int pin)
{
	r->entry[r->head.nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = {.irqchip = chip, .pin = pin},
	};
}

bool irq_routing_set(int vm_fd, struct err *err)
{
	struct routing r = {0};

	for (unsigned int gsi = 0; gsi < 2 * PIC_PINS; gsi++)
		if (gsi != CASCADE)
			add(&r, gsi,
			    gsi < PIC_PINS ? KVM_IRQCHIP_PIC_MASTER
					   : KVM_IRQCHIP_PIC_SLAVE,
			    gsi % PIC_PINS);
	for (unsigned int gsi = 0; gsi < IOAPIC_PINS; gsi++)
		if (gsi != CASCADE)
			add(&r, gsi, KVM_IRQCHIP_IOAPIC, gsi ? gsi : CASCADE);
	return KVM_CALL(vm_fd, KVM_SET_GSI_ROUTING, &r, err);
}

bool irq_routing_set_messages(int vm_fd, const struct msi_msg msg[IOAPIC_PINS],
			      struct err *err)
{
	struct routing r = {.head.nr = IOAPIC_PINS};

	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		r.entry[pin] = (struct kvm_irq_routing_entry){
			.gsi = pin,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = {.address_lo = msg[pin].address,
				  .data = msg[pin].data},
		};
	return KVM_CALL(vm_fd, KVM_SET_GSI_ROUTING, &r, err);
}

bool irq_send_message(int vm_fd, const struct msi_msg *msg, bool *taken,
		      struct err *err)
{
	struct kvm_msi msi = {.address_lo = msg->address, .data = msg->data};
	int r = KVM_IOCTL(vm_fd, KVM_SIGNAL_MSI, &msi);

	if (r < 0)
		return err_set_errno(err, ERR_KVM, "KVM_SIGNAL_MSI");
	*taken = r > 0;
	return true;
}
