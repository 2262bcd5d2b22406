#include "vmm/host/probe_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/host/cpuid.h"

#define PAGE_SIZE      4096
#define WATCHDOG_US    200000 /* generous: emulated machines are slow */
#define WATCHDOG_AGAIN 5000   /* for a signal that came before KVM_RUN */

/* Where KVM puts its own pages on VMX without unrestricted guest. */
#define TSS_ADDRESS	     0xfffbd000
#define IDENTITY_MAP_ADDRESS UINT64_C(0xfffbc000)

/*
 * The vCPU the watchdog kicks.  Set while a probe_vm exists; the handler stores
 * one byte, as KVM api.rst asks for (kvm_run.immediate_exit).
 */
static struct kvm_run *volatile watched;

static void on_watchdog(int sig)
{
	if (watched)
		watched->immediate_exit = 1;
}

static bool watchdog_init(struct probe_vm *vm, struct err *err)
{
	int sig = SIGRTMAX - 2;
	struct sigaction action = {.sa_handler = on_watchdog};
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = sig,
	};

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (sigaction(sig, &action, &vm->old_action))
		return err_set_errno(err, ERR_INTERNAL, "probe: sigaction");
	if (timer_create(CLOCK_MONOTONIC, &event, &vm->timer)) {
		err_set_errno(err, ERR_LIMIT, "probe: no timer");
		sigaction(sig, &vm->old_action, NULL);
		return false;
	}
	vm->has_timer = true;
	return true;
}

static void watchdog_deinit(struct probe_vm *vm)
{
	watched = NULL;
	if (!vm->has_timer)
		return;
	timer_delete(vm->timer);
	sigaction(SIGRTMAX - 2, &vm->old_action, NULL);
	vm->has_timer = false;
}

static void watchdog_set(struct probe_vm *vm, long first_us)
{
	struct itimerspec when = {
		.it_value = {first_us / 1000000, first_us % 1000000 * 1000},
		.it_interval = {0, first_us ? WATCHDOG_AGAIN * 1000 : 0},
	};

	timer_settime(vm->timer, 0, &when, NULL);
}

/* ---- memory ---- */

static void put64(struct probe_vm *vm, uint32_t at, uint64_t value)
{
	memcpy(vm->mem + at, &value, sizeof(value));
}

/* Selectors of the GDT below. */
enum {
	SEL_CODE64 = 0x08,
	SEL_DATA = 0x10,
	SEL_USER_CODE = 0x1b,
	SEL_USER_DATA = 0x23,
	SEL_TSS = 0x28,
	SEL_CODE32 = 0x38,
};

static void fill_gdt(struct probe_vm *vm)
{
	static const uint64_t gdt[] = {
		0,
		0x00af9b000000ffff,
		0x00cf93000000ffff,
		0x00affb000000ffff,
		0x00cff3000000ffff,
		0x00008b0000000067 | (uint64_t)PROBE_TSS << 16,
		0,
		0x00cf9b000000ffff,
	};

	memcpy(vm->mem + PROBE_GDT, gdt, sizeof(gdt));
	put64(vm, PROBE_TSS + 4, PROBE_STACK0); /* RSP0 */
}

/* 64-bit gates and the real-mode table lead to the same handlers. */
static void fill_vectors(struct probe_vm *vm)
{
	static const uint8_t handler[] = {0x90, 0x90, 0x90, 0xf4, 0xeb, 0xfd};

	for (unsigned int v = 0; v < 32; v++) {
		uint32_t at = PROBE_HANDLERS + v * 16;
		uint16_t ivt[2] = {(uint16_t)(v * 16), PROBE_HANDLERS >> 4};
		/* int1 and int3 are allowed from CPL3 */
		uint64_t type = v == 1 || v == 3 ? 0xee00 : 0x8e00;

		memcpy(vm->mem + at, handler, sizeof(handler));
		memcpy(vm->mem + PROBE_IVT + v * 4, ivt, sizeof(ivt));
		put64(vm, PROBE_IDT + v * 16,
		      at | SEL_CODE64 << 16 | type << 32);
		put64(vm, PROBE_IDT + v * 16 + 8, 0);
	}
}

/* The first 2 MiB, one to one, for everybody. */
static void fill_page_tables(struct probe_vm *vm)
{
	put64(vm, PROBE_PML4, PROBE_PDPT | 7);
	put64(vm, PROBE_PDPT, PROBE_PD | 7);
	put64(vm, PROBE_PD, 0x87);
	put64(vm, PROBE_PD32, 0x87); /* 4 MiB, low word is the first entry */
}

static bool add_slot(struct probe_vm *vm, uint32_t slot, uint32_t flags,
		     uint64_t gpa, uint64_t size, uint8_t *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	return !ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static bool memory_init(struct probe_vm *vm, struct err *err)
{
	uint8_t *mem = mmap(NULL, PROBE_RAM_SIZE + PAGE_SIZE,
			    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (mem == MAP_FAILED)
		return err_set_errno(err, ERR_LIMIT, "probe: no memory");
	vm->mem = mem;
	if (!add_slot(vm, 0, 0, 0, PROBE_RAM_SIZE, mem))
		return err_set_errno(err, ERR_KVM, "probe: no memory slot");
	if (ioctl(vm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) > 0)
		vm->has_readonly = add_slot(vm, 1, KVM_MEM_READONLY,
					    PROBE_READONLY, PAGE_SIZE,
					    mem + PROBE_RAM_SIZE);
	fill_gdt(vm);
	fill_vectors(vm);
	fill_page_tables(vm);
	return true;
}

/* ---- registers of the modes ---- */

static struct kvm_segment flat(uint16_t selector, uint8_t type, bool code64)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.dpl = selector & 3,
		.db = !code64,
		.s = 1,
		.l = code64,
		.g = 1,
	};
}

static void set_segments(struct kvm_sregs *s, struct kvm_segment code,
			 struct kvm_segment data)
{
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment){
		.base = PROBE_TSS,
		.limit = 0x67,
		.selector = SEL_TSS,
		.type = 11,
		.present = 1,
	};
	s->ldt = (struct kvm_segment){.unusable = 1};
	s->gdt.base = PROBE_GDT;
	s->gdt.limit = 8 * 8 - 1;
}

static void modes_init(struct probe_vm *vm, const struct kvm_sregs *reset)
{
	struct kvm_sregs *s = &vm->sregs[PROBE_REAL];

	*s = *reset;
	s->cs.base = PROBE_CODE;
	s->cs.selector = PROBE_CODE >> 4;
	s->ds.base = PROBE_DATA;
	s->ds.selector = PROBE_DATA >> 4;

	s = &vm->sregs[PROBE_PROT32];
	*s = *reset;
	set_segments(s, flat(SEL_CODE32, 11, false), flat(SEL_DATA, 3, false));
	s->idt.limit = 0;
	s->cr0 = 0x11; /* PE, ET */
	s->cr4 = 0x10; /* PSE */

	s = &vm->sregs[PROBE_CPL0];
	*s = *reset;
	set_segments(s, flat(SEL_CODE64, 11, true), flat(SEL_DATA, 3, false));
	s->idt.base = PROBE_IDT;
	s->idt.limit = 32 * 16 - 1;
	s->cr3 = PROBE_PML4;
	s->cr4 = 0x620;	     /* PAE, OSFXSR, OSXMMEXCPT */
	s->cr0 = 0x80050033; /* PG, AM, WP, NE, ET, MP, PE */
	s->efer = 0xd01;     /* NXE, LMA, LME, SCE */

	vm->sregs[PROBE_CPL3] = *s;
	set_segments(&vm->sregs[PROBE_CPL3], flat(SEL_USER_CODE, 11, true),
		     flat(SEL_USER_DATA, 3, false));
}

/* ---- making and ending it ---- */

static bool set_cpuid(struct probe_vm *vm, struct err *err)
{
	struct cpuid_table *table = malloc(sizeof(*table));
	struct kvm_cpuid2 *list =
		calloc(1, sizeof(*list) + sizeof(table->entry));
	bool ok = false;

	if (!table || !list) {
		err_set(err, ERR_LIMIT, "probe: no memory");
		goto out;
	}
	if (!cpuid_supported(vm->kvm_fd, table, err))
		goto out;
	list->nent = table->n;
	memcpy(list->entries, table->entry, table->n * sizeof(table->entry[0]));
	if (ioctl(vm->vcpu_fd, KVM_SET_CPUID2, list)) {
		err_set_errno(err, ERR_KVM, "probe: KVM_SET_CPUID2");
		goto out;
	}
	ok = true;
out:
	free(table);
	free(list);
	return ok;
}

static bool vcpu_init(struct probe_vm *vm, struct err *err)
{
	int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_sregs reset;
	void *run;

	vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu_fd < 0)
		return err_set_errno(err, ERR_KVM, "probe: KVM_CREATE_VCPU");
	if (size < (int)sizeof(*vm->run))
		return err_set(err, ERR_KVM,
			       "probe: KVM_GET_VCPU_MMAP_SIZE says %d", size);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vm->vcpu_fd, 0);
	if (run == MAP_FAILED)
		return err_set_errno(err, ERR_KVM, "probe: mmap of the vCPU");
	vm->run = run;
	vm->run_size = (size_t)size;
	watched = vm->run;
	if (!set_cpuid(vm, err))
		return false;
	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &reset))
		return err_set_errno(err, ERR_KVM, "probe: KVM_GET_SREGS");
	modes_init(vm, &reset);
	return true;
}

static bool create(struct probe_vm *vm, struct err *err)
{
	uint64_t identity = IDENTITY_MAP_ADDRESS;
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE,
		.args = {1},
	};

	if (!watchdog_init(vm, err))
		return false;
	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->vm_fd < 0)
		return err_set_errno(err, ERR_KVM,
				     "KVM cannot create a VM (KVM_CREATE_VM)");
	/* Only some vendors need these; where they fail, nothing needs them. */
	ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap);
	return memory_init(vm, err) && vcpu_init(vm, err);
}

bool probe_vm_init(struct probe_vm *vm, int kvm_fd, struct err *err)
{
	*vm = (struct probe_vm){.kvm_fd = kvm_fd, .vm_fd = -1, .vcpu_fd = -1};
	if (create(vm, err))
		return true;
	probe_vm_deinit(vm);
	return false;
}

void probe_vm_deinit(struct probe_vm *vm)
{
	watchdog_deinit(vm);
	if (vm->run)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu_fd >= 0)
		close(vm->vcpu_fd);
	if (vm->vm_fd >= 0)
		close(vm->vm_fd);
	if (vm->mem)
		munmap(vm->mem, PROBE_RAM_SIZE + PAGE_SIZE);
	*vm = (struct probe_vm){.vm_fd = -1, .vcpu_fd = -1};
}

/* ---- using it ---- */

bool probe_vm_load(struct probe_vm *vm, enum probe_mode mode, const void *code,
		   size_t len)
{
	struct kvm_vcpu_events none = {0};
	struct kvm_regs regs = {
		.rip = mode == PROBE_REAL ? 0 : PROBE_CODE,
		.rsp = PROBE_STACK,
		.rbx = PROBE_DATA,
		.rflags = 2,
	};

	memset(vm->mem + PROBE_CODE, 0xf4, PAGE_SIZE);
	memcpy(vm->mem + PROBE_CODE, code, len);
	return probe_vm_debug(vm, 0, 0, 0) &&
	       !ioctl(vm->vcpu_fd, KVM_SET_SREGS, &vm->sregs[mode]) &&
	       !ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs) &&
	       !ioctl(vm->vcpu_fd, KVM_SET_VCPU_EVENTS, &none);
}

bool probe_vm_debug(struct probe_vm *vm, uint32_t control, uint64_t dr0,
		    uint64_t dr7)
{
	struct kvm_guest_debug debug = {
		.control = control ? control | KVM_GUESTDBG_ENABLE : 0,
	};

	debug.arch.debugreg[0] = dr0;
	debug.arch.debugreg[7] = dr7;
	return !ioctl(vm->vcpu_fd, KVM_SET_GUEST_DEBUG, &debug);
}

int probe_vm_run(struct probe_vm *vm)
{
	return probe_vm_run_for(vm, WATCHDOG_US);
}

int probe_vm_run_for(struct probe_vm *vm, long limit_us)
{
	int result, error;

	vm->run->immediate_exit = 0;
	vm->run->exit_reason = KVM_EXIT_UNKNOWN;
	watchdog_set(vm, limit_us);
	do {
		result = ioctl(vm->vcpu_fd, KVM_RUN, 0);
		error = errno;
	} while (result && error == EINTR && !vm->run->immediate_exit);
	watchdog_set(vm, 0);
	errno = error;
	if (!result)
		return (int)vm->run->exit_reason;
	return error == EINTR ? PROBE_RUN_TIMEOUT : PROBE_RUN_ERROR;
}

void probe_vm_complete(struct probe_vm *vm)
{
	/* Ends at once, with EINTR (KVM api.rst, immediate_exit). */
	vm->run->immediate_exit = 1;
	ioctl(vm->vcpu_fd, KVM_RUN, 0);
	vm->run->immediate_exit = 0;
}

struct kvm_regs probe_vm_regs(struct probe_vm *vm)
{
	struct kvm_regs regs;

	if (ioctl(vm->vcpu_fd, KVM_GET_REGS, &regs))
		memset(&regs, 0, sizeof(regs));
	return regs;
}

bool probe_vm_set_regs(struct probe_vm *vm, const struct kvm_regs *regs)
{
	return !ioctl(vm->vcpu_fd, KVM_SET_REGS, regs);
}

uint64_t probe_vm_pc(struct probe_vm *vm, enum probe_mode mode)
{
	struct kvm_sregs s;
	uint64_t rip = probe_vm_regs(vm).rip;

	if (mode != PROBE_REAL)
		return rip;
	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &s))
		return 0;
	return s.cs.base + (rip & 0xffff);
}
