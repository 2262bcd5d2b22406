/*
 * IOAPIC at 0xfec00000 for --irqchip split, where KVM has the local APICs
 * only: 24 pins, version 0x20 (with the EOI register, which guests want that
 * suppress EOI broadcasts).  Pure: what it has to say goes out as interrupt
 * messages through callbacks.
 *
 * Sources: 82093AA I/O APIC datasheet, "Register Description"; Intel SDM
 * Vol 3A, "Message Signalled Interrupts" for the messages; 82801 (ICH)
 * datasheet, "I/O APIC" for the EOI register.
 *
 * A line says asserted or not, not which voltage, so the polarity bit is kept
 * for the guest to read and changes nothing, as with KVM's own IOAPIC.
 */
#ifndef VMM_DEV_IOAPIC_H
#define VMM_DEV_IOAPIC_H

#include "arch/irq/chips.h"
#include "vmm/dev/bus.h"

#define IOAPIC_BASE UINT32_C(0xfec00000)

enum {
	IOAPIC_LEN = 0x100,
	IOAPIC_VERSION = 0x20,
	IOAPIC_TIMER_PIN = 2, /* where ISA IRQ 0 arrives */
};

/* An interrupt message: a 32-bit write of data to address. */
struct msi_msg {
	uint32_t address, data;
};

struct ioapic_ops {
	/* Send it; false when no local APIC took it. */
	bool (*deliver)(void *ctx, const struct msi_msg *msg);
	/*
	 * The messages of the pins are now these (masked pins included): whose
	 * level bit (15 of data) is set, its vector's EOI must come back
	 * through ioapic_eoi().
	 */
	void (*route)(void *ctx, const struct msi_msg msg[IOAPIC_PINS]);
	void *ctx;
};

struct ioapic_state {
	uint64_t redir[IOAPIC_PINS];
	uint64_t raised[IOAPIC_PINS]; /* times each pin was asserted */
	uint32_t lines;		      /* bit per pin: asserted now */
	uint32_t lost; /* bit per edge pin: asserted, and nothing was sent */
	uint32_t id;   /* register 0 */
	uint8_t index; /* IOREGSEL */
};

struct ioapic {
	struct device dev;
	struct ioapic_ops ops;
	struct ioapic_state s;
};

extern const struct region_ops ioapic_region;

/* ops is copied; nothing is called before the first access. */
void ioapic_init(struct ioapic *a, const struct ioapic_ops *ops);

/* Drive a pin; out of range is ignored. */
void ioapic_set_pin(struct ioapic *a, unsigned int pin, int level);
/* The set() of an irq_line, ctx a struct ioapic: GSI n is pin n, 0 is 2. */
void ioapic_set_irq(void *ctx, unsigned int gsi, int level);

/*
 * The end of an interrupt of this vector: level pins that wait for it are
 * ready again, and one that is still asserted sends its message again.
 */
void ioapic_eoi(struct ioapic *a, uint8_t vector);

/* For people to look at; raised by line: what pin 2 has is line 0's. */
void ioapic_show(const struct ioapic *a, struct x86_ioapic *to,
		 uint64_t raised[IOAPIC_PINS]);

/* The message that a pin sends. */
struct msi_msg ioapic_message(const struct ioapic *a, unsigned int pin);

#endif
