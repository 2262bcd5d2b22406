/* Why a processor shut down, from registers and memory alone. */
#include "arch/diag/chain.h"

#include "tests/arch/diag_rig.h"
#include "tests/test.h"

TEST(no_idt_at_all)
{
	diag_long_mode();
	diag_code("0f 0b");
	diag.s.idt.limit = 0;
	CHECK_STR(diag_chain(), "#UD -> IDT[6] beyond limit 0x0 -> "
				"#GP(0x32+EXT) -> IDT[13] beyond limit 0x0 -> "
				"#GP(0x6a+EXT) -> #DF -> IDT[8] beyond limit "
				"0x0 -> shutdown");
	CHECK_EQ(diag.chain.source, CHAIN_BY_INSN);
	CHECK_HAS(diag_checks(), "#UD: ud2 raises it on purpose\n");
	CHECK_HAS(diag_checks(), "#DF: #GP came up while #GP was delivered\n");
	CHECK_HAS(diag_checks(), "shutdown: IDT[8] lies beyond the IDT's limit "
				 "0x0\n");
}

TEST(gate_not_present_under_a_page_fault)
{
	diag_long_mode();
	diag_code("48 c7 00 00 00 00 00"); /* movq $0,(%rax) */
	diag.s.gpr[X86_RAX] = 0x7000000;
	diag.s.idt.limit = 15 * 16 - 1;
	diag_gate(14, 0x8e00 & ~0x8000);
	diag.s.idt.limit = 15 * 16 - 1;
	diag_gate(8, 0);
	CHECK_HAS(diag_chain(), "#PF(err 0x2, cr2=0x7000000) -> IDT[14] not "
				"present -> "
				"#NP(0x72+EXT) -> #DF -> IDT[8] empty -> "
				"shutdown");
	CHECK_HAS(diag_checks(), "is not present (0x0)\n");
}

TEST(a_handler_that_is_not_mapped_eats_the_stack)
{
	diag_long_mode();
	diag_code("0f 0b");
	diag_gate(6, 0x8e00);
	diag_handler(6, 0x9000000);
	diag_gate(14, 0x8e00);
	diag_handler(14, 0x9000000);
	diag_gate(8, 0x8e00);
	diag_handler(8, 0x9000000);
	diag.s.gpr[X86_RSP] = DIAG_STACK + 4096; /* one page below it */
	diag_unmap(DIAG_STACK - 4096);
	CHECK_HAS(diag_chain(), "#UD -> handler 0x9000000 not mapped -> "
				"#PF(err 0x0, cr2=0x9000000) -> handler "
				"0x9000000 not mapped (");
	CHECK_HAS(diag_chain(), " times) -> #PF(err 0x0, cr2=0x9000000) -> "
				"stack at 0x4ff8 not mapped -> "
				"#PF(err 0x2, cr2=0x4ff8) -> #DF -> stack at "
				"0x4ff8 not mapped -> "
				"shutdown");
}

TEST(a_stack_that_has_run_out)
{
	diag_long_mode();
	diag_code("50"); /* push %rax */
	diag.s.gpr[X86_RSP] = DIAG_STACK;
	diag_unmap(DIAG_STACK - 4096);
	diag_gate(14, 0x8e00);
	diag_gate(8, 0x8e00);
	CHECK_HAS(diag_chain(), "#PF(err 0x2, cr2=0x4ff8) -> stack at 0x4ff8 "
				"not mapped -> "
				"#PF(err 0x2, cr2=0x4ff8) -> #DF -> stack at "
				"0x4ff8 not "
				"mapped -> shutdown");
}

TEST(an_ist_stack_saves_the_double_fault)
{
	diag_long_mode();
	diag_code("50");
	diag.s.gpr[X86_RSP] = DIAG_STACK;
	diag_unmap(DIAG_STACK - 4096);
	diag_gate(14, 0x8e00);
	diag_gate(8, 0x8e01);
	diag_tss64(DIAG_STACK + 0x1000);
	CHECK(!diag_find());
	CHECK_EQ(diag.chain.end, CHAIN_REACHED);
	diag.s.seg[X86_TR].limit = 0x23; /* too short for IST1 */
	CHECK_HAS(diag_chain(), "#DF -> TSS too short -> shutdown");
	diag.s.seg[X86_TR].attr = X86_AR_UNUSABLE;
	CHECK_HAS(diag_chain(), "#DF -> no TSS -> shutdown");
}

TEST(code_segment_of_a_gate)
{
	static const struct {
		uint64_t desc;
		const char *says;
	} rows[] = {
		{0, "CS of IDT[13] is empty"},
		{0x00af92000000ffff, "CS of IDT[13] is not code"},
		{0x00cf9a000000ffff, "CS of IDT[13] is not 64-bit code"},
		{0x00af1a000000ffff, "CS of IDT[11] not present"},
		{0x00affa000000ffff, "CS of IDT[13] has a DPL above CPL"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		diag_long_mode();
		diag_code("0f 0b");
		for (unsigned int v = 0; v < 32; v++)
			diag_gate(v, 0x8e00);
		diag_put64(DIAG_GDT + 8, rows[i].desc);
		diag.s.idt.limit = 0xfff;
		CHECK_HAS(diag_chain(), rows[i].says);
		CHECK_HAS(diag_chain(), "-> #DF -> CS of IDT[8]");
	}
	diag_long_mode();
	diag_code("0f 0b");
	for (unsigned int v = 0; v < 32; v++)
		diag_gate(v, 0x8e00);
	diag.s.gdt.limit = 7;
	CHECK_HAS(diag_chain(), "#UD -> CS of IDT[6] beyond the GDT's limit");
}

TEST(an_idt_that_is_not_mapped)
{
	diag_long_mode();
	diag_code("0f 0b");
	diag.s.idt.base = 0x5000000;
	CHECK_HAS(diag_chain(), "#UD -> IDT[6] at 0x5000060 not mapped -> "
				"#PF(err 0x0, cr2=0x5000060)");
}

TEST(user_mode_without_a_tss)
{
	diag_long_mode();
	diag_code("0f 0b");
	diag.s.seg[X86_CS].attr |= X86_AR_DPL;
	diag.s.seg[X86_SS].attr |= X86_AR_DPL;
	for (unsigned int v = 0; v < 32; v++)
		diag_gate(v, 0x8e00);
	for (gpa_t table = 0x1000; table < 0x4000; table += 0x1000)
		diag_put64(table, (table + 0x1000) | 7);
	diag_map(DIAG_CODE, DIAG_CODE | 7);
	diag.s.seg[X86_TR].attr = X86_AR_UNUSABLE;
	CHECK_HAS(diag_chain(), "#UD -> no TSS -> #TS(0x28+EXT) -> no TSS -> "
				"#TS(0x28+EXT) -> #DF -> no TSS -> shutdown");
}

TEST(a_program_s_own_int3_with_an_empty_idt)
{
	diag_long_mode();
	diag_code("cc");
	diag.s.idt.limit = 0;
	CHECK_HAS(diag_chain(), "int 0x3 -> IDT[3] beyond limit 0x0 -> "
				"#GP(0x1a) -> IDT[13] beyond");
}

TEST(an_interrupt_that_has_no_gate)
{
	diag_long_mode();
	diag_code("eb fe");
	diag.s.idt.limit = 32 * 16 - 1;
	diag.in_service = 0x30;
	for (unsigned int v = 0; v < 32; v++)
		diag_gate(v, 0);
	CHECK_HAS(diag_chain(), "interrupt 0x30 -> IDT[48] beyond limit 0x1ff "
				"-> #GP(0x182+EXT) -> IDT[13] empty");
	CHECK_EQ(diag.chain.source, CHAIN_BY_IN_SERVICE);
}

TEST(what_kvm_had_queued_comes_first)
{
	diag_long_mode();
	diag_code("90");
	diag.s.idt.limit = 0;
	diag.s.event.exception_injected = true;
	diag.s.event.exception_nr = 14;
	diag.s.event.exception_has_error = true;
	diag.s.event.exception_error = 0x19;
	diag.s.cr2 = 0x133025;
	CHECK_HAS(diag_chain(), "#PF(err 0x19, cr2=0x133025) -> IDT[14]");
	CHECK_EQ(diag.chain.source, CHAIN_BY_EVENT);
	/* not flagged any more: still the best there is */
	diag.s.event.exception_injected = false;
	CHECK_HAS(diag_chain(), "#PF(err 0x19, cr2=0x133025) -> IDT[14]");
	CHECK_EQ(diag.chain.source, CHAIN_BY_KVM);
}

TEST(nothing_explains_it)
{
	diag_long_mode();
	diag_code("90");
	CHECK(!diag_find());
	CHECK_EQ(diag.chain.source, CHAIN_BY_NOTHING);
	CHECK_EQ(diag.chain.hops, 0);
}

TEST(protected_mode_with_a_task_gate)
{
	diag_prot32();
	diag_code("0f 0b");
	for (unsigned int v = 0; v < 16; v++)
		diag_gate(v, 0);
	diag_put64(DIAG_IDT + 8 * 8, UINT64_C(0x0000850000300000));
	CHECK_HAS(diag_chain(), "#UD -> IDT[6] empty -> #GP(0x32+EXT) -> "
				"IDT[13] empty -> #GP(0x6a+EXT) -> #DF -> TSS "
				"of IDT[8] is no TSS -> shutdown");
	diag_tss32(0x30, 0x100);
	CHECK(!diag_find()); /* the task's EIP is mapped */
	diag.s.gdt.limit = 0x2f;
	CHECK_HAS(diag_chain(), "TSS of IDT[8] beyond the GDT's limit");
}

TEST(protected_mode_stack_segment)
{
	diag_prot32();
	diag_code("0f 0b");
	for (unsigned int v = 0; v < 16; v++)
		diag_gate(v, 0x8e00);
	CHECK(!diag_find());
	diag.s.seg[X86_SS].limit = 0xff;
	CHECK_HAS(diag_chain(), "#UD -> stack beyond its limit -> #SS(0x0+EXT)"
				" -> stack beyond its limit -> #SS(0x0+EXT) "
				"-> #DF");
}

TEST(real_mode_has_no_error_codes)
{
	diag_real();
	diag_code("0f 0b");
	diag.s.idt.limit = 0;
	CHECK_STR(diag_chain(), "#UD -> IDT[6] beyond limit 0x0 -> #GP -> "
				"IDT[13] beyond limit 0x0 -> #GP -> #DF -> "
				"IDT[8] beyond limit 0x0 -> shutdown");
	diag.s.idt.limit = 0x3ff;
	CHECK(!diag_find());
	diag.s.gpr[X86_RSP] = 3;
	CHECK_HAS(diag_chain(), "#UD -> stack wraps -> #SS -> stack wraps");
}
