#include "vmm/boot/cpu.h"

#include <inttypes.h>
#include <string.h>

#include "base/bits.h"

enum {
	AR_CODE16 = 0x9b,
	AR_DATA16 = 0x93,
	AR_CODE32 = 0xc09b, /* execute/read, accessed, present, D, G */
	AR_CODE64 = 0xa09b, /* the same with L in place of D */
	AR_DATA32 = 0xc093, /* read/write, accessed, present, B, G */
	AR_TSS_BUSY = 0x8b,
	AR_LDT = 0x82,
};

#define CR0_ET		  BIT(4)
#define APIC_BASE_BSP	  UINT64_C(0xfee00900) /* enabled, bootstrap CPU */
#define RFLAGS_FIXED	  UINT64_C(2)
#define TSS_SIZE	  104 /* both the 32-bit and the 64-bit form */
#define TSS_IO_MAP_OFFSET 102
#define GDT_ENTRIES	  6
#define GDT_SIZE	  (GDT_ENTRIES * 8)

static struct x86_seg seg(uint32_t sel, uint64_t base, uint32_t limit,
			  uint32_t attr)
{
	return (struct x86_seg){base, limit, attr, sel};
}

static void set_data(struct x86_state *s, struct x86_seg data)
{
	s->seg[X86_SS] = data;
	s->seg[X86_DS] = data;
	s->seg[X86_ES] = data;
	s->seg[X86_FS] = data;
	s->seg[X86_GS] = data;
}

static void clear(struct x86_state *s, uint64_t entry)
{
	memset(s, 0, sizeof(*s));
	s->rip = entry;
	s->rflags = RFLAGS_FIXED;
	s->cr0 = CR0_ET;
	s->apic_base = APIC_BASE_BSP;
	s->seg[X86_LDTR] = seg(0, 0, 0, X86_AR_UNUSABLE);
	s->run_state = X86_RUNNABLE;
}

bool boot_cpu_real(struct x86_state *s, uint64_t entry, struct err *err)
{
	const uint32_t cs = (entry >> 16) << 12;

	if (entry > 0xfffff)
		return err_set(err, ERR_RANGE,
			       "entry point 0x%" PRIx64 ": real mode reaches "
			       "only the first 1 MiB",
			       entry);
	clear(s, entry & 0xffff);
	s->seg[X86_CS] = seg(cs, (uint64_t)cs << 4, 0xffff, AR_CODE16);
	set_data(s, seg(0, 0, 0xffff, AR_DATA16));
	s->seg[X86_TR] = seg(0, 0, 0xffff, AR_TSS_BUSY);
	s->gdt = (struct x86_dtable){0, 0xffff};
	s->idt = (struct x86_dtable){0, 0x3ff};
	return true;
}

bool boot_cpu_wake(struct x86_state *s, uint32_t vector, struct err *err)
{
	const uint32_t cs = vector >> 4;

	if (!boot_cpu_real(s, vector, err))
		return false;
	s->rip = vector & 0xf;
	s->seg[X86_CS] = seg(cs, (uint64_t)cs << 4, 0xffff, AR_CODE16);
	return true;
}

/* SDM Vol 3A, "Processor State After Reset". */
void boot_cpu_reset(struct x86_state *s)
{
	clear(s, 0xfff0);
	s->cr0 = UINT64_C(0x60000010); /* CD, NW, ET */
	s->seg[X86_CS] = seg(0xf000, 0xffff0000, 0xffff, AR_CODE16);
	set_data(s, seg(0, 0, 0xffff, AR_DATA16));
	s->seg[X86_LDTR] = seg(0, 0, 0xffff, AR_LDT);
	s->seg[X86_TR] = seg(0, 0, 0xffff, AR_TSS_BUSY);
	s->gdt = s->idt = (struct x86_dtable){0, 0xffff};
	s->gpr[X86_RDX] = 0x600; /* family 6 */
}

/* An 8-byte descriptor (SDM Vol 3A, "Segment Descriptors"). */
static uint64_t descriptor(const struct x86_seg *sg)
{
	uint64_t limit = sg->attr & X86_AR_G ? sg->limit >> 12 : sg->limit;

	return (limit & 0xffff) | (limit & 0xf0000) << 32 |
	       (sg->base & 0xffffff) << 16 | (sg->base >> 24 & 0xff) << 56 |
	       (uint64_t)(sg->attr & 0xf0ff) << 40;
}

/* Put a GDT and an empty TSS into guest memory and load GDTR and TR. */
static bool make_gdt(struct x86_state *s, struct guest_mem *mem,
		     struct place *place, struct err *err)
{
	uint64_t gdt[GDT_ENTRIES] = {0};
	uint8_t tss[TSS_SIZE] = {0};
	gpa_t at;

	if (!place_info(place, "GDT and TSS", GDT_SIZE + TSS_SIZE, 64, &at,
			err))
		return false;
	/* I/O map offset past the limit: no map */
	tss[TSS_IO_MAP_OFFSET] = TSS_SIZE;
	s->seg[X86_TR] = seg(BOOT_TR, at + GDT_SIZE, TSS_SIZE - 1, AR_TSS_BUSY);
	gdt[BOOT_CS / 8] = descriptor(&s->seg[X86_CS]);
	gdt[BOOT_DS / 8] = descriptor(&s->seg[X86_DS]);
	/* in long mode the next entry is the base's upper half: zero */
	gdt[BOOT_TR / 8] = descriptor(&s->seg[X86_TR]);
	s->gdt = (struct x86_dtable){at, GDT_SIZE - 1};
	return guest_mem_write(mem, at, gdt, GDT_SIZE, err) &&
	       guest_mem_write(mem, at + GDT_SIZE, tss, TSS_SIZE, err);
}

bool boot_cpu_prot32(struct x86_state *s, struct guest_mem *mem,
		     struct place *place, uint64_t entry, struct err *err)
{
	if (entry > UINT32_MAX)
		return err_set(err, ERR_RANGE,
			       "entry point 0x%" PRIx64 ": 32-bit code starts "
			       "below 4 GiB",
			       entry);
	clear(s, entry);
	s->cr0 |= X86_CR0_PE;
	s->seg[X86_CS] = seg(BOOT_CS, 0, UINT32_MAX, AR_CODE32);
	set_data(s, seg(BOOT_DS, 0, UINT32_MAX, AR_DATA32));
	return make_gdt(s, mem, place, err);
}

bool boot_cpu_long64(struct x86_state *s, struct guest_mem *mem,
		     struct place *place, gpa_t cr3, uint64_t entry,
		     struct err *err)
{
	clear(s, entry);
	s->cr0 |= X86_CR0_PE | X86_CR0_PG;
	s->cr3 = cr3;
	s->cr4 = X86_CR4_PAE;
	s->efer = X86_EFER_LME | X86_EFER_LMA;
	s->seg[X86_CS] = seg(BOOT_CS, 0, UINT32_MAX, AR_CODE64);
	set_data(s, seg(BOOT_DS, 0, UINT32_MAX, AR_DATA32));
	return make_gdt(s, mem, place, err);
}
