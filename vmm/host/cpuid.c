#include "vmm/host/cpuid.h"

#include <asm/kvm_para.h>
#include "vmm/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpuid_info.h"

#define LEAF_TOPOLOGY	  0xb
#define LEAF_TOPOLOGY_V2  0x1f
#define LEAF_AMD_FEATURES 0x80000001
#define LEAF_AMD_SIZES	  0x80000008
#define LEAF_AMD_CACHE	  0x8000001d
#define LEAF_AMD_TOPOLOGY 0x8000001e

/*
 * Not in the list KVM gives, because they depend on what else the VMM creates
 * (KVM api.rst, KVM_GET_SUPPORTED_CPUID).
 */
static void add_from_capabilities(int kvm_fd, struct cpuid_table *table)
{
	if (KVM_IOCTL(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) >
	    0)
		cpuid_flag_set(table, "tsc_deadline_timer", true);
	/* Not the processor's to have, and so not listed: without it a guest
	 * does not look for the KVM leaves, and so has no kvmclock. */
	cpuid_flag_set(table, "hypervisor", true);
}

bool cpuid_supported(int kvm_fd, struct cpuid_table *table, struct err *err)
{
	size_t size = sizeof(table->entry);
	struct kvm_cpuid2 *list = calloc(1, sizeof(*list) + size);
	bool ok = false;

	if (!list)
		return err_set(err, ERR_LIMIT, "no memory for the CPUID list");
	list->nent = CPUID_MAX_ENTRIES;
	if (KVM_IOCTL(kvm_fd, KVM_GET_SUPPORTED_CPUID, list)) {
		err_set_errno(err, ERR_KVM,
			      "KVM does not tell which CPUID it supports "
			      "(KVM_GET_SUPPORTED_CPUID)");
		goto out;
	}
	table->n = list->nent;
	memcpy(table->entry, list->entries,
	       list->nent * sizeof(list->entries[0]));
	add_from_capabilities(kvm_fd, table);
	ok = true;
out:
	free(list);
	return ok;
}

const struct kvm_cpuid_entry2 *cpuid_find(const struct cpuid_table *table,
					  uint32_t function, uint32_t index)
{
	for (unsigned int i = 0; i < table->n; i++) {
		const struct kvm_cpuid_entry2 *e = &table->entry[i];

		if (e->function != function)
			continue;
		if (e->index == index ||
		    !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))
			return e;
	}
	return NULL;
}

static struct kvm_cpuid_entry2 *find(struct cpuid_table *table, uint32_t leaf,
				     uint32_t index)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(table, leaf, index);

	return e ? &table->entry[e - table->entry] : NULL;
}

uint32_t *cpuid_reg(struct kvm_cpuid_entry2 *e, enum cpuid_reg reg)
{
	switch (reg) {
	case CPUID_EAX:
		return &e->eax;
	case CPUID_EBX:
		return &e->ebx;
	case CPUID_ECX:
		return &e->ecx;
	case CPUID_EDX:
		break;
	}
	return &e->edx;
}

static bool bit_get(const struct cpuid_table *table, const struct cpuid_bit *b)
{
	const struct kvm_cpuid_entry2 *e =
		cpuid_find(table, b->word->leaf, b->word->index);
	struct kvm_cpuid_entry2 copy;

	if (!e)
		return false;
	copy = *e;
	return *cpuid_reg(&copy, b->word->reg) >> b->bit & 1;
}

bool cpuid_flag_get(const struct cpuid_table *table, const char *flag)
{
	struct cpuid_bit bit[CPUID_FLAG_BITS_MAX];
	unsigned int n = cpuid_flag_bits(flag, bit, CPUID_FLAG_BITS_MAX);

	for (unsigned int i = 0; i < n; i++)
		if (bit_get(table, &bit[i]))
			return true;
	return false;
}

void cpuid_flag_set(struct cpuid_table *table, const char *flag, bool on)
{
	struct cpuid_bit bit[CPUID_FLAG_BITS_MAX];
	unsigned int n = cpuid_flag_bits(flag, bit, CPUID_FLAG_BITS_MAX);

	for (unsigned int i = 0; i < n; i++) {
		struct kvm_cpuid_entry2 *e =
			find(table, bit[i].word->leaf, bit[i].word->index);
		uint32_t mask = UINT32_C(1) << bit[i].bit;

		if (!e)
			continue;
		if (on)
			*cpuid_reg(e, bit[i].word->reg) |= mask;
		else
			*cpuid_reg(e, bit[i].word->reg) &= ~mask;
	}
}

/* ---- one vCPU of several ---- */

static bool is_amd(const struct cpuid_table *table)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(table, 0, 0);
	char vendor[12];

	if (!e)
		return false;
	memcpy(vendor, &e->ebx, 4);
	memcpy(vendor + 4, &e->edx, 4);
	memcpy(vendor + 8, &e->ecx, 4);
	return !memcmp(vendor, "AuthenticAMD", 12) ||
	       !memcmp(vendor, "HygonGenuine", 12);
}

static void remove_leaf(struct cpuid_table *table, uint32_t leaf)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < table->n; i++)
		if (table->entry[i].function != leaf)
			table->entry[n++] = table->entry[i];
	table->n = n;
}

static void add_entry(struct cpuid_table *table,
		      const struct kvm_cpuid_entry2 *e)
{
	if (table->n < CPUID_MAX_ENTRIES)
		table->entry[table->n++] = *e;
}

/* One package, one thread a core: the bits of an APIC id that number cores. */
static unsigned int core_bits(unsigned int vcpus)
{
	unsigned int bits = 0;

	while (bits < 16 && (1u << bits) < vcpus)
		bits++;
	return bits;
}

/* SDM Vol 2A, CPUID leaf 0BH and 1FH: level types 1 = SMT, 2 = core. */
static void set_topology(struct cpuid_table *table, uint32_t leaf,
			 unsigned int vcpu, unsigned int vcpus)
{
	struct kvm_cpuid_entry2 e = {
		.function = leaf,
		.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		.edx = vcpu,
	};
	const struct kvm_cpuid_entry2 *max = cpuid_find(table, 0, 0);

	remove_leaf(table, leaf);
	if (!max || max->eax < leaf)
		return;
	e.ebx = 1;
	e.ecx = 1 << 8;
	add_entry(table, &e);
	e.index = 1;
	e.eax = core_bits(vcpus);
	e.ebx = vcpus;
	e.ecx = 1 | 2 << 8;
	add_entry(table, &e);
	e.index = 2;
	e.eax = e.ebx = 0;
	e.ecx = 2;
	add_entry(table, &e);
}

static void set_leaf1(struct cpuid_table *table, unsigned int vcpu,
		      unsigned int vcpus)
{
	struct kvm_cpuid_entry2 *e = find(table, 1, 0);
	uint32_t ids = 1u << core_bits(vcpus);

	if (!e)
		return;
	e->ebx &= 0xffff;
	e->ebx |= (ids < 255 ? ids : 255) << 16 | (vcpu & 0xff) << 24;
	cpuid_flag_set(table, "ht", vcpus > 1);
}

/*
 * SDM Vol 2A leaf 4 and APM Vol 3 Fn8000_001D: who shares a cache.  Levels 1
 * and 2 belong to one core, level 3 to all.
 */
static void set_caches(struct cpuid_table *table, uint32_t leaf,
		       unsigned int vcpus)
{
	uint32_t cores = (1u << core_bits(vcpus)) - 1;

	for (unsigned int i = 0; i < table->n; i++) {
		struct kvm_cpuid_entry2 *e = &table->entry[i];
		uint32_t level = e->eax >> 5 & 7;

		if (e->function != leaf || !(e->eax & 0x1f))
			continue;
		e->eax &= 0x3fff;
		if (level >= 3)
			e->eax |= (cores & 0xfff) << 14;
		if (leaf == 4)
			e->eax |= (cores < 63 ? cores : 63) << 26;
	}
}

static void set_amd(struct cpuid_table *table, unsigned int vcpu,
		    unsigned int vcpus)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_AMD_SIZES, 0);

	cpuid_flag_set(table, "cmp_legacy", vcpus > 1);
	if (e) {
		e->ecx &= ~UINT32_C(0xf0ff);
		e->ecx |= ((vcpus - 1) & 0xff) | core_bits(vcpus) << 12;
	}
	e = find(table, LEAF_AMD_TOPOLOGY, 0);
	if (e && cpuid_flag_get(table, "topoext")) {
		e->eax = vcpu;
		e->ebx = vcpu & 0xff;
		e->ecx = 0;
	}
	set_caches(table, LEAF_AMD_CACHE, vcpus);
}

/*
 * Leaf 0x40000001 EAX (KVM's cpuid.rst): asynchronous page faults, EOIs
 * without an exit, kicks, IPIs and yields by hypercall, wide message IDs.
 */
#define KVM_LEAF_FEATURES UINT32_C(0x40000001)
#define KVM_LAPIC_FEATURES                                                \
	(BIT(KVM_FEATURE_ASYNC_PF) | BIT(KVM_FEATURE_PV_EOI) |            \
	 BIT(KVM_FEATURE_PV_UNHALT) | BIT(KVM_FEATURE_ASYNC_PF_VMEXIT) |  \
	 BIT(KVM_FEATURE_PV_SEND_IPI) | BIT(KVM_FEATURE_PV_SCHED_YIELD) | \
	 BIT(KVM_FEATURE_ASYNC_PF_INT) | BIT(KVM_FEATURE_MSI_EXT_DEST_ID))

void cpuid_without_lapic(struct cpuid_table *guest)
{
	cpuid_flag_set(guest, "x2apic", false);
	cpuid_flag_set(guest, "tsc_deadline_timer", false);
	for (unsigned int i = 0; i < guest->n; i++)
		if (guest->entry[i].function == KVM_LEAF_FEATURES)
			guest->entry[i].eax &= (uint32_t)~KVM_LAPIC_FEATURES;
}

#define KVM_HYPERCALLS                                               \
	(BIT(KVM_FEATURE_PV_UNHALT) | BIT(KVM_FEATURE_PV_SEND_IPI) | \
	 BIT(KVM_FEATURE_PV_SCHED_YIELD) | BIT(KVM_FEATURE_HC_MAP_GPA_RANGE))

bool cpuid_without_hypercalls(struct cpuid_table *guest)
{
	bool any = false;

	for (unsigned int i = 0; i < guest->n; i++) {
		struct kvm_cpuid_entry2 *e = &guest->entry[i];

		if (e->function != KVM_LEAF_FEATURES)
			continue;
		any = e->eax & (uint32_t)KVM_HYPERCALLS;
		e->eax &= (uint32_t)~KVM_HYPERCALLS;
	}
	return any;
}

void cpuid_for_vcpu(const struct cpuid_table *guest, unsigned int vcpu,
		    unsigned int vcpus, struct cpuid_table *out)
{
	*out = *guest;
	if (!vcpus)
		vcpus = 1;
	set_leaf1(out, vcpu, vcpus);
	set_topology(out, LEAF_TOPOLOGY, vcpu, vcpus);
	set_topology(out, LEAF_TOPOLOGY_V2, vcpu, vcpus);
	if (is_amd(out))
		set_amd(out, vcpu, vcpus);
	else
		set_caches(out, 4, vcpus);
}

void cpuid_from_kvm(struct x86_cpuid *to, const struct kvm_cpuid_entry2 *from,
		    unsigned int n)
{
	to->n = n < X86_CPUID_MAX ? n : X86_CPUID_MAX;
	for (unsigned int i = 0; i < to->n; i++)
		to->entry[i] = (struct x86_cpuid_entry){
			.leaf = from[i].function,
			.index = from[i].index,
			.has_index = from[i].flags &
				     KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
			.reg = {from[i].eax, from[i].ebx, from[i].ecx,
				from[i].edx},
		};
}

void cpuid_info(const struct cpuid_table *guest, struct x86_cpu_info *info)
{
	struct x86_cpuid table;

	cpuid_from_kvm(&table, guest->entry, guest->n);
	x86_cpuid_info(&table, info);
}
