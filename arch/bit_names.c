/*
 * Names of the bits of control, flag and debug registers.
 *
 * Source: SDM Vol 3A, "Control Registers", "Extended Feature Enable Register",
 * "Debug Registers", "Extended Control Registers"; Vol 1, "EFLAGS Register";
 * Vol 3A, "Relocating the Local APIC Registers"; APM Vol 2, "EFER Register".
 */
#include "arch/regs.h"

#define FLAG(bit, name, meaning)        \
	{                               \
		name, BIT(bit), meaning \
	}
#define FIELD(hi, lo, name, meaning)        \
	{                                   \
		name, BITS(hi, lo), meaning \
	}
#define END                   \
	{                     \
		NULL, 0, NULL \
	}

const struct bit_name rflags_bits[] = {
	FLAG(0, "CF", "carry"),
	FLAG(1, "1", "always 1"),
	FLAG(2, "PF", "parity"),
	FLAG(4, "AF", "auxiliary carry"),
	FLAG(6, "ZF", "zero"),
	FLAG(7, "SF", "sign"),
	FLAG(8, "TF", "trap: #DB after each instruction"),
	FLAG(9, "IF", "interrupts enabled"),
	FLAG(10, "DF", "string instructions go down"),
	FLAG(11, "OF", "overflow"),
	FIELD(13, 12, "IOPL", "I/O privilege level"),
	FLAG(14, "NT", "nested task"),
	FLAG(16, "RF", "resume: no instruction breakpoint once"),
	FLAG(17, "VM", "virtual-8086 mode"),
	FLAG(18, "AC", "alignment check; SMAP override"),
	FLAG(19, "VIF", "virtual interrupt flag"),
	FLAG(20, "VIP", "virtual interrupt pending"),
	FLAG(21, "ID", "CPUID can be used"),
	END,
};

const struct bit_name cr0_bits[] = {
	FLAG(0, "PE", "protected mode"),
	FLAG(1, "MP", "WAIT obeys TS"),
	FLAG(2, "EM", "no x87: #NM"),
	FLAG(3, "TS", "task switched: FPU use gives #NM"),
	FLAG(4, "ET", "always 1"),
	FLAG(5, "NE", "x87 errors give #MF"),
	FLAG(16, "WP", "supervisor writes obey read-only pages"),
	FLAG(18, "AM", "EFLAGS.AC checks alignment"),
	FLAG(29, "NW", "not write-through"),
	FLAG(30, "CD", "caches disabled"),
	FLAG(31, "PG", "paging"),
	END,
};

const struct bit_name cr4_bits[] = {
	FLAG(0, "VME", "virtual-8086 extensions"),
	FLAG(1, "PVI", "protected-mode virtual interrupts"),
	FLAG(2, "TSD", "RDTSC needs CPL 0"),
	FLAG(3, "DE", "I/O breakpoints, DR4/DR5 give #UD"),
	FLAG(4, "PSE", "4-MiB pages"),
	FLAG(5, "PAE", "64-bit page-table entries"),
	FLAG(6, "MCE", "machine checks"),
	FLAG(7, "PGE", "global pages"),
	FLAG(8, "PCE", "RDPMC at any CPL"),
	FLAG(9, "OSFXSR", "SSE and FXSAVE"),
	FLAG(10, "OSXMMEXCPT", "SSE errors give #XM"),
	FLAG(11, "UMIP", "SGDT, SIDT, SLDT, SMSW, STR need CPL 0"),
	FLAG(12, "LA57", "5-level paging"),
	FLAG(13, "VMXE", "VMX"),
	FLAG(14, "SMXE", "SMX"),
	FLAG(16, "FSGSBASE", "RDFSBASE and the like at any CPL"),
	FLAG(17, "PCIDE", "process-context identifiers"),
	FLAG(18, "OSXSAVE", "XSAVE and XCR0"),
	FLAG(19, "KL", "key locker"),
	FLAG(20, "SMEP", "supervisor does not execute user pages"),
	FLAG(21, "SMAP", "supervisor does not access user pages"),
	FLAG(22, "PKE", "protection keys for user pages"),
	FLAG(23, "CET", "control-flow enforcement"),
	FLAG(24, "PKS", "protection keys for supervisor pages"),
	FLAG(25, "UINTR", "user interrupts"),
	FLAG(27, "LASS", "linear-address-space separation"),
	FLAG(28, "LAM_SUP", "linear-address masking, supervisor"),
	FLAG(32, "FRED", "flexible return and event delivery"),
	END,
};

const struct bit_name efer_bits[] = {
	FLAG(0, "SCE", "SYSCALL"),
	FLAG(8, "LME", "long mode wanted"),
	FLAG(10, "LMA", "long mode active"),
	FLAG(11, "NXE", "no-execute pages"),
	FLAG(12, "SVME", "SVM"),
	FLAG(13, "LMSLE", "long-mode segment limits"),
	FLAG(14, "FFXSR", "fast FXSAVE"),
	FLAG(15, "TCE", "translation cache extension"),
	FLAG(17, "MCOMMIT", "MCOMMIT instruction"),
	FLAG(18, "INTWB", "interruptible WBINVD"),
	FLAG(20, "UAIE", "upper address ignore"),
	FLAG(21, "AIBRSE", "automatic IBRS"),
	END,
};

/* "#": active when 0.  Bits 4 to 10, 12 and 17 to 31 are fixed. */
const struct bit_name dr6_bits[] = {
	FLAG(0, "B0", "breakpoint 0 hit"),
	FLAG(1, "B1", "breakpoint 1 hit"),
	FLAG(2, "B2", "breakpoint 2 hit"),
	FLAG(3, "B3", "breakpoint 3 hit"),
	FLAG(11, "BLD#", "0: bus lock"),
	FLAG(13, "BD", "debug register access"),
	FLAG(14, "BS", "single step"),
	FLAG(15, "BT", "task switch"),
	FLAG(16, "RTM#", "0: inside a transaction"),
	END,
};

const struct bit_name dr7_bits[] = {
	FLAG(0, "L0", "breakpoint 0 on, this task"),
	FLAG(1, "G0", "breakpoint 0 on"),
	FLAG(2, "L1", "breakpoint 1 on, this task"),
	FLAG(3, "G1", "breakpoint 1 on"),
	FLAG(4, "L2", "breakpoint 2 on, this task"),
	FLAG(5, "G2", "breakpoint 2 on"),
	FLAG(6, "L3", "breakpoint 3 on, this task"),
	FLAG(7, "G3", "breakpoint 3 on"),
	FLAG(8, "LE", "exact, this task"),
	FLAG(9, "GE", "exact"),
	FLAG(11, "RTM", "debug in transactions"),
	FLAG(13, "GD", "debug register access gives #DB"),
	FIELD(17, 16, "RW0", "0 execute, 1 write, 2 I/O, 3 access"),
	FIELD(19, 18, "LEN0", "0: 1 byte, 1: 2, 2: 8, 3: 4"),
	FIELD(21, 20, "RW1", "0 execute, 1 write, 2 I/O, 3 access"),
	FIELD(23, 22, "LEN1", "0: 1 byte, 1: 2, 2: 8, 3: 4"),
	FIELD(25, 24, "RW2", "0 execute, 1 write, 2 I/O, 3 access"),
	FIELD(27, 26, "LEN2", "0: 1 byte, 1: 2, 2: 8, 3: 4"),
	FIELD(29, 28, "RW3", "0 execute, 1 write, 2 I/O, 3 access"),
	FIELD(31, 30, "LEN3", "0: 1 byte, 1: 2, 2: 8, 3: 4"),
	END,
};

const struct bit_name xcr0_bits[] = {
	FLAG(0, "X87", "x87, always 1"),
	FLAG(1, "SSE", "XMM registers"),
	FLAG(2, "AVX", "YMM upper halves"),
	FLAG(3, "BNDREGS", "MPX bounds"),
	FLAG(4, "BNDCSR", "MPX configuration"),
	FLAG(5, "OPMASK", "k0-k7"),
	FLAG(6, "ZMM_HI256", "upper halves of ZMM0-15"),
	FLAG(7, "HI16_ZMM", "ZMM16-31"),
	FLAG(9, "PKRU", "protection keys"),
	FLAG(17, "TILECFG", "AMX configuration"),
	FLAG(18, "TILEDATA", "AMX tiles"),
	FLAG(19, "APX", "R16-R31"),
	FLAG(62, "LWP", "lightweight profiling"),
	END,
};

const struct bit_name apic_base_bits[] = {
	FLAG(8, "BSP", "bootstrap processor"),
	FLAG(10, "EXTD", "x2APIC mode"),
	FLAG(11, "EN", "local APIC on"),
	FIELD(51, 12, "BASE", "frame number of the register page"),
	END,
};

const struct bit_name seg_attr_bits[] = {
	FIELD(3, 0, "TYPE", "segment or gate type"),
	FLAG(4, "S", "code or data, not a system segment"),
	FIELD(6, 5, "DPL", "descriptor privilege level"),
	FLAG(7, "P", "present"),
	FLAG(12, "AVL", "for the guest's software"),
	FLAG(13, "L", "64-bit code"),
	FLAG(14, "DB", "32-bit code, stack or limit"),
	FLAG(15, "G", "the descriptor's limit counts pages"),
	FLAG(16, "UNUSABLE", "a null selector was loaded"),
	END,
};
