/*
 * Why a machine that nobody stopped does not get on: what each processor waits
 * for, and whether anybody is left to end the wait.
 *
 * Pure: works on summaries, which stub/mon/state_where.c fills from a target.
 */
#ifndef ARCH_DIAG_STUCK_H
#define ARCH_DIAG_STUCK_H

#include "arch/diag/loop.h"
#include "arch/x86_state.h"
#include "base/buf.h"

/* One processor as it stands now. */
struct stuck_vcpu {
	unsigned int number;
	enum x86_run_state run_state;
	bool irqs_on;	 /* RFLAGS.IF */
	bool nmi_masked; /* an NMI handler has not come to its IRET */
	bool smm;
	/* KVM does not hold it in HLT, but HLT was the last thing it did. */
	bool left_at_hlt;
	bool has_irqchip; /* somebody can interrupt it at all */
	struct loop loop; /* around its program counter, if it runs */

	/* Since the guest was last resumed. */
	bool has_exits, has_run_time;
	uint64_t exits; /* all of them, KVM's own included */
	uint64_t run_ns;
};

enum stuck_state {
	STUCK_NOT_STARTED,
	STUCK_WAITS_SIPI,
	STUCK_HALTED,	   /* an interrupt would wake it */
	STUCK_HALTED_DEAF, /* only NMI, SMI or INIT would */
	STUCK_ENDLESS,	   /* a loop that nothing in it leaves */
	STUCK_WAITS,	   /* a loop that waits for a change of memory */
	STUCK_POLLS,	   /* a loop that waits for a device */
	STUCK_DELAYS,	   /* a loop that passes the time */
	STUCK_RUNS,	   /* none of these */
};

enum stuck_state stuck_state(const struct stuck_vcpu *v);

/* One processor in one line, without newline.  names may be NULL. */
void stuck_print(struct buf *out, const struct stuck_vcpu *v,
		 const struct show_names *names);

/*
 * The machine as a whole, in one line with newline: who waits for whom.
 * False, and nothing is written, when some processor gets on.
 */
bool stuck_verdict(struct buf *out, const struct stuck_vcpu *v, unsigned int n);

#endif
