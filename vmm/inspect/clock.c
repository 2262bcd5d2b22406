/* The clocks that KVM keeps for the guest (KVM api.rst, KVM_GET_CLOCK). */

#include "vmm/inspect/inspect.h"
#include "vmm/kvm.h"

#define MSR_TSC 0x10

/* Since Linux 5.16 */
#ifndef KVM_VCPU_TSC_CTRL
#define KVM_VCPU_TSC_CTRL   0
#define KVM_VCPU_TSC_OFFSET 0
#endif
#ifndef KVM_CLOCK_REALTIME
#define KVM_CLOCK_REALTIME (1 << 2)
#define KVM_CLOCK_HOST_TSC (1 << 3)
#endif

static bool read_kvmclock(const struct vm *vm, struct x86_clock *c,
			  struct err *err)
{
	struct kvm_clock_data d = {0};

	if (!KVM_CALL(vm->fd, KVM_GET_CLOCK, &d, err))
		return false;
	c->has_kvmclock = true;
	c->kvmclock_ns = d.clock;
	c->has_realtime = d.flags & KVM_CLOCK_REALTIME;
	c->has_host_tsc = d.flags & KVM_CLOCK_HOST_TSC;
	if (c->has_realtime)
		c->realtime_ns = d.realtime;
	if (c->has_host_tsc)
		c->host_tsc = d.host_tsc;
	return true;
}

static bool read_guest_tsc(int fd, struct x86_clock *c, struct err *err)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[1];
	} call = {.head.nmsrs = 1, .entry = {{.index = MSR_TSC}}};

	if (!KVM_CALL(fd, KVM_GET_MSRS, &call, err))
		return false;
	c->guest_tsc = call.entry[0].data;
	return true;
}

/* Not every KVM tells the offset. */
static void read_offset(int fd, struct x86_clock *c)
{
	uint64_t offset;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uint64_t)(uintptr_t)&offset,
	};

	c->has_tsc_offset = KVM_IOCTL(fd, KVM_GET_DEVICE_ATTR, &attr) == 0;
	if (c->has_tsc_offset)
		c->tsc_offset = offset;
}

bool live_clock(struct target *t, unsigned int vcpu, struct x86_clock *clock,
		struct err *err)
{
	const struct vm *vm = inspect_vm(t);
	const int fd = vm->vcpu[vcpu].fd;
	struct x86_clock c = {0};
	int khz;

	if (!read_kvmclock(vm, &c, err) || !read_guest_tsc(fd, &c, err))
		return false;
	read_offset(fd, &c);
	khz = KVM_IOCTL(fd, KVM_GET_TSC_KHZ, 0);
	c.tsc_khz = khz > 0 ? (uint32_t)khz : 0;
	*clock = c;
	return true;
}
