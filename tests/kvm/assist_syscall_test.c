/*
 * System calls of a guest's CPL 3: the same on a host that does SYSCALL and on
 * one where --assist has to finish it.
 */
#include "tests/kvm/machine.h"

#define ENTRY	   0x200000u /* LSTAR, in the second 2 MiB: not for CPL 3 */
#define PAGE_FAULT 0x200100u
#define USER	   0x100200u

/*
 * Five system calls with CF set, which SFMASK clears; then CPL 3 reads the
 * kernel's page, and #PF's handler ends it.  rdx counts, rsi gets the error
 * code.  Goes wrong: hlt at CPL 3, which is a #GP without a gate.
 */
GUEST(calls, "mov $0x200000, %edi\n"
	     "mov $kernel - guest_calls + 0x100000, %esi\n"
	     "mov $0x180, %ecx\n"
	     "rep movsb\n"
	     "mov %cr3, %rax\n" /* let CPL 3 into the first 2 MiB */
	     "orq $4, (%rax)\n"
	     "mov (%rax), %rbx\n"
	     "and $~0xfff, %rbx\n"
	     "orq $4, (%rbx)\n"
	     "mov (%rbx), %rbx\n"
	     "and $~0xfff, %rbx\n"
	     "orq $4, (%rbx)\n"
	     "andq $~4, 8(%rbx)\n"
	     "mov %rax, %cr3\n"
	     "sub $16, %rsp\n"
	     "movw $0x3f, 6(%rsp)\n"
	     "movq $gdt_calls - guest_calls + 0x100000, 8(%rsp)\n"
	     "lgdt 6(%rsp)\n"
	     "movl $0x9000, 0x6004\n" /* RSP0 */
	     "mov $0x30, %eax\n"
	     "ltr %ax\n"
	     "movl $0x00080100, 0x50e0\n" /* #PF: PAGE_FAULT */
	     "movl $0x00208e00, 0x50e4\n"
	     "movq $0, 0x50e8\n"
	     "movw $0xfff, 6(%rsp)\n"
	     "movq $0x5000, 8(%rsp)\n"
	     "lidt 6(%rsp)\n"
	     "mov $0xc0000080, %ecx\n"
	     "rdmsr\n"
	     "or $1, %eax\n" /* SCE */
	     "wrmsr\n"
	     "mov $0xc0000081, %ecx\n"
	     "xor %eax, %eax\n"
	     "mov $0x00180008, %edx\n"
	     "wrmsr\n"
	     "inc %ecx\n"
	     "mov $0x200000, %eax\n"
	     "xor %edx, %edx\n"
	     "wrmsr\n"
	     "mov $0xc0000084, %ecx\n"
	     "mov $0x201, %eax\n"
	     "wrmsr\n"
	     "out %al, $0x80\n"
	     "pushq $0x23\n"
	     "pushq $0x8000\n"
	     "pushq $2\n"
	     "pushq $0x2b\n"
	     "pushq $0x100200\n"
	     "iretq\n"
	     "gdt_calls: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	     ".quad 0, 0x00cff3000000ffff, 0x00affb000000ffff\n"
	     ".quad 0x0000890060000067, 0\n"
	     ".org guest_calls + 0x200\n"
	     "xor %edx, %edx\n"
	     "1: stc\n"
	     "syscall\n"
	     "jnc 2f\n"
	     "cmp $5, %edx\n"
	     "jb 1b\n"
	     "mov 0x200000, %eax\n"
	     "2: hlt\n"
	     "kernel: jc 3f\n"
	     "inc %edx\n"
	     "3: sysretq\n"
	     ".org kernel + 0x100\n"
	     "pop %rsi\n"
	     "movb $1, %al\n"
	     "out %al, $0xf4\n"
	     ".org kernel + 0x180\n");

static void start(struct machine *m)
{
	struct machine_options o = {.assist = true};

	machine_start(m, calls, 64, &o);
}

TEST(system_calls_and_page_faults_are_told_apart)
{
	struct machine m;

	start(&m);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rdx"), 5);
	CHECK_EQ(machine_reg(&m, "rsi"), 5); /* user, present */
	machine_end(&m);
}

TEST(a_breakpoint_on_the_page_fault_handler_sees_only_faults)
{
	struct machine m;

	start(&m);
	machine_insert(&m, BP_HW, PAGE_FAULT, 1);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("no hardware breakpoints here");
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	CHECK_EQ(machine_reg(&m, "rdx"), 5);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	machine_end(&m);
}

TEST(a_breakpoint_on_the_entry_and_steps_from_there)
{
	struct machine m;

	start(&m);
	machine_insert(&m, BP_HW, ENTRY, 1);
	if (m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("no hardware breakpoints here");
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	CHECK_EQ(machine_reg(&m, "rdx"), 0);
	machine_remove(&m, BP_HW, ENTRY, 1);
	for (int i = 0; i < 2; i++) /* jc, inc */
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_STEP); /* sysret */
	CHECK_EQ(machine_pc(&m, 0), USER + 5);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rdx"), 5);
	machine_end(&m);
}

/* Where the fourth is taken, the error says by whom. */
TEST(one_debug_register_less)
{
	struct target_bp bp = {.type = BP_HW, .len = 1};
	struct machine m;
	struct err err;
	int n;

	start(&m);
	if (m.caps.syscall != CAP_NO || m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("SYSCALL needs no help here");
	for (n = 0; n < 5; n++) {
		bp.addr = 0x101000 + 16 * (gva_t)n;
		if (!target_insert_bp(m.target, 0, &bp, &err))
			break;
	}
	CHECK_EQ(n, 3);
	CHECK_HAS(err.msg, "--assist has the last");
	machine_end(&m);
}
