/*
 * The live target: a KVM virtual machine behind stub/target.h.
 *
 * live_create() makes the machine of vm_config, loads the image and leaves all
 * vCPUs parked at their first instruction.  Everything after that goes through
 * the target interface.  Threading: server thread only; the vCPU threads are
 * inside.
 */
#ifndef VMM_LIVE_H
#define VMM_LIVE_H

#include "stub/target.h"
#include "vmm/boot/boot.h"
#include "vmm/dev/console.h"
#include "vmm/dev/devices.h"
#include "vmm/host/cpuid.h"
#include "vmm/host/host_caps.h"

enum vm_irqchip {
	IRQCHIP_KERNEL, /* PIC, IOAPIC, LAPIC and PIT in KVM */
	IRQCHIP_SPLIT,	/* LAPIC in KVM */
	IRQCHIP_USER,	/* all of them here; HLT is an exit, and sleeps */
	IRQCHIP_NONE,	/* HLT is an exit, no interrupts */
};

struct vm_config {
	uint64_t memory; /* bytes */
	unsigned int vcpus;
	enum vm_irqchip irqchip;
	/*
	 * Image, cmdline, modules; vcpus, rsdp and maxphyaddr are filled in
	 * by live_create().  The data and strings stay valid for the life of
	 * the machine: a reset loads them again.
	 */
	struct boot_request boot;
	const struct cpuid_table *cpuid;
	const struct host_caps *caps;
	struct console *serial;	     /* COM1; NULL = discard */
	struct console *debugcon;    /* ports 0xe9 and 0x402; NULL = discard */
	struct virtio_config virtio; /* dma is filled in */
	const char *symbols; /* ELF file with the guest's symbols, or NULL */
	bool boot_menu;	     /* firmware: wait at its boot menu */
	bool assist;  /* do what KVM's emulator refuses, see arch/assist.h */
	bool testdev; /* what kvm-unit-tests expect, see vmm/dev/testdev.h */
	/* exits kept per vCPU, 0 = RECORDER_DEFAULT; RECORDER_OFF = none */
	uint32_t recorder;
};

#define RECORDER_OFF UINT32_MAX /* for measuring what recording costs */

struct live;

/* kvm_fd: an open /dev/kvm, owned by the caller and kept open. */
bool live_create(int kvm_fd, const struct vm_config *config, struct live **live,
		 struct err *err) MUST_CHECK;
void live_destroy(struct live *live); /* stops and joins the vCPU threads */

struct target *live_target(struct live *live);

/* The machine's devices, for vmm/dev/serial_feed.h. */
struct devices *live_devices(struct live *live);

/* Bytes typed at the serial console; what the port cannot take is lost. */
void live_serial_input(struct live *live, const void *data, size_t len);

#endif
