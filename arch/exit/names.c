#include "arch/exit/names.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "arch/exit/text.h"

static const char *const kvm_reasons[] = {
	"KVM_EXIT_UNKNOWN",
	"KVM_EXIT_EXCEPTION",
	"KVM_EXIT_IO",
	"KVM_EXIT_HYPERCALL",
	"KVM_EXIT_DEBUG",
	"KVM_EXIT_HLT",
	"KVM_EXIT_MMIO",
	"KVM_EXIT_IRQ_WINDOW_OPEN",
	"KVM_EXIT_SHUTDOWN",
	"KVM_EXIT_FAIL_ENTRY",
	"KVM_EXIT_INTR",
	"KVM_EXIT_SET_TPR",
	"KVM_EXIT_TPR_ACCESS",
	"KVM_EXIT_S390_SIEIC",
	"KVM_EXIT_S390_RESET",
	"KVM_EXIT_DCR",
	"KVM_EXIT_NMI",
	"KVM_EXIT_INTERNAL_ERROR",
	"KVM_EXIT_OSI",
	"KVM_EXIT_PAPR_HCALL",
	"KVM_EXIT_S390_UCONTROL",
	"KVM_EXIT_WATCHDOG",
	"KVM_EXIT_S390_TSCH",
	"KVM_EXIT_EPR",
	"KVM_EXIT_SYSTEM_EVENT",
	"KVM_EXIT_S390_STSI",
	"KVM_EXIT_IOAPIC_EOI",
	"KVM_EXIT_HYPERV",
	"KVM_EXIT_ARM_NISV",
	"KVM_EXIT_X86_RDMSR",
	"KVM_EXIT_X86_WRMSR",
	"KVM_EXIT_DIRTY_RING_FULL",
	"KVM_EXIT_AP_RESET_HOLD",
	"KVM_EXIT_X86_BUS_LOCK",
	"KVM_EXIT_XEN",
	"KVM_EXIT_RISCV_SBI",
	"KVM_EXIT_RISCV_CSR",
	"KVM_EXIT_NOTIFY",
	"KVM_EXIT_LOONGARCH_IOCSR",
	"KVM_EXIT_MEMORY_FAULT",
	"KVM_EXIT_TDX",
	"KVM_EXIT_ARM_SEA",
	"KVM_EXIT_ARM_LDST64B",
	"KVM_EXIT_SNP_REQ_CERTS",
};

const char *exit_reason_name(uint32_t reason)
{
	return reason < ARRAY_SIZE(kvm_reasons) ? kvm_reasons[reason] : NULL;
}

void exit_reason_print(struct buf *out, uint32_t reason)
{
	const char *name = exit_reason_name(reason);

	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "KVM_EXIT_UNKNOWN(%u)", reason);
}

static const char *const vmx_reasons[] = {
	[0] = "EXCEPTION_NMI",
	[1] = "EXTERNAL_INTERRUPT",
	[2] = "TRIPLE_FAULT",
	[3] = "INIT_SIGNAL",
	[4] = "SIPI_SIGNAL",
	[5] = "IO_SMI",
	[6] = "OTHER_SMI",
	[7] = "INTERRUPT_WINDOW",
	[8] = "NMI_WINDOW",
	[9] = "TASK_SWITCH",
	[10] = "CPUID",
	[11] = "GETSEC",
	[12] = "HLT",
	[13] = "INVD",
	[14] = "INVLPG",
	[15] = "RDPMC",
	[16] = "RDTSC",
	[17] = "RSM",
	[18] = "VMCALL",
	[19] = "VMCLEAR",
	[20] = "VMLAUNCH",
	[21] = "VMPTRLD",
	[22] = "VMPTRST",
	[23] = "VMREAD",
	[24] = "VMRESUME",
	[25] = "VMWRITE",
	[26] = "VMOFF",
	[27] = "VMON",
	[28] = "CR_ACCESS",
	[29] = "DR_ACCESS",
	[30] = "IO_INSTRUCTION",
	[31] = "MSR_READ",
	[32] = "MSR_WRITE",
	[33] = "INVALID_STATE",
	[34] = "MSR_LOAD_FAIL",
	[36] = "MWAIT_INSTRUCTION",
	[37] = "MONITOR_TRAP_FLAG",
	[39] = "MONITOR_INSTRUCTION",
	[40] = "PAUSE_INSTRUCTION",
	[41] = "MCE_DURING_VMENTRY",
	[43] = "TPR_BELOW_THRESHOLD",
	[44] = "APIC_ACCESS",
	[45] = "EOI_INDUCED",
	[46] = "GDTR_IDTR",
	[47] = "LDTR_TR",
	[48] = "EPT_VIOLATION",
	[49] = "EPT_MISCONFIG",
	[50] = "INVEPT",
	[51] = "RDTSCP",
	[52] = "PREEMPTION_TIMER",
	[53] = "INVVPID",
	[54] = "WBINVD",
	[55] = "XSETBV",
	[56] = "APIC_WRITE",
	[57] = "RDRAND",
	[58] = "INVPCID",
	[59] = "VMFUNC",
	[60] = "ENCLS",
	[61] = "RDSEED",
	[62] = "PML_FULL",
	[63] = "XSAVES",
	[64] = "XRSTORS",
	[67] = "UMWAIT",
	[68] = "TPAUSE",
	[74] = "BUS_LOCK",
	[75] = "NOTIFY",
};

const char *vmx_reason_name(uint32_t basic)
{
	return basic < ARRAY_SIZE(vmx_reasons) ? vmx_reasons[basic] : NULL;
}

/* Codes 0x60 to 0xa4; the ranges below 0x60 are computed. */
static const char *const svm_reasons[] = {
	[0x60] = "INTR",	[0x61] = "NMI",
	[0x62] = "SMI",		[0x63] = "INIT",
	[0x64] = "VINTR",	[0x65] = "CR0_SEL_WRITE",
	[0x66] = "IDTR_READ",	[0x67] = "GDTR_READ",
	[0x68] = "LDTR_READ",	[0x69] = "TR_READ",
	[0x6a] = "IDTR_WRITE",	[0x6b] = "GDTR_WRITE",
	[0x6c] = "LDTR_WRITE",	[0x6d] = "TR_WRITE",
	[0x6e] = "RDTSC",	[0x6f] = "RDPMC",
	[0x70] = "PUSHF",	[0x71] = "POPF",
	[0x72] = "CPUID",	[0x73] = "RSM",
	[0x74] = "IRET",	[0x75] = "SWINT",
	[0x76] = "INVD",	[0x77] = "PAUSE",
	[0x78] = "HLT",		[0x79] = "INVLPG",
	[0x7a] = "INVLPGA",	[0x7b] = "IOIO",
	[0x7c] = "MSR",		[0x7d] = "TASK_SWITCH",
	[0x7e] = "FERR_FREEZE", [0x7f] = "SHUTDOWN",
	[0x80] = "VMRUN",	[0x81] = "VMMCALL",
	[0x82] = "VMLOAD",	[0x83] = "VMSAVE",
	[0x84] = "STGI",	[0x85] = "CLGI",
	[0x86] = "SKINIT",	[0x87] = "RDTSCP",
	[0x88] = "ICEBP",	[0x89] = "WBINVD",
	[0x8a] = "MONITOR",	[0x8b] = "MWAIT",
	[0x8c] = "MWAIT_COND",	[0x8d] = "XSETBV",
	[0x8e] = "RDPRU",	[0x8f] = "EFER_WRITE_TRAP",
	[0xa0] = "INVLPGB",	[0xa1] = "INVLPGB_ILLEGAL",
	[0xa2] = "INVPCID",	[0xa3] = "MCOMMIT",
	[0xa4] = "TLBSYNC",
};

static const struct {
	uint64_t first, last;
	const char *name;
} svm_ranges[] = {
	{0x00, 0x0f, "READ_CR"},
	{0x10, 0x1f, "WRITE_CR"},
	{0x20, 0x2f, "READ_DR"},
	{0x30, 0x3f, "WRITE_DR"},
	{0x40, 0x5f, "EXCEPTION"},
	{0x90, 0x9f, "CR_WRITE_TRAP"},
	{0x400, 0x400, "NPF"},
	{0x401, 0x401, "AVIC_INCOMPLETE_IPI"},
	{0x402, 0x402, "AVIC_UNACCELERATED_ACCESS"},
	{0x403, 0x403, "VMGEXIT"},
	{0xffffffff, 0xffffffff, "INVALID"},
	{UINT64_MAX, UINT64_MAX, "INVALID"},
};

const char *svm_reason_name(uint64_t code)
{
	if (code < ARRAY_SIZE(svm_reasons) && svm_reasons[code])
		return svm_reasons[code];
	for (size_t i = 0; i < ARRAY_SIZE(svm_ranges); i++)
		if (code >= svm_ranges[i].first && code <= svm_ranges[i].last)
			return svm_ranges[i].name;
	return NULL;
}

static const char *const instruction_errors[] = {
	[1] = "VMCALL in VMX root operation",
	[2] = "VMCLEAR with a bad physical address",
	[3] = "VMCLEAR of the VMXON region",
	[4] = "VMLAUNCH of a VMCS that is not clear",
	[5] = "VMRESUME of a VMCS that was not launched",
	[6] = "VMRESUME after VMXOFF",
	[7] = "invalid VM-entry control field",
	[8] = "invalid host-state field",
	[9] = "VMPTRLD with a bad physical address",
	[10] = "VMPTRLD of the VMXON region",
	[11] = "VMPTRLD with a wrong VMCS revision",
	[12] = "VMREAD or VMWRITE of a field the CPU does not have",
	[13] = "VMWRITE to a read-only field",
	[15] = "VMXON in VMX root operation",
	[16] = "invalid executive-VMCS pointer",
	[17] = "executive VMCS not launched",
	[18] = "executive-VMCS pointer is not the VMXON pointer",
	[19] = "VMCALL with a VMCS that is not clear",
	[20] = "VMCALL with an invalid VM-exit control field",
	[22] = "VMCALL with a wrong MSEG revision",
	[23] = "VMXOFF under dual-monitor treatment",
	[24] = "VMCALL with invalid SMM-monitor features",
	[25] = "invalid executive-VMCS execution control",
	[26] = "events blocked by MOV SS",
	[28] = "INVEPT or INVVPID with an invalid operand",
};

const char *vmx_instruction_error(uint32_t number)
{
	return number < ARRAY_SIZE(instruction_errors)
		       ? instruction_errors[number]
		       : NULL;
}

static const char *const exceptions[32] = {
	[0] = "#DE",  [1] = "#DB",  [2] = "NMI",  [3] = "#BP",	[4] = "#OF",
	[5] = "#BR",  [6] = "#UD",  [7] = "#NM",  [8] = "#DF",	[10] = "#TS",
	[11] = "#NP", [12] = "#SS", [13] = "#GP", [14] = "#PF", [16] = "#MF",
	[17] = "#AC", [18] = "#MC", [19] = "#XM", [20] = "#VE", [21] = "#CP",
	[28] = "#HV", [29] = "#VC", [30] = "#SX",
};

const char *exception_name(unsigned int vector)
{
	return vector < ARRAY_SIZE(exceptions) ? exceptions[vector] : NULL;
}

static const struct {
	int number;
	const char *name, *meaning;
} run_errnos[] = {
	{EPERM, "EPERM",
	 "a handler in the host's KVM returned a bare -1; a guest cannot cause "
	 "that by its own fault, the host kernel is to be fixed"},
	{EINTR, "EINTR", "a signal or immediate_exit ended the run"},
	{EIO, "EIO",
	 "KVM has marked the virtual machine as broken, or another process "
	 "uses its descriptors; see the host's kernel log"},
	{ENOMEM, "ENOMEM", "the host is out of memory"},
	{EAGAIN, "EAGAIN", "the processor has just left its wait for INIT"},
	{EFAULT, "EFAULT",
	 "the guest touched memory that the host cannot provide: no backing, "
	 "or its pages cannot be read"},
	{EBUSY, "EBUSY", "the vCPU is in use by another thread"},
	{EINVAL, "EINVAL",
	 "KVM refused the request: a reserved bit in the synchronised "
	 "registers or a bad CR8"},
	{ENOSYS, "ENOSYS", "the machine is not ready to run"},
	{EBADF, "EBADF", "the vCPU's descriptor is closed"},
	{EHWPOISON, "EHWPOISON",
	 "the guest touched a page with a hardware memory error"},
};

const char *run_errno_name(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_errnos); i++)
		if (run_errnos[i].number == number)
			return run_errnos[i].name;
	return NULL;
}

const char *run_errno_meaning(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_errnos); i++)
		if (run_errnos[i].number == number)
			return run_errnos[i].meaning;
	return NULL;
}

enum exit_vendor exit_vendor_of_module(const char *module)
{
	if (!strcmp(module, "kvm_intel"))
		return EXIT_VENDOR_VMX;
	if (!strcmp(module, "kvm_amd"))
		return EXIT_VENDOR_SVM;
	return EXIT_VENDOR_OTHER;
}
