/*
 * The one place where KVM's register structs and struct x86_state meet.
 *
 * Threading: the vCPU must be parked, or the caller must be its thread.
 */
#ifndef VMM_CONVERT_H
#define VMM_CONVERT_H

#include <linux/kvm.h>

#include "arch/x86_state.h"
#include "base/err.h"

/* What the conversions need to know of the host and the guest's CPUID. */
struct convert_caps {
	bool xsave, xcrs, debugregs, events, sregs2;
	unsigned int xsave_size; /* bytes KVM_GET_XSAVE2 writes; 4096 at least */
	struct x86_cpu_info cpu;
};

bool convert_get(int vcpu_fd, const struct convert_caps *caps, unsigned groups,
		 struct x86_state *s, struct err *err) MUST_CHECK;

/*
 * Load the named groups.  A pending exception survives a change of general
 * registers (KVM_SET_REGS alone would drop it).  KVM's refusal of a value is
 * ERR_REFUSED and leaves that group as it was.
 */
bool convert_set(int vcpu_fd, const struct convert_caps *caps, unsigned groups,
		 const struct x86_state *s, struct err *err) MUST_CHECK;

void convert_from_regs(struct x86_state *s, const struct kvm_regs *r);
void convert_to_regs(struct kvm_regs *r, const struct x86_state *s);
void convert_from_sregs(struct x86_state *s, const struct kvm_sregs *k);

#endif
