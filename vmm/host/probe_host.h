/* What is known about the host without running a guest. */
#ifndef VMM_PROBE_HOST_H
#define VMM_PROBE_HOST_H

#include "vmm/host/host_caps.h"

/* Fill names and the capabilities that KVM lists; measures nothing. */
void probe_host_facts(int kvm_fd, struct host_caps *caps);

/*
 * The vendor module behind /dev/kvm, going by the names in a directory like
 * /sys/module; "?" when none is there.  For display only.
 */
void probe_backend_name(const char *modules, const char *vendor, char *name,
			size_t size);

#endif
