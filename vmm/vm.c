/* Making, resetting and taking apart the machine. */
#include "vmm/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "vmm/assist_syscall.h"
#include "vmm/inspect/inspect.h"
#include "vmm/inspect/stats.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/firmware.h"
#include "vmm/ioctl_log.h"
#include "vmm/irqchip.h"
#include "vmm/kvm.h"
#include "vmm/power_on.h"
#include "vmm/plant.h"
#include "vmm/timers.h"

/* Three pages VMX without unrestricted guest wants, and one: in the PC hole. */
#define TSS_ADDRESS	     0xfeffd000ul
#define IDENTITY_MAP_ADDRESS UINT64_C(0xfeffc000)

/* ---- what devices call, on a vCPU thread under the bus lock ---- */

static void request(struct vm *vm, bool exit, int status, const char *by)
{
	pthread_mutex_lock(&vm->lock);
	if (!vm->exit_wanted && !vm->reset_wanted) {
		vm->exit_wanted = exit;
		vm->reset_wanted = !exit;
		vm->exit_status = status;
		vm->request_by = by;
	}
	pthread_mutex_unlock(&vm->lock);
}

static void on_exit_request(void *ctx, int status, const char *by)
{
	request(ctx, true, status, by);
}

static void on_reset_request(void *ctx, const char *by)
{
	request(ctx, false, 0, by);
}

static void on_sleep_request(void *ctx)
{
	struct vm *vm = ctx;

	request(vm, false, 0, "ACPI S3");
	pthread_mutex_lock(&vm->lock);
	vm->sleep_wanted = vm->reset_wanted;
	vm->asleep = vm->reset_wanted;
	pthread_mutex_unlock(&vm->lock);
}

static void on_wake(void *ctx)
{
	struct vm *vm = ctx;

	pthread_mutex_lock(&vm->lock);
	vm->asleep = false;
	pthread_cond_broadcast(&vm->go_cond);
	pthread_mutex_unlock(&vm->lock);
}

/* ---- creation ---- */

static void fill_convert_caps(struct vm *vm)
{
	struct convert_caps *c = &vm->convert;
	int size = kvm_extension(vm->fd, KVM_CAP_XSAVE2);

	c->xsave = kvm_extension(vm->kvm_fd, KVM_CAP_XSAVE) > 0;
	c->xcrs = kvm_extension(vm->kvm_fd, KVM_CAP_XCRS) > 0;
	c->debugregs = kvm_extension(vm->kvm_fd, KVM_CAP_DEBUGREGS) > 0;
	c->events = kvm_extension(vm->kvm_fd, KVM_CAP_VCPU_EVENTS) > 0;
	c->sregs2 = vm->config.caps->sregs2;
	c->xsave_size = size > (int)sizeof(struct kvm_xsave)
				? (unsigned int)size
				: (unsigned int)sizeof(struct kvm_xsave);
	cpuid_info(&vm->cpuid, &c->cpu);
}

static bool create_kvm_vm(struct vm *vm, struct err *err)
{
	uint64_t identity = IDENTITY_MAP_ADDRESS;

	if (!KVM_CALL_INT(vm->kvm_fd, KVM_CREATE_VM, 0, &vm->fd, err))
		return false;
	if (!KVM_CALL_INT(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS, NULL, err) ||
	    !KVM_CALL(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity, err))
		return false;
	kvm_enable_cap(vm->fd, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
	if (vm->config.caps->exception_payload)
		kvm_enable_cap(vm->fd, KVM_CAP_EXCEPTION_PAYLOAD, 1);
	return irqchip_create(vm, err);
}

static bool dma_read(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	struct phys_reader mem;

	vm_phys_reader(ctx, &mem);
	return mem.read(mem.ctx, gpa, buf, len, err);
}

static bool dma_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
		      struct err *err)
{
	return patch_write_under(ctx, gpa, buf, len, err);
}

/* On the vCPU's thread, inside one of its accesses. */
static void get_regs(void *ctx, unsigned int cpu, struct vmport_regs *regs)
{
	struct vm *vm = ctx;
	const struct x86_state *s = vcpu_now(&vm->vcpu[cpu], X86_GROUP_GPR);

	regs->eax = (uint32_t)s->gpr[X86_RAX];
	regs->ebx = (uint32_t)s->gpr[X86_RBX];
	regs->ecx = (uint32_t)s->gpr[X86_RCX];
}

static void set_regs(void *ctx, unsigned int cpu,
		     const struct vmport_regs *regs)
{
	struct vcpu *v = &((struct vm *)ctx)->vcpu[cpu];
	struct x86_state s = *vcpu_now(v, X86_GROUP_GPR);

	/* KVM forgets what the access reads when registers are set meanwhile */
	s.gpr[X86_RAX] = regs->eax;
	s.gpr[X86_RBX] = regs->ebx;
	s.gpr[X86_RCX] = regs->ecx;
	if (!vcpu_store(v, X86_GROUP_GPR, &s))
		log_msg(LOG_WARN, "vCPU %u: port 0x%x: no registers changed",
			cpu, VMPORT_PORT);
}

static bool create_devices(struct vm *vm, struct err *err)
{
	struct devices_config config = {
		.machine = {.exit = on_exit_request,
			    .reset = on_reset_request,
			    .sleep = on_sleep_request,
			    .wake = on_wake,
			    .ctx = vm},
		.console = vm->config.serial,
		.debugcon = vm->config.debugcon,
		.memory = vm->config.memory,
		.virtio = vm->config.virtio,
		.regs = {get_regs, set_regs, vm},
		.testdev = vm->config.testdev,
		.firmware = vm->config.boot.firmware,
	};

	if (vm->config.boot.firmware) /* its tables know no S3 */
		config.machine.sleep = NULL;
	config.virtio.dma = (struct dma){dma_read, dma_write, vm};
	timers_clock(vm, &config.clock);
	irqchip_connect(vm, &config);
	bus_init(&vm->bus);
	return devices_init(&vm->devices, &vm->bus, &config, err);
}

static bool create_vcpus(struct vm *vm, struct err *err)
{
	vm->vcpu = calloc(vm->config.vcpus, sizeof(*vm->vcpu));
	if (!vm->vcpu)
		return err_set(err, ERR_LIMIT, "no memory for %u vCPUs",
			       vm->config.vcpus);
	for (unsigned int i = 0; i < vm->config.vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];
		struct {
			struct kvm_cpuid2 head;
			struct kvm_cpuid_entry2 entry[CPUID_MAX_ENTRIES];
		} call = {0};
		struct cpuid_table mine;

		if (!vcpu_create(vm, i, v, err))
			return false;
		vm->vcpus = i + 1;
		cpuid_for_vcpu(&vm->cpuid, i, vm->config.vcpus, &mine);
		call.head.nent = mine.n;
		memcpy(call.entry, mine.entry, mine.n * sizeof(mine.entry[0]));
		if (!KVM_CALL(v->fd, KVM_SET_CPUID2, &call, err) ||
		    !power_on_save(v, err))
			return err_prefix(err, "vCPU %u", i);
	}
	return true;
}

static bool create_fds(struct vm *vm, struct err *err)
{
	struct epoll_event ev = {.events = EPOLLIN};

	vm->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	vm->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (vm->stop_fd < 0 || vm->timer_fd < 0 || vm->epoll_fd < 0 ||
	    epoll_ctl(vm->epoll_fd, EPOLL_CTL_ADD, vm->stop_fd, &ev) < 0 ||
	    epoll_ctl(vm->epoll_fd, EPOLL_CTL_ADD, vm->timer_fd, &ev) < 0 ||
	    epoll_ctl(vm->epoll_fd, EPOLL_CTL_ADD, vm->catches.note_fd, &ev) <
		    0)
		return err_set_errno(err, ERR_LIMIT, "event descriptors");
	return true;
}

static bool add_virtio(struct vm *vm, struct boot_wiring *wiring,
		       struct err *err)
{
	struct boot_request *boot = &vm->config.boot;

	wiring->virtios = vm->devices.virtios;
	for (unsigned int i = 0; i < wiring->virtios; i++) {
		wiring->virtio[i].base = vm->devices.virtio[i].base;
		wiring->virtio[i].irq = vm->devices.virtio[i].irq;
	}
	if (vm->cmdline)
		return true;
	vm->cmdline = boot_cmdline(boot, wiring);
	if (!vm->cmdline)
		return err_set(err, ERR_LIMIT,
			       "no memory for the command line");
	boot->cmdline = vm->cmdline;
	return true;
}

/* In fw_cfg: once is enough. */
static bool describe_machine(struct vm *vm, const struct boot_wiring *wiring,
			     struct err *err)
{
	struct fw_cfg *f = &vm->devices.fw_cfg;

	if (vm->ever_loaded)
		return true;
	if (!firmware_describe_size(f, &vm->mem, vm->config.vcpus, err))
		return false;
	return !vm->config.boot.firmware ||
	       firmware_describe(f, &vm->mem, vm->config.vcpus, wiring,
				 vm->config.boot_menu, err);
}

/* Load the image and the firmware-like tables; boot processor's state. */
static bool load(struct vm *vm, struct err *err)
{
	struct boot_request *boot = &vm->config.boot;
	struct boot_wiring wiring;
	struct x86_state s;
	bool tables;

	boot->vcpus = vm->config.vcpus;
	boot->maxphyaddr = vm->convert.cpu.maxphyaddr;
	boot->rsdp = 0;
	tables = irqchip_wiring(vm, &wiring);
	if (!add_virtio(vm, &wiring, err))
		return false;
	if (!describe_machine(vm, &wiring, err))
		return false;
	if (tables && !boot->firmware &&
	    (!acpi_build(&vm->mem, boot->vcpus, &wiring, &boot->rsdp, err) ||
	     !mptable_build(&vm->mem, boot->vcpus, &wiring, err)))
		return false;
	if (!boot_load(&vm->mem, boot, &vm->boot, err) ||
	    (vm->boot.pc && !irqchip_as_pc(vm, err)))
		return false;
	if (!convert_get(vm->vcpu[0].fd, &vm->convert, X86_GROUP_SYS, &s, err))
		return false;
	vm->boot.cpu.apic_base = s.apic_base;
	vm->ever_loaded = true;
	return convert_set(vm->vcpu[0].fd, &vm->convert,
			   X86_GROUP_GPR | X86_GROUP_SYS, &vm->boot.cpu, err);
}

static bool start_threads(struct vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->vcpus; i++)
		if (!vcpu_start_thread(&vm->vcpu[i], err))
			return false;
	pthread_mutex_lock(&vm->lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		while (!vm->vcpu[i].tid)
			pthread_cond_wait(&vm->parked_cond, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
	vm_decide_run_here(vm);
	return true;
}

static bool add_rom(struct vm *vm, struct err *err)
{
	uint64_t size;

	if (!vm->config.boot.firmware)
		return true;
	return firmware_rom_size(&vm->config.boot, &size, err) &&
	       guest_mem_add_rom(&vm->mem, size, err);
}

static void blank(struct vm *vm, int kvm_fd, const struct vm_config *config)
{
	memset(vm, 0, sizeof(*vm));
	vm->kvm_fd = kvm_fd;
	vm->fd = vm->stop_fd = vm->timer_fd = vm->epoll_fd = -1;
	vm->config = *config;
	vm->cpuid = *config->cpuid;
	vm->block_irqs = true;
	vm->patch_byte = host_caps_patch_byte(config->caps);
	vm->assist_syscall = config->assist &&
			     assist_syscall_needed(config->caps);
	catch_init(&vm->catches);
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->go_cond, NULL);
	pthread_cond_init(&vm->parked_cond, NULL);
}

bool vm_create(int kvm_fd, const struct vm_config *config, struct vm *vm,
	       struct err *err)
{
	blank(vm, kvm_fd, config);
	if (config->irqchip == IRQCHIP_USER || config->irqchip == IRQCHIP_NONE)
		cpuid_without_lapic(&vm->cpuid);
	if (config->vcpus > 1 && config->irqchip == IRQCHIP_NONE)
		err_set(err, ERR_USAGE,
			"--smp %u needs an interrupt controller to start the "
			"other processors; use --irqchip kernel, split or user",
			config->vcpus);
	else if (catch_open(&vm->catches, err) && create_fds(vm, err) &&
		 create_kvm_vm(vm, err) &&
		 guest_mem_init(&vm->mem, config->memory, err) &&
		 add_rom(vm, err) &&
		 slots_init(&vm->slots, vm->fd, &vm->mem, err) &&
		 create_devices(vm, err)) {
		fill_convert_caps(vm);
		if (create_vcpus(vm, err) && load(vm, err) &&
		    start_threads(vm, err) && timers_start(vm, err)) {
			vm->stats = stats_create(vm);
			return true;
		}
	}
	vm_destroy(vm);
	return false;
}

void vm_destroy(struct vm *vm)
{
	timers_stop(vm);
	pthread_mutex_lock(&vm->lock);
	vm_stop_all_locked(vm);
	vm_wait_parked_locked(vm);
	vm->quit = true;
	pthread_cond_broadcast(&vm->go_cond);
	pthread_mutex_unlock(&vm->lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vcpu_destroy(&vm->vcpu[i]);
	free(vm->vcpu);
	free(vm->plant);
	free(vm->cmdline);
	free(vm->msr_list);
	free(vm->io_list);
	device_text_free(vm->device_text);
	if (vm->bus.ranges)
		bus_deinit(&vm->bus);
	devices_deinit(&vm->devices);
	if (vm->fd >= 0)
		close(vm->fd);
	guest_mem_deinit(&vm->mem);
	if (vm->stop_fd >= 0)
		close(vm->stop_fd);
	if (vm->timer_fd >= 0)
		close(vm->timer_fd);
	if (vm->epoll_fd >= 0)
		close(vm->epoll_fd);
	vm_end_run_here(vm);
	stats_destroy(vm->stats);
	symbols_deinit(&vm->symbols);
	free(vm->symbol_file);
	free(vm->image_path);
	catch_deinit(&vm->catches);
	pthread_cond_destroy(&vm->go_cond);
	pthread_cond_destroy(&vm->parked_cond);
	pthread_mutex_destroy(&vm->lock);
}

static void forget_requests(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->exit_wanted = vm->reset_wanted = vm->sleep_wanted = false;
	vm->interrupt_wanted = false;
	pthread_mutex_unlock(&vm->lock);
}

/* Everything but memory, and what is on standby, to its power-on state. */
static bool reset_machine(struct vm *vm, bool sleep, struct err *err)
{
	for (unsigned int i = 0; i < vm->vcpus; i++)
		catch_drop(&vm->vcpu[i]);
	forget_requests(vm);
	if (!slots_apply(&vm->slots, false, err))
		return false;
	if (sleep)
		bus_sleep(&vm->bus);
	else
		bus_reset(&vm->bus);
	if (!irqchip_reset(vm, err))
		return false;
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		v->has_pending = v->reported = v->io_pending = false;
		v->has_before = v->has_evidence = v->armed_valid = false;
		v->fresh = 0;
		v->pf_gate = (struct pf_gate){0};
		if (!power_on_restore(v, err))
			return err_prefix(err, "resetting vCPU %u", i);
	}
	return true;
}

bool vm_reset(struct vm *vm, struct err *err)
{
	ioctl_log_note("the machine is reset");
	on_wake(vm);
	if (!reset_machine(vm, false, err) || !guest_mem_zero(&vm->mem, err) ||
	    !load(vm, err))
		return false;
	vm->ever_ran = false;
	atomic_store(&vm->pf_handler, 0);
	plant_reset(vm);
	return slots_apply(&vm->slots, true, err);
}

bool vm_sleep(struct vm *vm, struct err *err)
{
	uint32_t vector = acpi_waking_vector(&vm->mem, vm->config.boot.rsdp);
	struct x86_state s, now;

	if (!vector || !boot_cpu_wake(&s, vector, err)) {
		log_msg(LOG_WARN,
			"no waking vector in the FACS (0x%x): the "
			"guest starts again",
			vector);
		return vm_reset(vm, err);
	}
	ioctl_log_note("the machine sleeps");
	if (!reset_machine(vm, true, err) ||
	    !convert_get(vm->vcpu[0].fd, &vm->convert, X86_GROUP_SYS, &now,
			 err))
		return false;
	s.apic_base = now.apic_base;
	return convert_set(vm->vcpu[0].fd, &vm->convert,
			   X86_GROUP_GPR | X86_GROUP_SYS, &s, err) &&
	       slots_apply(&vm->slots, true, err);
}

static bool read_hidden(void *ctx, gpa_t gpa, void *buf, size_t len,
			struct err *err)
{
	struct vm *vm = ctx;

	if (!guest_mem_read(&vm->mem, gpa, buf, len, err))
		return false;
	patch_hide(vm, gpa, buf, len);
	return true;
}

void vm_phys_reader(struct vm *vm, struct phys_reader *reader)
{
	reader->read = read_hidden;
	reader->ctx = vm;
}
