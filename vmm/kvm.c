#include "vmm/kvm.h"

#include <sys/ioctl.h>

bool kvm_call(int fd, unsigned long request, void *arg, const char *name,
	      struct err *err)
{
	if (ioctl(fd, request, arg) < 0)
		return err_set_errno(err, ERR_KVM, "%s", name);
	return true;
}

bool kvm_call_int(int fd, unsigned long request, unsigned long arg,
		  const char *name, int *result, struct err *err)
{
	int r = ioctl(fd, request, arg);

	if (r < 0)
		return err_set_errno(err, ERR_KVM, "%s", name);
	if (result)
		*result = r;
	return true;
}

int kvm_extension(int fd, int cap)
{
	int r = ioctl(fd, KVM_CHECK_EXTENSION, cap);

	return r < 0 ? 0 : r;
}

bool kvm_enable_cap(int vm_fd, unsigned int cap, uint64_t arg0)
{
	struct kvm_enable_cap enable = {.cap = cap, .args = {arg0}};

	return ioctl(vm_fd, KVM_ENABLE_CAP, &enable) == 0;
}
