/* The clocks a guest can read, as the host keeps them. */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct x86_clock {
	bool has_kvmclock, has_realtime, has_host_tsc, has_tsc_offset;
	uint64_t kvmclock_ns; /* KVM_GET_CLOCK: guest time since it was made */
	uint64_t realtime_ns; /* host CLOCK_REALTIME at that moment */
	uint64_t host_tsc;    /* host TSC at that moment */
	uint64_t tsc_offset;  /* guest TSC - host TSC */
	uint64_t guest_tsc;   /* MSR 10h */
	uint32_t tsc_khz;     /* of the guest's TSC; 0 = not known */
};

#endif
