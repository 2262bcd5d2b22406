/*
 * The registers of a local APIC.  Offsets are those of the xAPIC's page; the
 * x2APIC's MSR is 0x800 + offset / 16.  Their names: lapic_register(),
 * arch/exit/ports.h.
 *
 * Source: SDM Vol 3A, "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef ARCH_IRQ_LAPIC_H
#define ARCH_IRQ_LAPIC_H

#include "arch/irq/chips.h"

enum lapic_reg {
	LAPIC_ID = 0x20,
	LAPIC_VERSION = 0x30,
	LAPIC_TPR = 0x80,
	LAPIC_APR = 0x90,
	LAPIC_PPR = 0xa0,
	LAPIC_EOI = 0xb0,
	LAPIC_RRD = 0xc0,
	LAPIC_LDR = 0xd0,
	LAPIC_DFR = 0xe0,
	LAPIC_SVR = 0xf0,
	LAPIC_ISR = 0x100, /* 8 registers, as TMR and IRR */
	LAPIC_TMR = 0x180,
	LAPIC_IRR = 0x200,
	LAPIC_ESR = 0x280,
	LAPIC_LVT_CMCI = 0x2f0,
	LAPIC_ICR = 0x300,
	LAPIC_ICR2 = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PERF = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_INITIAL_COUNT = 0x380,
	LAPIC_CURRENT_COUNT = 0x390,
	LAPIC_DIVIDE = 0x3e0,
	LAPIC_SELF_IPI = 0x3f0,
};

/* Bits that the LVT entries, the ICR and an IOAPIC's entries share. */
enum {
	LVT_VECTOR = 0xff,
	LVT_MODE = 0x700,
	LVT_LOGICAL = 0x800, /* ICR, IOAPIC */
	LVT_PENDING = 0x1000,
	LVT_ACTIVE_LOW = 0x2000,
	LVT_REMOTE_IRR = 0x4000,
	ICR_ASSERT = 0x4000,
	LVT_LEVEL = 0x8000,
	LVT_MASKED = 0x10000,
	LVT_TIMER_MODE = 0x60000,
	LVT_TIMER_PERIODIC = 0x20000,
	LVT_TIMER_DEADLINE = 0x40000,
	ICR_SHORTHAND = 0xc0000,
	SVR_ENABLED = 0x100,
	SVR_FOCUS = 0x200,
	SVR_NO_EOI_BROADCAST = 0x1000,
};

/* Delivery modes, LVT_MODE >> 8. */
enum irq_mode {
	IRQ_FIXED = 0,
	IRQ_LOWEST = 1,
	IRQ_SMI = 2,
	IRQ_NMI = 4,
	IRQ_INIT = 5,
	IRQ_SIPI = 6,
	IRQ_EXTINT = 7,
};

#define APIC_BASE_X2APIC (UINT64_C(1) << 10)
#define APIC_BASE_EN	 (UINT64_C(1) << 11)

uint32_t lapic_reg(const struct x86_lapic *l, unsigned int offset);

/* Bit `vector` of ISR, TMR or IRR, and the highest one set, -1 for none. */
bool lapic_bit(const struct x86_lapic *l, enum lapic_reg bits,
	       unsigned int vector);
int lapic_highest(const struct x86_lapic *l, enum lapic_reg bits);

/* Processor priority, computed from TPR and ISR: the register may be old. */
unsigned int lapic_ppr(const struct x86_lapic *l);

/* The ID, where apic_base (the MSR) tells the mode. */
uint32_t lapic_id(const struct x86_lapic *l, uint64_t apic_base);

/*
 * Does a destination mean this local APIC?  wide: 32 bits, as the ICR of an
 * x2APIC has it; else 8 bits, as messages and an xAPIC's ICR have it.
 */
bool lapic_matches(const struct x86_lapic *l, uint64_t apic_base, uint32_t dest,
		   bool logical, bool wide);

/* What the timer counts down by: 1, 2, 4, ... 128. */
unsigned int lapic_divisor(const struct x86_lapic *l);

#endif
