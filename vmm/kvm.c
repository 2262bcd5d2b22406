#include "vmm/kvm.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "vmm/ioctl_log.h"

int kvm_ioctl(int fd, unsigned long request, unsigned long arg,
	      const char *name)
{
	struct ioctl_kind *kind = ioctl_log_kind(request, name);
	uint64_t begin = ioctl_log_begin(kind);
	int r = ioctl(fd, request, arg);

	ioctl_log_end(kind, fd, arg, r, begin);
	return r;
}

bool kvm_call(int fd, unsigned long request, void *arg, const char *name,
	      struct err *err)
{
	if (kvm_ioctl(fd, request, (unsigned long)arg, name) < 0)
		return err_set_errno(err, ERR_KVM, "%s", name);
	return true;
}

bool kvm_call_int(int fd, unsigned long request, unsigned long arg,
		  const char *name, int *result, struct err *err)
{
	int r = kvm_ioctl(fd, request, arg, name);

	if (r < 0)
		return err_set_errno(err, ERR_KVM, "%s", name);
	if (result)
		*result = r;
	return true;
}

int kvm_extension(int fd, int cap)
{
	int r = KVM_IOCTL(fd, KVM_CHECK_EXTENSION, cap);

	return r < 0 ? 0 : r;
}

bool kvm_enable_cap(int vm_fd, unsigned int cap, uint64_t arg0)
{
	struct kvm_enable_cap enable = {.cap = cap, .args = {arg0}};

	return KVM_IOCTL(vm_fd, KVM_ENABLE_CAP, &enable) == 0;
}
