/* --bios: a ROM image, entered at the processor's reset vector. */
#include "vmm/boot/cpu.h"
#include "vmm/boot/firmware.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define LOW_ROM_MAX UINT64_C(0x20000) /* bytes that also lie below 1 MiB */

bool load_firmware(struct loader *l, struct err *err)
{
	const struct boot_request *req = l->req;
	const uint8_t *data = req->data;
	const uint64_t low = min_u64(req->size, LOW_ROM_MAX);

	if (!loader_refuse_args(req, "firmware", true, true, err) ||
	    !guest_mem_write(l->mem, GUEST_HOLE_END - req->size, data,
			     req->size, err) ||
	    !guest_mem_write(l->mem, LOW_END - low, data + req->size - low,
			     (size_t)low, err))
		return err_prefix(err, "%s", req->image);
	l->result->low = GUEST_HOLE_END - req->size;
	l->result->high = GUEST_HOLE_END - 1;
	l->result->protocol = "firmware, from the reset vector";
	boot_cpu_reset(&l->result->cpu);
	return true;
}
