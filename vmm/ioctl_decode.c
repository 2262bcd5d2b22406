/* Arguments of the KVM calls that shape a machine, in words. */
#include <inttypes.h>
#include <linux/kvm.h>
#include <stddef.h>

#include "arch/exit/text.h"
#include "vmm/ioctl_log.h"

/* Requests without a structure: arg is the number itself. */
static uint64_t number(const void *arg)
{
	return (uintptr_t)arg;
}

static void put_nothing(struct buf *out, const void *arg)
{
}

static void put_type(struct buf *out, const void *arg)
{
	buf_printf(out, "type %" PRIu64, number(arg));
}

static void put_address(struct buf *out, const void *arg)
{
	buf_printf(out, "0x%" PRIx64, number(arg));
}

static void put_vcpu(struct buf *out, const void *arg)
{
	buf_printf(out, "id %" PRIu64, number(arg));
}

static void put_address_at(struct buf *out, const void *arg)
{
	buf_printf(out, "0x%" PRIx64, *(const uint64_t *)arg);
}

static const char *cap_name(uint32_t cap)
{
	static const struct {
		uint32_t cap;
		const char *name;
	} names[] = {
#define CAP(n) {KVM_CAP_##n, #n}
		CAP(SPLIT_IRQCHIP),	 CAP(X2APIC_API),
		CAP(X86_DISABLE_EXITS),	 CAP(EXCEPTION_PAYLOAD),
		CAP(X86_USER_SPACE_MSR), CAP(X86_BUS_LOCK_EXIT),
		CAP(DIRTY_LOG_RING),	 CAP(EXIT_ON_EMULATION_FAILURE),
		CAP(MAX_VCPU_ID),	 CAP(X86_TRIPLE_FAULT_EVENT),
		CAP(X86_NOTIFY_VMEXIT),	 CAP(DISABLE_QUIRKS2),
#undef CAP
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].cap == cap)
			return names[i].name;
	return "capability";
}

static void put_enable_cap(struct buf *out, const void *arg)
{
	const struct kvm_enable_cap *cap = arg;

	buf_printf(out, "%s (%u) args 0x%llx", cap_name(cap->cap), cap->cap,
		   (unsigned long long)cap->args[0]);
}

/* "640 KiB" where that is exact, else bytes. */
static void put_size(struct buf *out, uint64_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	unsigned int i = 0;

	for (; i + 1 < ARRAY_SIZE(units) && size && size % 1024 == 0; i++)
		size /= 1024;
	buf_printf(out, "%" PRIu64 " %s", size, units[i]);
}

static void put_region(struct buf *out, const void *arg)
{
	const struct kvm_userspace_memory_region *r = arg;

	buf_printf(out, "slot %u", r->slot);
	if (!r->memory_size) {
		buf_str(out, " removed");
		return;
	}
	buf_printf(
		out, " gpa 0x%llx-0x%llx (",
		(unsigned long long)r->guest_phys_addr,
		(unsigned long long)(r->guest_phys_addr + r->memory_size - 1));
	put_size(out, r->memory_size);
	buf_printf(out, ") at host 0x%llx",
		   (unsigned long long)r->userspace_addr);
	if (r->flags & KVM_MEM_READONLY)
		buf_str(out, " READONLY");
	if (r->flags & KVM_MEM_LOG_DIRTY_PAGES)
		buf_str(out, " LOG_DIRTY_PAGES");
	if (r->flags & ~(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES))
		buf_printf(out, " flags 0x%x", r->flags);
}

static void put_routing(struct buf *out, const void *arg)
{
	static const char *const kinds[] = {"", "interrupt chip", "MSI"};
	const struct kvm_irq_routing *r = arg;
	unsigned int count[3] = {0};
	const char *gap = " (";

	for (uint32_t i = 0; i < r->nr; i++)
		if (r->entries[i].type < ARRAY_SIZE(count))
			count[r->entries[i].type]++;
	buf_printf(out, "%u routes", r->nr);
	for (unsigned int i = 1; i < ARRAY_SIZE(count); i++)
		if (count[i]) {
			buf_printf(out, "%s%u %s", gap, count[i], kinds[i]);
			gap = ", ";
		}
	if (*gap == ',')
		buf_byte(out, ')');
}

static void put_pit(struct buf *out, const void *arg)
{
	const struct kvm_pit_config *pit = arg;

	buf_printf(out, "flags 0x%x%s", pit->flags,
		   pit->flags & KVM_PIT_SPEAKER_DUMMY ? " SPEAKER_DUMMY" : "");
}

static void put_cpuid(struct buf *out, const void *arg)
{
	buf_printf(out, "%u entries", ((const struct kvm_cpuid2 *)arg)->nent);
}

static void put_msr_filter(struct buf *out, const void *arg)
{
	const struct kvm_msr_filter *f = arg;

	buf_printf(out, "others %s",
		   f->flags & KVM_MSR_FILTER_DEFAULT_DENY ? "denied"
							  : "allowed");
	for (unsigned int i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++)
		if (f->ranges[i].nmsrs)
			buf_printf(out, ", 0x%x+%u", f->ranges[i].base,
				   f->ranges[i].nmsrs);
}

static const struct {
	unsigned long request;
	void (*put)(struct buf *out, const void *arg);
} rows[] = {
	{KVM_GET_API_VERSION, put_nothing},
	{KVM_CREATE_VM, put_type},
	{KVM_GET_VCPU_MMAP_SIZE, put_nothing},
	{KVM_SET_TSS_ADDR, put_address},
	{KVM_SET_IDENTITY_MAP_ADDR, put_address_at},
	{KVM_ENABLE_CAP, put_enable_cap},
	{KVM_CREATE_IRQCHIP, put_nothing},
	{KVM_CREATE_PIT2, put_pit},
	{KVM_SET_GSI_ROUTING, put_routing},
	{KVM_SET_USER_MEMORY_REGION, put_region},
	{KVM_CREATE_VCPU, put_vcpu},
	{KVM_SET_CPUID2, put_cpuid},
	{KVM_X86_SET_MSR_FILTER, put_msr_filter},
};

bool ioctl_decode(unsigned long request, const void *arg, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].request != request)
			continue;
		if (out)
			rows[i].put(out, arg);
		return true;
	}
	return false;
}
