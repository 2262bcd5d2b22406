/*
 * KVM as the judge of page walks: a VM with little memory, page tables of
 * random content in it, and KVM_TRANSLATE.
 *
 * The numbers are the same in each run: ORACLE_SEED, which failures name.
 */
#ifndef TESTS_KVM_ORACLE_H
#define TESTS_KVM_ORACLE_H

#include <linux/kvm.h>

#include "arch/paging/paging.h"
#include "vmm/host/cpuid.h"

#define ORACLE_SEED   UINT64_C(0x5eed)
#define ORACLE_RAM    0x100000u
#define ORACLE_TABLES 0x10000u /* 16 pages of entries */
#define ORACLE_PAGES  16u

struct oracle {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *ram;
	struct cpuid_table supported, cpuid; /* cpuid: the guest's */
	struct x86_cpu_info host;
	/*
	 * By what KVM's own walk goes: the guest's CPUID, except that 1-GiB
	 * pages are the host's where the processor walks guest tables itself
	 * (Linux 5.14), and else what KVM supports as well.
	 */
	struct x86_cpu_info info;
	bool two_dimensional;
	struct x86_state state; /* as oracle_mode() has made it */
	uint64_t random;
};

/* Skips the test where there is no /dev/kvm. */
void oracle_init(struct oracle *o);
void oracle_deinit(struct oracle *o);

/* Load o->cpuid, before the first run of the vCPU, and fill o->info. */
void oracle_set_cpuid(struct oracle *o);

/* Page with these registers; false: KVM refuses. */
bool oracle_mode(struct oracle *o, uint64_t cr4, uint64_t efer);

/* o->ram as the walker's memory. */
struct phys_reader oracle_reader(const struct oracle *o);

uint64_t oracle_random(struct oracle *o);

/* Write n entries of 8 bytes somewhere into the tables; PAE's top is kept. */
void oracle_scribble(struct oracle *o, unsigned int n);

/* An address of the mode, a canonical one. */
gva_t oracle_address(struct oracle *o, enum paging_mode mode);

/* Ask KVM, for a supervisor's read; true: it is mapped, at *gpa. */
bool oracle_translate(struct oracle *o, gva_t gva, gpa_t *gpa);

#endif
