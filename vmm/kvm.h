/*
 * One thin wrapper per kind of KVM call: each names the ioctl in its error and
 * says what to do where something is known.  Threading: any thread.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <linux/kvm.h>

#include "base/err.h"

/*
 * ioctl(), kept in the log of the machine (vmm/ioctl_log.h): result and errno
 * are the call's.  Every KVM call is made by this but KVM_RUN and those of the
 * self-probe.
 */
int kvm_ioctl(int fd, unsigned long request, unsigned long arg,
	      const char *name);
#define KVM_IOCTL(fd, request, arg) \
	kvm_ioctl(fd, request, (unsigned long)(arg), #request)

/* ioctl(fd, request, arg); result >= 0 is true.  `name` is the request's. */
bool kvm_call(int fd, unsigned long request, void *arg, const char *name,
	      struct err *err) MUST_CHECK;
#define KVM_CALL(fd, request, arg, err) \
	kvm_call(fd, request, arg, #request, err)

/* The same for requests that take a number and return one (or a new fd). */
bool kvm_call_int(int fd, unsigned long request, unsigned long arg,
		  const char *name, int *result, struct err *err) MUST_CHECK;
#define KVM_CALL_INT(fd, request, arg, result, err) \
	kvm_call_int(fd, request, arg, #request, result, err)

/* KVM_CHECK_EXTENSION: the value, 0 when absent or unknown. */
int kvm_extension(int fd, int cap);

/* KVM_ENABLE_CAP on a VM; false (no error text) when the host refuses. */
bool kvm_enable_cap(int vm_fd, unsigned int cap, uint64_t arg0);

#endif
