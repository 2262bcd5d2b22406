/* Guest memory of the live target: copies, in place, and what is where. */
#include "vmm/live_mem.h"

#include "vmm/plant.h"

static struct vm *vm_of(struct target *t)
{
	return t->priv;
}

bool live_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
		    struct err *err)
{
	struct phys_reader mem;

	vm_phys_reader(vm_of(t), &mem);
	return mem.read(mem.ctx, gpa, buf, len, err);
}

const void *live_span(struct target *t, gpa_t gpa, size_t len)
{
	struct vm *vm = vm_of(t);
	struct err ignored;

	return patch_within(vm, gpa, len)
		       ? NULL
		       : guest_mem_span(&vm->mem, gpa, len, &ignored);
}

void live_extent(struct target *t, gpa_t gpa, uint64_t len, uint64_t *zero,
		 uint64_t *data)
{
	guest_mem_extent(&vm_of(t)->mem, gpa, len, zero, data);
}

bool live_write_phys(struct target *t, gpa_t gpa, const void *buf, size_t len,
		     struct err *err)
{
	return patch_write_under(vm_of(t), gpa, buf, len, err);
}

bool live_region(struct target *t, unsigned int index,
		 struct target_region *region)
{
	const struct guest_mem *m = &vm_of(t)->mem;

	if (index >= m->regions)
		return false;
	*region = (struct target_region){.start = m->region[index].base,
					 .size = m->region[index].size,
					 .ram = true,
					 .read_only = m->region[index].rom,
					 .name = m->region[index].name};
	return true;
}
