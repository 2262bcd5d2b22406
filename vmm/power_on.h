/*
 * The power-on state of a vCPU and of KVM's interrupt chips, kept so that a
 * reset can put it back.  Threading: every vCPU parked.
 */
#ifndef VMM_POWER_ON_H
#define VMM_POWER_ON_H

#include <linux/kvm.h>

#include "base/err.h"

struct vm;
struct vcpu;

/* Take the state of a new vCPU (allocates v->power_on) or put it back. */
bool power_on_save(struct vcpu *v, struct err *err) MUST_CHECK;
bool power_on_restore(struct vcpu *v, struct err *err) MUST_CHECK;

/* What an INIT leaves of it (SDM Vol 3A, "Processor State After Reset"). */
bool power_on_init(struct vcpu *v, struct err *err) MUST_CHECK;

struct chips_power_on {
	struct kvm_irqchip chip[3];
	struct kvm_pit_state2 pit;
	bool valid;
};

bool chips_save(int vm_fd, struct chips_power_on *chips,
		struct err *err) MUST_CHECK;
bool chips_restore(int vm_fd, const struct chips_power_on *chips,
		   struct err *err) MUST_CHECK;

#endif
