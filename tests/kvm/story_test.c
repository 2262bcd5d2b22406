/*
 * Tiny guests that die, and the sentence that must name the cause.  Where KVM
 * wipes the registers at a triple fault (SVM), the story goes by those of the
 * last entry and has to say so; each guest then makes an exit just before.
 */
#include <sys/mman.h>

#include "arch/decode.h"
#include "tests/kvm/machine.h"
#include "vmm/vm.h"

/* An exit to user space: the state before the death is then a fresh one. */
#define SIGN "out %al, $0x80\n"

static const char *text;

static bool wipes(const struct machine *m)
{
	return m->caps.shutdown == SHUTDOWN_RESETS;
}

static void check_verdict(const char *expected)
{
	char line[1024];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	CHECK_HAS(line, expected);
}

/* What only a build with an instruction decoder can say (nested ones lack it).
 */
static void check_decoded(const char *expected)
{
	if (decode_available())
		CHECK_HAS(text, expected);
}

/* The stop is a triple fault; skips the test where this KVM ends otherwise. */
static void check_triple_fault(struct machine *m, struct target_stop stop)
{
	CHECK_STOP(stop, STOP_ERROR);
	text = stop.text;
	if (!strstr(text, "triple fault"))
		test_skip("this KVM refuses the instruction: %.120s", text);
	if (wipes(m))
		check_verdict("KVM has wiped the registers, this goes by those "
			      "of ");
}

static void triple_fault(struct machine *m)
{
	check_triple_fault(m, machine_continue(m));
}

GUEST(no_idt, SIGN "ud2\n");

TEST(no_idt)
{
	struct machine m;

	machine_start(&m, no_idt, 64, NULL);
	triple_fault(&m);
	check_verdict(" beyond limit 0x0");
	check_decoded("triple fault: #UD");
	check_decoded("chain: #UD -> IDT[6] beyond limit 0x0 -> "
		      "#GP(0x32+EXT) -> IDT[13] beyond limit 0x0 -> "
		      "#GP(0x6a+EXT) -> #DF -> IDT[8] beyond limit 0x0 -> "
		      "shutdown\n");
	check_decoded("=> 0x100002:\tud2\n");
	CHECK_HAS(text, "to do: load an IDT");
	CHECK_HAS(text, "last exit before: ");
	machine_end(&m);
}

/* Behind the code: an IDT of 15 gates, the last (for #PF) of this type. */
#define IDT(guest, type)                                 \
	".balign 16\n"                                   \
	"3: .fill 14 * 2, 8, 0\n"                        \
	".word 0, 0x10\n.word " type ", 0x10\n.quad 0\n" \
	"2: .word 15 * 16 - 1\n.quad 0x100000 + 3b - " guest "\n"

GUEST(absent_gate, "lidt 2f(%rip)\n"
		   "mov $0x7f00000000, %rax\n" SIGN
		   "movl $1, (%rax)\n" IDT("guest_absent_gate", "0x0e00"));

TEST(a_page_fault_whose_gate_is_not_present)
{
	struct machine m;

	machine_start(&m, absent_gate, 64, NULL);
	triple_fault(&m);
	check_decoded("triple fault: #PF(err 0x2, cr2=0x7f00000000) at rip "
		      "0x100");
	check_decoded("linear 0x7f00000000: ");
	check_decoded(" is not present (0x0); then IDT[14] not present");
	check_decoded("-> IDT[14] not present -> #NP(0x72+EXT) -> #DF -> "
		      "IDT[8] empty -> shutdown\n");
	if (wipes(&m))
		check_verdict("IDT[14] not present");
	else
		check_verdict("cr2=0x7f00000000");
	machine_end(&m);
}

GUEST(lost_stack, "mov $0x7f00000000, %rsp\n" SIGN "push %rax\n");

TEST(a_stack_that_is_not_mapped)
{
	struct machine m;

	machine_start(&m, lost_stack, 64, NULL);
	triple_fault(&m);
	if (!wipes(&m))
		check_verdict("cr2=0x7efffffff8");
	check_decoded("#PF(err 0x2, cr2=0x7efffffff8)");
	machine_end(&m);
}

GUEST(wild_pointer, "mov $0x800000000000, %rax\n" SIGN "mov (%rax), %eax\n");

TEST(an_address_that_is_not_canonical)
{
	struct machine m;

	machine_start(&m, wild_pointer, 64, NULL);
	triple_fault(&m);
	check_decoded("triple fault: #GP(0x0)");
	check_decoded("address 0x800000000000 is not canonical");
	machine_end(&m);
}

GUEST(sse, "mov $0x20, %eax\nmov %rax, %cr4\n" SIGN "xorps %xmm0, %xmm1\n");

TEST(sse_that_is_not_enabled)
{
	struct machine m;

	machine_start(&m, sse, 64, NULL);
	triple_fault(&m);
	check_decoded("triple fault: #UD");
	check_decoded("CR4.OSFXSR is 0: SSE is off");
	check_decoded("to do: set CR4.OSFXSR");
	machine_end(&m);
}

GUEST(no_gdt, "lgdt 2f(%rip)\n" SIGN "ljmp *1f(%rip)\n"
	      "1: .long 0x100000\n.word 0x48\n"
	      "2: .word 0\n.quad 0\n");

TEST(a_far_jump_through_an_empty_gdt)
{
	struct machine m;

	machine_start(&m, no_gdt, 64, NULL);
	triple_fault(&m);
	check_decoded("triple fault: #GP(0x48)");
	check_decoded("selector 0x0048 lies beyond the GDT's limit 0x0");
	check_decoded("to do: look at the descriptor with `gdt`");
	machine_end(&m);
}

/* The last page-table entry of the page at 2 MiB gets bit 63; NXE is off. */
GUEST(nx, "mov %cr3, %rax\n"
	  "mov (%rax), %rax\nand $-4096, %rax\n"
	  "mov (%rax), %rax\nand $-4096, %rax\n"
	  "add $8, %rax\n"
	  "mov $0x8000000000000000, %rdx\n"
	  "or %rdx, (%rax)\n"
	  "mov %cr3, %rax\nmov %rax, %cr3\n" SIGN "mov 0x200000, %eax\n");

TEST(no_execute_pages_that_are_not_enabled)
{
	const struct x86_state *s;
	struct machine m;
	struct err err;

	machine_start(&m, nx, 64, NULL);
	s = target_state(m.target, 0, X86_GROUP_SYS, &err);
	CHECK(s != NULL);
	if (s->efer & X86_EFER_NXE)
		machine_set_reg(&m, "efer", s->efer & ~X86_EFER_NXE);
	triple_fault(&m);
	check_decoded("has reserved bits set");
	check_decoded("EFER.NXE=0");
	check_decoded("to do: set EFER.NXE before using the NX bit\n");
	machine_end(&m);
}

GUEST(machine_check, "mov $0x400, %ecx\nmov $0x123, %eax\nxor %edx, %edx\n"
		     "out %al, $0x80\n" /* keeps al */
		     "wrmsr\n");

TEST(a_machine_check_register_that_refuses)
{
	struct machine m;

	machine_start(&m, machine_check, 64, NULL);
	triple_fault(&m);
	check_decoded("triple fault: #GP(0x0)");
	check_decoded("wrmsr of 0x123 to MSR 0x400");
	check_decoded("(IA32_MC0_CTL): the access is wrong (MCG_CAP counts ");
	check_decoded("MCi_CTL takes only 0 or all ones), a correct host "
		      "injects #GP(0)");
	machine_end(&m);
}

GUEST(reboot16, ".code16\n"
		"lidtw 0x7c00 + 2f - guest_reboot16\n" SIGN "ud2\n"
		"2: .word 0\n.long 0\n"
		".code64\n");

TEST(real_mode_that_resets_itself)
{
	struct machine m;

	machine_start(&m, reboot16, 16, NULL);
	if (m.caps.shutdown != SHUTDOWN_RESETS &&
	    m.caps.real.int3 == INT3_TO_GUEST)
		test_skip("this KVM's emulator ignores the IVT's limit");
	triple_fault(&m);
	check_verdict("triple fault");
	check_decoded("#UD -> IDT[6] beyond limit 0x0 -> #GP -> IDT[13] "
		      "beyond limit 0x0 -> #GP -> #DF -> IDT[8] beyond limit "
		      "0x0 -> shutdown");
	machine_end(&m);
}

GUEST(wild_call, "mov $0xd0000000, %eax\n" SIGN "call *%rax\n");

TEST(a_call_to_where_no_memory_is)
{
	struct machine m;

	machine_start(&m, wild_call, 64, NULL);
	text = machine_continue(&m).text;
	check_verdict("KVM internal error 1 (emulation failure): the guest "
		      "jumped to 0xd0000000, physical 0xd0000000, where no RAM "
		      "is (nothing: no memory and no device)");
	check_decoded("behind the call at 0x100007: call   *%rax\n");
	machine_end(&m);
}

GUEST(x87_device, "mov $0xd0000000, %eax\n" SIGN "flds (%rax)\n");

TEST(x87_and_device_memory)
{
	struct machine m;

	machine_start(&m, x87_device, 64, NULL);
	text = machine_continue(&m).text;
	check_verdict("KVM internal error 1 (emulation failure): ");
	check_decoded(" reads 0xd0000000, where no RAM is (nothing: no memory "
		      "and no device), and KVM's emulator does not know this "
		      "instruction");
	machine_end(&m);
}

GUEST(own_int3, SIGN "int3\n");

TEST(an_int3_of_the_guest_s_own)
{
	struct machine m;

	machine_start(&m, own_int3, 64, NULL);
	triple_fault(&m);
	check_verdict("IDT[");
	if (!wipes(&m))
		check_decoded("triple fault: int 0x3 at rip 0x10000");
	machine_end(&m);
}

GUEST(touch, "mov $0x200000, %esi\n" SIGN "mov (%rsi), %eax\n1: jmp 1b\n");

TEST(memory_the_host_cannot_give)
{
	struct target_stop stop;
	struct machine m;
	struct err err;
	struct vm *vm;
	void *page;

	machine_start(&m, touch, 64, NULL);
	vm = m.target->priv;
	page = guest_mem_span(&vm->mem, 0x200000, 4096, &err);
	CHECK(page && !mprotect(page, 4096, PROT_NONE));
	stop = machine_run_for(&m, 20);
	if (stop.kind == STOP_INTERRUPT)
		test_skip("this KVM takes such memory for MMIO");
	CHECK_STOP(stop, STOP_ERROR);
	text = stop.text;
	check_verdict("KVM_RUN failed with EFAULT at rip 0x");
	check_verdict("the host cannot give the memory that backs the guest's");
	check_decoded(" physical 0x200000\n");
	CHECK_HAS(text, "to do: the guest is not at fault");
	machine_end(&m);
}

GUEST(spin, "1: jmp 1b\n");

TEST(a_code_segment_the_processor_refuses)
{
	const struct x86_state *old;
	struct target_stop stop;
	struct x86_state s;
	struct machine m;
	struct err err;

	machine_start(&m, spin, 64, NULL);
	old = target_state(m.target, 0, X86_GROUP_SYS, &err);
	CHECK(old != NULL);
	s = *old;
	s.seg[X86_CS].attr |= X86_AR_DB; /* CS.L and CS.D */
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_SYS, &s, &err), &err);
	stop = machine_run_for(&m, 20);
	if (stop.kind == STOP_INTERRUPT)
		test_skip("this KVM runs code with CS.L and CS.D both set");
	CHECK_STOP(stop, STOP_ERROR);
	text = stop.text;
	check_verdict("VM entry failed, hardware reason 0x");
	check_verdict(": CS.attr = 0x");
	CHECK_HAS(text, "to do: correct that register");
	machine_end(&m);
}
