#include "tests/arch/diag_rig.h"

#include <stdio.h>
#include <string.h>

#include "arch/desc/desc.h"
#include "tests/test.h"

#define PML4 0x1000u
#define PT   0x4000u /* one PT: the first 2 MiB */

struct diag_rig diag;
static struct buf text;

void diag_put64(gpa_t gpa, uint64_t value)
{
	memcpy(diag.ram + gpa, &value, 8);
}

static bool read_ram(void *ctx, gpa_t gpa, void *to, size_t len,
		     struct err *err)
{
	if (!range_ok(0, DIAG_RAM, gpa, len))
		return err_set_fault(err, gpa, "no memory there");
	memcpy(to, diag.ram + gpa, len);
	return true;
}

static void put_gdt(void)
{
	static const uint64_t gdt[] = {
		0,
		0x00af9b000000ffff, /* 08: 64-bit code */
		0x00cf93000000ffff, /* 10: data */
		0x00cf9b000000ffff, /* 18: 32-bit code */
		0x00affb000000ffff, /* 20: user 64-bit code */
		0x0000890000000067 | (uint64_t)(DIAG_TSS & 0xffffff) << 16,
		0,		    /* 28: TSS */
		0x00cff3000000ffff, /* 38: user data */
	};

	memcpy(diag.ram + DIAG_GDT, gdt, sizeof(gdt));
	diag.s.gdt = (struct x86_dtable){DIAG_GDT, sizeof(gdt) - 1};
}

static void put_segments(uint16_t cs)
{
	struct x86_view v = {.s = &diag.s};
	struct desc d;

	for (int i = 0; i < X86_LDTR; i++) {
		uint16_t sel = i == X86_CS ? cs : 0x10;

		desc_parse(&d, diag.ram + DIAG_GDT + sel, 8, false);
		desc_segment(&d, sel, &diag.s.seg[i]);
	}
	diag.s.seg[X86_LDTR].attr = X86_AR_UNUSABLE;
	diag.s.seg[X86_TR] = (struct x86_seg){
		.base = DIAG_TSS, .limit = 0x67, .attr = 0x8b, .sel = 0x28};
	(void)v;
}

static void begin(void)
{
	memset(&diag, 0, sizeof(diag));
	diag.in_service = -1;
	diag.info = (struct x86_cpu_info){
		.maxphyaddr = 40, .nx = true, .gbpages = true};
	diag.s.rflags = 2;
	diag.s.rip = DIAG_CODE;
	diag.s.gpr[X86_RSP] = DIAG_STACK + 0x800;
	put_gdt();
}

void diag_long_mode(void)
{
	begin();
	diag_put64(PML4, 0x2003);
	diag_put64(0x2000, 0x3003);
	diag_put64(0x3000, PT | 3);
	for (uint64_t i = 0; i < DIAG_RAM >> 12; i++)
		diag_put64(PT + 8 * i, i << 12 | 3);
	diag.s.cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_WP | BIT(5) | BIT(4);
	diag.s.cr3 = PML4;
	diag.s.cr4 = X86_CR4_PAE;
	diag.s.efer = X86_EFER_LME | X86_EFER_LMA;
	diag.s.idt = (struct x86_dtable){DIAG_IDT, 0xfff};
	put_segments(0x08);
}

void diag_prot32(void)
{
	begin();
	diag.s.cr0 = X86_CR0_PE | BIT(4);
	diag.s.idt = (struct x86_dtable){DIAG_IDT, 0x7ff};
	put_segments(0x18);
}

void diag_real(void)
{
	begin();
	for (int i = 0; i < X86_LDTR; i++)
		diag.s.seg[i] = (struct x86_seg){.limit = 0xffff, .attr = 0x93};
	diag.s.cr0 = BIT(4);
	diag.s.idt = (struct x86_dtable){0, 0x3ff};
	for (unsigned int i = 0; i < 256; i++)
		memcpy(diag.ram + 4 * i, (uint16_t[]){DIAG_CODE, 0}, 4);
}

void diag_code(const char *hex)
{
	uint8_t *to = diag.ram + DIAG_CODE;
	unsigned int byte;
	int used;

	for (; sscanf(hex, "%2x%n", &byte, &used) == 1;
	     hex += used + (hex[used] == ' '))
		*to++ = (uint8_t)byte;
}

void diag_map(gva_t gva, uint64_t entry)
{
	diag_put64(PT + 8 * (gva >> 12 & 511), entry);
}

void diag_unmap(gva_t gva)
{
	diag_map(gva, 0);
}

static bool is_long(void)
{
	return diag.s.efer & X86_EFER_LMA;
}

void diag_gate(unsigned int vector, uint16_t type)
{
	uint64_t cs = is_long() ? 0x08 : 0x18;
	uint64_t low = DIAG_CODE | cs << 16 | (uint64_t)type << 32;
	gpa_t at = DIAG_IDT + vector * (is_long() ? 16 : 8);

	diag_put64(at, type ? low : 0);
	if (is_long())
		diag_put64(at + 8, 0);
}

void diag_handler(unsigned int vector, uint64_t offset)
{
	uint64_t *gate = (uint64_t *)(diag.ram + DIAG_IDT + 16 * vector);

	gate[0] = (gate[0] & UINT64_C(0x0000ffffffff0000)) | (offset & 0xffff) |
		  (offset >> 16 & 0xffff) << 48;
	gate[1] = offset >> 32;
}

void diag_tss64(uint64_t ist1)
{
	memcpy(diag.ram + DIAG_TSS + 36, &ist1, 8);
}

void diag_tss32(uint16_t sel, uint32_t esp)
{
	uint32_t *tss = (uint32_t *)(diag.ram + DIAG_TSS);

	tss[8] = DIAG_CODE; /* eip */
	tss[14] = esp;
	tss[19] = 0x18; /* cs */
	tss[20] = 0x10; /* ss */
	diag_put64(DIAG_GDT + sel, 0x0000890000000067 | DIAG_TSS << 16);
}

/* ---- looking ---- */

static void look(void)
{
	const struct phys_reader mem = {read_ram, NULL};
	size_t done;
	struct err err;
	uint8_t bytes[DECODE_MAX_BYTES];
	bool all;

	if (!decode_available())
		test_skip("built without an instruction decoder");
	view_init(&diag.view, &diag.s, &diag.info, &mem);
	all = paging_read(&diag.view.paging, &diag.view.mem,
			  x86_linear_pc(&diag.s), bytes, sizeof(bytes), &done,
			  &err);
	decode_insn(&diag.s, bytes, all ? sizeof(bytes) : done, &diag.insn);
}

bool diag_find(void)
{
	struct chain_input in = {&diag.view, &diag.insn, diag.in_service,
				 diag.stale};

	look();
	return chain_find(&in, &diag.chain);
}

const char *diag_chain(void)
{
	bool found = diag_find();

	buf_clear(&text);
	chain_print(&text, &diag.chain);
	if (!found)
		test_fail(__FILE__, __LINE__, "no chain: %s", buf_cstr(&text));
	return buf_cstr(&text);
}

const char *diag_checks(void)
{
	buf_clear(&text);
	chain_print_checks(&text, &diag.chain);
	return buf_cstr(&text);
}

const char *diag_fault(void)
{
	look();
	buf_clear(&text);
	if (fault_predict(&diag.view, &diag.insn, &diag.fault)) {
		fault_print(&text, &diag.fault);
		buf_printf(&text, ": %s", diag.fault.why);
	}
	return buf_cstr(&text);
}
