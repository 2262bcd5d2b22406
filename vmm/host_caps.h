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
	enum int3_behaviour int3;
	enum cap_verdict hw_exec;    /* DR exec breakpoint stops */
	enum cap_verdict hw_data;    /* DR write watchpoint stops */
	enum cap_verdict step;	     /* single-step stops */
	enum cap_verdict step_tf_leaks; /* a stepped pushf shows TF */
};

struct host_caps {
	char vendor[13];     /* host CPUID vendor */
	char backend[32];    /* module that serves /dev/kvm: "kvm_intel", ...; "?" */
	char kernel[65];     /* uname release */
	struct debug_caps real, cpl0, cpl3; /* real mode, long mode CPL0, CPL3 */
	enum cap_verdict rf_resume; /* RFLAGS.RF passes an exec breakpoint */
	enum cap_verdict step_fault; /* stepping into a fault stops in the handler */
	enum cap_verdict sse_cpl0;  /* SSE at CPL0 runs */
	enum cap_verdict paging32;  /* 32-bit paging can be switched on */
	enum cap_verdict readonly_slot; /* a read-only slot turns writes to MMIO */
	enum cap_verdict kick;	    /* a signal ends a spinning KVM_RUN */
	enum shutdown_state shutdown;
	uint32_t guest_debug2;	    /* KVM_CAP_SET_GUEST_DEBUG2 mask */
	bool block_irq;		    /* KVM_GUESTDBG_BLOCKIRQ is offered */
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
 */
bool host_probe(int kvm_fd, struct host_caps *caps, struct err *err) MUST_CHECK;

/* The table of `--probe` and `monitor caps`, with the decisions drawn. */
void host_caps_print(const struct host_caps *caps, struct buf *out);

#endif
