/*
 * Long mode, linear 0 = physical 0x5000 (one page); GDT at linear 0, IDT at
 * 0x100, TSS at 0x200, handlers at 0x800.
 */
#include "arch/show/tables.h"

#include "arch/desc/gate_check.h"
#include "tests/arch/paging_rig.h"
#include "tests/test.h"

#define AT(linear) (0x5000 + (linear))

static struct x86_view view;
static struct buf out;
static struct err err;

static void look(void)
{
	view_init(&view, &rig.state, &rig.info, &rig_mem);
	buf_clear(&out);
}

static void put_gate(unsigned int vector, uint64_t low)
{
	rig_put64(AT(0x100 + 16 * vector), low);
}

static void setup(void)
{
	struct x86_state *s = &rig.state;

	rig_long_mode();
	s->gdt = (struct x86_dtable){0, 0x2f};
	s->idt = (struct x86_dtable){0x100, 0x3f};
	s->seg[X86_CS] = (struct x86_seg){0, 0xffffffff, 0xa09b, 8};
	s->seg[X86_SS] = (struct x86_seg){0, 0xffffffff, 0xc093, 0x10};
	s->seg[X86_LDTR].attr = X86_AR_UNUSABLE;
	s->seg[X86_TR] = (struct x86_seg){0x200, 0x67, 0x8b, 0x18};
	rig_put64(AT(8), 0x00af9b000000ffff);
	rig_put64(AT(0x10), 0x00cf93000000ffff);
	rig_put64(AT(0x18), 0x00008b0002000067);
	rig_put64(AT(0x204), 0x1000);
	put_gate(0, 0x00008e0000080800);
	put_gate(1, 0x00008e0000080800);
	look();
}

static const char *idt(void)
{
	look();
	show_idt(&out, &view, NULL);
	return buf_cstr(&out);
}

static const char *gate(unsigned int vector)
{
	look();
	show_gate(&out, &view, vector, NULL);
	return buf_cstr(&out);
}

static const char *segments(void)
{
	look();
	show_segments(&out, &view);
	return buf_cstr(&out);
}

static const char *gdt(bool ldt, int only)
{
	look();
	CHECK_OK(show_descriptors(&out, &view, ldt, only, NULL, &err), &err);
	return buf_cstr(&out);
}

static const char *tss(void)
{
	look();
	CHECK_OK(show_tss(&out, &view, &err), &err);
	return buf_cstr(&out);
}

/* ---- gates ---- */

TEST(equal_and_empty_gates_share_a_line)
{
	setup();
	CHECK_STR(idt(), "IDT at 0x100, limit 0x3f: 4 gates of 16 bytes\n"
			 "[0-1]          64-bit interrupt gate  0008:800  "
			 "DPL 0\n"
			 "[2-3]          empty\n"
			 "[4-255]        beyond the limit: gives #GP\n");
}

TEST(a_gate_step_by_step)
{
	setup();
	CHECK_HAS(gate(0), "at 0x100: 00008e0000080800 0000000000000000\n");
	CHECK_HAS(gate(0), "ok   present, 64-bit interrupt gate\n");
	CHECK_HAS(gate(0), "segment 0x0008 is 64-bit code, present, DPL 0");
	CHECK_HAS(gate(0), "the handler is executable, physical 0x5800");
	CHECK_HAS(gate(0), "INT 0 is allowed at CPL 0 only");
	CHECK_HAS(gate(3), "BAD  the gate is empty: gives #GP(0x1a)");
	CHECK_HAS(gate(14), "BAD  IDT[14] lies beyond the IDT's limit 0x3f");
}

static const struct {
	uint64_t low;
	const char *text;
} bad_gates[] = {
	{0x00000e0000080800, "not present: gives #NP(0x12)"},
	{0x0000850000080800, "type 0x5 is no gate in this mode: gives #GP"},
	{0x00008e0000000800, "selector 0x0000 is null: gives #GP"},
	{0x00008e0000300800, "beyond the GDT's limit 0x2f: gives #GP"},
	{0x00008e0000100800, "is no code segment: gives #GP(0x10)"},
	{0x00108e0000080800, "is not present (0x0)"},
	{0x00008e0100080800, "IST1 0x0 was never set"},
};

TEST(what_is_wrong_with_a_gate)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_gates); i++) {
		setup();
		put_gate(2, bad_gates[i].low);
		CHECK_HAS(gate(2), bad_gates[i].text);
		CHECK_HAS(idt(), "BAD: ");
		CHECK_HAS(idt(), "1 that are not empty lead nowhere");
	}
}

TEST(the_code_segment_of_a_gate_must_fit)
{
	setup();
	rig_put64(AT(8), 0x00cf9b000000ffff);
	CHECK_HAS(gate(0), "is no 64-bit code (L=1, D=0): gives #GP(0x8)");
	rig_put64(AT(8), 0x00affb000000ffff);
	CHECK_HAS(gate(0), "has a DPL above 0");
	rig_put64(AT(8), 0x00af1b000000ffff);
	CHECK_HAS(gate(0), "is not present: gives #NP(0x8)");
}

TEST(a_handler_that_cannot_execute)
{
	setup();
	rig_put64(0x4000, 0x5003 | BIT(63));
	CHECK_HAS(gate(0), "a supervisor fetch is refused: the page is "
			   "no-execute");
	rig_put64(0x4000, 0x5003);
	rig_put64(0x4008, UINT64_C(0x40000003));
	put_gate(0, 0x00008e0000081800);
	CHECK_HAS(gate(0), "physical 0x40000800, where no memory is");
}

TEST(an_ist_stack_is_walked)
{
	setup();
	rig_put64(AT(0x224), 0x1000);
	put_gate(2, 0x00008e0100080800);
	CHECK_HAS(gate(2), "ok   IST1 0x1000 is writable, physical 0x5fd0");
	rig_put64(0x4000, 0x5001); /* read-only */
	CHECK_HAS(gate(2), "BAD  IST1 0x1000: linear 0xfff: a supervisor "
			   "write is refused");
}

TEST(real_mode_vectors)
{
	setup();
	rig.state.cr0 = rig.state.efer = rig.state.cr4 = 0;
	rig.state.idt = (struct x86_dtable){0x5100, 0x3ff};
	rig_put64(0x5100, 0x0000000000400010);
	CHECK_HAS(idt(), "far pointer  0040:10\n");
	CHECK_HAS(idt(), "BAD: 0000:0000: nobody has set this vector");
}

TEST(task_gates)
{
	setup();
	rig.state.efer = 0;
	rig.state.cr0 &= ~X86_CR0_PG;
	rig.state.gdt.base = 0x5000;
	rig.state.idt.base = 0x5100;
	rig_put64(0x5100, 0x0000850000180000);
	CHECK_HAS(gate(0), "means 32-bit TSS (busy), not an available TSS");
	rig_put64(AT(0x18), 0x0000890002000067);
	CHECK_HAS(gate(0), "switches to the task of 32-bit TSS (available)");
}

/* ---- segments ---- */

TEST(segments_beside_memory)
{
	setup();
	CHECK_HAS(segments(), "CS   0008  base 0000000000000000  limit "
			      "ffffffff  rights 0a09b  64-bit code, DPL 0\n"
			      "      GDT[1] 00af9b000000ffff the same\n");
	CHECK_HAS(segments(), "TR   0018");
	CHECK_HAS(segments(), "GDT[3] 00008b0002000067 0000000000000000 the "
			      "same");
	CHECK_HAS(segments(), "LDTR 0000  base 0000000000000000  limit "
			      "00000000  rights 10000  unusable");
}

TEST(segments_that_differ)
{
	setup();
	rig_put64(AT(8), 0x0020fa0000000000); /* 64-bit, DPL 3, limit 0 */
	CHECK_HAS(segments(), "DIFFERS: limit 0x0 (not used in 64-bit mode), "
			      "rights 0x20fa in memory");
	rig_put64(AT(0x18), 0x00008b0003000067);
	CHECK_HAS(segments(), "DIFFERS: base 0x300 in memory");
}

TEST(bits_that_loading_sets_make_no_difference)
{
	setup();
	rig_put64(AT(8), 0x00af9a000000ffff);
	rig_put64(AT(0x18), 0x0000890002000067);
	CHECK(!strstr(segments(), "DIFFERS"));
}

TEST(segments_from_nowhere)
{
	setup();
	rig.state.seg[X86_CS].sel = 0x40;
	rig.state.seg[X86_FS] = (struct x86_seg){0x1000, 0xffff, 0x93, 0};
	CHECK_HAS(segments(), "no descriptor: selector 0x0040 lies beyond");
	CHECK_HAS(segments(), "null selector, yet usable");
	rig.state.seg[X86_FS].attr = X86_AR_UNUSABLE;
	CHECK_HAS(segments(), "null selector: the register is empty");
}

TEST(real_mode_segments)
{
	setup();
	rig.state.cr0 = rig.state.efer = 0;
	rig.state.seg[X86_CS] =
		(struct x86_seg){0xffff0000, 0xffff, 0x9b, 0xf000};
	rig.state.seg[X86_DS] = (struct x86_seg){0x100, 0xffffffff, 0x93, 0x10};
	CHECK_HAS(segments(), "base is not selector * 16 = 0xf0000");
	CHECK_HAS(segments(), "limit above 64 KiB");
}

/* ---- tables ---- */

TEST(the_gdt_with_its_users)
{
	setup();
	CHECK_HAS(gdt(false, -1), "GDT at 0x0, limit 0x2f: 6 entries\n"
				  "[0]     0000  empty\n");
	CHECK_HAS(gdt(false, -1), "limit 0xffffffff  <- CS\n");
	CHECK_HAS(gdt(false, -1), "64-bit TSS (busy), DPL 0, base 0x200, "
				  "limit 0x67  <- TR\n[5]     0028  empty\n");
	CHECK_STR(gdt(false, 1), "[1]     0008  00af9b000000ffff  64-bit code, "
				 "DPL 0, base 0x0, limit 0xffffffff  <- CS\n");
}

TEST(entries_that_are_not_there)
{
	setup();
	CHECK(!show_descriptors(&out, &view, false, 6, NULL, &err));
	CHECK_HAS(err.msg, "entry 6 lies beyond the limit 0x2f");
	CHECK(!show_descriptors(&out, &view, true, -1, NULL, &err));
	CHECK_HAS(err.msg, "there is no LDT");
}

TEST(a_gdt_of_garbage_is_cut_short)
{
	setup();
	rig.state.cr0 &= ~X86_CR0_PG;
	rig.state.efer = 0;
	rig.state.gdt = (struct x86_dtable){0x10000, 0xffff};
	for (unsigned int i = 0; i < 8192; i++)
		rig_put64(0x10000 + 8 * i, i * 0x100000001);
	CHECK_HAS(gdt(false, -1), "and 7936 entries more: this looks like no "
				  "table");
	CHECK(out.len < 40000);
}

TEST(unreadable_entries_share_a_line)
{
	setup();
	rig.state.gdt.base = 0xff0;
	CHECK_HAS(gdt(false, -1), "[2-5] cannot be read: linear 0x1000: PTE");
}

TEST(an_ldt)
{
	setup();
	rig.state.seg[X86_LDTR] = (struct x86_seg){0x300, 0xf, 0x82, 0x28};
	rig_put64(AT(0x300), 0x00cff3000000ffff);
	rig.state.seg[X86_DS].sel = 7;
	CHECK_HAS(gdt(true, -1), "LDT at 0x300, limit 0xf: 2 entries\n"
				 "[0]     0004  00cff3000000ffff  data, DPL 3, "
				 "writable, 32-bit, base 0x0, limit 0xffffffff"
				 "  <- DS\n");
}

/* ---- TSS ---- */

TEST(tss_stacks_are_walked)
{
	setup();
	rig_put64(AT(0x224), 0x8000);
	rig_put64(AT(0x260), UINT64_C(0x68) << 48);
	CHECK_HAS(tss(), "64-bit TSS at 0x200, limit 0x67 (TR 0018)");
	CHECK_HAS(tss(), "rsp0        0000000000001000  writable, physical");
	CHECK_HAS(tss(), "rsp1        0000000000000000  not set");
	CHECK_HAS(tss(), "ist1        0000000000008000  BAD: linear 0x7fff: "
			 "PTE");
	CHECK_HAS(tss(), "no I/O permission bitmap");
	rig.state.seg[X86_TR].limit = 0x2f;
	CHECK_HAS(tss(), "beyond TR's limit: using it gives #TS");
	rig.state.seg[X86_TR].attr = X86_AR_UNUSABLE;
	look();
	CHECK(!show_tss(&out, &view, &err));
}

TEST(io_bitmap_in_ranges)
{
	setup();
	rig_put64(AT(0x260), UINT64_C(0x68) << 48);
	rig_put64(AT(0x268), ~UINT64_C(0xf1));
	rig_put64(AT(0x270), ~UINT64_C(0));
	rig.state.seg[X86_TR].limit = 0x70;
	CHECK_HAS(tss(), "bitmap of 8 bytes; ports allowed at any CPL: 0x0 "
			 "0x4-0x7\n");
	rig_put64(AT(0x260), UINT64_C(0x10) << 48);
	CHECK_HAS(tss(), "BAD: iomap_base 0x10 lies inside the TSS");
}

TEST(tss_of_32_bits_has_a_stack_segment)
{
	setup();
	rig.state.efer = 0;
	rig.state.cr0 &= ~X86_CR0_PG;
	rig.state.gdt.base = 0x5000;
	rig.state.seg[X86_TR].base = 0x5200;
	rig_put64(0x5204, 0x0000001000006000);
	CHECK_HAS(tss(), "32-bit TSS at 0x5200");
	CHECK_HAS(tss(), "esp0        00006000  writable, physical 0x5fd0");
	rig_put64(0x5204, 0x0000009000006000);
	CHECK_HAS(tss(), "esp0        00006000  BAD: its ss0");
}
