/* --assist where SYSCALL is left half done; see the .c file. */
#ifndef VMM_ASSIST_SYSCALL_H
#define VMM_ASSIST_SYSCALL_H

#include "vmm/host/host_caps.h"
#include "vmm/vm.h"

/* Is this such a host, and can it be helped? */
bool assist_syscall_needed(const struct host_caps *caps);
/* On every exit: has the guest another #PF handler now? */
void assist_syscall_follow(struct vcpu *v);
/*
 * A DEBUG exit.  *handled: it was at the #PF handler and is over, the SYSCALL
 * done or the fault let pass; true when that ended in a stop.
 */
bool assist_syscall_fault(struct vcpu *v, struct target_stop *stop,
			  bool *handled);

#endif
