#include "tests/arch/paging_rig.h"

#include <string.h>

struct paging_rig rig;

static bool read_ram(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	rig.reads++;
	if (!range_ok(0, sizeof(rig.ram), gpa, len))
		return err_set_fault(err, gpa, "no memory at 0x%llx",
				     (unsigned long long)gpa);
	memcpy(buf, rig.ram + gpa, len);
	return true;
}

const struct phys_reader rig_mem = {.read = read_ram};

void rig_put64(gpa_t gpa, uint64_t value)
{
	memcpy(rig.ram + gpa, &value, 8);
}

void rig_put32(gpa_t gpa, uint32_t value)
{
	memcpy(rig.ram + gpa, &value, 4);
}

bool rig_walk(gva_t gva, uint32_t access)
{
	paging_init(&rig.paging, &rig.state, &rig.info);
	return paging_walk(&rig.paging, &rig_mem, gva, access, &rig.w);
}

const char *rig_said(void)
{
	static char text[300];

	walk_explain(&rig.w, text, sizeof(text));
	return text;
}

void rig_long_mode(void)
{
	memset(rig.ram, 0, sizeof(rig.ram));
	rig.state = (struct x86_state){
		.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP,
		.cr3 = 0x1000,
		.cr4 = X86_CR4_PAE,
		.efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE,
	};
	rig.info = (struct x86_cpu_info){.maxphyaddr = 40, .gbpages = true};
	rig_put64(0x1000, 0x2007);
	rig_put64(0x2000, 0x3007);
	rig_put64(0x3000, 0x4007);
	rig_put64(0x4000, 0x5007);
}
