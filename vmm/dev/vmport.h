/*
 * VMware's "backdoor" at port 0x5658, as far as QEMU's vmport has it: a read
 * with EAX = 0x564d5868 and a command in ECX changes registers.  Version and
 * memory size are answered; other commands leave everything as it is.
 */
#ifndef VMM_DEV_VMPORT_H
#define VMM_DEV_VMPORT_H

#include "vmm/dev/bus.h"

#define VMPORT_PORT 0x5658

struct vmport_regs {
	uint32_t eax, ebx, ecx;
};

/*
 * The registers of the vCPU that makes the access, on its thread.
 */
struct vmport_ops {
	void (*get)(void *ctx, unsigned int cpu, struct vmport_regs *regs);
	void (*set)(void *ctx, unsigned int cpu,
		    const struct vmport_regs *regs);
	void *ctx;
};

struct vmport_state {
	uint32_t command; /* the last one */
};

struct vmport {
	struct device dev;
	struct vmport_ops ops;
	const unsigned int *cpu; /* who makes the access */
	uint64_t memory;	 /* bytes of RAM */
	struct vmport_state s;
};

extern const struct region_ops vmport_region;

/* ops is copied; its get may be NULL: then nobody has the magic number. */
void vmport_init(struct vmport *p, const struct vmport_ops *ops,
		 const unsigned int *cpu, uint64_t memory);

#endif
