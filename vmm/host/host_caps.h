/*
 * What this host's KVM really does, measured by a tiny guest at start (or read
 * from its capability list where that is trustworthy).  Everything that
 * chooses a breakpoint, watchpoint or stepping strategy goes by this struct
 * and never by a vendor or module name.
 */
#ifndef VMM_HOST_CAPS_H
#define VMM_HOST_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum cap_verdict {
	CAP_UNKNOWN, /* not measured, e.g. the probe guest got stuck */
	CAP_NO,
	CAP_YES,
};

/* How an int3 planted by the debugger comes back (CPL0). */
enum int3_behaviour {
	INT3_UNKNOWN,
	INT3_DEBUG_EXIT,     /* KVM_EXIT_DEBUG: the ordinary case */
	INT3_INTERNAL_ERROR, /* KVM's emulator refuses it: that IS the hit */
	INT3_TO_GUEST,	     /* vectored through the guest's IDT: useless */
};

enum shutdown_state {
	SHUTDOWN_UNKNOWN,
	SHUTDOWN_KEEPS,	 /* registers of the fault survive (VMX) */
	SHUTDOWN_RESETS, /* KVM resets the vCPU first (SVM) */
};

/* The same questions at one privilege level. */
struct debug_caps {
	enum int3_behaviour int3; /* 0xcc */
	enum int3_behaviour int1; /* 0xf1 in its place */
	enum cap_verdict hw_exec; /* DR exec breakpoint stops */
	enum cap_verdict hw_data; /* DR write watchpoint stops */
	enum cap_verdict step;	  /* single-step stops */
	/* a stepped pushf shows TF; unknown where steps do not stop */
	enum cap_verdict step_tf_leaks;
};

/*
 * Instructions whose execution at CPL0 is measured one by one: an emulating
 * host refuses some, and then the guest must not be told it has them.
 */
enum cap_insn_id {
	CAP_INSN_POPCNT,
	CAP_INSN_LZCNT,
	CAP_INSN_BMI1,
	CAP_INSN_BMI2,
	CAP_INSN_MOVBE,
	CAP_INSN_ADX,
	CAP_INSN_CLAC,
	CAP_INSN_XGETBV,
	CAP_INSN_INVPCID,
	CAP_INSN_CX16,
	CAP_INSN_FSGSBASE,
	CAP_INSN_RDTSCP,
	CAP_INSN_RDRAND,
	CAP_INSN_RDSEED,
	CAP_INSN_RDPID,
	CAP_INSN_CLFLUSHOPT,
	CAP_INSN_CLWB,
	CAP_INSN_RDPKRU,
	CAP_INSN_RDPRU,
	CAP_INSN_WBNOINVD,
	CAP_INSN_COUNT,
};

struct cap_insn {
	const char *name;      /* mnemonic */
	const char *flags[4];  /* /proc/cpuinfo flags, ended by NULL */
	uint8_t code[12], len; /* rbx points to 64 aligned bytes of memory */
};

extern const struct cap_insn cap_insn[CAP_INSN_COUNT];

struct host_caps {
	char vendor[13];  /* host CPUID vendor */
	char backend[32]; /* module behind /dev/kvm, "kvm_intel"; "?" */
	char kernel[65];  /* uname release */
	/* real mode, long mode at CPL0, long mode at CPL3 */
	struct debug_caps real, cpl0, cpl3;
	/* RFLAGS.RF passes an exec breakpoint; unknown where none stops */
	enum cap_verdict rf_resume;
	/* stepping into a fault stops in the handler */
	enum cap_verdict step_fault;
	enum cap_verdict syscall;   /* SYSCALL at CPL3 arrives at CPL0 */
	enum cap_verdict hypercall; /* VMCALL or VMMCALL does, at CPL0 */
	/* CPUID shows the guest what KVM was told, not the processor's own */
	enum cap_verdict cpuid;
	enum cap_verdict sse_cpl0;	       /* SSE at CPL0 runs */
	enum cap_verdict insn[CAP_INSN_COUNT]; /* NO = refused at CPL0 */
	enum cap_verdict paging32; /* 32-bit paging can be switched on */
	/* a read-only slot turns writes to MMIO */
	enum cap_verdict readonly_slot;
	enum cap_verdict kick; /* a signal ends a spinning KVM_RUN */
	enum shutdown_state shutdown;
	uint32_t guest_debug2; /* KVM_CAP_SET_GUEST_DEBUG2 mask */
	bool block_irq;	       /* KVM_GUESTDBG_BLOCKIRQ is offered */
	bool sync_regs, exit_on_emulation_failure, exception_payload;
	bool xsave2, sregs2, debugregs, memory_fault, triple_fault_event;
	bool user_space_msr, split_irqchip, irqchip, pit2, stats_fd;
	unsigned int max_vcpus;
	/* Why the probe could not finish; empty when it did. */
	char trouble[160];
};

/*
 * Measure.  kvm_fd is an open /dev/kvm.  Makes and destroys VMs of its own;
 * every KVM_RUN is bounded by a watchdog.  Fails only when no VM can be made.
 *
 * The environment variable KVM_GDBSERVER_PROBE_SKIP names measurements to
 * leave out ("shutdown,cpl3"): an emulated machine may not survive some.
 *
 * Threading: one call at a time, in the thread that owns the process's signal
 * handlers; uses SIGRTMAX - 2 while it runs.
 */
bool host_probe(int kvm_fd, struct host_caps *caps, struct err *err) MUST_CHECK;

/*
 * The byte that a software breakpoint plants.  Where an emulator refuses int3,
 * that refusal is the hit; in real mode it may know int3 and vector it, and
 * then the byte is one it refuses in every mode, int1 (SDM Vol 2A,
 * "INT n/INTO/INT3/INT1").  0 where no planted byte comes back to us.
 */
uint8_t host_caps_patch_byte(const struct host_caps *caps);

/* The table of `--probe` and `monitor caps`, with the decisions drawn. */
void host_caps_print(const struct host_caps *caps, struct buf *out);

#endif
