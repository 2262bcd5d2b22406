/*
 * The tiny VM of the self-probe: one vCPU, a few pages, code of some bytes run
 * in a chosen mode with a watchdog.  Plain ioctls; shares nothing with the VM
 * that runs the user's guest, because it must work where that one cannot yet.
 *
 * Threading: one probe_vm at a time in a process (the watchdog's signal handler
 * has to find it), used by the thread that made it.
 */
#ifndef VMM_PROBE_VM_H
#define VMM_PROBE_VM_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

/* Guest-physical layout; linear equals physical in every mode. */
enum {
	PROBE_IVT = 0x0000,
	PROBE_GDT = 0x1000,
	PROBE_PML4 = 0x2000,
	PROBE_PDPT = 0x3000,
	PROBE_PD = 0x4000,
	PROBE_TSS = 0x5000,
	PROBE_IDT = 0x6000,
	PROBE_HANDLERS = 0x7000, /* vector n at + 16 n: nop nop nop hlt */
	PROBE_PD32 = 0x8000,
	PROBE_STACK = 0xaff0,
	PROBE_STACK0 = 0xbff0, /* CPL0 stack of interrupts from CPL3 */
	PROBE_CODE = 0x10000,
	PROBE_DATA = 0x20000,
	PROBE_RAM_SIZE = 0x40000,
	PROBE_READONLY = 0x100000, /* one page, a read-only slot */
};

enum probe_mode {
	PROBE_REAL,
	PROBE_PROT32, /* protected mode without paging */
	PROBE_CPL0,   /* long mode */
	PROBE_CPL3,
	PROBE_MODES,
};

/* What a run ended with, if not with a KVM exit reason. */
enum {
	PROBE_RUN_TIMEOUT = -1, /* the watchdog ended it */
	PROBE_RUN_ERROR = -2,	/* KVM_RUN failed; errno */
};

struct probe_vm {
	int kvm_fd; /* not owned */
	int vm_fd, vcpu_fd;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *mem; /* PROBE_RAM_SIZE, then the read-only page */
	bool has_readonly;
	struct kvm_sregs sregs[PROBE_MODES];
	timer_t timer;
	bool has_timer;
	struct sigaction old_action;
};

bool probe_vm_init(struct probe_vm *vm, int kvm_fd, struct err *err) MUST_CHECK;
void probe_vm_deinit(struct probe_vm *vm);

/*
 * Put code at PROBE_CODE (the rest of its page becomes HLT) and set all
 * registers to the start of it in this mode, with no debugging armed.
 */
bool probe_vm_load(struct probe_vm *vm, enum probe_mode mode, const void *code,
		   size_t len);

/* KVM_SET_GUEST_DEBUG; control gets KVM_GUESTDBG_ENABLE added, 0 = off. */
bool probe_vm_debug(struct probe_vm *vm, uint32_t control, uint64_t dr0,
		    uint64_t dr7);

/* Run until an exit: its reason or a PROBE_RUN_ value. */
int probe_vm_run(struct probe_vm *vm);
/* The same with a limit of its own, in microseconds. */
int probe_vm_run_for(struct probe_vm *vm, long limit_us);

/* Let KVM finish the MMIO access of the last exit, and no more. */
void probe_vm_complete(struct probe_vm *vm);

/* Registers; a failed ioctl reads as all zero. */
struct kvm_regs probe_vm_regs(struct probe_vm *vm);
bool probe_vm_set_regs(struct probe_vm *vm, const struct kvm_regs *regs);

/* Linear address of the next instruction. */
uint64_t probe_vm_pc(struct probe_vm *vm, enum probe_mode mode);

#endif
