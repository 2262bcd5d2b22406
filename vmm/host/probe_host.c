#include "vmm/host/probe_host.h"

#include <cpuid.h>
#include <dirent.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#ifndef KVM_CAP_MEMORY_FAULT_INFO /* Linux 6.8 */
#define KVM_CAP_MEMORY_FAULT_INFO 232
#endif

static int check(int kvm_fd, int cap)
{
	int n = ioctl(kvm_fd, KVM_CHECK_EXTENSION, cap);

	return n > 0 ? n : 0;
}

static void list_capabilities(int kvm_fd, struct host_caps *caps)
{
	const struct {
		int cap;
		bool *to;
	} flags[] = {
		{KVM_CAP_SYNC_REGS, &caps->sync_regs},
		{KVM_CAP_EXIT_ON_EMULATION_FAILURE,
		 &caps->exit_on_emulation_failure},
		{KVM_CAP_EXCEPTION_PAYLOAD, &caps->exception_payload},
		{KVM_CAP_XSAVE2, &caps->xsave2},
		{KVM_CAP_SREGS2, &caps->sregs2},
		{KVM_CAP_DEBUGREGS, &caps->debugregs},
		{KVM_CAP_MEMORY_FAULT_INFO, &caps->memory_fault},
		{KVM_CAP_X86_TRIPLE_FAULT_EVENT, &caps->triple_fault_event},
		{KVM_CAP_X86_USER_SPACE_MSR, &caps->user_space_msr},
		{KVM_CAP_SPLIT_IRQCHIP, &caps->split_irqchip},
		{KVM_CAP_IRQCHIP, &caps->irqchip},
		{KVM_CAP_PIT2, &caps->pit2},
		{KVM_CAP_BINARY_STATS_FD, &caps->stats_fd},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		*flags[i].to = check(kvm_fd, flags[i].cap) > 0;
	caps->guest_debug2 = (uint32_t)check(kvm_fd, KVM_CAP_SET_GUEST_DEBUG2);
	caps->block_irq = caps->guest_debug2 & KVM_GUESTDBG_BLOCKIRQ;
	caps->max_vcpus = (unsigned int)check(kvm_fd, KVM_CAP_MAX_VCPUS);
	if (!caps->max_vcpus) /* api.rst, KVM_CREATE_VCPU */
		caps->max_vcpus = (unsigned int)check(kvm_fd, KVM_CAP_NR_VCPUS);
	if (!caps->max_vcpus)
		caps->max_vcpus = 4;
}

static void cpu_vendor(char *vendor)
{
	unsigned int eax, ebx = 0, ecx = 0, edx = 0;

	__get_cpuid(0, &eax, &ebx, &ecx, &edx);
	memcpy(vendor, &ebx, 4);
	memcpy(vendor + 4, &edx, 4);
	memcpy(vendor + 8, &ecx, 4);
	vendor[12] = '\0';
}

/*
 * Vendor modules that are built in show up here even where they cannot run, so
 * the one of another vendor counts least and an unusual one most.
 */
static int rank(const char *module, const char *vendor)
{
	bool amd = strstr(vendor, "AMD") || strstr(vendor, "Hygon");

	if (!strcmp(module, "kvm_amd"))
		return amd ? 2 : 1;
	if (!strcmp(module, "kvm_intel"))
		return amd ? 1 : 2;
	return !strncmp(module, "kvm_", 4) ? 3 : 0;
}

void probe_backend_name(const char *modules, const char *vendor, char *name,
			size_t size)
{
	DIR *dir = opendir(modules);
	const struct dirent *e;
	int best = 0;

	snprintf(name, size, "?");
	while (dir && (e = readdir(dir))) {
		int r = rank(e->d_name, vendor);

		if (r > best) {
			best = r;
			snprintf(name, size, "%s", e->d_name);
		}
	}
	if (dir)
		closedir(dir);
}

void probe_host_facts(int kvm_fd, struct host_caps *caps)
{
	struct utsname uts;

	cpu_vendor(caps->vendor);
	probe_backend_name("/sys/module", caps->vendor, caps->backend,
			   sizeof(caps->backend));
	if (uname(&uts))
		snprintf(caps->kernel, sizeof(caps->kernel), "?");
	else
		snprintf(caps->kernel, sizeof(caps->kernel), "%s", uts.release);
	list_capabilities(kvm_fd, caps);
}
