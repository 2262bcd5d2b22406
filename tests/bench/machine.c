#include "tests/bench/machine.h"

#include <stdlib.h>
#include <time.h>

bool bench_machine_make(struct bench_machine *m, int kvm_fd, struct err *err)
{
	struct cpuid_table supported;

	m->config.vcpus = 1;
	m->config.boot.image = "bench";
	m->config.boot.cmdline = "";
	m->config.boot.mode = 64;
	m->config.cpuid = &m->cpuid;
	m->config.caps = &m->caps;
	return host_probe(kvm_fd, &m->caps, err) &&
	       cpuid_supported(kvm_fd, &supported, err) &&
	       cpuid_build("auto", &supported, &m->caps, &m->cpuid, NULL,
			   err) &&
	       live_create(kvm_fd, &m->config, &m->live, err);
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(values[0]), compare);
	return values[n / 2];
}
