/*
 * Flat binary: the file as it is at --load-addr, entered at --entry in 16, 32
 * or 64-bit mode.  The stack pointer is set to memory that nobody else uses.
 */
#include <inttypes.h>

#include "base/bits.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/paging.h"
#include "vmm/boot/loader.h"

#define STACK_SIZE 0x400

static bool enter16(struct loader *l, uint64_t entry, struct err *err)
{
	struct x86_state *cpu = &l->result->cpu;
	struct place_want stack = {
		.what = "stack",
		.size = STACK_SIZE,
		.align = 16,
		.min = 0x500,
		.max = 0x7c00,
		.order = PLACE_TOP_DOWN,
	};
	gpa_t at;

	if (!boot_cpu_real(cpu, entry, err))
		return err_prefix(err, "%s", l->req->image);
	if (!place_find(&l->place, &stack, &at, err)) {
		stack.max = 0xfff0;
		if (!place_find(&l->place, &stack, &at, err))
			return false;
	}
	cpu->gpr[X86_RSP] = at + STACK_SIZE;
	l->result->protocol = "flat binary, 16-bit real mode";
	return true;
}

static bool give_stack(struct loader *l, struct err *err)
{
	gpa_t at;

	if (!place_info(&l->place, "stack", STACK_SIZE, 16, &at, err))
		return false;
	l->result->cpu.gpr[X86_RSP] = at + STACK_SIZE;
	return true;
}

static bool enter32(struct loader *l, uint64_t entry, struct err *err)
{
	l->result->protocol = "flat binary, 32-bit protected mode";
	return boot_cpu_prot32(&l->result->cpu, l->mem, &l->place, entry,
			       err) &&
	       give_stack(l, err);
}

static bool enter64(struct loader *l, uint64_t entry, struct err *err)
{
	gpa_t cr3;

	l->result->protocol = "flat binary, 64-bit long mode";
	return boot_page_tables(l->mem, &l->place, NULL, 0, &cr3, err) &&
	       boot_cpu_long64(&l->result->cpu, l->mem, &l->place, cr3, entry,
			       err) &&
	       give_stack(l, err);
}

static const struct {
	unsigned int bits;
	gpa_t load_addr;
	bool (*enter)(struct loader *l, uint64_t entry, struct err *err);
} modes[] = {
	{64, 0x100000, enter64},
	{32, 0x100000, enter32},
	{16, 0x7c00, enter16},
};

bool load_flat(struct loader *l, struct err *err)
{
	const struct boot_request *req = l->req;
	unsigned int m = 0;
	uint64_t entry;
	gpa_t base;

	while (req->mode && modes[m].bits != req->mode)
		if (++m == ARRAY_SIZE(modes))
			return err_set(err, ERR_USAGE,
				       "--mode %u: must be 16, 32 or 64",
				       req->mode);
	if (!loader_refuse_args(req, "a flat binary", true, true, err))
		return false;
	if (!req->size)
		return err_set(err, ERR_MALFORMED, "%s: the file is empty",
			       req->image);
	base = req->load_addr_set ? req->load_addr : modes[m].load_addr;
	entry = req->entry_set ? req->entry : base;
	if (!loader_put(l, base, req->data, req->size, req->size, "flat binary",
			err))
		return err_prefix(err, "%s", req->image);
	if (entry >= GUEST_HOLE_END || !guest_mem_is_ram(l->mem, entry, 1))
		return err_set(err, ERR_RANGE,
			       "%s: entry point 0x%" PRIx64 " is not in guest "
			       "memory below 4 "
			       "GiB",
			       req->image, entry);
	return modes[m].enter(l, entry, err);
}
