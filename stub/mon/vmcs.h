/* The VMCS of a vCPU as a model, collected through the target interface. */
#ifndef STUB_MON_VMCS_H
#define STUB_MON_VMCS_H

#include "arch/vmcs/vmcs.h"
#include "base/err.h"

struct target;

/*
 * A model of the vCPU as it is now; at an error stop of this vCPU, as it was
 * when it died.  Which kind is the caller's choice: vmcs_native() tells the
 * host's own.
 */
bool mon_vmcs_model(struct target *t, unsigned int vcpu, enum vmcs_kind kind,
		    struct vmcs_model *m, struct err *err) MUST_CHECK;

#endif
