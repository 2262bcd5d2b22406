/*
 * How a processor came to shut down: the first fault, why its handler could
 * not be reached, what came of that, and so on to the triple fault.
 *
 * The first fault is looked for where it may be known from, the surest first;
 * from there on the delivery is simulated (arch/diag/deliver.h).  Which pairs
 * of faults make a double fault: SDM Vol 3A, "Double Fault Exception (#DF)".
 */
#ifndef ARCH_DIAG_CHAIN_H
#define ARCH_DIAG_CHAIN_H

#include "arch/diag/fault.h"

#define CHAIN_HOPS 24

/* Where the first event is known from. */
enum chain_source {
	CHAIN_BY_BOTH,	     /* KVM says so, and the instruction explains it */
	CHAIN_BY_EVENT,	     /* KVM says it was being delivered */
	CHAIN_BY_INSN,	     /* the instruction at rip raises it */
	CHAIN_BY_KVM,	     /* the last exception that KVM itself raised */
	CHAIN_BY_CR2,	     /* CR2 has an address that faults */
	CHAIN_BY_IN_SERVICE, /* an interrupt the local APIC has in service */
	CHAIN_BY_GUESS,	     /* the instruction may raise it */
	CHAIN_BY_NOTHING,
};

enum chain_end {
	CHAIN_SHUTDOWN,
	CHAIN_REACHED, /* a handler can be reached: this is no triple fault */
	CHAIN_ENDLESS, /* more deliveries than were tried */
};

struct chain_hop {
	struct x86_fault event;
	bool lost;	    /* delivered, to a handler that cannot be fetched */
	char failed[80];    /* what stopped its delivery, short; or "" */
	const char *fix;    /* static: what to do about that, or NULL */
	unsigned int times; /* deliveries in a row that went the same way */
};

struct chain {
	enum chain_source source;
	enum chain_end end;
	unsigned int hops;
	bool cut; /* there were more than CHAIN_HOPS */
	struct chain_hop hop[CHAIN_HOPS];
	struct x86_fault last; /* CHAIN_SHUTDOWN: why #DF was not delivered */
};

struct chain_input {
	/* needs GPR, SYS, EVENT; XCR for AVX */
	const struct x86_view *view;
	const struct decoded *insn; /* at rip */
	int in_service; /* vector the local APIC has in service, or -1 */
	/* The registers are older than the fault, only the queue is not. */
	bool stale;
};

/*
 * Find the chain.  False, with *c the best attempt (hops may be 0), when no
 * candidate for the first fault leads to a shutdown.
 */
bool chain_find(const struct chain_input *in, struct chain *c);

/* The chain that begins with this event; always fills *c but the source. */
void chain_follow(const struct x86_view *v, const struct x86_fault *first,
		  struct chain *c);

/* "#UD -> IDT[6] beyond limit 0x0 -> #GP(0x32+EXT) -> ... -> shutdown" */
void chain_print(struct buf *out, const struct chain *c);

/* Each hop's failed check in words, one a line, two spaces in front. */
void chain_print_checks(struct buf *out, const struct chain *c);

/* "the instruction at rip raises it" */
const char *chain_source_text(enum chain_source source);

#endif
