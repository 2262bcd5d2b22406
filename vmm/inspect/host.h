/* What a live target tells of its host. */
#ifndef VMM_INSPECT_HOST_H
#define VMM_INSPECT_HOST_H

#include "arch/host.h"
#include "vmm/host/host_caps.h"

/*
 * Fill *host from the probe's findings, the KVM module's parameters below
 * `modules` ("/sys/module") and the file `cpuinfo` ("/proc/cpuinfo").  What
 * cannot be read stays "not known".
 */
void host_describe(struct x86_host *host, const struct host_caps *caps,
		   const char *modules, const char *cpuinfo);

#endif
