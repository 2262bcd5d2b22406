/*
 * CPUID as a vCPU answers it, as KVM would offer it, and as the host has it.
 *
 * Source: KVM api.rst, KVM_GET_CPUID2 and KVM_GET_SUPPORTED_CPUID; SDM Vol 2A,
 * "CPUID", for which leaves have subleaves.
 */
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/cpuid.h"
#include "vmm/inspect/inspect.h"
#include "vmm/kvm.h"

#define LEAVES_MAX    0x40 /* of one kind */
#define SUBLEAVES_MAX 0x40

static void add(struct x86_cpuid *table, const struct x86_cpuid_entry *e)
{
	if (table->n < X86_CPUID_MAX)
		table->entry[table->n++] = *e;
}

static bool guest_cpuid(const struct vcpu *v, struct x86_cpuid *table,
			struct err *err)
{
	size_t size = CPUID_MAX_ENTRIES * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *list = calloc(1, sizeof(*list) + size);
	bool ok;

	if (!list)
		return err_set(err, ERR_LIMIT, "no memory for the CPUID list");
	list->nent = CPUID_MAX_ENTRIES;
	ok = KVM_CALL(v->fd, KVM_GET_CPUID2, list, err);
	if (ok)
		cpuid_from_kvm(table, list->entries, list->nent);
	free(list);
	return ok;
}

static bool supported_cpuid(const struct vm *vm, struct x86_cpuid *table,
			    struct err *err)
{
	struct cpuid_table *list = malloc(sizeof(*list));
	bool ok;

	if (!list)
		return err_set(err, ERR_LIMIT, "no memory for the CPUID list");
	ok = cpuid_supported(vm->kvm_fd, list, err);
	if (ok)
		cpuid_from_kvm(table, list->entry, list->n);
	free(list);
	return ok;
}

/* ---- the host ---- */

static void ask(uint32_t leaf, uint32_t index, bool has_index,
		struct x86_cpuid_entry *e)
{
	*e = (struct x86_cpuid_entry){
		.leaf = leaf, .index = index, .has_index = has_index};
	__cpuid_count(leaf, index, e->reg[CPUID_EAX], e->reg[CPUID_EBX],
		      e->reg[CPUID_ECX], e->reg[CPUID_EDX]);
}

enum subleaves {
	SUB_MAX_IN_EAX, /* subleaf 0's EAX is the last one */
	SUB_CACHES,	/* until the type in EAX[4:0] is 0 */
	SUB_LEVELS,	/* until the type in ECX[15:8] is 0 */
	SUB_ALL,	/* those that are not all zero */
};

static const struct {
	uint32_t leaf;
	enum subleaves kind;
} indexed[] = {
	{0x4, SUB_CACHES},	  {0x7, SUB_MAX_IN_EAX},
	{0xb, SUB_LEVELS},	  {0xd, SUB_ALL},
	{0xf, SUB_ALL},		  {0x10, SUB_ALL},
	{0x12, SUB_ALL},	  {0x14, SUB_MAX_IN_EAX},
	{0x17, SUB_MAX_IN_EAX},	  {0x18, SUB_MAX_IN_EAX},
	{0x1d, SUB_MAX_IN_EAX},	  {0x1f, SUB_LEVELS},
	{0x20, SUB_MAX_IN_EAX},	  {0x24, SUB_MAX_IN_EAX},
	{0x8000001d, SUB_CACHES}, {0x80000020, SUB_ALL},
	{0x80000026, SUB_LEVELS},
};

static bool goes_on(enum subleaves kind, const struct x86_cpuid_entry *first,
		    const struct x86_cpuid_entry *e)
{
	switch (kind) {
	case SUB_MAX_IN_EAX:
		return e->index <= first->reg[CPUID_EAX];
	case SUB_CACHES:
		return !e->index || (e->reg[CPUID_EAX] & 0x1f);
	case SUB_LEVELS:
		return !e->index || (e->reg[CPUID_ECX] & 0xff00);
	case SUB_ALL:
		break;
	}
	return true;
}

static void add_subleaves(struct x86_cpuid *table, uint32_t leaf,
			  enum subleaves kind)
{
	static const uint32_t zero[4];
	struct x86_cpuid_entry first, e;

	ask(leaf, 0, true, &first);
	for (uint32_t i = 0; i < SUBLEAVES_MAX; i++) {
		ask(leaf, i, true, &e);
		if (!goes_on(kind, &first, &e))
			return;
		if (kind != SUB_ALL || !i || memcmp(e.reg, zero, sizeof(zero)))
			add(table, &e);
	}
}

static void add_leaf(struct x86_cpuid *table, uint32_t leaf)
{
	struct x86_cpuid_entry e;

	for (size_t i = 0; i < ARRAY_SIZE(indexed); i++)
		if (indexed[i].leaf == leaf) {
			add_subleaves(table, leaf, indexed[i].kind);
			return;
		}
	ask(leaf, 0, false, &e);
	add(table, &e);
}

/* The leaves from `base` to the last one, which its EAX tells. */
static void add_kind(struct x86_cpuid *table, uint32_t base)
{
	struct x86_cpuid_entry e;
	uint32_t last;

	ask(base, 0, false, &e);
	last = e.reg[CPUID_EAX];
	if (last < base || last - base >= LEAVES_MAX)
		return; /* a processor without this kind answers anything */
	for (uint32_t leaf = base; leaf <= last; leaf++)
		add_leaf(table, leaf);
}

static void host_cpuid(struct x86_cpuid *table)
{
	struct x86_cpuid_entry e;

	table->n = 0;
	add_kind(table, 0);
	ask(1, 0, false, &e);
	if (e.reg[CPUID_ECX] & BIT(31)) /* the host is a guest itself */
		add_kind(table, 0x40000000);
	add_kind(table, 0x80000000);
}

bool live_cpuid(struct target *t, unsigned int vcpu, enum target_cpuid which,
		struct x86_cpuid *table, struct err *err)
{
	struct vm *vm = inspect_vm(t);

	switch (which) {
	case CPUID_GUEST:
		return guest_cpuid(&vm->vcpu[vcpu], table, err);
	case CPUID_SUPPORTED:
		return supported_cpuid(vm, table, err);
	default:
		host_cpuid(table);
		return true;
	}
}
