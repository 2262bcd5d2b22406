/*
 * What a KVM exit means, in words: names of exit reasons, and the story of the
 * exits that end a guest (shutdown, internal error, failed entry, errno).
 *
 * Pure.  vmm/ copies the fields of its kvm_run into struct exit_info, so the
 * same text serves a live stop, a saved crash and recorded vectors in tests.
 * Layouts are told from ndata and flags, never from a kernel version: only
 * suberror 1's flags, size and bytes are ABI (KVM api.rst, struct kvm_run,
 * "KVM_EXIT_INTERNAL_ERROR"); the rest is "for debugging" and has grown.
 */
#ifndef ARCH_EXIT_TEXT_H
#define ARCH_EXIT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define EXIT_MAX_DATA 16
#define EXIT_MAX_INSN 15

/* The two bytes a debugger plants as a software breakpoint: int3, int1. */
#define EXIT_PLANTED_INT3 0xcc
#define EXIT_PLANTED_INT1 0xf1

/* kvm_run.exit_reason: KVM's numbers, for the exits the code here is about. */
enum exit_reason {
	EXIT_UNKNOWN = 0,
	EXIT_EXCEPTION = 1,
	EXIT_IO = 2,
	EXIT_HYPERCALL = 3,
	EXIT_DEBUG = 4,
	EXIT_HLT = 5,
	EXIT_MMIO = 6,
	EXIT_IRQ_WINDOW_OPEN = 7,
	EXIT_SHUTDOWN = 8,
	EXIT_FAIL_ENTRY = 9,
	EXIT_INTR = 10,
	EXIT_SET_TPR = 11,
	EXIT_INTERNAL_ERROR = 17,
	EXIT_SYSTEM_EVENT = 24,
	EXIT_IOAPIC_EOI = 26,
	EXIT_X86_RDMSR = 29,
	EXIT_X86_WRMSR = 30,
	EXIT_NOTIFY = 37,
	EXIT_MEMORY_FAULT = 39,
};

enum exit_suberror {
	SUBERROR_EMULATION = 1,
	SUBERROR_SIMUL_EX = 2,
	SUBERROR_DELIVERY_EV = 3,
	SUBERROR_UNEXPECTED_EXIT = 4,
};

/* Whose exit codes the hardware words hold. */
enum exit_vendor {
	EXIT_VENDOR_OTHER, /* neither, or not known */
	EXIT_VENDOR_VMX,
	EXIT_VENDOR_SVM,
};

/*
 * run_errno is set when KVM_RUN returned -1.  kvm_run is stale then, with one
 * exception: EFAULT and EHWPOISON may come with reason EXIT_MEMORY_FAULT.
 * The caller leaves reason at EXIT_UNKNOWN in the other cases.
 */
struct exit_info {
	uint32_t reason;
	int run_errno;	/* positive errno, or 0 */
	uint32_t flags; /* kvm_run.flags */
	enum exit_vendor vendor;

	uint32_t suberror;		/* INTERNAL_ERROR */
	uint32_t ndata;			/* INTERNAL_ERROR, SYSTEM_EVENT */
	uint64_t data[EXIT_MAX_DATA];	/* the first ndata are valid */
	uint64_t hw_reason;		/* FAIL_ENTRY, UNKNOWN */
	uint32_t cpu;			/* FAIL_ENTRY: host logical CPU */
	uint32_t exception, error_code; /* EXCEPTION */
	uint32_t event_type;		/* SYSTEM_EVENT */
	uint32_t notify_flags;		/* NOTIFY */
	uint64_t fault_flags, fault_gpa, fault_size; /* MEMORY_FAULT */

	/* Of the vCPU, where they could be read. */
	bool has_regs;
	uint64_t rip, rax, rcx, rdx;
	bool state_reset; /* SHUTDOWN: KVM has put the vCPU into INIT state */
	uint8_t insn[EXIT_MAX_INSN]; /* guest memory at rip, as it is now */
	unsigned int insn_len;	     /* 0 = could not be read */
};

/* "KVM_EXIT_IO", or NULL for a number this program does not know. */
const char *exit_reason_name(uint32_t reason);

/* The name, or "KVM_EXIT_UNKNOWN(57)". */
void exit_reason_print(struct buf *out, uint32_t reason);

/* For the name of the kernel module behind /dev/kvm ("kvm_intel", ...). */
enum exit_vendor exit_vendor_of_module(const char *module);

/*
 * Does this exit end the guest?  False for those that are served, for
 * interrupted runs and for power-off and reset system events.
 */
bool exit_is_error(const struct exit_info *e);

/* gdb's number of the signal that the stop is reported as. */
unsigned int exit_signal(const struct exit_info *e);

/* The word in "VM status: paused (WORD)" of `info status`. */
const char *exit_status_word(const struct exit_info *e);

/*
 * The bytes of the instruction that KVM had fetched when its emulator gave up;
 * returns how many, 0 = none are recorded.
 */
unsigned int exit_fetched(const struct exit_info *e,
			  uint8_t bytes[EXIT_MAX_INSN]);

/*
 * Where KVM fetched a breakpoint byte, and nothing else, that guest memory as
 * the debugger sees it does not have: its offset from rip, or -1.
 */
int exit_planted_byte(const struct exit_info *e);

/* The hardware's exit behind an internal error; false when it is not told. */
bool exit_hw_reason(const struct exit_info *e, uint64_t *reason);

/*
 * The event that was being delivered, in the format of the VMX IDT-vectoring
 * information; false when none is told.
 */
bool exit_vectoring(const struct exit_info *e, uint32_t *info);

/* One line without newline: what happened, in plain words. */
void exit_verdict(struct buf *out, const struct exit_info *e);

/* The lines QEMU opens its report with, where it has any. */
void exit_opening(struct buf *out, const struct exit_info *e);

/* Every fact the exit carries, decoded, one a line, two spaces in front. */
void exit_details(struct buf *out, const struct exit_info *e);

#endif
