/*
 * The local APICs (xAPIC) for --irqchip user, one per vCPU, all behind the page
 * at 0xfee00000: who accesses it decides which one answers.  Pure: time, and
 * what reaches a processor, go through callbacks.
 *
 * The timer counts at 1 GHz before its divider, as KVM's does, and has no TSC
 * deadline; there is no x2APIC mode, the ID is read-only, the page does not
 * move, nothing drives LINT1, and an ExtINT message of the IOAPIC is lost: the
 * 8259s are wired to LINT0.
 *
 * Source: Intel SDM Vol 3A, "Advanced Programmable Interrupt Controller
 * (APIC)".  The boot processor starts with LINT0 open in ExtINT mode, as its
 * firmware would leave it.
 */
#ifndef VMM_DEV_LAPIC_H
#define VMM_DEV_LAPIC_H

#include "arch/irq/lapic.h"
#include "vmm/dev/bus.h"
#include "vmm/dev/ioapic.h"

#define LAPIC_BASE	    UINT32_C(0xfee00000)
/* A timer that is faster than this is slowed down: one host thread serves. */
#define LAPIC_MIN_PERIOD_NS UINT64_C(100000)

enum {
	LAPIC_LEN = 0x1000,
	LAPICS_MAX = 254,
	LAPIC_NONE = -1, /* no vector */
};

struct lapic_ops {
	/* There is an interrupt that this processor might take. */
	void (*wake)(void *ctx, unsigned int cpu);
	void (*nmi)(void *ctx, unsigned int cpu);
	void (*init)(void *ctx, unsigned int cpu);
	void (*sipi)(void *ctx, unsigned int cpu, uint8_t vector);
	void *ctx;
};

struct lapic_state {
	uint64_t timer_start; /* when the count began, ns */
	uint64_t timer_next;  /* when it interrupts, ns; 0 = it won't */
	uint32_t reg[LAPIC_REGS / 16]; /* by offset / 16 */
	uint32_t errors;	       /* since the last write to ESR */
	bool on;		       /* IA32_APIC_BASE, bit 11 */
};

struct lapic {
	struct device dev; /* "lapic0" */
	struct lapics *all;
	unsigned int index;
	struct lapic_state s;
};

struct lapics_state {
	bool lint0; /* the 8259s' INTR */
};

struct lapics {
	struct device dev; /* the page, and what they share */
	struct lapic_ops ops;
	const struct device_clock *clock;
	const unsigned int *accessing; /* the vCPU, struct bus */
	unsigned int cpus;
	/* The end of a level interrupt goes to the IOAPIC. */
	void (*eoi)(void *ctx, uint8_t vector);
	void *eoi_ctx;
	struct lapics_state s;
	struct lapic cpu[LAPICS_MAX];
};

/*
 * cpus: 1 to LAPICS_MAX.  ops is copied, the clock outlives them; eoi may be
 * set afterwards.
 */
void lapics_init(struct lapics *l, unsigned int cpus,
		 const struct lapic_ops *ops, const struct device_clock *clock);
/* All of them, at their page. */
bool lapics_add(struct lapics *l, struct bus *bus, struct err *err) MUST_CHECK;

/* A message, of the IOAPIC or the debugger.  False: nobody took it. */
bool lapics_message(struct lapics *l, const struct msi_msg *msg);

/* The 8259s' output. */
void lapics_set_lint0(struct lapics *l, int level);

/* Does what the 8259s have to say reach this processor as an ExtINT? */
bool lapics_takes_pic(const struct lapics *l, unsigned int cpu);

/* The vector this processor would take next, LAPIC_NONE for none. */
int lapics_pending(const struct lapics *l, unsigned int cpu);
/* It takes it: requested becomes in service. */
int lapics_ack(struct lapics *l, unsigned int cpu);

/* What an INIT leaves; the ID stays. */
void lapics_cpu_init(struct lapics *l, unsigned int cpu);

/* CR8 and IA32_APIC_BASE bit 11 are kept elsewhere too. */
uint8_t lapics_tpr(const struct lapics *l, unsigned int cpu);
void lapics_set_tpr(struct lapics *l, unsigned int cpu, uint8_t tpr);
void lapics_set_on(struct lapics *l, unsigned int cpu, bool on);

/* For people to look at. */
void lapics_show(const struct lapics *l, unsigned int cpu,
		 struct x86_lapic *to);

#endif
