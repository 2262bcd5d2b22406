/* The guest's clock across stops. */
#include "tests/kvm/machine.h"

#define PAGE	      0x110000u
#define FLAGS	      (PAGE + 29) /* struct pvclock_vcpu_time_info */
#define GUEST_STOPPED 2

GUEST(kvmclock, "mov $0x4b564d01, %ecx\n" /* MSR_KVM_SYSTEM_TIME_NEW */
		"mov $0x110001, %eax\n"
		"xor %edx, %edx\n"
		"wrmsr\n"
		"1: pause\n"
		"jmp 1b\n");

TEST(a_guest_with_kvmclock_is_told_of_a_stop)
{
	struct target_stop stop;
	struct machine m;
	uint8_t flags;

	machine_start(&m, kvmclock, 64, NULL);
	stop = machine_run_for(&m, 50);
	if (stop.kind == STOP_ERROR)
		test_skip("this KVM has no kvmclock");
	CHECK_STOP(stop, STOP_INTERRUPT);
	machine_read(&m, FLAGS, &flags, 1);
	CHECK(!(flags & GUEST_STOPPED));
	CHECK_STOP(machine_step(&m), STOP_STEP);
	machine_read(&m, FLAGS, &flags, 1);
	CHECK(!(flags & GUEST_STOPPED));
	CHECK_STOP(machine_run_for(&m, 50), STOP_INTERRUPT);
	machine_read(&m, FLAGS, &flags, 1);
	CHECK(flags & GUEST_STOPPED);
	machine_end(&m);
}
