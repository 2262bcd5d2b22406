/*
 * A live machine for the KVM tests: a tiny guest in assembly, loaded as a flat
 * image, and short names for what tests do with it.
 *
 * Where /dev/kvm cannot be opened, machine_start() skips the test.  Every wait
 * has a watchdog, so a guest that never stops fails the test, not the suite.
 */
#ifndef TESTS_KVM_MACHINE_H
#define TESTS_KVM_MACHINE_H

#include "tests/test.h"
#include "vmm/live.h"

/* GUEST(name, "asm text") defines guest_name[] .. guest_name_end[]. */
#define GUEST(id, text)                                                 \
	__asm__(".section .rodata\n.globl guest_" #id ", guest_" #id    \
		"_end\nguest_" #id ":\n" text "\nguest_" #id "_end:\n." \
		"previous\n");                                          \
	extern const uint8_t guest_##id[], guest_##id##_end[]

#define GUEST_BASE 0x100000u /* where 32- and 64-bit guests are loaded */
#define GUEST_REAL 0x7c00u   /* where 16-bit guests are */

struct machine {
	struct host_caps caps;
	struct cpuid_table cpuid;
	struct vm_config config;
	struct live *live;
	struct target *target;
	int kvm_fd;
	bool ran; /* resumed at least once */
};

/* mode 16, 32 or 64; options may be NULL. */
struct machine_options {
	unsigned int vcpus;	 /* default 1 */
	enum vm_irqchip irqchip; /* default kernel */
	uint64_t memory;	 /* default 32 MiB */
	struct console *serial;
	uint32_t recorder; /* as in struct vm_config */
	bool assist;	   /* --assist */
};

void machine_start_bytes(struct machine *m, const uint8_t *image, size_t size,
			 unsigned int mode, const struct machine_options *o);
#define machine_start(m, id, mode, options)                                \
	machine_start_bytes(m, guest_##id,                                 \
			    (size_t)(guest_##id##_end - guest_##id), mode, \
			    options)
void machine_end(struct machine *m);

/* Resume every vCPU and wait for the stop. */
struct target_stop machine_continue(struct machine *m);
/* Step vCPU 0 (or that one), the others held. */
struct target_stop machine_step(struct machine *m);
struct target_stop machine_step_vcpu(struct machine *m, unsigned int vcpu);
/* Resume, let it run that long, interrupt, wait. */
struct target_stop machine_run_for(struct machine *m, unsigned int ms);
/* Wait for the stop after a target_resume() of the test's own. */
struct target_stop machine_wait(struct machine *m);

uint64_t machine_reg(struct machine *m, const char *name);
void machine_set_reg(struct machine *m, const char *name, uint64_t value);
uint64_t machine_pc(struct machine *m, unsigned int vcpu);

void machine_insert(struct machine *m, enum bp_type type, gva_t addr,
		    uint64_t len);
void machine_remove(struct machine *m, enum bp_type type, gva_t addr,
		    uint64_t len);

void machine_read(struct machine *m, gva_t gva, void *buf, size_t len);
void machine_write(struct machine *m, gva_t gva, const void *buf, size_t len);

const char *stop_name(enum target_stop_kind kind);

#define CHECK_STOP(stop, expected)                                         \
	do {                                                               \
		const struct target_stop s_ = (stop);                      \
		if (s_.kind != (expected))                                 \
			test_fail(__FILE__, __LINE__,                      \
				  "stop is %s, expected %s: %.200s",       \
				  stop_name(s_.kind), stop_name(expected), \
				  s_.text ? s_.text : "");                 \
	} while (0)

#endif
