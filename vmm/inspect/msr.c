/*
 * Model-specific registers, as KVM has them for one vCPU.
 *
 * Two sets can be read: those KVM_GET_MSR_INDEX_LIST names, which are what a
 * migration has to save, and others KVM also answers: the memory type ranges,
 * the machine-check banks, the registers of a local APIC in x2APIC mode.  The
 * second set is found by asking for every MSR that has a name.
 *
 * With the module parameter kvm.ignore_msrs KVM reads as 0 what it does not
 * have; then an unlisted 0 is no answer, and the second set is not looked for.
 *
 * Source: KVM api.rst, KVM_GET_MSRS, KVM_SET_MSRS, KVM_GET_MSR_INDEX_LIST.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/msr_names.h"
#include "vmm/inspect/inspect.h"
#include "vmm/kvm.h"

#define LISTED_MAX  1024
#define LIST_MAX    4096
/* In a range that no manual gives to anybody. */
#define NO_SUCH_MSR 0x2fffffff

/* The registers of a local APIC, which come and go with its x2APIC mode. */
#define X2APIC_FIRST 0x800
#define X2APIC_LAST  0x8ff

struct msr_list {
	bool ignores; /* KVM answers 0 for what it does not have */
	unsigned int listed, n, lasting;
	uint32_t index[LIST_MAX]; /* sorted */
	uint32_t own[LISTED_MAX]; /* KVM's own, sorted */
	/* What does not change: to ask for all names again takes long. */
	uint32_t last[LIST_MAX];
};

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

/* Errors: ERR_KVM; *there false when KVM does not have it. */
static bool access(const struct vcpu *v, unsigned long request,
		   const char *name, uint32_t index, uint64_t *value,
		   bool *there, struct err *err)
{
	struct one_msr m = {.head.nmsrs = 1,
			    .entry = {.index = index, .data = *value}};
	int done;

	if (!kvm_call_int(v->fd, request, (unsigned long)&m, name, &done, err))
		return err_prefix(err, "MSR 0x%x", index);
	*there = done == 1;
	if (*there)
		*value = m.entry.data;
	return true;
}

static bool readable(const struct vcpu *v, uint32_t index)
{
	uint64_t value = 0;
	struct err err;
	bool there = false;

	return access(v, KVM_GET_MSRS, "KVM_GET_MSRS", index, &value, &there,
		      &err) &&
	       there;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_listed(const struct msr_list *l, uint32_t index)
{
	return bsearch(&index, l->own, l->listed, sizeof(index), by_index);
}

static void take_listed(const struct vm *vm, struct msr_list *l)
{
	struct {
		struct kvm_msr_list head;
		uint32_t index[LISTED_MAX];
	} list = {.head.nmsrs = LISTED_MAX};

	if (KVM_IOCTL(vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, &list) < 0)
		return;
	l->listed = list.head.nmsrs;
	memcpy(l->own, list.index, l->listed * sizeof(l->own[0]));
	qsort(l->own, l->listed, sizeof(l->own[0]), by_index);
}

static bool comes_and_goes(uint32_t index)
{
	return index >= X2APIC_FIRST && index <= X2APIC_LAST;
}

/* Named ones that KVM does not list; those of an x2APIC, or the others. */
static void take_named(const struct vcpu *v, struct msr_list *l, bool x2apic,
		       uint32_t *to, unsigned int *n)
{
	uint32_t index;

	for (unsigned int i = 0; !l->ignores && msr_named(i, &index); i++)
		if (comes_and_goes(index) == x2apic && *n < LIST_MAX &&
		    !is_listed(l, index) && readable(v, index))
			to[(*n)++] = index;
}

static void fill_lasting(const struct vm *vm, struct msr_list *l)
{
	const struct vcpu *v = &vm->vcpu[0];

	memset(l, 0, sizeof(*l));
	take_listed(vm, l);
	l->ignores = readable(v, NO_SUCH_MSR);
	for (unsigned int i = 0; i < l->listed; i++)
		if (readable(v, l->own[i]))
			l->last[l->lasting++] = l->own[i];
	take_named(v, l, false, l->last, &l->lasting);
}

/* vCPU 0 stands for all: they differ in the mode of their APICs at most. */
static void fill(const struct vm *vm, struct msr_list *l)
{
	l->n = l->lasting;
	memcpy(l->index, l->last, l->n * sizeof(l->index[0]));
	take_named(&vm->vcpu[0], l, true, l->index, &l->n);
	qsort(l->index, l->n, sizeof(l->index[0]), by_index);
}

static const struct msr_list *list_of(struct vm *vm, bool again)
{
	if (!vm->msr_list) {
		vm->msr_list = malloc(sizeof(*vm->msr_list));
		if (vm->msr_list)
			fill_lasting(vm, vm->msr_list);
		again = true;
	}
	if (vm->msr_list && again)
		fill(vm, vm->msr_list);
	return vm->msr_list;
}

bool live_msr_at(struct target *t, unsigned int i, uint32_t *index)
{
	const struct msr_list *l = list_of(inspect_vm(t), !i);

	if (!l || i >= l->n)
		return false;
	*index = l->index[i];
	return true;
}

static bool absent(uint32_t index, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		       "this host's KVM does not offer MSR 0x%x to this guest",
		       index);
}

/* With ignore_msrs=1: is this one of those KVM only pretends to have? */
static bool pretended(struct vm *vm, uint32_t index)
{
	const struct msr_list *l = list_of(vm, false);

	return l && l->ignores && !is_listed(l, index);
}

bool live_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
		  uint64_t *value, struct err *err)
{
	struct vm *vm = inspect_vm(t);
	uint64_t got = 0;
	bool there = false;

	if (!access(&vm->vcpu[vcpu], KVM_GET_MSRS, "KVM_GET_MSRS", index, &got,
		    &there, err))
		return false;
	if (!there)
		return absent(index, err);
	if (!got && pretended(vm, index))
		return err_set(err, ERR_NOT_FOUND,
			       "KVM answers 0 for MSR 0x%x, but it does not "
			       "list it and runs with ignore_msrs=1, so that "
			       "means nothing",
			       index);
	*value = got;
	return true;
}

bool live_set_msr(struct target *t, unsigned int vcpu, uint32_t index,
		  uint64_t value, struct err *err)
{
	struct vcpu *v = &inspect_vm(t)->vcpu[vcpu];
	uint64_t wanted = value;
	bool there = false;

	if (pretended(v->vm, index))
		return err_set(err, ERR_NOT_FOUND,
			       "KVM does not list MSR 0x%x and runs with "
			       "ignore_msrs=1: it may drop the value without a "
			       "word",
			       index);
	v->fresh = 0;
	if (!access(v, KVM_SET_MSRS, "KVM_SET_MSRS", index, &wanted, &there,
		    err))
		return false;
	if (there)
		return true;
	if (!readable(v, index))
		return absent(index, err);
	return err_set(err, ERR_REFUSED,
		       "KVM refuses value 0x%llx for MSR 0x%x",
		       (unsigned long long)value, index);
}
