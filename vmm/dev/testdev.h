/*
 * --testdev: what kvm-unit-tests' programs find on QEMU's pc-testdev.
 *
 *	0xe0	four bytes that are kept
 *	0xe4	any write: "flush a page"; nothing
 *	0xe8	the bytes at 0xe0 again, each by itself
 *	0x2000	a port for each of 24 interrupt lines: a write sets its level
 *	0xff000000  64 KiB of device memory
 */
#ifndef VMM_DEV_TESTDEV_H
#define VMM_DEV_TESTDEV_H

#include "vmm/dev/bus.h"

enum {
	TESTDEV_PORT = 0xe0,
	TESTDEV_FLUSH_PORT = 0xe4,
	TESTDEV_BYTE_PORT = 0xe8,
	TESTDEV_IRQ_PORT = 0x2000,
	TESTDEV_PORTS = 4,
	TESTDEV_IRQS = 24,
	TESTDEV_MEM_LEN = 0x10000,
};

#define TESTDEV_MEM_BASE UINT64_C(0xff000000)

struct testdev_state {
	uint32_t io, lines;
	uint8_t mem[TESTDEV_MEM_LEN];
};

struct testdev {
	struct device dev;
	struct irq_line irq; /* gsi is not used */
	struct testdev_state s;
};

/* irq is copied. */
void testdev_init(struct testdev *t, struct irq_line irq);
bool testdev_add(struct testdev *t, struct bus *b, struct err *err) MUST_CHECK;

#endif
