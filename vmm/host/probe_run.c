#include "vmm/host/probe_run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUDGET_NS UINT64_C(3000000000)
#define MAX_VMS	  6

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool probe_start(struct probe *p, int kvm_fd, struct host_caps *caps,
		 struct err *err)
{
	*p = (struct probe){
		.kvm_fd = kvm_fd,
		.caps = caps,
		.name = "start",
		.deadline = now_ns() + BUDGET_NS,
		.vms = 1,
	};
	return probe_vm_init(&p->vm, kvm_fd, err);
}

void probe_end(struct probe *p)
{
	probe_vm_deinit(&p->vm);
}

/* The first trouble is the one that explains the rest. */
void probe_trouble(struct probe *p, const char *fmt, ...)
{
	char text[100];
	va_list ap;

	p->spoiled = true;
	if (p->caps->trouble[0])
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(p->caps->trouble, sizeof(p->caps->trouble), "%s: %s", p->name,
		 text);
}

/* ---- running bits of code ---- */

static bool fresh_vm(struct probe *p)
{
	struct err err;

	probe_vm_deinit(&p->vm);
	p->spoiled = false;
	if (p->vms++ < MAX_VMS && probe_vm_init(&p->vm, p->kvm_fd, &err))
		return true;
	probe_trouble(p, "no further VM");
	p->over = true;
	return false;
}

bool probe_load(struct probe *p, enum probe_mode mode, const void *code,
		size_t len)
{
	if (p->over)
		return false;
	if (now_ns() > p->deadline) {
		probe_trouble(p, "the probe takes too long on this machine");
		p->over = true;
		return false;
	}
	if (p->spoiled && !fresh_vm(p))
		return false;
	if (probe_vm_load(&p->vm, mode, code, len))
		return true;
	probe_trouble(p, "KVM refuses the registers of the mode (errno %d)",
		      errno);
	return false;
}

bool probe_run(struct probe *p, int *reason)
{
	*reason = probe_vm_run(&p->vm);
	switch (*reason) {
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_HLT:
	case KVM_EXIT_INTERNAL_ERROR:
	case KVM_EXIT_MMIO:
		return true;
	case PROBE_RUN_TIMEOUT:
		probe_trouble(p, "the guest did not stop in time");
		return false;
	case PROBE_RUN_ERROR:
		probe_trouble(p, "KVM_RUN failed (errno %d)", errno);
		return false;
	case KVM_EXIT_SHUTDOWN:
		probe_trouble(p, "triple fault");
		return false;
	default:
		probe_trouble(p, "exit reason %d", *reason);
		return false;
	}
}

bool probe_load_warm(struct probe *p, enum probe_mode mode, const void *code,
		     size_t len)
{
	int reason;

	return probe_load(p, mode, code, len) && probe_run(p, &reason) &&
	       probe_load(p, mode, code, len);
}

int probe_vector(struct probe *p, enum probe_mode mode)
{
	uint64_t pc = probe_vm_pc(&p->vm, mode);

	if (pc < PROBE_HANDLERS || pc >= PROBE_HANDLERS + 32 * 16)
		return -1;
	return (int)(pc - PROBE_HANDLERS) / 16;
}

bool probe_at_end(struct probe *p, enum probe_mode mode)
{
	return probe_vector(p, mode) == (mode == PROBE_CPL3 ? 13 : -1);
}

bool probe_arm(struct probe *p, uint32_t control, uint64_t dr0, uint64_t dr7)
{
	if (probe_vm_debug(&p->vm, control, dr0, dr7))
		return true;
	probe_trouble(p, "KVM_SET_GUEST_DEBUG fails (errno %d)", errno);
	return false;
}
