/*
 * Bits of the model-specific registers.
 *
 * Sources: SDM Vol 4, "Architectural MSRs"; SDM Vol 3A, "Advanced Programmable
 * Interrupt Controller", "Machine-Check Architecture" and "Memory Type Range
 * Registers"; APM Vol 2, "MSR Cross-Reference"; Linux
 * Documentation/virt/kvm/x86/msr.rst.
 */
#include "arch/msr_names.h"
#include "arch/regs.h"

/* clang-format off */
#define FLAG(bit, name, meaning)    { name, BIT(bit), meaning }
#define FIELD(hi, lo, name, meaning) { name, BITS(hi, lo), meaning }
#define END                         { NULL, 0, NULL }

static const struct bit_name feature_control[] = {
	FLAG(0, "LOCK", "no more writes until reset"),
	FLAG(1, "VMX_IN_SMX", "VMXON works inside SMX"),
	FLAG(2, "VMX", "VMXON works outside SMX"),
	FIELD(14, 8, "SENTER_LOCAL", "SENTER functions"),
	FLAG(15, "SENTER_GLOBAL", "SENTER"),
	FLAG(17, "SGX_LC", "SGX launch control"),
	FLAG(18, "SGX", "SGX"),
	FLAG(20, "LMCE", "local machine checks"),
	END,
};

static const struct bit_name spec_ctrl[] = {
	FLAG(0, "IBRS", "restricted indirect branches"),
	FLAG(1, "STIBP", "single-thread branch prediction"),
	FLAG(2, "SSBD", "no speculative store bypass"),
	FLAG(3, "IPRED_DIS_U", "no indirect prediction, user"),
	FLAG(4, "IPRED_DIS_S", "no indirect prediction, supervisor"),
	FLAG(5, "RRSBA_DIS_U", "no alternate RET prediction, user"),
	FLAG(6, "RRSBA_DIS_S", "no alternate RET prediction, supervisor"),
	FLAG(7, "PSFD", "no predictive store forwarding"),
	FLAG(8, "DDPD_U", "no data-dependent prefetch, user"),
	FLAG(10, "BHI_DIS_S", "branch history not used, supervisor"),
	END,
};

static const struct bit_name platform_info[] = {
	FIELD(15, 8, "RATIO", "maximum non-turbo ratio"),
	FLAG(31, "CPUID_FAULT", "CPUID faulting can be had"),
	END,
};

static const struct bit_name misc_features[] = {
	FLAG(0, "CPUID_FAULT", "CPUID gives #GP at CPL 3"),
	FLAG(1, "RING3MWAIT", "MONITOR and MWAIT at CPL 3"),
	END,
};

static const struct bit_name mtrrcap[] = {
	FIELD(7, 0, "VCNT", "variable ranges"),
	FLAG(8, "FIX", "fixed ranges"),
	FLAG(10, "WC", "write-combining"),
	FLAG(11, "SMRR", "SMM range"),
	FLAG(12, "PRMRR", "processor-reserved range"),
	END,
};

static const struct bit_name mtrr_def_type[] = {
	FIELD(7, 0, "TYPE", "0 UC, 1 WC, 4 WT, 5 WP, 6 WB"),
	FLAG(10, "FE", "fixed ranges count"),
	FLAG(11, "E", "MTRRs count; else all is UC"),
	END,
};

static const struct bit_name mtrr_mask[] = {
	FLAG(11, "V", "the range counts"),
	FIELD(51, 12, "ADDR", "address bits compared"),
	END,
};

static const struct bit_name arch_capabilities[] = {
	FLAG(0, "RDCL_NO", "no Meltdown"),
	FLAG(1, "IBRS_ALL", "enhanced IBRS"),
	FLAG(2, "RSBA", "RET may use other predictors"),
	FLAG(3, "SKIP_L1DFL_VMENTRY", "no L1D flush needed at VM entry"),
	FLAG(4, "SSB_NO", "no speculative store bypass"),
	FLAG(5, "MDS_NO", "no MDS"),
	FLAG(6, "IF_PSCHANGE_MC_NO", "no machine check at page size changes"),
	FLAG(7, "TSX_CTRL", "IA32_TSX_CTRL is there"),
	FLAG(8, "TAA_NO", "no TSX asynchronous abort"),
	FLAG(9, "MCU_CONTROL", "IA32_MCU_CONTROL is there"),
	FLAG(10, "MISC_PACKAGE_CTLS", "IA32_MISC_PACKAGE_CTLS is there"),
	FLAG(11, "ENERGY_FILTERING_CTL", "energy filtering"),
	FLAG(12, "DOITM", "data-independent timing mode"),
	FLAG(13, "SBDR_SSDP_NO", "no SBDR, no SSDP"),
	FLAG(14, "FBSDP_NO", "no FBSDP"),
	FLAG(15, "PSDP_NO", "no PSDP"),
	FLAG(17, "FB_CLEAR", "VERW clears fill buffers"),
	FLAG(18, "FB_CLEAR_CTRL", "that can be turned off"),
	FLAG(19, "RRSBA", "RET may use other predictors, restricted"),
	FLAG(20, "BHI_NO", "no branch history injection"),
	FLAG(21, "XAPIC_DISABLE_STATUS", "x2APIC may be locked"),
	FLAG(23, "OVERCLOCKING_STATUS", "IA32_OVERCLOCKING_STATUS is there"),
	FLAG(24, "PBRSB_NO", "no post-barrier RSB prediction"),
	FLAG(25, "GDS_CTRL", "gather mitigation can be turned off"),
	FLAG(26, "GDS_NO", "no gather data sampling"),
	FLAG(27, "RFDS_NO", "no register file data sampling"),
	FLAG(28, "RFDS_CLEAR", "VERW clears the register file"),
	END,
};

static const struct bit_name tsx_ctrl[] = {
	FLAG(0, "RTM_DISABLE", "RTM aborts always"),
	FLAG(1, "CPUID_CLEAR", "CPUID hides TSX"),
	END,
};

static const struct bit_name mcg_cap[] = {
	FIELD(7, 0, "COUNT", "banks"),
	FLAG(8, "CTL_P", "IA32_MCG_CTL is there"),
	FLAG(9, "EXT_P", "extended registers"),
	FLAG(10, "CMCI_P", "corrected-error interrupt"),
	FLAG(11, "TES_P", "threshold status"),
	FIELD(23, 16, "EXT_CNT", "extended registers"),
	FLAG(24, "SER_P", "software error recovery"),
	FLAG(25, "EMC_P", "enhanced machine checks"),
	FLAG(26, "ELOG_P", "firmware logs errors"),
	FLAG(27, "LMCE_P", "local machine checks"),
	END,
};

static const struct bit_name mcg_status[] = {
	FLAG(0, "RIPV", "the pushed RIP can be returned to"),
	FLAG(1, "EIPV", "the pushed RIP is where the error was"),
	FLAG(2, "MCIP", "a machine check is being handled"),
	FLAG(3, "LMCE_S", "it came to this processor only"),
	END,
};

static const struct bit_name mci_status[] = {
	FIELD(15, 0, "CODE", "architectural error code"),
	FIELD(31, 16, "MODEL", "model-specific error code"),
	FLAG(55, "AR", "action required"),
	FLAG(56, "S", "signalled by a machine check"),
	FLAG(57, "PCC", "processor context corrupt"),
	FLAG(58, "ADDRV", "the address register is valid"),
	FLAG(59, "MISCV", "the misc register is valid"),
	FLAG(60, "EN", "reporting was on"),
	FLAG(61, "UC", "not corrected"),
	FLAG(62, "OVER", "an earlier error was overwritten"),
	FLAG(63, "VAL", "there is an error"),
	END,
};

static const struct bit_name mci_ctl2[] = {
	FIELD(14, 0, "THRESHOLD", "corrected errors before an interrupt"),
	FLAG(30, "CMCI_EN", "corrected errors interrupt"),
	END,
};

static const struct bit_name perfevtsel[] = {
	FIELD(7, 0, "EVENT", "what is counted"),
	FIELD(15, 8, "UMASK", "which kind of it"),
	FLAG(16, "USR", "at CPL 1 to 3"),
	FLAG(17, "OS", "at CPL 0"),
	FLAG(18, "E", "edges"),
	FLAG(19, "PC", "pin control"),
	FLAG(20, "INT", "interrupt at overflow"),
	FLAG(21, "ANY", "any thread"),
	FLAG(22, "EN", "counting"),
	FLAG(23, "INV", "below the threshold"),
	FIELD(31, 24, "CMASK", "threshold"),
	END,
};

static const struct bit_name misc_enable[] = {
	FLAG(0, "FAST_STRING", "fast string operations"),
	FLAG(3, "TCC", "automatic thermal control"),
	FLAG(7, "PERFMON", "performance monitoring is there"),
	FLAG(11, "BTS_UNAVAIL", "no branch trace storage"),
	FLAG(12, "PEBS_UNAVAIL", "no PEBS"),
	FLAG(16, "EIST", "SpeedStep"),
	FLAG(18, "MWAIT", "MONITOR and MWAIT"),
	FLAG(22, "LIMIT_CPUID", "CPUID ends at leaf 2"),
	FLAG(23, "XTPR_DISABLE", "no task-priority messages"),
	FLAG(34, "XD_DISABLE", "no NX"),
	FLAG(38, "TURBO_DISABLE", "no turbo"),
	END,
};

static const struct bit_name debugctl[] = {
	FLAG(0, "LBR", "last branches are recorded"),
	FLAG(1, "BTF", "TF steps by branches"),
	FLAG(2, "BLD", "bus locks give #DB"),
	FLAG(6, "TR", "branch trace messages"),
	FLAG(7, "BTS", "branch trace store"),
	FLAG(8, "BTINT", "interrupt when that is full"),
	FLAG(9, "BTS_OFF_OS", "not at CPL 0"),
	FLAG(10, "BTS_OFF_USR", "not above CPL 0"),
	FLAG(11, "FREEZE_LBRS_ON_PMI", "freeze the record at a PMI"),
	FLAG(12, "FREEZE_PERFMON_ON_PMI", "freeze the counters at a PMI"),
	FLAG(13, "UNCORE_PMI", "uncore PMI"),
	FLAG(14, "FREEZE_WHILE_SMM", "freeze both in SMM"),
	FLAG(15, "RTM_DEBUG", "debug in transactions"),
	END,
};

static const struct bit_name cet[] = {
	FLAG(0, "SH_STK_EN", "shadow stack"),
	FLAG(1, "WR_SHSTK_EN", "WRSS"),
	FLAG(2, "ENDBR_EN", "indirect branch tracking"),
	FLAG(3, "LEG_IW_EN", "legacy code"),
	FLAG(4, "NO_TRACK_EN", "no-track prefix"),
	FLAG(5, "SUPPRESS_DIS", "no suppression"),
	FLAG(10, "SUPPRESS", "tracking suppressed"),
	FLAG(11, "TRACKER", "waits for ENDBR"),
	FIELD(63, 12, "BITMAP", "frame of the legacy bitmap"),
	END,
};

static const struct bit_name x2apic_sivr[] = {
	FIELD(7, 0, "VECTOR", "spurious vector"),
	FLAG(8, "ENABLED", "software enable"),
	FLAG(9, "FOCUS_OFF", "no focus check"),
	FLAG(12, "NO_EOI_BROADCAST", "EOIs stay here"),
	END,
};

static const struct bit_name x2apic_esr[] = {
	FLAG(0, "SEND_CHECKSUM", "send checksum"),
	FLAG(1, "RECV_CHECKSUM", "receive checksum"),
	FLAG(2, "SEND_ACCEPT", "nobody took what was sent"),
	FLAG(3, "RECV_ACCEPT", "nobody took what was received"),
	FLAG(4, "REDIRECTABLE_IPI", "lowest-priority IPI not possible"),
	FLAG(5, "SEND_ILLEGAL", "a vector below 16 was sent"),
	FLAG(6, "RECV_ILLEGAL", "a vector below 16 was received"),
	FLAG(7, "ILLEGAL_REGISTER", "no such register"),
	END,
};

static const struct bit_name x2apic_lvt[] = {
	FIELD(7, 0, "VECTOR", "vector"),
	FIELD(10, 8, "MODE", "0 fixed, 2 SMI, 4 NMI, 5 INIT, 7 ExtINT"),
	FLAG(12, "PENDING", "not delivered yet"),
	FLAG(13, "LOW", "active low"),
	FLAG(14, "REMOTE_IRR", "waits for an EOI"),
	FLAG(15, "LEVEL", "level-triggered"),
	FLAG(16, "MASKED", "masked"),
	FIELD(18, 17, "TIMER", "0 one-shot, 1 periodic, 2 TSC deadline"),
	END,
};

static const struct bit_name x2apic_icr[] = {
	FIELD(7, 0, "VECTOR", "vector"),
	FIELD(10, 8, "MODE", "0 fixed, 1 lowest, 2 SMI, 4 NMI, 5 INIT, 6 SIPI"),
	FLAG(11, "LOGICAL", "logical destination"),
	FLAG(12, "PENDING", "not sent yet"),
	FLAG(14, "ASSERT", "assert"),
	FLAG(15, "LEVEL", "level-triggered"),
	FIELD(19, 18, "SHORTHAND", "1 self, 2 all, 3 all but self"),
	FIELD(63, 32, "DEST", "destination"),
	END,
};

static const struct bit_name kvm_enable[] = {
	FLAG(0, "ON", "in use"),
	FIELD(63, 2, "ADDR", "where in guest-physical memory"),
	END,
};

static const struct bit_name kvm_async_pf[] = {
	FLAG(0, "ON", "in use"),
	FLAG(1, "CPL0", "at CPL 0 too"),
	FLAG(2, "AS_VMEXIT", "to L1 as a #PF exit"),
	FLAG(3, "AS_INT", "\"page ready\" by interrupt"),
	FIELD(63, 6, "ADDR", "where in guest-physical memory"),
	END,
};

static const struct bit_name kvm_poll[] = {
	FLAG(0, "ON", "the host may poll at HLT"),
	END,
};

static const struct bit_name hwcr[] = {
	FLAG(0, "SMMLOCK", "SMM is locked"),
	FLAG(3, "TLBCACHEDIS", "page tables are not cached"),
	FLAG(4, "INVD_WBINVD", "INVD acts as WBINVD"),
	FLAG(8, "IGNNE_EM", "IGNNE emulation"),
	FLAG(9, "MONMWAITDIS", "no MONITOR and MWAIT"),
	FLAG(10, "MONMWAITUSEREN", "MONITOR and MWAIT at CPL 3"),
	FLAG(12, "HLTXSPCYCEN", "special cycle after HLT"),
	FLAG(13, "SMISPCYCDIS", "no special cycle at SMI"),
	FLAG(14, "RSMSPCYCDIS", "no special cycle at RSM"),
	FLAG(17, "WRAP32DIS", "no 32-bit address wrap"),
	FLAG(18, "MCSTATUSWREN", "MCi_STATUS can be written"),
	FLAG(20, "IOCFGGPFAULT", "configuration I/O gives #GP"),
	FLAG(24, "TSCFREQSEL", "the TSC counts at P0's frequency"),
	FLAG(25, "CPBDIS", "no boost"),
	FLAG(30, "IRPERFEN", "instructions retired are counted"),
	FLAG(35, "CPUIDUSERDIS", "CPUID gives #GP at CPL 3"),
	END,
};

static const struct bit_name vm_cr[] = {
	FLAG(0, "DPD", "debug port disabled"),
	FLAG(1, "R_INIT", "INIT gives #SX"),
	FLAG(2, "DIS_A20M", "no A20 masking"),
	FLAG(3, "LOCK", "SVMDIS is locked"),
	FLAG(4, "SVMDIS", "no SVM"),
	END,
};
/* clang-format on */

static const struct {
	uint32_t first;
	uint16_t count, stride;
	const struct bit_name *bits;
} bits_of[] = {
	{MSR_APIC_BASE, 1, 1, apic_base_bits},
	{0x3a, 1, 1, feature_control},
	{0x48, 1, 1, spec_ctrl},
	{0xce, 1, 1, platform_info},
	{0xfe, 1, 1, mtrrcap},
	{0x10a, 1, 1, arch_capabilities},
	{0x122, 1, 1, tsx_ctrl},
	{0x140, 1, 1, misc_features},
	{MSR_MCG_CAP, 1, 1, mcg_cap},
	{0x17a, 1, 1, mcg_status},
	{0x186, 8, 1, perfevtsel},
	{0x1a0, 1, 1, misc_enable},
	{0x1c4, 2, 1, xcr0_bits},
	{0x1d9, 1, 1, debugctl},
	{0x201, 16, 2, mtrr_mask},
	{0x280, 32, 1, mci_ctl2},
	{0x2ff, 1, 1, mtrr_def_type},
	{0x401, 32, 4, mci_status},
	{0x6a0, 1, 1, cet},
	{0x6a2, 1, 1, cet},
	{0x80f, 1, 1, x2apic_sivr},
	{0x828, 1, 1, x2apic_esr},
	{0x82f, 1, 1, x2apic_lvt},
	{0x830, 1, 1, x2apic_icr},
	{0x832, 6, 1, x2apic_lvt},
	{0x12, 1, 1, kvm_enable},
	{0x4b564d01, 1, 1, kvm_enable},
	{0x4b564d02, 1, 1, kvm_async_pf},
	{0x4b564d03, 2, 1, kvm_enable},
	{0x4b564d05, 1, 1, kvm_poll},
	{0xc0000080, 1, 1, efer_bits},
	{0xc0000084, 1, 1, rflags_bits},
	{0xc0010015, 1, 1, hwcr},
	{0xc0010114, 1, 1, vm_cr},
};

const struct bit_name *msr_bits(uint32_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(bits_of); i++) {
		uint32_t off = index - bits_of[i].first;

		if (index >= bits_of[i].first && !(off % bits_of[i].stride) &&
		    off / bits_of[i].stride < bits_of[i].count)
			return bits_of[i].bits;
	}
	return NULL;
}
