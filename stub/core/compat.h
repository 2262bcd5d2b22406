/*
 * Two notes that other tools read and write: Linux's NT_PRSTATUS, and QEMU's
 * note of one CPU (layout 1; the last field came later and tells by the size).
 */
#ifndef STUB_CORE_COMPAT_H
#define STUB_CORE_COMPAT_H

#include "arch/x86_state.h"
#include "base/wire.h"

#define CORE_NT_PRSTATUS 1
#define CORE_NT_QEMU	 0

#define PRSTATUS64_BYTES 336
#define PRSTATUS32_BYTES 144
#define QEMU_CPU_BYTES	 440
#define QEMU_CPU_OLD	 432 /* without kernel_gs_base */

enum prstatus_reg { /* the order of Linux's struct user_regs_struct */
	PR_R15,
	PR_R14,
	PR_R13,
	PR_R12,
	PR_RBP,
	PR_RBX,
	PR_R11,
	PR_R10,
	PR_R9,
	PR_R8,
	PR_RAX,
	PR_RCX,
	PR_RDX,
	PR_RSI,
	PR_RDI,
	PR_ORIG_RAX,
	PR_RIP,
	PR_CS,
	PR_EFLAGS,
	PR_RSP,
	PR_SS,
	PR_FS_BASE,
	PR_GS_BASE,
	PR_DS,
	PR_ES,
	PR_FS,
	PR_GS,
	PR_REGS,
};

struct prstatus {
	uint32_t pid; /* QEMU: vCPU + 1 */
	uint64_t reg[PR_REGS];
};

struct prstatus32 {
	uint32_t pid;
	/* ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp
	 * ss */
	uint32_t reg[17];
};

struct qemu_seg {
	uint32_t sel, limit;
	uint32_t flags; /* the second half of the descriptor, bits 8..23 */
	uint64_t base;
};

enum qemu_seg_index {
	QEMU_CS,
	QEMU_DS,
	QEMU_ES,
	QEMU_FS,
	QEMU_GS,
	QEMU_SS,
	QEMU_LDT,
	QEMU_TR,
	QEMU_GDT,
	QEMU_IDT,
	QEMU_SEGS,
};

struct qemu_cpu {
	uint32_t version, size;
	/* rax rbx rcx rdx rsi rdi rsp rbp r8..r15 */
	uint64_t gpr[16];
	uint64_t rip, rflags;
	struct qemu_seg seg[QEMU_SEGS];
	uint64_t cr[5];
	uint64_t kernel_gs_base;
};

extern const struct wire_layout prstatus_layout, prstatus32_layout,
	qemu_cpu_layout;

void prstatus_from_state(struct prstatus *p, const struct x86_state *s,
			 unsigned int vcpu);
void qemu_cpu_from_state(struct qemu_cpu *q, const struct x86_state *s);

/* What the note has: groups GPR, and of SYS the selectors and two bases. */
void prstatus_to_state(struct x86_state *s, const struct prstatus *p);
void prstatus32_to_state(struct x86_state *s, const struct prstatus32 *p);
/*
 * Groups GPR and SYS, and kernel_gs_base.  EFER is not in the note: it is made
 * of what CR0, CR4, CS and the file's machine (x86_64) imply; cr8 and apic_base
 * stay 0.
 */
void qemu_cpu_to_state(struct x86_state *s, const struct qemu_cpu *q,
		       bool x86_64);

#endif
