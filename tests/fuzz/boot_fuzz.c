/*
 * Every image loader.  The first byte chooses: bit 7 a flat binary (bits 0-1
 * its mode), bit 6 a machine of 16 MiB rather than 4; the rest is the image.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "base/log.h"
#include "vmm/boot/boot.h"

static void check_result(const struct guest_mem *mem,
			 const struct boot_result *r)
{
	if (r->low > r->high || !guest_mem_is_ram(mem, r->low, 1) ||
	    !guest_mem_is_ram(mem, r->high, 1))
		abort();
	if (!r->protocol || !(r->cpu.rflags & 2))
		abort();
}

static const struct boot_wiring wiring = {
	.has_ioapic = true, .has_pic = true, .ioapic_version = 0x11};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int mode[] = {16, 32, 64, 48};
	struct boot_request req = {
		.image = "image", .cmdline = "", .vcpus = 1, .maxphyaddr = 36};
	struct boot_result result;
	struct guest_mem mem;
	struct err err;

	if (!size ||
	    !guest_mem_init(&mem, data[0] & 0x40 ? 16 << 20 : 4 << 20, &err))
		return -1;
	log_set_level(LOG_ERROR);
	req.data = data + 1;
	req.size = size - 1;
	if (data[0] & 0x80)
		req.mode = mode[data[0] & 3];
	if (acpi_build(&mem, 1, &wiring, &req.rsdp, &err) &&
	    mptable_build(&mem, 1, &wiring, &err) &&
	    boot_load(&mem, &req, &result, &err))
		check_result(&mem, &result);
	guest_mem_deinit(&mem);
	return 0;
}
