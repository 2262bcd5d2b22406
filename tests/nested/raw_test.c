/*
 * Does this machine's KVM run a guest at all?  Raw ioctls, none of our code:
 * when these fail, the harness or the emulator is at fault and not the program.
 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE 0x1000

struct raw_vm {
	int kvm, vm, vcpu;
	uint8_t *mem;
	struct kvm_run *run;
};

/* One real-mode vCPU with 64 KiB at 0, about to run `code`. */
static void raw_create(struct raw_vm *v, const void *code, size_t len)
{
	struct kvm_userspace_memory_region region = {.memory_size = 0x10000};
	struct kvm_regs regs = {.rip = CODE, .rsp = 0x8000, .rflags = 2};
	struct kvm_sregs sregs;
	int size;

	v->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (v->kvm < 0)
		test_skip("cannot open /dev/kvm: %s", strerror(errno));
	v->vm = ioctl(v->kvm, KVM_CREATE_VM, 0);
	CHECK(v->vm >= 0);
	v->mem = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(v->mem != MAP_FAILED);
	memcpy(v->mem + CODE, code, len);
	region.userspace_addr = (uintptr_t)v->mem;
	CHECK(ioctl(v->vm, KVM_SET_TSS_ADDR, 0xfffbd000) == 0);
	CHECK(ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &region) == 0);
	v->vcpu = ioctl(v->vm, KVM_CREATE_VCPU, 0);
	CHECK(v->vcpu >= 0);
	size = ioctl(v->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->vcpu, 0);
	CHECK(v->run != MAP_FAILED);
	CHECK(ioctl(v->vcpu, KVM_GET_SREGS, &sregs) == 0);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	CHECK(ioctl(v->vcpu, KVM_SET_SREGS, &sregs) == 0);
	CHECK(ioctl(v->vcpu, KVM_SET_REGS, &regs) == 0);
}

TEST(guest_writes_a_port_and_halts)
{
	static const uint8_t code[] = {0xb0, 0x5a, 0xe6, 0x80, 0xf4};
	struct raw_vm v;

	raw_create(&v, code, sizeof(code));
	CHECK_EQ(ioctl(v.vcpu, KVM_RUN, 0), 0);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, 0x80);
	CHECK_EQ(((uint8_t *)v.run)[v.run->io.data_offset], 0x5a);
	CHECK_EQ(ioctl(v.vcpu, KVM_RUN, 0), 0);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_HLT);
}

TEST(single_step_stops)
{
	static const uint8_t code[] = {0x90, 0x90, 0xf4};
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	struct raw_vm v;

	raw_create(&v, code, sizeof(code));
	CHECK_EQ(ioctl(v.vcpu, KVM_SET_GUEST_DEBUG, &debug), 0);
	CHECK_EQ(ioctl(v.vcpu, KVM_RUN, 0), 0);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, CODE + 1);
}

TEST(software_breakpoint_stops)
{
	static const uint8_t code[] = {0x90, 0xcc, 0xf4};
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct raw_vm v;

	raw_create(&v, code, sizeof(code));
	CHECK_EQ(ioctl(v.vcpu, KVM_SET_GUEST_DEBUG, &debug), 0);
	CHECK_EQ(ioctl(v.vcpu, KVM_RUN, 0), 0);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, CODE + 1);
}
