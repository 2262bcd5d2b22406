/* A live machine inside the benchmark itself, and a clock for it. */
#ifndef TESTS_BENCH_MACHINE_H
#define TESTS_BENCH_MACHINE_H

#include "vmm/live.h"

struct bench_machine {
	struct host_caps caps;
	struct cpuid_table cpuid;
	struct vm_config config;
	struct live *live;
};

/*
 * m->config: memory, boot.data and boot.size of a flat 64-bit image, and what
 * else differs from the defaults; the rest is filled in.
 */
bool bench_machine_make(struct bench_machine *m, int kvm_fd,
			struct err *err) MUST_CHECK;

/* Seconds of processor time, the guest's included: load takes none of it. */
double bench_now(void);

/* Sorts. */
double bench_median(double *values, unsigned int n);

#endif
