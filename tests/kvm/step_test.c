/* Single-stepping a live guest: nothing lost, nothing seen by the guest. */
#include "tests/kvm/machine.h"

static void step_to(struct machine *m, unsigned int offset)
{
	CHECK_STOP(machine_step(m), STOP_STEP);
	CHECK_EQ(machine_pc(m, 0), GUEST_BASE + offset);
}

GUEST(pushf, "nop\n"	  /* +0 */
	     "pushf\n"	  /* +1 */
	     "pop %rbx\n" /* +2 */
	     "nop\n"	  /* +3 */
	     "hlt\n");

TEST(pushf_does_not_see_the_trap_flag)
{
	struct machine m;

	machine_start(&m, pushf, 64, NULL);
	step_to(&m, 1);
	step_to(&m, 2);
	step_to(&m, 3);
	CHECK_EQ(machine_reg(&m, "rbx") & 0x100, 0);
	CHECK_EQ(machine_reg(&m, "eflags") & 0x100, 0);
	machine_end(&m);
}

GUEST(io, "mov $0x5a, %al\n"	    /* +0, 2 bytes */
	  "out %al, $0x80\n"	    /* +2, 2 bytes */
	  "inc %ecx\n"		    /* +4, 2 bytes */
	  "mov $0xd0000000, %esi\n" /* +6, 5 bytes */
	  "mov %eax, (%rsi)\n"	    /* +b, 2 bytes: MMIO write */
	  "inc %ecx\n"		    /* +d */
	  "mov (%rsi), %ebx\n"	    /* +f: MMIO read */
	  "inc %ecx\n"		    /* +11 */
	  "in $0x80, %al\n"	    /* +13, 2 bytes */
	  "inc %ecx\n"		    /* +15 */
	  "hlt\n");

TEST(stepping_over_port_and_memory_io_loses_no_instruction)
{
	static const unsigned int stop[] = {2,	 4,    6,    0xb,  0xd,
					    0xf, 0x11, 0x13, 0x15, 0x17};
	struct machine m;

	machine_start(&m, io, 64, NULL);
	machine_set_reg(&m, "rcx", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(stop); i++)
		step_to(&m, stop[i]);
	CHECK_EQ(machine_reg(&m, "rcx"), 4);
	CHECK_EQ(machine_reg(&m, "rbx"), 0xffffffff); /* nobody answered */
	machine_end(&m);
}

/* A long-mode IDT at 0x5000 whose gates 0..31 lead to 0x100080. */
#define IDT                             \
	"mov $0x5000, %edi\n"           \
	"mov $32, %ecx\n"               \
	"1: movl $0x00080080, (%rdi)\n" \
	"movw %cs, 2(%rdi)\n"           \
	"movl $0x00108e00, 4(%rdi)\n"   \
	"movl $0, 8(%rdi)\n"            \
	"movl $0, 12(%rdi)\n"           \
	"add $16, %edi\n"               \
	"loop 1b\n"                     \
	"sub $16, %rsp\n"               \
	"movw $0x1ff, 6(%rsp)\n"        \
	"movq $0x5000, 8(%rsp)\n"       \
	"lidt 6(%rsp)\n"

GUEST(fault, IDT "xor %eax, %eax\n"
		 "hlt_here: nop\n"
		 "ud2\n"
		 ".org guest_fault + 0x80\n"
		 "nop\n"		/* the handler */
		 "mov 16(%rsp), %rbx\n" /* RFLAGS of the frame */
		 "hlt\n");

static void run_to_ud2(struct machine *m)
{
	uint8_t code[2];
	gva_t at = GUEST_BASE;

	for (;; at++) {
		machine_read(m, at, code, 2);
		if (code[0] == 0x0f && code[1] == 0x0b)
			break;
		CHECK(at < GUEST_BASE + 0x80);
	}
	machine_insert(m, BP_SW, at, 1);
	CHECK_STOP(machine_continue(m), STOP_SWBREAK);
	machine_remove(m, BP_SW, at, 1);
}

TEST(stepping_a_fault_stops_at_the_handler_with_a_clean_frame)
{
	struct machine m;

	machine_start(&m, fault, 64, NULL);
	run_to_ud2(&m);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x80);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_reg(&m, "rbx") & 0x100, 0);
	machine_end(&m);
}

/* EFER.SCE is clear, so this SYSCALL is #UD and R11 stays the guest's. */
GUEST(no_syscall, IDT "mov $0x100, %r11d\n"
		      "syscall\n"
		      ".org guest_no_syscall + 0x80\n"
		      "1: jmp 1b\n"); /* the handler */

TEST(stepping_a_syscall_that_faults_leaves_r11_alone)
{
	struct machine m;
	uint8_t code[2];
	gva_t at = GUEST_BASE;

	machine_start(&m, no_syscall, 64, NULL);
	for (; machine_read(&m, at, code, 2), code[0] != 0x0f || code[1] != 5;
	     at++)
		CHECK(at < GUEST_BASE + 0x80);
	machine_insert(&m, BP_SW, at, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	machine_remove(&m, BP_SW, at, 1);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x80);
	CHECK_EQ(machine_reg(&m, "r11"), 0x100);
	machine_end(&m);
}

GUEST(real, "nop\n"
	    ".code16\n"
	    "mov $0x1234, %ax\n"
	    "pushf\n"
	    "pop %bx\n"
	    "hlt\n"
	    ".code64\n");

TEST(real_mode_steps_and_breaks)
{
	struct machine m;

	machine_start(&m, real, 16, NULL);
	CHECK_EQ(machine_pc(&m, 0), GUEST_REAL);
	machine_set_reg(&m, "rsp", 0x6000);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_REAL + 1);
	machine_insert(&m, BP_SW, GUEST_REAL + 5, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_EQ(machine_pc(&m, 0), GUEST_REAL + 5);
	CHECK_EQ(machine_reg(&m, "rax") & 0xffff, 0x1234);
	CHECK_EQ(machine_reg(&m, "rbx") & 0x100, 0);
	machine_end(&m);
}

GUEST(prot, ".code32\n"
	    "mov $1, %eax\n" /* +0, 5 bytes */
	    "inc %eax\n"     /* +5, 1 byte in 32-bit code */
	    "nop\n"	     /* +6 */
	    "1: jmp 1b\n"    /* +7 */
	    ".code64\n");

TEST(protected_mode_steps_and_breaks)
{
	struct machine m;

	machine_start(&m, prot, 32, NULL);
	step_to(&m, 5);
	step_to(&m, 6);
	CHECK_EQ(machine_reg(&m, "rax"), 2);
	machine_insert(&m, BP_HW, GUEST_BASE + 7, 1);
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	machine_end(&m);
}

/* Long mode's GDT has a 32-bit code segment? Build one: compatibility mode. */
GUEST(compat, "sub $16, %rsp\n"
	      "movw $0x1f, 6(%rsp)\n"
	      "lea gdt_compat - guest_compat + 0x100000, %eax\n"
	      "mov %rax, 8(%rsp)\n"
	      "lgdt 6(%rsp)\n"
	      "pushq $0x18\n"
	      "pushq $0x100080\n"
	      "lretq\n"
	      ".org guest_compat + 0x40\n"
	      "gdt_compat: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	      ".quad 0x00cf9b000000ffff\n"
	      ".org guest_compat + 0x80\n"
	      ".code32\n"
	      "inc %eax\n"  /* +80 */
	      "pushf\n"	    /* +81 */
	      "pop %ebx\n"  /* +82 */
	      "1: jmp 1b\n" /* +83 */
	      ".code64\n");

TEST(compatibility_mode_steps_and_breaks)
{
	struct machine m;

	machine_start(&m, compat, 64, NULL);
	machine_insert(&m, BP_SW, GUEST_BASE + 0x80, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	step_to(&m, 0x81);
	step_to(&m, 0x82);
	step_to(&m, 0x83);
	CHECK_EQ(machine_reg(&m, "rbx") & 0x100, 0);
	machine_end(&m);
}

GUEST(spin, "1: jmp 1b\n");

TEST(range_stepping_ends_outside_the_range)
{
	struct target_action action = {.kind = ACTION_RANGE,
				       .start = GUEST_BASE,
				       .end = GUEST_BASE + 6};
	struct machine m;
	struct err err;

	machine_start(&m, io, 64, NULL);
	CHECK_OK(target_resume(m.target, &action, &err), &err);
	CHECK_STOP(machine_wait(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 6);
	machine_end(&m);
}

TEST(range_stepping_can_be_interrupted)
{
	struct target_action action = {.kind = ACTION_RANGE,
				       .start = GUEST_BASE,
				       .end = GUEST_BASE + 2};
	struct machine m;
	struct err err;

	machine_start(&m, spin, 64, NULL);
	CHECK_OK(target_resume(m.target, &action, &err), &err);
	target_interrupt(m.target, 0);
	CHECK_STOP(machine_wait(&m), STOP_INTERRUPT);
	machine_end(&m);
}

GUEST(rep, "mov $0x200000, %edi\n" /* 5 */
	   "mov $3, %ecx\n"	   /* 5 */
	   "rep stosb\n"	   /* +a, 2 bytes */
	   "nop\n"		   /* +c */
	   "hlt\n");

TEST(repeated_string_instructions_end_in_the_end)
{
	struct machine m;

	machine_start(&m, rep, 64, NULL);
	step_to(&m, 5);
	step_to(&m, 0xa);
	for (int i = 0; i < 5 && machine_pc(&m, 0) == GUEST_BASE + 0xa; i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0xc);
	CHECK_EQ(machine_reg(&m, "rcx"), 0);
	machine_end(&m);
}

/* Goes to CPL3 by IRETQ and spins there; the tables are the loader's own. */
GUEST(user, "sub $16, %rsp\n"
	    "movw $0x2f, 6(%rsp)\n"
	    "lea gdt_user - guest_user + 0x100000, %eax\n"
	    "mov %rax, 8(%rsp)\n"
	    "lgdt 6(%rsp)\n"
	    "mov %cr3, %rax\n" /* let CPL3 in: every level, entry 0 */
	    "orq $4, (%rax)\n"
	    "mov (%rax), %rbx\n"
	    "and $~0xfff, %rbx\n"
	    "orq $4, (%rbx)\n"
	    "mov (%rbx), %rbx\n"
	    "and $~0xfff, %rbx\n"
	    "orq $4, (%rbx)\n"
	    "mov %rax, %cr3\n"
	    "mov %rsp, %rax\n"
	    "pushq $0x23\n"
	    "push %rax\n"
	    "pushq $2\n"
	    "pushq $0x1b\n"
	    "pushq $0x100100\n"
	    "iretq\n"
	    ".org guest_user + 0xa0\n"
	    "gdt_user: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	    ".quad 0x00affb000000ffff, 0x00cff3000000ffff, 0\n"
	    ".org guest_user + 0x100\n"
	    "1: jmp 1b\n");

static gva_t find_iretq(struct machine *m)
{
	uint8_t code[2];

	for (gva_t at = GUEST_BASE;; at++) {
		CHECK(at < GUEST_BASE + 0xa0);
		machine_read(m, at, code, 2);
		if (code[0] == 0x48 && code[1] == 0xcf)
			return at;
	}
}

/* It has no IDT: a KVM that steps only the kernel has no other way then. */
TEST(a_step_into_user_mode_ends_there_and_the_next_is_made_or_refused)
{
	struct target_action step = {.kind = ACTION_STEP};
	struct machine m;
	struct err err;

	machine_start(&m, user, 64, NULL);
	machine_insert(&m, BP_SW, find_iretq(&m), 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x100);
	CHECK_EQ(machine_reg(&m, "cs"), 0x1b);
	if (m.caps.cpl3.step != CAP_NO) {
		CHECK_STOP(machine_step(&m), STOP_STEP);
	} else {
		CHECK(!target_resume(m.target, &step, &err));
		CHECK_HAS(err.msg, "in user mode, where this host's KVM steps "
				   "nothing");
		CHECK_STOP(machine_run_for(&m, 20), STOP_INTERRUPT);
	}
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 0x100);
	machine_end(&m);
}
