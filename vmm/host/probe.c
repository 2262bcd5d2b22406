/*
 * The self-probe: what does this KVM do with the debugger's tools?
 *
 * Each measurement is one row of the table at the end.  Every code path is run
 * once untouched before it is measured, because a first touch of a page may end
 * a step early on an emulated machine.
 */
#include "vmm/host/host_caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/host/cpuid.h"
#include "vmm/host/probe_host.h"
#include "vmm/host/probe_run.h"

#define DR7_EXEC_0	      0x402   /* G0, reserved bit 10 */
#define DR7_WRITE2_0	      0x50402 /* the same, 2-byte write */
#define KICK_US		      1000
#define HYPERCALL_US	      20000
/* An emulator does it at once or, as kvm_pvm's, for ever. */
#define HYPERCALL_EMULATED_US 2000

/* ---- the questions asked in each mode ---- */

static enum int3_behaviour planted(struct probe *p, enum probe_mode mode,
				   uint8_t byte)
{
	const uint8_t code[] = {0x90, byte, 0x90, 0xf4};
	int reason;

	if (!probe_load(p, mode, code, sizeof(code)) ||
	    !probe_arm(p, KVM_GUESTDBG_USE_SW_BP, 0, 0) ||
	    !probe_run(p, &reason))
		return INT3_UNKNOWN;
	if (reason == KVM_EXIT_HLT)
		return probe_vector(p, mode) == (byte == 0xcc ? 3 : 1)
			       ? INT3_TO_GUEST
			       : INT3_UNKNOWN;
	if (probe_vm_pc(&p->vm, mode) != PROBE_CODE + 1)
		return INT3_UNKNOWN;
	if (reason == KVM_EXIT_DEBUG)
		return INT3_DEBUG_EXIT;
	if (reason == KVM_EXIT_INTERNAL_ERROR &&
	    p->vm.run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		return INT3_INTERNAL_ERROR;
	return INT3_UNKNOWN;
}

static enum cap_verdict hw_exec(struct probe *p, enum probe_mode mode)
{
	static const uint8_t code[] = {0x90, 0x90, 0x90, 0x90, 0xf4};
	int reason;

	if (!probe_load_warm(p, mode, code, sizeof(code)) ||
	    !probe_arm(p, KVM_GUESTDBG_USE_HW_BP, PROBE_CODE + 2, DR7_EXEC_0) ||
	    !probe_run(p, &reason))
		return CAP_UNKNOWN;
	if (reason == KVM_EXIT_DEBUG)
		return probe_vm_pc(&p->vm, mode) == PROBE_CODE + 2
			       ? CAP_YES
			       : CAP_UNKNOWN;
	return reason == KVM_EXIT_HLT ? CAP_NO : CAP_UNKNOWN;
}

/* mov to [PROBE_DATA]; rbx points there, and in real mode DS does. */
static enum cap_verdict hw_data(struct probe *p, enum probe_mode mode)
{
	static const uint8_t code[] = {0x90, 0x66, 0x89, 0x0b,
				       0x90, 0x90, 0xf4};
	static const uint8_t code16[] = {0x90, 0x89, 0x0e, 0x00,
					 0x00, 0x90, 0x90, 0xf4};
	bool real = mode == PROBE_REAL;
	int reason;

	if (!probe_load_warm(p, mode, real ? code16 : code,
			     real ? sizeof(code16) : sizeof(code)) ||
	    !probe_arm(p, KVM_GUESTDBG_USE_HW_BP, PROBE_DATA, DR7_WRITE2_0) ||
	    !probe_run(p, &reason))
		return CAP_UNKNOWN;
	if (reason == KVM_EXIT_DEBUG)
		return CAP_YES;
	return reason == KVM_EXIT_HLT && probe_at_end(p, mode) ? CAP_NO
							       : CAP_UNKNOWN;
}

/* One stepped run; *moved says whether pc left `from`. */
static bool step_once(struct probe *p, enum probe_mode mode, uint64_t from,
		      int *reason, uint64_t *pc)
{
	/* A second try: emulators may stop once without having moved. */
	for (int tries = 0; tries < 2; tries++) {
		if (!probe_arm(p, KVM_GUESTDBG_SINGLESTEP, 0, 0) ||
		    !probe_run(p, reason))
			return false;
		*pc = probe_vm_pc(&p->vm, mode);
		if (*reason != KVM_EXIT_DEBUG || *pc != from)
			break;
	}
	return true;
}

static enum cap_verdict step(struct probe *p, enum probe_mode mode)
{
	static const uint8_t code[] = {0x90, 0x90, 0x90, 0x90, 0xf4};
	uint64_t pc;
	int reason;

	if (!probe_load_warm(p, mode, code, sizeof(code)))
		return CAP_UNKNOWN;
	for (unsigned int i = 0; i < 2; i++) {
		if (!step_once(p, mode, PROBE_CODE + i, &reason, &pc))
			return CAP_UNKNOWN;
		/* ran through, or the guest got the trap itself */
		if (reason == KVM_EXIT_HLT || probe_vector(p, mode) == 1)
			return CAP_NO;
		if (reason != KVM_EXIT_DEBUG || pc != PROBE_CODE + i + 1)
			return CAP_UNKNOWN;
	}
	return CAP_YES;
}

/* pushf; pop rbx: does the guest see the trap flag of the debugger? */
static enum cap_verdict step_tf_leaks(struct probe *p, enum probe_mode mode)
{
	static const uint8_t code[] = {0x9c, 0x5b, 0x90, 0x90, 0xf4};
	struct kvm_regs regs;
	uint64_t pc;
	int reason;

	if (!probe_load_warm(p, mode, code, sizeof(code)))
		return CAP_UNKNOWN;
	for (unsigned int i = 0; i < 2; i++) {
		if (!step_once(p, mode, PROBE_CODE + i, &reason, &pc))
			return CAP_UNKNOWN;
		if (reason == KVM_EXIT_HLT)
			break;
	}
	regs = probe_vm_regs(&p->vm);
	if (regs.rbx == PROBE_DATA || !(regs.rbx & 2))
		return CAP_UNKNOWN; /* it never got that far */
	return regs.rbx & 0x100 ? CAP_YES : CAP_NO;
}

static void measure_mode(struct probe *p, enum probe_mode mode,
			 struct debug_caps *d)
{
	d->int3 = planted(p, mode, 0xcc);
	d->int1 = planted(p, mode, 0xf1);
	d->hw_exec = hw_exec(p, mode);
	d->hw_data = hw_data(p, mode);
	d->step = step(p, mode);
	if (d->step == CAP_YES)
		d->step_tf_leaks = step_tf_leaks(p, mode);
}

static void measure_real(struct probe *p)
{
	measure_mode(p, PROBE_REAL, &p->caps->real);
}

static void measure_cpl0(struct probe *p)
{
	measure_mode(p, PROBE_CPL0, &p->caps->cpl0);
}

static void measure_cpl3(struct probe *p)
{
	measure_mode(p, PROBE_CPL3, &p->caps->cpl3);
}

/* ---- single questions ---- */

static void measure_rf(struct probe *p)
{
	struct kvm_regs regs;
	int reason;

	if (p->caps->cpl0.hw_exec != CAP_YES ||
	    hw_exec(p, PROBE_CPL0) != CAP_YES)
		return; /* nothing to resume from */
	regs = probe_vm_regs(&p->vm);
	regs.rflags |= 0x10000;
	if (!probe_vm_set_regs(&p->vm, &regs) || !probe_run(p, &reason))
		return;
	if (reason == KVM_EXIT_HLT)
		p->caps->rf_resume = CAP_YES;
	else if (reason == KVM_EXIT_DEBUG &&
		 probe_vm_pc(&p->vm, PROBE_CPL0) == PROBE_CODE + 2)
		p->caps->rf_resume = CAP_NO;
}

static void measure_step_fault(struct probe *p)
{
	static const uint8_t ud2[] = {0x0f, 0x0b, 0xf4};
	uint64_t pc;
	int reason;

	if (!probe_load_warm(p, PROBE_CPL0, ud2, sizeof(ud2)) ||
	    !step_once(p, PROBE_CPL0, PROBE_CODE, &reason, &pc))
		return;
	if (probe_vector(p, PROBE_CPL0) != 6)
		return;
	if (reason == KVM_EXIT_DEBUG)
		p->caps->step_fault = CAP_YES;
	else if (reason == KVM_EXIT_HLT)
		p->caps->step_fault = CAP_NO;
}

/* An instruction the CPU lacks is #UD, and that is a proper answer too. */
static enum cap_verdict runs(struct probe *p, const void *code, size_t len)
{
	int reason;

	if (!probe_load(p, PROBE_CPL0, code, len) || !probe_run(p, &reason))
		return CAP_UNKNOWN;
	if (reason == KVM_EXIT_HLT)
		return CAP_YES;
	if (reason == KVM_EXIT_INTERNAL_ERROR)
		return CAP_NO;
	return CAP_UNKNOWN;
}

static void measure_insns(struct probe *p)
{
	static const uint8_t paddd[] = {0x66, 0x0f, 0xfe, 0xc8, 0xf4};

	p->caps->sse_cpl0 = runs(p, paddd, sizeof(paddd));
	for (unsigned int i = 0; i < CAP_INSN_COUNT; i++)
		p->caps->insn[i] = runs(p, cap_insn[i].code, cap_insn[i].len);
}

/* mov [PROBE_READONLY], ecx */
static void measure_readonly(struct probe *p)
{
	static const uint8_t code[] = {0xb8, 0x00, 0x00, 0x10,
				       0x00, 0x89, 0x08, 0xf4};
	int reason;

	if (!p->vm.has_readonly) {
		p->caps->readonly_slot = CAP_NO;
		return;
	}
	if (!probe_load(p, PROBE_CPL0, code, sizeof(code)) ||
	    !probe_run(p, &reason))
		return;
	if (reason == KVM_EXIT_HLT)
		p->caps->readonly_slot = CAP_NO;
	else if (reason == KVM_EXIT_MMIO && p->vm.run->mmio.is_write &&
		 p->vm.run->mmio.phys_addr == PROBE_READONLY)
		p->caps->readonly_slot = CAP_YES;
	if (reason == KVM_EXIT_MMIO)
		probe_vm_complete(&p->vm);
}

/* Interrupts on: an emulated machine may only look for signals then. */
static void measure_kick(struct probe *p)
{
	static const uint8_t spin[] = {0xfb, 0xeb, 0xfe};
	int reason;

	if (!probe_load(p, PROBE_CPL0, spin, sizeof(spin)))
		return;
	reason = probe_vm_run_for(&p->vm, KICK_US);
	if (reason == PROBE_RUN_TIMEOUT)
		p->caps->kick = CAP_YES;
	else
		probe_trouble(p, "an endless loop ended with %d", reason);
}

/*
 * mov eax, PROBE_PD32; mov cr3, eax; mov eax, cr0; bts eax, 31; mov cr0, eax;
 * nop; hlt
 */
static void measure_paging32(struct probe *p)
{
	static const uint8_t code[] = {
		0xb8, 0x00, 0x80, 0x00, 0x00, 0x0f, 0x22, 0xd8, 0x0f, 0x20,
		0xc0, 0x0f, 0xba, 0xe8, 0x1f, 0x0f, 0x22, 0xc0, 0x90, 0xf4,
	};
	int reason;

	if (!probe_load(p, PROBE_PROT32, code, sizeof(code)))
		return;
	reason = probe_vm_run(&p->vm);
	if (reason == KVM_EXIT_HLT)
		p->caps->paging32 = CAP_YES;
	else if (reason == KVM_EXIT_SHUTDOWN ||
		 reason == KVM_EXIT_INTERNAL_ERROR)
		p->caps->paging32 = CAP_NO;
	else
		probe_trouble(p, "exit reason %d", reason);
}

/* A fault without an interrupt table is a triple fault. */
static void measure_shutdown(struct probe *p)
{
	static const uint8_t ud2[] = {0x0f, 0x0b, 0xf4};
	struct kvm_sregs s;
	struct kvm_regs regs;
	int reason;

	if (!probe_load(p, PROBE_CPL0, ud2, sizeof(ud2)))
		return;
	s = p->vm.sregs[PROBE_CPL0];
	s.idt.limit = 0;
	if (ioctl(p->vm.vcpu_fd, KVM_SET_SREGS, &s))
		return;
	reason = probe_vm_run(&p->vm);
	p->spoiled = true;
	if (reason != KVM_EXIT_SHUTDOWN) {
		probe_trouble(p, "a triple fault ended with exit reason %d",
			      reason);
		return;
	}
	regs = probe_vm_regs(&p->vm);
	if (regs.rip == PROBE_CODE && regs.rbx == PROBE_DATA)
		p->caps->shutdown = SHUTDOWN_KEEPS;
	else if (regs.rip == 0xfff0)
		p->caps->shutdown = SHUTDOWN_RESETS;
}

/*
 * syscall; ... at LSTAR: nop; hlt.  Where it stays at CPL3 that HLT is a #GP.
 */
static void measure_syscall(struct probe *p)
{
	static const uint8_t code[] = {0x0f, 0x05, 0xf4, 0xf4, 0x90, 0xf4};
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[3];
	} msrs = {.head.nmsrs = 3,
		  .entry = {{.index = 0xc0000081, /* STAR */
			     .data = UINT64_C(0x10) << 48 | UINT64_C(8) << 32},
			    {.index = 0xc0000082, .data = PROBE_CODE + 4},
			    {.index = 0xc0000084}}};
	uint64_t pc;
	int reason;

	if (!probe_load(p, PROBE_CPL3, code, sizeof(code)) ||
	    ioctl(p->vm.vcpu_fd, KVM_SET_MSRS, &msrs) != 3 ||
	    !probe_run(p, &reason) || reason != KVM_EXIT_HLT)
		return;
	pc = probe_vm_pc(&p->vm, PROBE_CPL0);
	if (pc == PROBE_CODE + sizeof(code))
		p->caps->syscall = CAP_YES;
	else if (probe_vector(p, PROBE_CPL0) == 13 &&
		 probe_vm_regs(&p->vm).rcx == PROBE_CODE + 2)
		p->caps->syscall = CAP_NO;
}

/*
 * mov eax, 1; cpuid; hlt.  KVM was told no more than it supports; what every
 * processor has beyond that must not show.  Left out: X2APIC, TSC deadline,
 * OSXSAVE and HYPERVISOR, which KVM sets by itself.
 */
static void measure_cpuid(struct probe *p)
{
	static const uint8_t code[] = {0xb8, 0x01, 0x00, 0x00,
				       0x00, 0x0f, 0xa2, 0xf4};
	struct cpuid_table *told = malloc(sizeof(*told));
	const struct kvm_cpuid_entry2 *one;
	struct err err;
	int reason;

	if (told && cpuid_supported(p->kvm_fd, told, &err) &&
	    (one = cpuid_find(told, 1, 0)) &&
	    probe_load(p, PROBE_CPL0, code, sizeof(code)) &&
	    probe_run(p, &reason) && reason == KVM_EXIT_HLT)
		p->caps->cpuid = probe_vm_regs(&p->vm).rcx & ~one->ecx &
						 ~UINT64_C(0x89200000)
					 ? CAP_NO
					 : CAP_YES;
	free(told);
}

/*
 * mov eax, KVM_HC_VAPIC_POLL_IRQ; the vendor's instruction; hlt.  A KVM that
 * wants another one writes it over this one; Linux' text is read-only.
 */
static void measure_hypercall(struct probe *p)
{
	bool intel = !strcmp(p->caps->vendor, "GenuineIntel");
	const uint8_t code[] = {0xb8, 0x01, 0x00, 0x00,
				0x00, 0x0f, 0x01, intel ? 0xc1 : 0xd9,
				0xf4};
	int reason;

	if (!probe_load(p, PROBE_CPL0, code, sizeof(code)))
		return;
	reason = probe_vm_run_for(&p->vm,
				  p->caps->cpl0.int3 == INT3_INTERNAL_ERROR
					  ? HYPERCALL_EMULATED_US
					  : HYPERCALL_US);
	if (reason == KVM_EXIT_HLT && probe_at_end(p, PROBE_CPL0) &&
	    !memcmp(p->vm.mem + PROBE_CODE, code, sizeof(code)))
		p->caps->hypercall = CAP_YES;
	else
		p->caps->hypercall = CAP_NO;
	p->spoiled = reason != KVM_EXIT_HLT;
}

/* ---- all of them ---- */

/*
 * In order: later ones may leave the vCPU in a state that earlier ones should
 * not start from.
 */
static const struct measurement {
	const char *name;
	void (*run)(struct probe *p);
} measurements[] = {
	{"real", measure_real},
	{"cpl0", measure_cpl0},
	{"rf", measure_rf},
	{"step-fault", measure_step_fault},
	{"insn", measure_insns},
	{"cpuid", measure_cpuid},
	{"hypercall", measure_hypercall},
	{"readonly", measure_readonly},
	{"kick", measure_kick},
	{"cpl3", measure_cpl3},
	{"syscall", measure_syscall},
	{"paging32", measure_paging32},
	{"shutdown", measure_shutdown},
};

/* Is name one of the words of "a,b,c"? */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, ",");

		if (word == len && !memcmp(list, name, len))
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}

bool host_probe(int kvm_fd, struct host_caps *caps, struct err *err)
{
	const char *skip = getenv("KVM_GDBSERVER_PROBE_SKIP");
	struct host_caps found = {0};
	struct probe p;

	probe_host_facts(kvm_fd, &found);
	if (!probe_start(&p, kvm_fd, &found, err))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(measurements); i++) {
		p.name = measurements[i].name;
		if (listed(skip, p.name))
			probe_trouble(&p, "left out "
					  "(KVM_GDBSERVER_PROBE_SKIP)");
		else
			measurements[i].run(&p);
	}
	probe_end(&p);
	*caps = found;
	return true;
}
