/* Steps of a kernel: what exits to KVM, what changes rip by other means. */
#include "tests/kvm/step_rig.h"

static struct machine m;

/* ---- instructions that most hosts leave the guest for ---- */

/* clang-format off */
STEP_GUEST(sys,
	MARK(swapgs) "swapgs\n"
	MARK(cpuid) "cpuid\n"
	MARK(load) "mov $0xc0000080, %ecx\n"
	MARK(rdmsr) "rdmsr\n"
	MARK(wrmsr) "wrmsr\n"
	MARK(rcr3) "mov %cr3, %rax\n"
	MARK(wcr3) "mov %rax, %cr3\n"
	MARK(rcr0) "mov %cr0, %rax\n"
	MARK(wcr0) "mov %rax, %cr0\n"
	MARK(rcr4) "mov %cr4, %rax\n"
	MARK(wcr4) "mov %rax, %cr4\n"
	MARK(smsw) "smsw %eax\n"
	MARK(lmsw) "lmsw %ax\n"
	MARK(invlpg) "invlpg (%rsp)\n"
	MARK(in) "in $0x80, %al\n"
	MARK(out) "out %al, $0x80\n"
	MARK(sti) "sti\n"
	MARK(sti1) "nop\n"
	MARK(cli) "cli\n"
	MARK(ss) "mov %ss, %eax\n"
	MARK(movss) "mov %eax, %ss\n"
	MARK(movss1) "nop\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n",
	"db_sys: bp_sys: ud_sys: gp_sys: pf_sys: irq_sys: int_sys: hlt\n");
/* clang-format on */

TEST(system_instructions_take_one_step_each)
{
	step_start(&m, sys, 64, NULL);
	step_run_to(&m, "swapgs");
	step_path(&m, "cpuid load rdmsr wrmsr rcr3 wcr3 rcr0 wcr0 rcr4 wcr4 "
		      "smsw lmsw invlpg in out sti sti1? cli ss movss movss1? "
		      "end");
	machine_end(&m);
}

/* ---- control flow ---- */

/* r15 collects the flags that handlers find on the stack. */
/* clang-format off */
STEP_GUEST(flow,
	"xor %r15d, %r15d\n"
	"mov $0x8e000, %edi\n"
	"lea to_iret(%rip), %rax\n"
	"pushq $0x10\n"
	"pushq $0x88000\n"
	"pushq $2\n"
	"pushq $8\n"
	"push %rax\n"
	MARK(iretq) "iretq\n"
	"hlt\n"
	MARK(iret) "to_iret: pushq $8\n"
	MARK(lea) "lea to_far(%rip), %rax\n"
	MARK(push) "push %rax\n"
	MARK(lret) "lretq\n"
	"hlt\n"
	MARK(far) "to_far: ljmp *far_flow(%rip)\n"
	"hlt\n"
	MARK(far1) "to_far1: movabs $0x8000000000, %rsi\n"
	MARK(fault) "mov (%rsi), %eax\n"
	MARK(pushf) "pushf\n"
	MARK(or) "or (%rsp), %r15\n"
	MARK(popf) "popf\n"
	MARK(ud2) "ud2\n"
	MARK(rep) "mov $3, %ecx\n"
	MARK(stos) "rep stosb\n"
	MARK(flow_end) "nop\n"
	"1: jmp 1b\n"
	"far_flow: .long to_far1 - guest_flow + 0x100000\n.word 8\n",
	MARK(pf) "pf_flow: mov $0x8e000, %esi\n"
	MARK(pf1) "or 24(%rsp), %r15\n"
	MARK(pf2) "add $8, %rsp\n"
	MARK(pf3) "iretq\n"
	MARK(ud) "ud_flow: addq $2, (%rsp)\n"
	MARK(ud1) "or 16(%rsp), %r15\n"
	MARK(ud3) "iretq\n"
	"db_flow: bp_flow: gp_flow: irq_flow: int_flow: hlt\n");
/* clang-format on */

TEST(control_flow_is_followed_through_handlers_and_back)
{
	step_start(&m, flow, 64, NULL);
	step_need_landings(&m);
	step_run_to(&m, "iretq");
	step_path(&m, "iret lea push lret far far1 fault pf pf1 pf2 pf3 fault "
		      "pushf or popf ud2 ud ud1 ud3 rep stos");
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0);
	machine_end(&m);
}
