#include "vmm/irq_routing.h"

#include <linux/kvm.h>

#include "vmm/kvm.h"

enum {
	PIC_PINS = 8, /* of each of the two */
	IOAPIC_PINS = 24,
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
