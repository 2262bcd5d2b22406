#include "tests/arch/vmcs_rig.h"

#include <string.h>

static const uint64_t pat_at_reset = 0x0007040600070406;

static void segment(struct x86_seg *s, uint16_t sel, uint64_t base,
		    uint32_t limit, uint32_t attr)
{
	*s = (struct x86_seg){base, limit, attr, sel};
}

void vmcs_rig_real(struct x86_state *s)
{
	memset(s, 0, sizeof(*s));
	s->rip = 0xfff0;
	s->rflags = 2;
	s->cr0 = 0x60000010;
	s->dr6 = 0xffff0ff0;
	s->dr7 = 0x400;
	s->msr.pat = pat_at_reset;
	segment(&s->seg[X86_CS], 0xf000, 0xffff0000, 0xffff, 0x9b);
	for (unsigned int i = X86_SS; i <= X86_GS; i++)
		segment(&s->seg[i], 0, 0, 0xffff, 0x93);
	segment(&s->seg[X86_LDTR], 0, 0, 0xffff, 0x82);
	segment(&s->seg[X86_TR], 0, 0, 0xffff, 0x8b);
	s->gdt.limit = s->idt.limit = 0xffff;
}

void vmcs_rig_prot32(struct x86_state *s)
{
	vmcs_rig_real(s);
	s->cr0 = 0x11;
	s->rip = 0x100000;
	segment(&s->seg[X86_CS], 8, 0, UINT32_MAX, 0xc09b);
	for (unsigned int i = X86_SS; i <= X86_GS; i++)
		segment(&s->seg[i], 0x10, 0, UINT32_MAX, 0xc093);
}

void vmcs_rig_pae(struct x86_state *s)
{
	vmcs_rig_prot32(s);
	s->cr0 = 0x80000011;
	s->cr4 = 0x20;
	s->cr3 = 0x1000;
	s->pdptr_valid = true;
	s->pdptr[0] = 0x2001;
}

void vmcs_rig_long(struct x86_state *s, unsigned int cpl)
{
	vmcs_rig_pae(s);
	s->pdptr_valid = false;
	s->cr0 = 0x80050033;
	s->cr4 = 0x6e0;
	s->efer = 0xd01;
	s->rip = cpl ? 0x401000 : 0xffffffff81000000;
	segment(&s->seg[X86_CS], cpl ? 0x33 : 0x10, 0, UINT32_MAX,
		cpl ? 0xa0fb : 0xa09b);
	segment(&s->seg[X86_SS], cpl ? 0x2b : 0x18, 0, UINT32_MAX,
		cpl ? 0xc0f3 : 0xc093);
	for (unsigned int i = X86_DS; i <= X86_GS; i++)
		segment(&s->seg[i], 0, 0, UINT32_MAX, 0x1c000);
	s->seg[X86_GS].base = 0xffff888000000000;
	segment(&s->seg[X86_LDTR], 0, 0, UINT32_MAX, 0x1c000);
	segment(&s->seg[X86_TR], 0x40, 0xfffffe0000003000, 0x206f, 0x8b);
	s->gdt = (struct x86_dtable){0xfffffe0000001000, 0x7f};
	s->idt = (struct x86_dtable){0xfffffe0000000000, 0xfff};
}

void vmcs_rig_v8086(struct x86_state *s)
{
	vmcs_rig_prot32(s);
	s->rflags = 0x23202;
	s->rip = 0x100;
	for (unsigned int i = X86_CS; i <= X86_GS; i++)
		segment(&s->seg[i], 0x1000 + i, (0x1000 + i) << 4, 0xffff,
			0xf3);
}

void vmcs_rig_host(struct x86_host *host, enum exit_vendor vendor)
{
	*host = (struct x86_host){.vendor = vendor, .nested = -1};
	host->ept = host->unrestricted_guest = host->npt = host->vpid = 1;
	host->emulate_invalid = 1;
	host->apicv = 0;
}

void vmcs_rig_model(struct vmcs_model *m, enum vmcs_kind kind,
		    const struct x86_state *s)
{
	static struct x86_cpuid cpuid = {
		.n = 1,
		.entry = {{.leaf = 0x80000008, .reg = {0x302e}}},
	};
	struct x86_host host;
	const struct vmcs_source src = {
		.state = s,
		.host = &host,
		.guest_cpuid = &cpuid,
		.host_cpuid = &cpuid,
	};

	vmcs_rig_host(&host,
		      kind == VMCS_VMX ? EXIT_VENDOR_VMX : EXIT_VENDOR_SVM);
	vmcs_build(m, kind, &src);
}
