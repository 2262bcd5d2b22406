/* Who answers which port and which device memory, and accesses by hand. */
#include <stdlib.h>

#include "vmm/inspect/inspect.h"

#define KERNEL_RANGES 8

/* Sorted; made again whenever somebody starts to read it. */
struct io_list {
	unsigned int n;
	struct target_io_range range[BUS_RANGES + KERNEL_RANGES];
};

/* arch/x86/kvm: i8259.c, i8254.c, ioapic.c, lapic.c of the kernel */
static const struct target_io_range kernel_chips[] = {
	{false, 0x20, 2, "pic", true, 0, 0, "pic"},
	{false, 0x40, 4, "pit", true, 0, 0, "pit"},
	{false, 0x61, 1, "speaker", true, 0, 0, "pit"},
	{false, 0xa0, 2, "pic", true, 0, 0, "pic"},
	{false, 0x4d0, 2, "elcr", true, 0, 0, "pic"},
	{true, IOAPIC_BASE, 0x100, "ioapic", true, 0, 0, "ioapic"},
};

static void put(struct io_list *list, const struct target_io_range *range)
{
	if (list->n < ARRAY_SIZE(list->range))
		list->range[list->n++] = *range;
}

/* The boot processor's; the others' is where theirs says, mostly the same. */
static void put_lapic(struct vm *vm, struct io_list *list)
{
	const struct target_io_range lapic = {.mmio = true,
					      .len = 4096,
					      .name = "lapic",
					      .in_kernel = true,
					      .device = "lapics"};
	uint64_t apic_base = vcpu_now(&vm->vcpu[0], X86_GROUP_SYS)->apic_base;

	/* enabled, and not as x2APIC: that one has MSRs only */
	if (!(apic_base & BIT(11)) || (apic_base & BIT(10)))
		return;
	put(list, &lapic);
	list->range[list->n - 1].base = apic_base & BITS(51, 12);
}

static void put_bus(struct vm *vm, struct io_list *list)
{
	pthread_mutex_lock(&vm->bus.lock);
	for (unsigned int i = 0; i < vm->bus.ranges; i++) {
		const struct bus_range *r = &vm->bus.range[i];

		put(list, &(struct target_io_range){
				  .mmio = r->kind == BUS_MMIO,
				  .base = r->base,
				  .len = r->len,
				  .name = r->ops->name,
				  .reads = r->reads,
				  .writes = r->writes,
				  .device = r->dev->name,
			  });
	}
	pthread_mutex_unlock(&vm->bus.lock);
}

static int compare(const void *a, const void *b)
{
	const struct target_io_range *x = a, *y = b;

	if (x->mmio != y->mmio)
		return x->mmio ? 1 : -1;
	return (x->base > y->base) - (x->base < y->base);
}

static void make_list(struct vm *vm, struct io_list *list)
{
	list->n = 0;
	put_bus(vm, list);
	if (vm->config.irqchip == IRQCHIP_KERNEL)
		for (size_t i = 0; i < ARRAY_SIZE(kernel_chips); i++)
			put(list, &kernel_chips[i]);
	if (vm->config.irqchip == IRQCHIP_KERNEL ||
	    vm->config.irqchip == IRQCHIP_SPLIT)
		put_lapic(vm, list);
	qsort(list->range, list->n, sizeof(list->range[0]), compare);
}

bool live_io_range(struct target *t, unsigned int i,
		   struct target_io_range *range)
{
	struct vm *vm = inspect_vm(t);

	if (!vm->io_list)
		vm->io_list = calloc(1, sizeof(*vm->io_list));
	if (!vm->io_list)
		return false;
	if (!i)
		make_list(vm, vm->io_list);
	if (i >= vm->io_list->n)
		return false;
	*range = vm->io_list->range[i];
	return true;
}

/* ---- accesses ---- */

static const struct target_io_range *in_kernel(struct vm *vm, bool mmio,
					       uint64_t addr)
{
	struct target_io_range first;

	/* made, or made again */
	if (!live_io_range(&vm->target, 0, &first))
		return NULL;
	for (unsigned int i = 0; i < vm->io_list->n; i++) {
		const struct target_io_range *r = &vm->io_list->range[i];

		if (r->in_kernel && r->mmio == mmio &&
		    range_ok(r->base, r->len, addr, 1))
			return r;
	}
	return NULL;
}

/*
 * A device that asks for power-off or reset asks a running vCPU.  There is
 * none: say what it asked for, and let it be.
 */
static bool drop_request(struct vm *vm, struct err *err)
{
	const char *what, *by;

	pthread_mutex_lock(&vm->lock);
	what = vm->exit_wanted ? "power-off" : vm->reset_wanted ? "reset" : "";
	by = vm->request_by;
	vm->exit_wanted = vm->reset_wanted = false;
	pthread_mutex_unlock(&vm->lock);
	if (!*what)
		return true;
	return err_set(err, ERR_STATE,
		       "that access asks for %s (%s), which only the guest "
		       "can; use `reset` for a reset",
		       what, by);
}

bool live_io(struct target *t, bool mmio, uint64_t addr, unsigned int size,
	     bool write, uint64_t *value, struct err *err)
{
	const char *kind = mmio ? "physical" : "port";
	struct vm *vm = inspect_vm(t);
	unsigned long long at = addr;
	const struct target_io_range *kernel;
	uint64_t v = write ? *value : 0;

	if (!mmio && !range_ok(0, 0x10000, addr, size))
		return err_set(err, ERR_RANGE,
			       "ports end at 0xffff: no %u bytes at 0x%llx",
			       size, at);
	if (mmio && !range_ok(0, UINT64_MAX, addr, size))
		return err_set(err, ERR_RANGE, "0x%llx + %u wraps", at, size);
	if (mmio && guest_mem_is_ram(&vm->mem, addr, 1))
		return err_set(err, ERR_RANGE, "physical 0x%llx is RAM", at);
	kernel = in_kernel(vm, mmio, addr);
	if (kernel)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s 0x%llx belongs to KVM's own %s: user space "
			       "cannot access it, only read its state",
			       kind, at, kernel->name);
	if (!bus_debug_access(&vm->bus, mmio ? BUS_MMIO : BUS_PIO, addr, size,
			      write, &v))
		return err_set(err, ERR_NOT_FOUND,
			       "no device answers %s 0x%llx; a guest reads "
			       "ones there, and what it writes is lost",
			       kind, at);
	if (!drop_request(vm, err))
		return false;
	if (!write)
		*value = v;
	return true;
}
