/*
 * --cpu: which CPUID the guest sees, made from what KVM supports.
 * Pure but for cpuid_supported(); flags have /proc/cpuinfo's names.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <linux/kvm.h>

#include "arch/x86_state.h"
#include "base/buf.h"
#include "base/err.h"
#include "arch/cpuid_flags.h"
#include "arch/cpuid_table.h"
#include "vmm/host/host_caps.h"

#define CPUID_MAX_ENTRIES 256

struct cpuid_table {
	unsigned int n;
	struct kvm_cpuid_entry2 entry[CPUID_MAX_ENTRIES];
};

/* KVM_GET_SUPPORTED_CPUID of an open /dev/kvm. */
bool cpuid_supported(int kvm_fd, struct cpuid_table *table,
		     struct err *err) MUST_CHECK;

/*
 * spec: "auto|host|base[,+flag][,-flag]...".  auto masks what `caps` found the
 * host unable to run and appends what it masked, and why, to *notes (may be
 * NULL).  An unknown or unsupported flag is an error with near matches.
 */
bool cpuid_build(const char *spec, const struct cpuid_table *supported,
		 const struct host_caps *caps, struct cpuid_table *guest,
		 struct buf *notes, struct err *err) MUST_CHECK;

/*
 * Where CPUID shows the processor's own flags whatever KVM is told: those that
 * `auto` would mask, as words for Linux' clearcpuid=, "popcnt,xsave,...".
 * Nothing for other models, and on other hosts.
 */
void cpuid_for_linux(const char *spec, const struct host_caps *caps,
		     struct buf *words);

/* Take away what KVM's own local APIC does: x2APIC, TSC deadline, PV IPIs. */
void cpuid_without_lapic(struct cpuid_table *guest);

/* Take away what the guest does by hypercall; false: nothing of it is there. */
bool cpuid_without_hypercalls(struct cpuid_table *guest);

/* The same for one vCPU: APIC ids and topology leaves filled in. */
void cpuid_for_vcpu(const struct cpuid_table *guest, unsigned int vcpu,
		    unsigned int vcpus, struct cpuid_table *out);

/* The list as the layers above KVM know it; beyond X86_CPUID_MAX, nothing. */
void cpuid_from_kvm(struct x86_cpuid *to, const struct kvm_cpuid_entry2 *from,
		    unsigned int n);

/* What the page walker and the register file need to know. */
void cpuid_info(const struct cpuid_table *guest, struct x86_cpu_info *info);

/*
 * Is any bit of this name set?  Set all bits of this name where the table has
 * their leaf.  Unknown names read as false and set nothing.
 */
bool cpuid_flag_get(const struct cpuid_table *table, const char *flag);
void cpuid_flag_set(struct cpuid_table *table, const char *flag, bool on);

uint32_t *cpuid_reg(struct kvm_cpuid_entry2 *e, enum cpuid_reg reg);

/* index is ignored for leaves that have none. */
const struct kvm_cpuid_entry2 *cpuid_find(const struct cpuid_table *table,
					  uint32_t function, uint32_t index);

#endif
