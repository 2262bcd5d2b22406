/*
 * Running bits of code for the self-probe: a probe_vm that is replaced when a
 * measurement left it in an unknown state, a time budget, and the note of what
 * went wrong first.
 */
#ifndef VMM_PROBE_RUN_H
#define VMM_PROBE_RUN_H

#include "vmm/host/host_caps.h"
#include "vmm/host/probe_vm.h"

struct probe {
	struct probe_vm vm;
	int kvm_fd; /* not owned */
	struct host_caps *caps;
	const char *name;  /* of the measurement that runs */
	uint64_t deadline; /* CLOCK_MONOTONIC ns */
	unsigned int vms;
	bool spoiled; /* the VM may be in any state: make another */
	bool over;    /* nothing more can be measured */
};

bool probe_start(struct probe *p, int kvm_fd, struct host_caps *caps,
		 struct err *err) MUST_CHECK;
void probe_end(struct probe *p);

/* Note what went wrong, once; the VM is not used again. */
void probe_trouble(struct probe *p, const char *fmt, ...) PRINTF(2, 3);

/*
 * These return false when the measurement cannot go on; the trouble is noted.
 *
 * probe_load() is probe_vm_load(); probe_load_warm() runs the code once before,
 * so that its pages are there when it is measured.
 */
bool probe_load(struct probe *p, enum probe_mode mode, const void *code,
		size_t len);
bool probe_load_warm(struct probe *p, enum probe_mode mode, const void *code,
		     size_t len);
bool probe_arm(struct probe *p, uint32_t control, uint64_t dr0, uint64_t dr7);
/* *reason is one of KVM_EXIT_DEBUG, _HLT, _INTERNAL_ERROR and _MMIO. */
bool probe_run(struct probe *p, int *reason);

/* The vector in whose handler pc is, or -1 for other code. */
int probe_vector(struct probe *p, enum probe_mode mode);

/*
 * After a HLT exit: has the code run to its HLT?  At CPL3 that HLT is a #GP,
 * whose handler halts.
 */
bool probe_at_end(struct probe *p, enum probe_mode mode);

#endif
