/*
 * Catchpoints on the live machine (stub/catch.h).
 *
 *	list.c	the list, its hits and the lines of those that only notify
 *	io.c	port and memory accesses, and what a `before` stop holds back
 *	msr.c	MSR accesses: KVM's filter, and how one passes it
 *	gates.c	exceptions: hidden breakpoints behind the IDT's gates
 *	text.c	the line that a hit is told in
 *
 * A vCPU that is stopped `before` something holds it (struct held): the next
 * release does it first.  What is held does not depend on the catchpoint,
 * which may be gone by then.
 *
 *   HELD_READ	 the exit is pending in KVM, rip on the instruction.  Going on
 *		 asks the device and completes it.  A debugger that writes
 *		 registers makes it a HELD_INSN first: KVM would lose them.
 *   HELD_OUT	 KVM has skipped the OUT; rip was put back to it.  Going on
 *		 tells the device and skips it again; else as HELD_READ.
 *   HELD_WRITE	 KVM's emulator has carried out the instruction; the device
 *		 has not seen the write.  Going on tells it.
 *   HELD_INSN	 nothing is pending anywhere, rip on the instruction, of which
 *		 nothing has happened.  Going on steps over it and lets its
 *		 access pass, unless rip was moved away.
 *   HELD_REQUEST the guest has asked for a reset or its end.  Going on is
 *		 that.
 *
 * Threading: the list changes on the server thread with every vCPU parked.
 * Hits are counted, and lines queued, by vCPU threads.
 */
#ifndef VMM_CATCH_H
#define VMM_CATCH_H

#include <pthread.h>

#include "arch/exit/record.h"
#include "stub/catch.h"
#include "stub/target.h"

struct vcpu;
struct vm;

struct catches {
	struct target_catch list[CATCH_MAX]; /* hits: atomic */
	unsigned int n, last_id;
	unsigned int kinds; /* BIT(enum catch_kind) of those in the list */
	bool triple_fault_resets;
	bool msr_exits; /* KVM_CAP_X86_USER_SPACE_MSR is on */
	bool filtered;	/* KVM has a filter of ours now */

	pthread_mutex_t lock; /* guards what follows */
	struct buf notes;
	uint64_t dropped;
	int note_fd; /* eventfd: notes are there */
	bool noted;  /* it is readable */
};

enum held_kind {
	HELD_NONE,
	HELD_READ,
	HELD_OUT,
	HELD_WRITE,
	HELD_INSN,
	HELD_REQUEST,
};

/* What the guest wants of the machine. */
struct request {
	bool exit;  /* power-off, with this status; else a reset */
	bool fault; /* a reset by a triple fault, not by a device */
	bool sleep; /* a reset into S3: memory stays */
	int status;
	const char *by; /* static */
};

#define HELD_WRITES 8 /* pieces of one instruction's write */

struct held {
	enum held_kind kind;
	gva_t pc;	    /* linear; READ, OUT and INSN */
	bool msr;	    /* INSN: an MSR access */
	uint64_t rip_after; /* OUT and MSR: behind the instruction */
	struct exit_record access[HELD_WRITES]; /* WRITE; OUT and MSR: one */
	unsigned int n;
	struct request request;
	bool told; /* REQUEST: `catch reset` has */
};

/* When a catchpoint looks at an access. */
enum catch_phase {
	PHASE_BEFORE,
	PHASE_AFTER,
	PHASE_EXIT, /* catch exit: once it has been served */
};

/* A hit that is to be told at the end of the exit. */
struct caught {
	unsigned int id; /* 0: none */
	enum catch_phase phase;
	struct exit_record e;
};

extern const struct target_catch_ops live_catch_ops;

/* ---- list.c ---- */
void catch_init(struct catches *c);
void catch_deinit(struct catches *c);
bool catch_open(struct catches *c, struct err *err) MUST_CHECK;
static inline bool catch_any(const struct catches *c, enum catch_kind kind)
{
	return c->kinds & BIT(kind);
}
/*
 * Count the hits of what matches; the catchpoint that acts, the strongest
 * action first, or NULL.  e: what is accessed.
 */
const struct target_catch *catch_match(struct vm *vm, enum catch_kind kind,
				       const struct exit_record *e,
				       bool before);
/* The same for a range of numbers: exit reasons, vectors, resets. */
const struct target_catch *
catch_match_number(struct vm *vm, enum catch_kind kind, uint64_t number);
/* A hit of c; which of both acts. */
const struct target_catch *catch_count(struct target_catch *c,
				       const struct target_catch *best);
/* Is this one still there, and does it stop? */
bool catch_stops(const struct vm *vm, unsigned int id);
/* Queue a line, with its newline, or drop it when too many wait. */
void catch_queue(struct vm *vm, const struct buf *line);

/* ---- text.c ---- */
/* "catchpoint 2: pio_write at ... , before the access, rip 0x1000\n" */
void catch_text(struct vcpu *v, const struct caught *c, struct buf *out);
/* Fill the stop of a catchpoint; its text is v->story. */
void catch_stop(struct vcpu *v, unsigned int id, struct target_stop *stop);
/* Act on a hit of an access: a line, or v->caught for the exit's end. */
void catch_act(struct vcpu *v, const struct target_catch *c,
	       enum catch_phase phase, const struct exit_record *e);

/* ---- io.c ---- */
/*
 * An access is about to be made.  True: a catchpoint holds it back; the exit
 * ends in a stop (vcpu_noted_stop()).
 */
bool catch_before(struct vcpu *v, const struct exit_record *e);
/* It was made, or an exit that is none was served. */
void catch_after(struct vcpu *v, const struct exit_record *e);
void catch_exit(struct vcpu *v);
/* The error stop of an exit that cannot be served: only counted. */
void catch_error(struct vcpu *v);
/* The guest asks for a reset.  True: *stop is filled and it must wait. */
bool catch_reset(struct vcpu *v, const struct request *r,
		 struct target_stop *stop);

enum release {
	RELEASE_NOTHING, /* go on */
	RELEASE_STEPPED, /* the instruction at rip has been executed by it */
	RELEASE_STOPPED, /* *stop is filled */
};
/* Do what the vCPU holds; nothing for HELD_INSN. */
enum release catch_release(struct vcpu *v, struct target_stop *stop);
/* A debugger is about to write registers. */
void catch_settle(struct vcpu *v);
/* A HELD_INSN at the vCPU's pc? */
bool catch_holds_insn(struct vcpu *v);
/*
 * Around a step: let the access of a HELD_INSN pass.  Returns whether
 * there was one.
 */
bool catch_let_pass(struct vcpu *v);
void catch_has_passed(struct vcpu *v);
/* Forget what it holds: the machine is being reset. */
void catch_drop(struct vcpu *v);

/* ---- msr.c ---- */
/* Tell KVM which MSRs the list wants. */
bool catch_msr_filter(struct vm *vm, struct err *err) MUST_CHECK;
/* KVM_EXIT_X86_RDMSR, KVM_EXIT_X86_WRMSR */
bool catch_msr_exit(struct vcpu *v, struct target_stop *stop);
/* Open the filter, or close it again. */
void catch_msr_open(struct vcpu *v, bool open);
/* The held access is over: h as it was held. */
void catch_msr_done(struct vcpu *v, const struct held *h);

/* ---- gates.c ---- */
/* Put the hidden breakpoints where the IDTs point now; vCPUs parked. */
void catch_gates_sync(struct vm *vm);
/*
 * The vCPU has reached the hidden breakpoint at pc, or landed there in a
 * step.  True: it is to be told, and *stop is filled.
 */
bool catch_gate_hit(struct vcpu *v, gva_t pc, struct target_stop *stop);
/* For list.c's limits. */
void catch_gates_limits(struct vm *vm, const struct target_catch *c,
			struct buf *out);

#endif
