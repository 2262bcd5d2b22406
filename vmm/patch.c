/*
 * The byte of a software breakpoint: laid into guest memory, hidden from every
 * debugger read, kept under every debugger write, watched for guests that
 * write over it.
 */
#include "base/log.h"
#include "vmm/plant.h"

static uint8_t *patched_byte(struct vm *vm, const struct plant *p)
{
	struct err err;

	return guest_mem_span(&vm->mem, p->gpa, 1, &err);
}

/* Two requests (Z0 and Z1) may share one byte: the first one saved it. */
static struct plant *other_patch(struct vm *vm, const struct plant *p)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (&vm->plant[i] != p && vm->plant[i].method == PLANT_PATCH &&
		    vm->plant[i].gpa == p->gpa)
			return &vm->plant[i];
	return NULL;
}

void patch_lay(struct vm *vm, struct plant *p, gpa_t gpa)
{
	struct plant *twin;
	uint8_t *at;

	p->gpa = gpa;
	p->method = PLANT_PATCH;
	twin = other_patch(vm, p);
	at = patched_byte(vm, p);
	if (!at)
		return;
	p->saved = twin ? twin->saved : *at;
	*at = vm->patch_byte;
}

void patch_take(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (at && !other_patch(vm, p) && *at == vm->patch_byte)
		*at = p->saved;
}

void patch_lift(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (at && *at == vm->patch_byte)
		*at = p->saved;
}

void patch_lower(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (!at)
		return;
	p->saved = *at;
	*at = vm->patch_byte;
}

bool patch_within(const struct vm *vm, gpa_t gpa, size_t len)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		if (vm->plant[i].method == PLANT_PATCH &&
		    range_ok(gpa, len, vm->plant[i].gpa, 1))
			return true;
	return false;
}

void patch_hide(const struct vm *vm, gpa_t gpa, void *buf, size_t len)
{
	for (unsigned int i = 0; i < vm->plants; i++) {
		const struct plant *p = &vm->plant[i];
		uint8_t *byte;

		if (p->method != PLANT_PATCH || !range_ok(gpa, len, p->gpa, 1))
			continue;
		byte = (uint8_t *)buf + (p->gpa - gpa);
		/* A guest that wrote over the patch shows its own byte. */
		if (*byte == vm->patch_byte)
			*byte = p->saved;
	}
}

bool patch_write_under(struct vm *vm, gpa_t gpa, const void *buf, size_t len,
		       struct err *err)
{
	if (!guest_mem_write(&vm->mem, gpa, buf, len, err))
		return false;
	for (unsigned int i = 0; i < vm->plants; i++) {
		struct plant *p = &vm->plant[i];
		uint8_t *at;

		if (p->method != PLANT_PATCH || !range_ok(gpa, len, p->gpa, 1))
			continue;
		p->saved = ((const uint8_t *)buf)[p->gpa - gpa];
		at = patched_byte(vm, p);
		if (at)
			*at = vm->patch_byte;
	}
	return true;
}

bool patch_overwritten(struct vm *vm, const struct plant *p)
{
	const uint8_t *at = patched_byte(vm, p);

	return at && __atomic_load_n(at, __ATOMIC_RELAXED) != vm->patch_byte;
}

void patch_lay_again(struct vm *vm, struct plant *p)
{
	uint8_t *at = patched_byte(vm, p);

	if (!p->lost)
		log_msg(LOG_INFO,
			"the guest overwrote the breakpoint at 0x%llx (a "
			"loader?); it is planted again",
			(unsigned long long)p->bp.addr);
	p->lost = true;
	p->saved = *at;
	*at = vm->patch_byte;
}
