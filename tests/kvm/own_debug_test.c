/* What the guest does with int3, TF and debug registers is its own affair. */
#include "tests/kvm/machine.h"

/* A long-mode IDT at 0x5000; vectors 1 and 3 lead to 0x100100. */
#define IDT                             \
	"mov $0x5000, %edi\n"           \
	"mov $4, %ecx\n"                \
	"1: movl $0x00080100, (%rdi)\n" \
	"movw %cs, 2(%rdi)\n"           \
	"movl $0x00108e00, 4(%rdi)\n"   \
	"movl $0, 8(%rdi)\n"            \
	"movl $0, 12(%rdi)\n"           \
	"add $16, %edi\n"               \
	"loop 1b\n"                     \
	"sub $16, %rsp\n"               \
	"movw $0x3f, 6(%rsp)\n"         \
	"movq $0x5000, 8(%rsp)\n"       \
	"lidt 6(%rsp)\n"

#define HANDLER(name)                        \
	".org guest_" #name " + 0x100\n"     \
	"mov (%rsp), %rbx\n" /* saved RIP */ \
	"1: jmp 1b\n"

GUEST(int3, IDT ".org guest_int3 + 0x80\n"
		"int3\n"
		"nop\n" HANDLER(int3));

TEST(own_int3_reaches_the_guest_while_breakpoints_are_planted)
{
	struct machine m;

	machine_start(&m, int3, 64, NULL);
	machine_insert(&m, BP_SW, GUEST_BASE + 0x104, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x104);
	CHECK_EQ(machine_reg(&m, "rbx"), GUEST_BASE + 0x81);
	machine_end(&m);
}

GUEST(dr, IDT "mov $0x100090, %eax\n"
	      "mov %rax, %db0\n"
	      "mov $0x402, %eax\n"
	      "mov %rax, %db7\n"
	      ".org guest_dr + 0x80\n"
	      ".fill 32, 1, 0x90\n"
	      "1: jmp 1b\n" HANDLER(dr));

TEST(own_debug_register_reaches_the_guest)
{
	struct machine m;

	machine_start(&m, dr, 64, NULL);
	machine_insert(&m, BP_SW, GUEST_BASE + 0x104, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_reg(&m, "rbx"), GUEST_BASE + 0x90);
	CHECK_EQ(machine_reg(&m, "dr7") & 3, 2);
	machine_end(&m);
}

GUEST(flags, "pushq $0x102\n" /* TF set by the guest itself */
	     "popf\n"
	     "nop\n"
	     "nop\n"
	     "1: jmp 1b\n");

TEST(own_trap_flag_survives_a_step_over_popf)
{
	struct machine m;

	machine_start(&m, flags, 64, NULL);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_reg(&m, "eflags") & 0x100, 0x100);
	machine_end(&m);
}
