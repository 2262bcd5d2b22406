#include "arch/desc/desc.h"
#include "arch/desc/tss.h"

#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct desc d;
static struct err err;

static struct desc *parse(uint64_t low, uint64_t high, bool lma)
{
	const uint64_t raw[2] = {low, high};

	desc_parse(&d, (const uint8_t *)raw, sizeof(raw), lma);
	return &d;
}

static struct desc *gate(uint64_t low, uint64_t high, unsigned int size)
{
	const uint64_t raw[2] = {low, high};

	gate_parse(&d, (const uint8_t *)raw, size);
	return &d;
}

TEST(flat_code_and_data)
{
	CHECK_STR(desc_name(parse(0x00cf9b000000ffff, 0, false)), "32-bit "
								  "code");
	CHECK_EQ(d.limit, 0xffffffff);
	CHECK_EQ(d.attr, 0xc09b);
	CHECK(d.present && d.dpl == 0 && d.bytes == 8);
	CHECK_STR(desc_name(parse(0x00af9b000000ffff, 0, true)), "64-bit code");
	CHECK_STR(desc_name(parse(0x0000f2000000ffff, 0, true)), "data");
	CHECK_EQ(d.dpl, 3);
	CHECK_EQ(d.limit, 0xffff);
	CHECK_STR(desc_name(parse(0x0000960000000fff, 0, false)), "expand-down "
								  "data");
	CHECK_STR(desc_name(parse(0, 0, true)), "empty");
}

TEST(base_and_limit_are_gathered)
{
	struct x86_seg seg;

	parse(0x12459a345678abcd, 0, false);
	desc_segment(&d, 0x2b, &seg);
	CHECK_EQ(seg.base, 0x12345678);
	CHECK_EQ(seg.limit, 0x5abcd);
	CHECK_EQ(seg.attr, 0x409a);
	CHECK_EQ(seg.sel, 0x2b);
}

TEST(system_descriptors_are_wide_in_long_mode)
{
	parse(0x12008b3456780067, 0xffff8000, true);
	CHECK_STR(desc_name(&d), "64-bit TSS (busy)");
	CHECK_EQ(d.base, 0xffff800012345678);
	CHECK_EQ(d.bytes, 16);
	CHECK_EQ(d.reserved, 0);
	CHECK(parse(0x12008b3456780067, BIT(40), true)->reserved);
	parse(0x12008b3456780067, 0xffff8000, false);
	CHECK_STR(desc_name(&d), "32-bit TSS (busy)");
	CHECK_EQ(d.base, 0x12345678);
	CHECK_EQ(parse(0x0000830000000067, 0, true)->kind, DESC_RESERVED);
}

TEST(half_a_descriptor_is_cut)
{
	const uint64_t low = 0x12008b3456780067;

	desc_parse(&d, (const uint8_t *)&low, 8, true);
	CHECK(d.cut && d.base == 0x12345678);
	desc_parse(&d, (const uint8_t *)&low, 8, false);
	CHECK(!d.cut);
}

TEST(gates_of_all_widths)
{
	gate(0x1234ee0300105678, 0xffffffff, 16);
	CHECK_STR(desc_name(&d), "64-bit interrupt gate");
	CHECK_EQ(d.offset, 0xffffffff12345678);
	CHECK_EQ(d.sel, 0x10);
	CHECK_EQ(d.ist, 3);
	CHECK_EQ(d.dpl, 3);
	gate(0x12348f0000105678, 0, 8);
	CHECK_STR(desc_name(&d), "32-bit trap gate");
	CHECK_EQ(d.offset, 0x12345678);
	gate(0x1234860000105678, 0, 8);
	CHECK_STR(desc_name(&d), "16-bit interrupt gate");
	CHECK_EQ(d.offset, 0x5678);
	gate(0x1234850000105678, 0, 8);
	CHECK_STR(desc_name(&d), "task gate");
	CHECK_EQ(d.offset, 0);
	gate(0xf000e2c3, 0, 4);
	CHECK_STR(desc_name(&d), "far pointer");
	CHECK_EQ(d.sel, 0xf000);
	CHECK_EQ(d.offset, 0xe2c3);
}

TEST(no_gate_is_no_gate)
{
	CHECK_EQ(gate(0, 0, 16)->kind, DESC_EMPTY);
	/* A 32-bit call gate, a code segment, a task gate in long mode. */
	CHECK_EQ(gate(0x00008c0000100000, 0, 8)->kind, DESC_RESERVED);
	CHECK_EQ(gate(0x00009b0000100000, 0, 8)->kind, DESC_RESERVED);
	CHECK_EQ(gate(0x0000850000100000, 0, 16)->kind, DESC_RESERVED);
	CHECK_STR(desc_name(&d), "reserved type");
}

/* ---- in memory: GDT at 0x5000, IDT at 0x5100, TSS at 0x5200 ---- */

static struct x86_view view;

static void machine(void)
{
	struct x86_state *s = &rig.state;

	rig_long_mode();
	s->gdt = (struct x86_dtable){0, 0x2f};
	s->idt = (struct x86_dtable){0x100, 0x1f};
	s->seg[X86_TR] = (struct x86_seg){0x200, 0x67, 0x8b, 0x18};
	rig_put64(0x5008, 0x00af9b000000ffff);
	rig_put64(0x5018, 0x00008b0002000067);
	rig_put64(0x5110, 0x00008e0000081000);
	view_init(&view, s, &rig.info, &rig_mem);
}

TEST(selectors_lead_to_descriptors)
{
	machine();
	CHECK_OK(desc_fetch(&view, 0xb, &d, &err), &err);
	CHECK_EQ(d.kind, DESC_CODE);
	CHECK_OK(desc_fetch(&view, 0x18, &d, &err), &err);
	CHECK(d.kind == DESC_TSS && d.base == 0x200 && !d.cut);
}

TEST(selectors_that_lead_nowhere_say_why)
{
	machine();
	CHECK(!desc_fetch(&view, 3, &d, &err));
	CHECK_HAS(err.msg, "null");
	CHECK(!desc_fetch(&view, 0x30, &d, &err));
	CHECK_HAS(err.msg, "beyond the GDT's limit 0x2f");
	rig.state.seg[X86_LDTR].attr = X86_AR_UNUSABLE;
	CHECK(!desc_fetch(&view, 0xc, &d, &err));
	CHECK_HAS(err.msg, "LDTR");
	rig.state.gdt.base = 0x40000000;
	CHECK(!desc_fetch(&view, 8, &d, &err));
	CHECK_EQ(err.code, ERR_FAULT);
}

TEST(a_wide_descriptor_at_the_limit_is_cut)
{
	machine();
	rig.state.gdt.limit = 0x1f;
	CHECK_OK(desc_fetch(&view, 0x18, &d, &err), &err);
	CHECK(d.cut);
}

TEST(idt_entries_have_a_limit)
{
	machine();
	CHECK_OK(idt_fetch(&view, 1, &d, &err), &err);
	CHECK(d.kind == DESC_INT_GATE && d.offset == 0x1000);
	CHECK(!idt_fetch(&view, 2, &d, &err));
	CHECK_HAS(err.msg, "beyond the IDT's limit 0x1f");
	CHECK(!idt_fetch(&view, 256, &d, &err));
}

TEST(tss_stacks)
{
	struct tss tss;
	uint64_t sp;
	uint16_t ss;

	machine();
	rig_put64(0x5204, 0xffff800000001000);
	rig_put64(0x522c, 0x1111);
	CHECK_OK(tss_fetch(&view, &tss, &err), &err);
	CHECK_OK(tss_stack(&tss, 0, 0, &ss, &sp, &err), &err);
	CHECK_EQ(sp, 0xffff800000001000);
	CHECK_OK(tss_stack(&tss, 0, 2, &ss, &sp, &err), &err);
	CHECK_EQ(sp, 0x1111);
	rig.state.seg[X86_TR].limit = 0x2f;
	CHECK_OK(tss_fetch(&view, &tss, &err), &err);
	CHECK(!tss_stack(&tss, 0, 2, &ss, &sp, &err));
	CHECK_HAS(err.msg, "ist2");
	rig.state.seg[X86_TR].attr = X86_AR_UNUSABLE;
	CHECK(!tss_fetch(&view, &tss, &err));
	CHECK_HAS(err.msg, "no task-state segment");
}

TEST(tss_of_32_bits)
{
	struct tss tss = {.width = 32, .have = 104};
	uint64_t sp;
	uint16_t ss;

	tss.bytes[5] = 0x10;
	tss.bytes[8] = 0x18;
	CHECK_OK(tss_stack(&tss, 0, 0, &ss, &sp, &err), &err);
	CHECK_EQ(sp, 0x1000);
	CHECK_EQ(ss, 0x18);
	CHECK(!tss_get(&tss, "ist1", &sp));
}
