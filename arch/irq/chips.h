/*
 * The state of the interrupt controllers and the timer, as data: what KVM
 * keeps for an in-kernel chip, or a user-space model hands out.
 *
 * Sources: SDM Vol 3A, "Advanced Programmable Interrupt Controller"; Intel
 * 82093AA (IOAPIC), 8259A and 8254 data sheets; KVM api.rst, KVM_GET_LAPIC,
 * KVM_GET_IRQCHIP, KVM_GET_PIT2.
 */
#ifndef ARCH_IRQ_CHIPS_H
#define ARCH_IRQ_CHIPS_H

#include <stdbool.h>
#include <stdint.h>

#define LAPIC_REGS   0x400 /* bytes: the registers lie at their xAPIC offsets */
#define IOAPIC_PINS  24
#define PIT_CHANNELS 3

/*
 * One local APIC.  In x2APIC mode the layout is the same, the ID has 32 bits
 * and the ICR's destination is the whole of the ICR's upper half.
 */
struct x86_lapic {
	uint8_t regs[LAPIC_REGS];
};

struct x86_ioapic {
	uint64_t base; /* guest-physical */
	uint32_t select, id, version;
	/* Level pins that are asserted; edge pins whose edge was not sent. */
	uint32_t irr;
	bool has_lines; /* KVM does not tell how its IOAPIC's lines are */
	uint32_t lines; /* asserted now */
	uint64_t redir[IOAPIC_PINS]; /* as a guest reads the two halves */
};

struct x86_pic {
	uint8_t irr, imr, isr, irq_base, elcr;
	uint8_t last_irr;     /* the lines as they are now */
	uint8_t priority_add; /* the line with the highest priority */
	uint8_t init_state;   /* next initialization word expected, 0 = ready */
	bool auto_eoi, special_mask, read_isr, poll;
	bool special_fully_nested;
};

struct x86_pit_channel {
	uint32_t count; /* reload value, 65536 for 0 */
	uint8_t mode, rw_mode, bcd, gate;
	int64_t load_time; /* host CLOCK_MONOTONIC nanoseconds */
};

struct x86_pit {
	struct x86_pit_channel channel[PIT_CHANNELS];
	bool speaker;
	int64_t now; /* host CLOCK_MONOTONIC nanoseconds when this was read */
};

/* What the machine has besides the local APICs. */
struct x86_chips {
	bool has_pic, has_ioapic, has_pit;
	struct x86_pic pic[2]; /* master, slave */
	struct x86_ioapic ioapic;
	struct x86_pit pit;
	/*
	 * How often a device of the machine raised each interrupt line; the
	 * timers inside KVM and messages are not counted.
	 */
	uint64_t raised[IOAPIC_PINS];
};

#endif
